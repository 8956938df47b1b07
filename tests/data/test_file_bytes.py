"""The bytes of one file, of any kind, are read as far as one image may reach."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ganprobe.data import files
from ganprobe.data.convert import UnreadableError
from ganprobe.data.files import FileBytes


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE", 1000)


def test_the_whole_or_a_part(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bytes(range(200)))
    assert FileBytes(path)() == bytes(range(200))
    assert FileBytes(path, 10, 5)() == bytes(range(10, 15))


@pytest.mark.parametrize("size", [1001, 5000])
def test_too_long_a_file_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bytes(size))
    for reading in (FileBytes(path), FileBytes(path, 0, size)):
        with pytest.raises(UnreadableError, match="more than the 1000 bytes"):
            reading()


def test_a_device_that_never_ends_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("/dev/zero")
    with pytest.raises(UnreadableError, match="more than the 1000 bytes"):
        FileBytes(tmp_path / "a.png")()


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            for _ in range(3):
                pipe.write(bytes(200))

    thread = threading.Thread(target=write)
    thread.start()
    assert len(FileBytes(path)()) == 600
    thread.join()
