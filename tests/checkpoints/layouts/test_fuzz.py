"""Damaged checkpoints of every container and layout: an answer in one line, soon, within bounds, and nothing runs.

GANPROBE_FUZZ_CASES sets how many cases there are of each kind of file; the suite runs a few, `make fuzz` 2,500.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_pickles import running
from small_files import STYLE, WHOLE

from ganprobe.checkpoints import LAYOUTS, open_checkpoint, open_discriminator
from ganprobe.checkpoints.describe import describe
from ganprobe.checkpoints.native import save_network
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.stylegan2.generator import StyleGAN2Generator

CASES = int(os.environ.get("GANPROBE_FUZZ_CASES", "40"))
MOST_SECONDS = 1.0
"""Of processor time for one file, so that a busy machine fails no test."""
KINDS = (*WHOLE, "native")


def make(kind: str, path: Path) -> str:
    """Write a whole checkpoint of a kind; the layout that it is of."""
    if kind == "native":
        save_network(path, StyleGAN2Generator(STYLE, seed=0), role="generator")
        return "native"
    layout, written = WHOLE[kind]
    path.write_bytes(written())
    return layout


def mutated(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    """The bytes with one kind of damage, more often in the first part, where structure is denser."""
    dense = min(len(data), 12_000) if rng.random() < 0.7 else len(data)
    at, how = int(rng.integers(dense)), rng.integers(6)
    if how == 0:
        return data[:at]
    if how == 1:
        return data[:at] + other[int(rng.integers(len(other))) :]
    if how == 2:
        return data[:at] + data[at + int(rng.integers(1, 200)) :]
    if how == 3:
        start = int(rng.integers(len(other)))
        return data[:at] + other[start : start + int(rng.integers(1, 200))] + data[at:]
    changed = bytearray(data)
    for place in rng.integers(dense, size=int(rng.integers(1, 9))):
        changed[place] = int(rng.integers(256)) if how == 4 else changed[place] ^ (1 << int(rng.integers(8)))
    return bytes(changed)


def test_every_layout_has_a_file() -> None:
    assert {layout for layout, _ in WHOLE.values()} | {"native"} == set(LAYOUTS)


def reader(kind: str) -> Callable[[Path], Any]:
    """What opens a file of a kind."""
    return open_discriminator if kind == "discriminator" else open_checkpoint


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_open(tmp_path: Path, kind: str) -> None:
    layout = make(kind, tmp_path / "whole.bin")
    assert describe(tmp_path / "whole.bin").layout == layout
    assert reader(kind)(tmp_path / "whole.bin").config.resolution in (8, 16, 32)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_answered_in_one_line(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(KINDS.index(kind))
    canary, path = tmp_path / "canary", tmp_path / "damaged.bin"
    make(kind, path)
    whole, hostile = path.read_bytes(), list(running(f"touch {canary}").values())
    said: list[str] = []
    tracemalloc.start()
    for _ in range(CASES):
        path.write_bytes(mutated(whole, rng, hostile[int(rng.integers(len(hostile)))] if rng.random() < 0.5 else whole))
        tracemalloc.reset_peak()
        before, started = tracemalloc.get_traced_memory()[0], time.process_time()
        for read in (describe, reader(kind)):
            try:
                read(path)
            except CheckpointError as problem:
                said.append(str(problem))
        assert time.process_time() - started < MOST_SECONDS
        assert tracemalloc.get_traced_memory()[1] - before < 2 * path.stat().st_size + 64 * 2**20
    tracemalloc.stop()
    assert not canary.exists()
    assert len(said) > CASES // 4
    assert not [text for text in said if "\n" in text or len(text) > 1000]
