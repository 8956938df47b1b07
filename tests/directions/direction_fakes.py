"""Tiny samplers for the tests of directions."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.generators.stylegan2.generator import StyleGAN2Config, StyleGAN2Generator
from ganprobe.generators.stylegan3.generator import StyleGAN3Config, StyleGAN3Generator
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.modules import ModuleSampler

DIM = 12


def stylegan(*, seed: int = 0, num_classes: int = 0, truncation: float | tuple[float, int] = 1.0) -> GeneratorSampler:
    config = StyleGANConfig(
        resolution=8, z_dim=DIM, w_dim=DIM, num_classes=num_classes, mapping_layers=2, channel_base=32, channel_max=8
    )
    generator = StyleGANGenerator(config, seed=seed)
    rng = np.random.default_rng(seed)
    generator.w_avg.copy_(torch.from_numpy(rng.standard_normal(DIM)))
    return GeneratorSampler(generator, name="tiny", fingerprint=f"stylegan{seed}", truncation=truncation)


def stylegan2() -> GeneratorSampler:
    config = StyleGAN2Config(resolution=8, z_dim=DIM, w_dim=DIM, mapping_layers=2, channel_base=64, channel_max=8)
    return GeneratorSampler(StyleGAN2Generator(config, seed=0), name="tiny2", fingerprint="stylegan2", truncation=0.7)


def stylegan3() -> GeneratorSampler:
    config = StyleGAN3Config(
        resolution=16, z_dim=DIM, w_dim=DIM, num_layers=3, num_critical=1, margin=4, channel_base=64, channel_max=8
    )
    return GeneratorSampler(StyleGAN3Generator(config, seed=0), name="tiny3", fingerprint="stylegan3", truncation=0.7)


def biggan(*, hierarchical: bool = False, truncation: float = 1.0) -> GeneratorSampler:
    config = BigGANConfig(
        resolution=32,
        num_classes=3,
        channels=2,
        z_dim=DIM,
        shared_embedding=hierarchical,
        shared_dim=5,
        hierarchical=hierarchical,
    )
    generator = BigGANGenerator(config, seed=0)
    return GeneratorSampler(generator, name="big", fingerprint="biggan", truncation=truncation)


class Planted(nn.Module):
    """Images whose first pixel holds linear functions of z, one a channel: (N, DIM) to (N, 3, 4, 4)."""

    z_dim = DIM

    def __init__(self, normals: NDArray[np.float64]) -> None:
        super().__init__()
        self.register_buffer("normals", torch.from_numpy(normals).float())

    def forward(self, z: Tensor) -> Tensor:
        return (z @ self.normals.T)[:, :, None, None].expand(-1, 3, 4, 4) / 10


class FirstPixel:
    """A scorer that reads the three channels of the first pixel."""

    names = ("blue", "red", "age")
    fingerprint = "first pixel"

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"pixels", *(f"score.{name}" for name in self.names)})

    def observe(self, images: Tensor) -> dict[str, Tensor]:
        columns = {f"score.{name}": images[:, channel, 0, 0] for channel, name in enumerate(self.names)}
        return {"pixels": images, **columns}


def unit(*vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors as rows of length 1."""
    rows = np.stack(vectors)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def planted_normals() -> NDArray[np.float64]:
    rng = np.random.default_rng(5)
    blue, red, other = rng.standard_normal((3, DIM))
    return unit(blue, red, blue + 0.8 * other)


def planted() -> ModuleSampler:
    return ModuleSampler(Planted(planted_normals()), name="planted")
