"""Files appear whole or not at all, and folders made for nothing go again."""

import errno
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest

from ganprobe.core.errors import OutputError
from ganprobe.core.files import check_writable, sha256_of, write_bytes, write_text, writing


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "c.txt", "grüße\n")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == "grüße\n".encode()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["c.txt"]
    write_bytes(tmp_path / "a" / "b" / "c.txt", b"new")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == b"new"


def test_a_file_has_the_usual_permissions(tmp_path: Path) -> None:
    write_bytes(tmp_path / "x", b"")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o666 & ~mask


def spoil(path: Path) -> None:
    with writing(path) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError


def test_an_error_while_writing_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    for path in (tmp_path / "old", tmp_path / "new" / "deep" / "x"):
        with pytest.raises(ZeroDivisionError):
            spoil(path)
    assert [path.name for path in tmp_path.rglob("*")] == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
@pytest.mark.parametrize("place", ["write", "replace", "mkstemp", "mkdir"])
def test_a_full_or_read_only_disk(number: int, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    home: Any = {"write": Path, "replace": os, "mkstemp": tempfile, "mkdir": Path}[place]
    monkeypatch.setattr(home, "write_bytes" if place == "write" else place, fail)
    message = f"cannot write .*: {os.strerror(number)}; choose a folder that can be written"
    for act in (lambda: write_bytes(tmp_path / "a" / "x", b"1"), lambda: check_writable(tmp_path / "a" / "b")):
        with pytest.raises(OutputError, match=message) as caught:
            act()
        assert "\n" not in str(caught.value)
    monkeypatch.undo()
    assert not list(tmp_path.iterdir())


def test_a_path_below_a_file_and_one_that_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "x", tmp_path / ("x" * 300), Path("/proc/nothing/here")):
        with pytest.raises(OutputError, match="cannot write"):
            check_writable(folder)
        with pytest.raises(OutputError, match="cannot write"):
            write_bytes(folder / "y", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    (tmp_path / "dark").mkdir(mode=0o000)
    for folder in ("closed", "closed/new", "dark/a/b"):
        with pytest.raises(OutputError, match="Permission denied"):
            check_writable(tmp_path / folder)
    (tmp_path / "dark").chmod(0o700)


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    check_writable(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").mkdir()
    check_writable(tmp_path / "a" / "b")
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]


def test_the_hash_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "x") == hashlib.sha256(b"abc" * 100_000).hexdigest()
