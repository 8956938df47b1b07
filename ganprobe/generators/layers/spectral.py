"""Spectral normalisation (Miyato et al. 2018), the layers that carry it, and their orthogonal initialisation.

>>> import torch
>>> layer = SpectralConv2d(3, 8, 3, epsilon=1e-8)
>>> initialise(layer, seed=0)
>>> layer(torch.zeros(2, 3, 16, 16)).shape
torch.Size([2, 8, 16, 16])

A weight W is used as W / sigma, where sigma estimates its largest singular value by one step of power iteration from
the stored vector u (section 2.1 and algorithm 1). In training that step also replaces u; in evaluation the
same step is taken and u stays, as in the authors' BigGAN code, so that what a checkpoint computes does not depend on
how often it was used. Nothing is kept between calls, for a cache could miss a change of the weights; where one call
makes several passes, the step is taken once (`layers/prepared.py`). Where even that is too much, the normalisation is
folded into the weights (`ganprobe.generators.biggan.generator.folded`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.streams import stream
from ganprobe.generators.layers.boxed import boxed, turned
from ganprobe.generators.layers.prepared import interleaved, prepared


def full_precision(tensor: Tensor) -> AbstractContextManager[object]:
    """The context in which autocast is off on the tensor's device."""
    device = tensor.device.type
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()


def at_least_float32(tensor: Tensor) -> Tensor:
    """The tensor itself, or its float32 copy where its type is narrower."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def power_iteration(matrix: Tensor, u: Tensor, *, epsilon: float) -> tuple[Tensor, Tensor]:
    """One step of power iteration from u (rows,) on a matrix (rows, columns): sigma (), and the next u (rows,).

    sigma = a'Wv with v = W'u / |W'u| and the next u a = Wv / |Wv| (Miyato et al. 2018, algorithm 1). Norms below
    `epsilon` are raised to it. The gradient flows through W alone, u and v taken as constants.
    """
    with torch.no_grad():
        v = F.normalize(matrix.T @ u, dim=0, eps=epsilon)
        u = F.normalize(matrix @ v, dim=0, eps=epsilon)
    return torch.dot(u, matrix @ v), u


@final
class SpectralNorm(nn.Module):
    """A weight (rows, ...) to the weight divided by its estimated largest singular value, rows against all the rest."""

    u: Tensor

    def __init__(self, rows: int, *, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.register_buffer("u", torch.full((rows,), rows**-0.5))

    def forward(self, weight: Tensor) -> Tensor:
        sigma, u = self._iterated(weight)
        if self.training:
            with torch.no_grad():
                self.u.copy_(u)
        return weight / sigma.to(weight.dtype)

    def sigma(self, weight: Tensor) -> Tensor:
        """What evaluation divides the weight by, (), at least float32."""
        return self._iterated(weight)[0]

    def _iterated(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        with full_precision(weight):
            matrix = at_least_float32(weight).flatten(1)
            return power_iteration(matrix, self.u.to(matrix.dtype), epsilon=self.epsilon)


def normalisation(rows: int, epsilon: float | None) -> nn.Module:
    """SpectralNorm of so many rows; the identity where `epsilon` is None."""
    return nn.Identity() if epsilon is None else SpectralNorm(rows, epsilon=epsilon)


Scale = Literal["same", "up", "down"]


def resampling_kernel(weight: Tensor, scale: Scale) -> Tensor:
    """The kernel (O, I, k, k) of odd k, as `resampled_conv` takes it for what `scale` says.

    "up" doubles the resolution by nearest neighbours before the convolution, "down" halves it by averaging afterwards.
    Both are one convolution whose kernel is one larger and whose stride is 2, the same function at less than half the
    products (9 become 4 per pixel of the larger image, for a kernel of 3).
    """
    if scale == "same":
        return weight
    kernel = boxed(weight)
    return kernel / 4 if scale == "down" else turned(kernel)


def resampled_conv(images: Tensor, kernel: Tensor, bias: Tensor | None, *, scale: Scale) -> Tensor:
    """The convolution of a `resampling_kernel` with zero padding: (N, in, H, W) to (N, out, H', W')."""
    if scale == "same":
        return F.conv2d(images, kernel, bias, padding=kernel.shape[-1] // 2)
    padding = kernel.shape[-1] // 2 - 1
    if scale == "down":
        return F.conv2d(images, kernel, bias, stride=2, padding=padding)
    return F.conv_transpose2d(images, kernel, bias, stride=2, padding=padding)


@final
class SpectralConv2d(nn.Module):
    """`resampled_conv` (N, in, H, W) to (N, out, H', W') with its weight spectrally normalised."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: int,
        *,
        epsilon: float | None,
        bias: bool = True,
        scale: Scale = "same",
    ) -> None:
        super().__init__()
        self.scale = scale
        self.weight = nn.Parameter(torch.zeros(out_channels, in_channels, size, size))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.norm = normalisation(out_channels, epsilon)

    def forward(self, images: Tensor) -> Tensor:
        return resampled_conv(images, prepared(self, self._kernel), self.bias, scale=self.scale)

    def _kernel(self) -> Tensor:
        return interleaved(resampling_kernel(self.norm(self.weight), self.scale))


@final
class SpectralLinear(nn.Module):
    """A linear layer (N, in) to (N, out) with its weight spectrally normalised."""

    def __init__(self, in_features: int, out_features: int, *, epsilon: float | None, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None
        self.norm = normalisation(out_features, epsilon)

    def forward(self, features: Tensor) -> Tensor:
        return F.linear(features, prepared(self, lambda: self.norm(self.weight)), self.bias)


@final
class SpectralEmbedding(nn.Module):
    """Labels (N,) to rows (N, dim) of a table, normalised as a whole."""

    def __init__(self, count: int, dim: int, *, epsilon: float | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count, dim))
        self.norm = normalisation(count, epsilon)

    def forward(self, labels: Tensor) -> Tensor:
        return F.embedding(labels, prepared(self, lambda: self.norm(self.weight)))


SpectralLayer = SpectralConv2d | SpectralLinear | SpectralEmbedding


def orthogonal(shape: Sequence[int], rng: np.random.Generator) -> Tensor:
    """A random float32 weight whose rows (or, where they are more, columns) of shape[0] x the rest are orthonormal,
    uniform by the Haar measure (Saxe et al. 2014)."""
    draw = torch.from_numpy(rng.standard_normal((shape[0], int(np.prod(shape[1:])))))
    wide = draw.shape[0] < draw.shape[1]
    # Torch rather than numpy decomposes: it keeps to the number of threads that torch was given.
    q, r = torch.linalg.qr(draw.T if wide else draw)
    q = q * torch.sign(torch.diagonal(r))
    rows: Tensor = q.T if wide else q
    return rows.reshape(tuple(shape)).to(torch.float32)


@torch.no_grad()
def initialise(network: nn.Module, *, seed: int) -> None:
    """Fill every spectral layer of the network: orthogonal weights, random unit vectors u, biases left as they are.

    Each tensor has a stream of its own, of `seed` and its name. A network on the meta device is left alone.
    """
    for name, layer in network.named_modules():
        if not isinstance(layer, SpectralLayer) or layer.weight.is_meta:
            continue
        layer.weight.copy_(orthogonal(layer.weight.shape, stream(seed, "weight", name)))
        if isinstance(layer.norm, SpectralNorm):
            u = torch.from_numpy(stream(seed, "u", name).standard_normal(layer.norm.u.shape[0]))
            layer.norm.u.copy_(u / u.norm())
