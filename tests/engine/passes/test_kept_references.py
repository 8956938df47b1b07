"""What was measured of a folder is used again while nothing changes, and never otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import small_networks
from PIL import Image

import ganprobe
from ganprobe.cli.main import run as command
from ganprobe.core import cache
from ganprobe.engine import reference as references
from ganprobe.engine.passes.kept_references import _all_facts, facts_of
from ganprobe.engine.run import Run

N = 12


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Images that were written long enough ago, as far as can be seen: a file's ctime is the clock's own."""
    monkeypatch.setenv("GANPROBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ganprobe.engine.passes.kept_references.SETTLED", -1.0)
    place = tmp_path / "images"
    place.mkdir()
    for number in range(N):
        _write(place / f"{number}.png", number)
    return place


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was measured, in order."""
    seen: list[str] = []
    inner = references.measure

    def counted(data: str, *words: object, **more: object) -> object:
        seen.append(data)
        return inner(data, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(references, "measure", counted)
    return seen


def _write(path: Path, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def evaluated(folder: Path, **words: object) -> Run:
    images = np.random.default_rng(99).integers(0, 256, (N, 3, 16, 16), dtype=np.uint8)
    np.save(folder.parent / "fakes.npy", images)
    return ganprobe.evaluate(folder.parent / "fakes.npy", reference=folder, **{"metrics": ["kd"], **words})  # type: ignore[arg-type]


def test_the_second_run_measures_nothing_and_says_so(
    folder: Path, measured: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    first = evaluated(folder)
    capsys.readouterr()
    second = evaluated(folder)
    assert measured == [str(folder)]
    assert second["kd"].value == first["kd"].value
    assert second["kd"].ci95 == first["kd"].ci95
    assert second.record.reference == first.record.reference
    assert "--no-cache" in capsys.readouterr().err


def test_no_cache_measures_and_keeps_nothing(folder: Path, measured: list[str]) -> None:
    for _ in range(2):
        evaluated(folder, cache=False)
    assert len(measured) == 2
    assert not cache.entries()


@pytest.mark.parametrize("cache", [True, False])
def test_a_sweep_keeps_what_it_measured_too(cache: bool, folder: Path, measured: list[str]) -> None:
    for _ in range(2):
        sampler = small_networks.stylegan_sampler()
        ganprobe.sweep(sampler, [1.0, 0.5], reference=folder, metrics=["kd"], samples=N, cache=cache)
    assert len(measured) == (1 if cache else 2)


@pytest.mark.parametrize("change", ["content", "same size and time", "another", "one less", "renamed"])
def test_any_change_of_the_images_is_seen(folder: Path, measured: list[str], change: str) -> None:
    first = evaluated(folder)
    path = folder / "3.png"
    before = path.stat()
    if change == "content":
        _write(path, 77)
    elif change == "same size and time":
        data = bytearray(path.read_bytes())
        path.write_bytes(bytes(data))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "another":
        _write(folder / "new.png", 78)
    elif change == "one less":
        path.unlink()
    else:
        path.rename(folder / "zz.png")
    second = evaluated(folder)
    assert len(measured) == 2
    same = second["kd"].value == pytest.approx(first["kd"].value, rel=1e-9)
    assert same == (change in ("same size and time", "renamed"))


def test_other_metrics_and_options_are_measured(folder: Path, measured: list[str]) -> None:
    for words in ({}, {"metrics": ["fd", "kd", "precision@embedded"]}, {"skip_unreadable": True}):
        evaluated(folder, **words)
    assert len(measured) == 3


def test_files_that_have_just_changed_are_not_trusted(
    folder: Path, measured: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganprobe.engine.passes.kept_references.SETTLED", 60.0)
    for _ in range(2):
        evaluated(folder)
    assert len(measured) == 2


def test_a_damaged_file_is_measured_again(folder: Path, measured: list[str]) -> None:
    evaluated(folder)
    (entry,) = cache.entries()
    entry.path.write_bytes(b"?" * 100)
    evaluated(folder)
    evaluated(folder)
    assert len(measured) == 2


def test_a_cache_that_cannot_be_written_stops_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "file").write_text("no folder")
    monkeypatch.setenv("GANPROBE_CACHE", str(folder.parent / "file" / "cache"))
    assert evaluated(folder)["kd"].value == evaluated(folder)["kd"].value


def test_room_is_made_by_what_was_unused_for_longest() -> None:
    for number in range(4):
        assert cache.keep(f"k{number}", bytes(100), room=300)
        os.utime(cache.place_of(f"k{number}"), (1e9 + number, 1e9 + number))
    assert [entry.path.stem for entry in cache.entries()] == ["k3", "k2", "k1"]
    assert not cache.keep("large", bytes(200), room=300)


def test_list_and_clear(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluated(folder)
    capsys.readouterr()
    assert command(["cache", "list"]) == 0
    assert "1 measured references kept" in capsys.readouterr().out
    assert command(["cache", "clear"]) == 0
    assert "1 measured references removed" in capsys.readouterr().out
    assert not cache.entries()
    assert command(["cache", "burn"]) == 2


KEEPING = """
import sys
from ganprobe.core import cache
for turn in range(40):
    cache.keep(f"k{turn % 5}", bytes([turn % 5]) * 1000, room=3500)
    for number in range(5):
        path = cache.place_of(f"k{number}")
        try:
            data = path.read_bytes()
        except OSError:
            continue
        assert data == bytes([number]) * 1000, (number, len(data))
"""


def test_eight_processes_at_once_read_whole_files_and_keep_to_the_room() -> None:
    started = time.monotonic()
    crew = [subprocess.Popen([sys.executable, "-c", KEEPING], stderr=subprocess.PIPE, text=True) for _ in range(8)]
    for process in crew:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert time.monotonic() - started < 120
    kept = cache.entries()
    assert 0 < len(kept) <= 3
    assert not [path for path in kept[0].path.parent.iterdir() if path.suffix != ".safetensors" or path.name[0] == "."]


def test_a_file_of_labels_counts_as_the_images_do(folder: Path) -> None:
    """And what is one of several files that belong together is not kept."""
    labels = folder.parent / "labels.csv"
    labels.write_text("one")
    first = _all_facts(str(folder), {"labels": str(labels), "class_order": None})
    labels.write_text("two")
    second = _all_facts(str(folder), {"labels": str(labels), "class_order": None})
    assert None not in (first, second)
    assert first != second
    (folder.parent / "data_batch_1").write_bytes(b"?")
    assert facts_of(str(folder.parent / "data_batch_1")) is None
    assert facts_of("toyfaces") is None
