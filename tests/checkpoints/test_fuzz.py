"""Damaged checkpoints of every container: an answer in one line, soon, within bounds, and nothing runs.

GANPROBE_FUZZ_CASES sets how many cases there are of each kind of file; the suite runs a few.
"""

from __future__ import annotations

import os
import pickle
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_files import ajbrock_like
from hostile_pickles import running
from persistent_pickles import network_pickle
from safetensors.torch import save_file

from ganprobe.checkpoints import open_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.checkpoints.native import save_network
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan import BigGANConfig
from ganprobe.generators.stylegan2 import StyleGAN2Config, StyleGAN2Generator

CASES = int(os.environ.get("GANPROBE_FUZZ_CASES", "60"))
SMALL = BigGANConfig(resolution=32, num_classes=2, channels=1, z_dim=4)
STYLE = StyleGAN2Config(resolution=8, z_dim=4, w_dim=4, mapping_layers=2, channel_base=32, channel_max=4)


def ada_like() -> dict[str, torch.Tensor]:
    """The tensors of a tiny generator under the names of stylegan2-ada-pytorch."""
    renamed = {"const": "synthesis.b4.const", "w_avg": "mapping.w_avg"}
    places = {"layers.0": "b4.conv1", "layers.1": "b8.conv0", "layers.2": "b8.conv1"}
    places |= {"to_rgb.4": "b4.torgb", "to_rgb.8": "b8.torgb"}
    tensors = {"synthesis.b8.conv0.resample_filter": torch.outer(*[torch.tensor([1.0, 3, 3, 1]) / 8] * 2)}
    for name, value in StyleGAN2Generator(STYLE, seed=0).state_dict().items():
        first = ".".join(name.split(".")[:2])
        if first in places:
            renamed[name] = name.replace(first, f"synthesis.{places[first]}")
        elif first.startswith("mapping"):
            renamed[name] = name.replace("mapping.", "mapping.fc")
        tensors[renamed[name]] = value
    return tensors


def make(kind: str, path: Path) -> None:
    """Write a whole checkpoint of a kind."""
    biggan = ajbrock_like(SMALL)
    if kind == "zip":
        torch.save({"g_ema": biggan, "step": 3}, path)
    elif kind == "legacy":
        torch.save(biggan, path, _use_new_zipfile_serialization=False)
    elif kind == "raw pickle":
        path.write_bytes(pickle.dumps(biggan, protocol=4))
    elif kind == "arrays":
        path.write_bytes(pickle.dumps({name: value.numpy() for name, value in biggan.items()}, protocol=2))
    elif kind == "persistent":
        arguments = {"synthesis_kwargs": {"conv_clamp": 256}, "mapping_kwargs": {}}
        path.write_bytes(network_pickle(ada_like(), arguments, source="raise SystemExit\n"))
    elif kind == "safetensors":
        save_file({name: value.clone() for name, value in biggan.items()}, path)
    else:
        save_network(path, StyleGAN2Generator(STYLE, seed=0), role="generator")


KINDS = ("zip", "legacy", "raw pickle", "arrays", "persistent", "safetensors", "native")


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


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_open(tmp_path: Path, kind: str) -> None:
    make(kind, tmp_path / "whole.bin")
    assert open_checkpoint(tmp_path / "whole.bin").spec.image_shape[1] in (8, 32)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_answered_in_one_line(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(KINDS.index(kind))
    canary, path = tmp_path / "canary", tmp_path / "damaged.bin"
    make(kind, path)
    whole, hostile = path.read_bytes(), list(running(f"touch {canary}").values())
    said: list[str] = []
    slowest = 0.0
    tracemalloc.start()
    for _ in range(CASES):
        path.write_bytes(mutated(whole, rng, hostile[int(rng.integers(len(hostile)))] if rng.random() < 0.5 else whole))
        tracemalloc.reset_peak()
        before, started = tracemalloc.get_traced_memory()[0], time.process_time()
        for read in (describe, open_checkpoint):
            try:
                read(path)
            except CheckpointError as problem:
                said.append(str(problem))
        slowest = max(slowest, time.process_time() - started)
        assert tracemalloc.get_traced_memory()[1] - before < 2 * path.stat().st_size + 64 * 2**20
    tracemalloc.stop()
    assert slowest < 2
    assert not canary.exists()
    assert len(said) > CASES // 4
    assert not [text for text in said if "\n" in text or len(text) > 1000]
