"""What every native generator and discriminator offers, and the drawing of per-layer noise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ganprobe.core.devices.transfer import sent
from ganprobe.core.errors import InputError
from ganprobe.core.spaces import SamplerSpec, Space, Truncation
from ganprobe.core.streams import normal
from ganprobe.generators.codes import CodeLayout

NoiseShapes = tuple[tuple[int, int], ...]


class Generator(nn.Module, ABC):
    """Latents to images. Final classes inherit from it; `config` is a frozen dataclass of JSON-able fields, from which
    (with the state dict) the network can be rebuilt."""

    architecture: ClassVar[str]
    config: Any
    class_names: tuple[str, ...] = ()
    """Of its labels, where they are known; native checkpoints keep them."""

    @property
    @abstractmethod
    def spec(self) -> SamplerSpec:
        """Image shape, number of classes, and latent spaces with their shapes."""

    @property
    def noise_shapes(self) -> NoiseShapes:
        """(H, W) of each per-pixel noise input in network order; empty where there is none."""
        return ()

    @property
    def codes(self) -> CodeLayout | None:
        """Where codes lie in z, of networks that were given some (InfoGAN); None elsewhere."""
        return None

    @abstractmethod
    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim) to w (N, w_dim). CapabilityError where the architecture has no W."""

    @abstractmethod
    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: str | int | Sequence[Tensor] = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """Latents of `space` to raw images (N, 3, H, W), about [-1, 1], not clipped.

        noise: "const" (the stored buffers), "zero", an integer seed, or a list of (N, 1, H, W), one per noise input.
        truncation: psi, or (psi, cutoff) to truncate the first `cutoff` layers only.
        """


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a discriminator says in one pass: logits (N,), at least float32, and the layers that were asked for."""

    logits: Tensor
    features: Mapping[str, Tensor] = field(default_factory=dict)


class Discriminator(nn.Module, ABC):
    """Images to logits, and on the way to named layers. Final classes inherit from it; `config` is a frozen dataclass
    of JSON-able fields, from which (with the state dict) the network can be rebuilt."""

    architecture: ClassVar[str]
    config: Any
    class_names: tuple[str, ...] = ()

    @property
    def couples_batch(self) -> bool:
        """Whether images of a batch bear on one another's logits in training (minibatch deviation, batch norm), so that
        real and generated ones must not share a pass."""
        return False

    @property
    @abstractmethod
    def layers(self) -> Mapping[str, tuple[int, ...]]:
        """Name to shape, without N, of what `judge` can give, in network order; the last is "features", the vector that
        the final linear layer takes."""

    @abstractmethod
    def judged(self, images: Tensor, labels: Tensor | None, wanted: Collection[str], lod: float) -> Judgement:
        """`judge`, whose arguments have been looked at."""

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """The layer "features" (N, F) at full resolution, each image's own whatever batch it comes in."""

    def judge(
        self, images: Tensor, labels: Tensor | None = None, *, features: Collection[str] = (), lod: float = 0.0
    ) -> Judgement:
        """Images (N, 3, H, W) in [-1, 1] and labels (N,) where there are classes to logits and the layers `features`.
        lod: the level of detail, for networks that grow. InputError for a layer that it has not and missing labels."""
        check_layers(self, features)
        return self.judged(images, labels, features, lod)

    def forward(self, images: Tensor, labels: Tensor | None = None, *, lod: float = 0.0) -> Tensor:
        """The logits (N,) of `judge`."""
        return self.judged(images, labels, (), lod).logits


def check_layers(discriminator: Discriminator, names: Collection[str]) -> None:
    """InputError naming the layers that there are, where one of `names` is none."""
    if unknown := [name for name in names if name not in discriminator.layers]:
        raise InputError(
            f"the {discriminator.architecture} discriminator has no layer {unknown[0]!r}; "
            f"it has: {', '.join(discriminator.layers)}"
        )


def draw_noise(
    shapes: NoiseShapes,
    index: range,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> list[Tensor]:
    """The per-layer noise of samples `index` under `seed`: a list of (len(index), 1, H, W), one per noise input.
    Each index has a stream of its own, so that single samples of large images can be drawn."""
    return [
        sent(torch.from_numpy(normal(seed, f"noise.{layer}", index, (1, *shape), block=1)), device).to(dtype)
        for layer, shape in enumerate(shapes)
    ]


def resolve_noise(noise: str | int | Sequence[Tensor], constants: Sequence[Tensor], n: int) -> list[Tensor]:
    """The noise argument of `synthesize` as a list of tensors that broadcast to (n, 1, H, W).

    constants: the stored buffers (H, W) in network order. An integer seed draws rows 0 to n - 1.
    """
    if isinstance(noise, str):
        if noise == "const":
            return [constant[None, None] for constant in constants]
        if noise == "zero":
            return [torch.zeros_like(constant)[None, None] for constant in constants]
        raise InputError(f"noise must be 'const', 'zero', an integer seed or a list of tensors, not {noise!r}")
    if isinstance(noise, int):
        shapes = tuple((int(c.shape[0]), int(c.shape[1])) for c in constants)
        if not shapes:
            return []
        return draw_noise(shapes, range(n), seed=noise, device=constants[0].device, dtype=constants[0].dtype)
    given = list(noise)
    expected = [(1, *constant.shape) for constant in constants]
    if [tuple(tensor.shape[1:]) for tensor in given] != expected:
        raise InputError(
            f"noise must hold {len(expected)} tensors of shapes N x {[' x '.join(map(str, s)) for s in expected]}, "
            f"got {[tuple(tensor.shape) for tensor in given]}"
        )
    return given
