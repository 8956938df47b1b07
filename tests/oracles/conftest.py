"""The same pixels for every implementation: CIFAR-10 (JPEG), and the same with less contrast, some shift and noise."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ganprobe.core.streams import stream
from ganprobe.data import open_data
from ganprobe.data.datasets import CIFAR10_FILE

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / CIFAR10_FILE


@pytest.fixture(scope="session")
def real():
    """120 test images, uint8 (120, 3, 32, 32)."""
    if not ARCHIVE.is_file():
        pytest.skip(f"../shared/data/{CIFAR10_FILE} is absent")
    return torch.from_numpy(open_data("cifar10:test", limit=120).read(range(120)).copy())


@pytest.fixture(scope="session")
def fake(real):
    """As many worse images."""
    noise = stream(0, "worse images").standard_normal(real.shape).astype(np.float32)
    worse = real.roll(97, 0).roll(3, 3).float() * 0.7 + 50 + 25 * torch.from_numpy(noise)
    return worse.round().clamp(0, 255).to(torch.uint8)
