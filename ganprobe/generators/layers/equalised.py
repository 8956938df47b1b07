"""Small layers that the style-based networks share: equalised learning rate, resampling, normalisation, truncation.

>>> layer = EqualLinear(4, 2)
>>> initialise(layer, seed=0)
>>> layer(torch.zeros(3, 4)).shape
torch.Size([3, 2])

No layer draws anything when it is built: `initialise` fills every weight of a finished network from the streams of
core, keyed by the seed and the parameter's name, so that the same seed gives the same weights on every device.
"""

from __future__ import annotations

from math import sqrt
from typing import Literal, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.core.spaces import Truncation
from ganprobe.core.streams import stream
from ganprobe.generators.layers.boxed import boxed, turned
from ganprobe.generators.layers.prepared import interleaved, prepared

Resample = Literal["none", "up", "down"]
RELU_GAIN = sqrt(2.0)


def check_pyramid(resolution: int, **sizes: int) -> None:
    """InputError unless `resolution` is a power of two of at least 8 and every size is at least 1."""
    if resolution < 8 or resolution & (resolution - 1):
        raise InputError(f"resolution must be a power of two of at least 8, got {resolution}")
    for name, size in sizes.items():
        if size < 1:
            raise InputError(f"{name} must be at least 1, got {size}")


def pyramid(resolution: int) -> tuple[int, ...]:
    """(4, 8, ..., resolution)."""
    return tuple(2**exponent for exponent in range(2, resolution.bit_length()))


def split_lod(lod: float, resolution: int, progressive: bool) -> tuple[int, float]:
    """Level of detail as (halvings, weight of the next coarser network): 1.25 is (1, 0.25). 0 is full resolution."""
    deepest = len(pyramid(resolution)) - 1
    if not 0 <= lod <= deepest:
        raise InputError(f"lod must lie in [0, {deepest}] for a network of resolution {resolution}, got {lod}")
    if lod and not progressive:
        raise InputError(f"lod must be 0 for a network of fixed resolution, got {lod}: configure progressive=True")
    return int(lod), lod - int(lod)


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.2, in place: only for the result of an operation that keeps no copy of it."""
    return F.leaky_relu_(x, 0.2)


def pixel_norm(x: Tensor, epsilon: float = 1e-8) -> Tensor:
    """(N, C, ...) divided by the root mean square over C (Karras et al. 2018, section 4.2), in float32 at least."""
    wide = x if x.dtype == torch.float64 else x.float()
    return (wide * torch.rsqrt(wide.square().mean(1, keepdim=True) + epsilon)).to(x.dtype)


def upsample(images: Tensor) -> Tensor:
    """Nearest-neighbour enlargement to twice the size."""
    return F.interpolate(images, scale_factor=2, mode="nearest")


def minibatch_stddev(x: Tensor, group_size: int) -> Tensor:
    """x (N, C, H, W) with a channel more: the standard deviation over groups of images, averaged over C, H, W.

    The group is the largest divisor of N that is at most `group_size`; image i is in group i mod (N / group)
    (Karras et al. 2018, section 3, in the grouped form of the StyleGAN networks).
    """
    n, _, height, width = x.shape
    group = max(size for size in range(1, min(group_size, n) + 1) if n % size == 0)
    wide = x if x.dtype == torch.float64 else x.float()
    grouped = wide.reshape(group, n // group, *x.shape[1:])
    deviation = (grouped - grouped.mean(0)).square().mean(0).add(1e-8).sqrt().mean((1, 2, 3))
    channel = deviation.repeat(group).to(x.dtype)[:, None, None, None].expand(n, 1, height, width)
    return torch.cat([x, channel], 1)


def truncate(ws: Tensor, w_avg: Tensor, truncation: Truncation) -> Tensor:
    """ws (N, layers, w_dim) drawn towards w_avg: w_avg + psi (w - w_avg) (Karras et al. 2019, appendix B).

    truncation: psi for every layer, or (psi, cutoff) for the first `cutoff` layers only.
    """
    psi, cutoff = truncation if isinstance(truncation, tuple) else (truncation, ws.shape[1])
    if cutoff < 0:
        raise InputError(f"the truncation cutoff must be 0 or more layers, got {cutoff}")
    if psi == 1:
        return ws
    return torch.cat([torch.lerp(w_avg.to(ws.dtype), ws[:, :cutoff], psi), ws[:, cutoff:]], 1)


@final
class Blur(nn.Module):
    """The [1, 2, 1] x [1, 2, 1] / 16 filter, zero-padded, with an optional bias (C,) added after it."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        # On the CPU whatever device is the default, so that a network built on "meta" has its filter all the same.
        taps = torch.tensor([1.0, 2.0, 1.0], device="cpu") / 4
        self.register_buffer("kernel", torch.outer(taps, taps)[None, None], persistent=False)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        channels = x.shape[1]
        kernel = self.kernel.to(x.dtype).expand(channels, 1, 3, 3)
        return F.conv2d(x, kernel, None if bias is None else bias.to(x.dtype), padding=1, groups=channels)


