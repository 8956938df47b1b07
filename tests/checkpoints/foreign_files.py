"""Small state dicts in foreign layouts, written down name by name, and the oracles of ../shared."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator

ORACLES = Path(__file__).resolve().parents[3] / "shared" / "oracles"
TINY_BIGGAN = BigGANConfig(resolution=32, num_classes=3, channels=8, z_dim=8, attention=(16,))


def noisy(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def ajbrock_like(config: BigGANConfig = TINY_BIGGAN, seed: int = 3) -> dict[str, Tensor]:
    """A generator's tensors under the names of BigGAN-PyTorch."""
    parts = {"conv1": "conv1", "conv2": "conv2", "skip": "conv_sc", "norm1": "bn1", "norm2": "bn2"}
    foreign: dict[str, Tensor] = {}
    for name, tensor in BigGANGenerator(config, seed=seed).state_dict().items():
        words = name.split(".")
        if words[0] == "attention":
            words = ["blocks", str(config.resolutions.index(int(words[1]))), "1", *words[2:]]
        elif words[0] == "blocks":
            words = ["blocks", words[1], "0", parts[words[2]], *words[3:]]
        elif words[0].startswith("output"):
            words = ["output_layer", "0" if words[0] == "output_norm" else "2", *words[1:]]
        if words[-1] == "u":
            foreign[".".join([*words[:-2], "u0"])] = tensor[None]
            foreign[".".join([*words[:-2], "sv0"])] = torch.ones(1)
        elif words[-1].startswith("running_"):
            foreign[".".join([*words[:-2], words[-1].replace("running", "stored")])] = tensor
        else:
            foreign[".".join(words)] = tensor
    return foreign


def oracle(name: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """State dict and expected arrays of an oracle; skips where it is absent."""
    folder = ORACLES / name
    if not (folder / "spec.json").is_file():
        pytest.skip(f"../shared/oracles/{name} is absent")
    tensors = {key: torch.tensor(value) for key, value in _oracle_weights().state_dict(folder).items()}
    with np.load(folder / "expected.npz", allow_pickle=False) as expected:
        return tensors, {key: torch.from_numpy(expected[key]) for key in expected.files}


def relative_error(got: Tensor, expected: Tensor) -> float:
    return float((got - expected).norm() / expected.norm())


def _oracle_weights() -> ModuleType:
    found = importlib.util.spec_from_file_location("oracle_weights", ORACLES / "oracle_weights.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def tensor_by_name(name: str, shape: tuple[int, ...]) -> Tensor:
    """Standard normals (float32) that follow from a name, so that a fixture needs inputs and outputs alone."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    draw = np.random.Generator(np.random.Philox(key=key)).standard_normal(shape)
    return torch.from_numpy(draw.astype(np.float32))


def fixture(name: str) -> dict[str, Tensor]:
    """Inputs, and the images that the original implementation made of them."""
    with np.load(Path(__file__).parent / "fixtures" / f"{name}.npz", allow_pickle=False) as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays.files}
