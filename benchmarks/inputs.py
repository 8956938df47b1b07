"""What the benchmarks measure: features that look like a network's, images, and weights."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import DataError
from ganprobe.core.streams import stream
from ganprobe.data import open_data

WIDTH = 2048
_TESTS = Path(__file__).resolve().parent.parent / "tests"


def relu_rows(side: int, n: int, d: int = WIDTH) -> NDArray[np.float32]:
    """(n, d) float32, non-negative, correlated all over, with a decaying spectrum; sides 0 and 1 differ a little."""
    mix = stream(0, "benchmark mix").standard_normal((d, d), dtype=np.float32) / np.float32(d**0.5)
    spread = np.exp(-4 * np.arange(d) / d).astype(np.float32) * np.float32(1 + 0.02 * side)
    rows = stream(side, "benchmark rows").standard_normal((n, d), dtype=np.float32) * spread
    return np.maximum(rows @ mix + np.float32(0.1 + 0.01 * side), np.float32(0))


def moments(rows: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return rows.mean(0, dtype=np.float64), np.cov(rows.astype(np.float64), rowvar=False)


def images(n: int) -> tuple[Tensor, Tensor]:
    """n test images of CIFAR-10 (toyfaces where they are not at hand) and n worse ones, uint8 (n, 3, 32, 32)."""
    try:
        found = open_data("cifar10:test", limit=n)
    except DataError:
        found = open_data("toyfaces:32", limit=n)
    real = torch.from_numpy(found.read(range(n)).copy())
    noise = stream(0, "worse images").standard_normal(real.shape, dtype=np.float32)
    worse = real.roll(97, 0).roll(3, 3).float() * 0.7 + 50 + 25 * torch.from_numpy(noise)
    return real, worse.round().clamp(0, 255).to(torch.uint8)


@contextmanager
def weights(given: Path | None, network: str) -> Iterator[Path]:
    """The file that was given, or random weights in the same layout: network "inception" or "vgg16"."""
    if given is not None:
        yield given
        return
    spec = importlib.util.spec_from_file_location(f"random_{network}", _TESTS / f"random_{network}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with tempfile.TemporaryDirectory() as folder:
        yield Path(module.write(Path(folder) / f"{network}.pth"))