@final
class EqualLinear(nn.Module):
    """A dense layer with equalised learning rate (Karras et al. 2018, section 4.1): weights are stored at standard
    deviation 1 / lr_multiplier and multiplied by gain * lr_multiplier / sqrt(fan in) at run time."""

    def __init__(
        self, in_features: int, out_features: int, *, gain: float = RELU_GAIN, lr_multiplier: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        self.scale = gain * lr_multiplier / sqrt(in_features)
        self.lr_multiplier = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, *prepared(self, self._scaled))

    def _scaled(self) -> tuple[Tensor, Tensor]:
        return self.weight * self.scale, self.bias * self.lr_multiplier


@final
class EqualConv2d(nn.Module):
    """A same-size convolution with equalised learning rate; the bias (C,) is the caller's.

    resample "up": nearest enlargement, then the convolution. "down": the convolution, then 2 x 2 averages. Both run
    as one strided 4 x 4 convolution, which is the same function at 4/9 of the multiplications.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, gain: float = RELU_GAIN, resample: Resample = "none"
    ) -> None:
        super().__init__()
        if resample != "none" and kernel != 3:
            raise InputError(f"a resampling convolution needs a 3 x 3 kernel, got {kernel} x {kernel}")
        self.weight = nn.Parameter(torch.zeros(out_channels, in_channels, kernel, kernel))
        self.scale = gain / sqrt(in_channels * kernel * kernel)
        self.resample = resample

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        kernel = prepared(self, self._kernel)
        if self.resample == "none":
            return F.conv2d(x, kernel, bias, padding=self.weight.shape[-1] // 2)
        if self.resample == "down":
            return F.conv2d(x, kernel, bias, stride=2, padding=1)
        return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)

    def _kernel(self) -> Tensor:
        if self.resample == "none":
            return interleaved(self.weight * self.scale)
        if self.resample == "down":
            return interleaved(boxed(self.weight * (self.scale / 4)))
        return interleaved(turned(boxed(self.weight * self.scale)))


@torch.no_grad()
def initialise(network: nn.Module, seed: int) -> None:
    """Fill the weights of every equalised layer of `network` with normals; biases and the rest stay as built. A network
    on the meta device is left alone."""
    for name, module in network.named_modules():
        if not isinstance(module, EqualLinear | EqualConv2d) or module.weight.is_meta:
            continue
        if isinstance(module, EqualLinear):
            module.weight.copy_(normal_tensor(seed, f"{name}.weight", module.weight.shape) / module.lr_multiplier)
        else:
            module.weight.copy_(normal_tensor(seed, f"{name}.weight", module.weight.shape))


def normal_tensor(seed: int, name: str, shape: tuple[int, ...]) -> Tensor:
    """Standard normals (float32) of the stream that belongs to the parameter `name`."""
    return torch.from_numpy(stream(seed, "initialise", name).standard_normal(tuple(shape), dtype="float32"))
