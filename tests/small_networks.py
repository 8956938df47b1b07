"""Small networks with random weights, and samplers around them that count and fail on demand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganprobe.checkpoints.native import save_network
from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.core.spaces import Batch, BatchNoise, Latents, SamplerSpec, Truncation
from ganprobe.features.embedded.extractor import EmbeddedDistance, EmbeddedExtractor
from ganprobe.features.embedded.resnet import ResNet, ResNetConfig
from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.samplers.generator import GeneratorSampler


def stylegan(seed: int = 0) -> StyleGANGenerator:
    """16 x 16, with noise that shows and images that mostly stay inside [-1, 1]."""
    config = StyleGANConfig(resolution=16, z_dim=12, w_dim=12, channel_base=64, channel_max=16)
    generator = StyleGANGenerator(config, seed=seed)
    with torch.no_grad():
        generator.to_rgb["16"].conv.weight.mul_(0.15)
        for layer in generator.layers:
            layer.noise_strength.fill_(0.3)
        generator.w_avg.fill_(0.1)
    return generator


def biggan(seed: int = 0) -> BigGANGenerator:
    """32 x 32, five classes."""
    return BigGANGenerator(BigGANConfig(resolution=32, num_classes=5, channels=8, z_dim=12), seed=seed)


def stylegan_sampler(
    seed: int = 0, *, noise: BatchNoise = "random", truncation: Truncation = 1.0, name: str = "small-stylegan"
) -> GeneratorSampler:
    fingerprint = f"{seed:064x}"
    return GeneratorSampler(stylegan(seed), name=name, fingerprint=fingerprint, noise=noise, truncation=truncation)


def biggan_sampler(
    seed: int = 0, *, noise: BatchNoise = "random", truncation: Truncation = 1.0, name: str = "small-biggan"
) -> GeneratorSampler:
    fingerprint = f"{seed:064x}"
    return GeneratorSampler(biggan(seed), name=name, fingerprint=fingerprint, noise=noise, truncation=truncation)


@cache
def feature_network(seed: int = 0) -> ResNet:
    network = ResNet(ResNetConfig(widths=(8, 16), blocks=(1, 1), resolution=16))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 2 / parameter[0].numel() ** 0.5)
        network.classifier.bias.zero_()
    return network.eval()


def replace_features(replace: Callable[[str, Any], None]) -> None:
    """Make the engine load the small network; replace(dotted name, value)."""
    network = feature_network()
    replace("ganprobe.engine.opening.features.load_embedded", lambda device: EmbeddedExtractor(network, device))
    replace(
        "ganprobe.engine.columns.distances.load_embedded_distance", lambda device: EmbeddedDistance(network, device)
    )


def write_shipped(folder: Path) -> Path:
    """Files and manifest of shipped generators."""
    made = {"dots": ("stylegan", stylegan(0)), "dashes": ("stylegan", stylegan(1)), "classes": ("biggan", biggan(0))}
    lines = []
    for name, (architecture, generator) in made.items():
        file = folder / f"{name}.safetensors"
        save_network(file, generator, role="generator")
        lines += [f"[generators.{name}]", f'file = "{file.name}"', f'sha256 = "{sha256_of(file)}"']
        lines += ['reference = "toyfaces:16"', f'architecture = "{architecture}"', 'data = "none"', 'summary = "small"']
    (folder / "manifest.toml").write_text("\n".join(lines))
    return folder


def write_images(path: Path, n: int = 150, *, side: int = 16, seed: int = 0) -> Path:
    """An .npy of smooth random images."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, side // 4, side // 4, 3), dtype=np.uint8)
    np.save(path, coarse.repeat(4, axis=1).repeat(4, axis=2))
    return path


class Watched:
    """A sampler that notes what is asked of it, and raises `failure` when sample `fail_at` is.

    asked: the ranges of `batch`. synthesized: how many latents were turned to images by `synthesize`.
    """

    def __init__(self, inner: LatentSampler, *, fail_at: int | None = None, failure: type[Exception] = OSError) -> None:
        self.inner, self.fail_at, self.failure = inner, fail_at, failure
        self.name, self.fingerprint = inner.name, inner.fingerprint
        self.asked: list[range] = []
        self.drawn: list[range] = []
        self.synthesized = 0

    @property
    def spec(self) -> SamplerSpec:
        return self.inner.spec

    def batch(self, index: range, *, seed: int) -> Batch:
        self.asked.append(index)
        self._fail_in(index)
        return self.inner.batch(index, seed=seed)

    def draw(self, index: range, *, seed: int) -> Latents:
        self.drawn.append(index)
        return self.inner.draw(index, seed=seed)

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.inner.map(z, labels)

    def synthesize(self, latents: Tensor, **words: Any) -> Tensor:
        self.synthesized += len(latents)
        self._fail_in(self.drawn[-1])
        return self.inner.synthesize(latents, **words)

    def _fail_in(self, index: range) -> None:
        if self.fail_at is not None and self.fail_at in index:
            raise self.failure(f"failed at sample {self.fail_at}")


class Frozen:
    """The first images of a sampler as a set without latents, with `spoilt` ones not finite."""

    def __init__(self, inner: Sampler, n: int, *, spoilt: tuple[int, ...] = ()) -> None:
        images = inner.batch(range(n), seed=0).images.clone()
        for number in spoilt:
            images[number, 0, 1, 2] = float("nan")
        self.images, self.name, self.fingerprint = images, "frozen", "f" * 64
        self.spec = SamplerSpec(tuple(images.shape[1:]), length=n)
        self.asked: list[range] = []

    def batch(self, index: range, *, seed: int) -> Batch:
        self.asked.append(index)
        return Batch(index, self.images[index.start : index.stop])
