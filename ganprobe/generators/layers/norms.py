"""Batch normalisation with running statistics, plain and class-conditional (Dumoulin et al. 2017; BigGAN, appendix B),
and instance normalisation.

>>> import torch
>>> tables = [SpectralEmbedding(10, 8, epsilon=None) for _ in range(2)]
>>> norm = ConditionalBatchNorm(8, *tables, epsilon=1e-5)
>>> norm(torch.randn(4, 8, 6, 6), torch.tensor([0, 3, 3, 9])).shape
torch.Size([4, 8, 6, 6])
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Final, Literal, Protocol, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.generators.layers.spectral import SpectralEmbedding, SpectralLinear, at_least_float32

MOMENTUM: Final = 0.1


class Peers(Protocol):
    """The processes that share a batch."""

    @property
    def world(self) -> int:
        """How many they are."""
        ...

    def shared_mean(self, tensor: Tensor) -> Tensor:
        """The mean of every process's tensor; gradients flow to all."""
        ...


@final
class Standardise(nn.Module):
    """x (N, C, H, W), gain and bias that broadcast to (N, C) to gain * (x - mean) / sqrt(var + epsilon) + bias.

    In training mean and (biased) variance are the batch's and move the running ones by `momentum`, the variance
    unbiased there; in evaluation they are the running ones. peers: who else has rows of the batch; None for nobody.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.momentum = MOMENTUM
        self.peers: Peers | None = None
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
        if self.training:
            if len(gain) == 1:  # The same for every image: torch normalises and scales in one pass.
                return self._batch_norm(x, gain[0], bias[0])
            x = self._batch_norm(x, None, None)
        else:
            gain = gain * torch.rsqrt(self.running_var + self.epsilon)
            bias = bias - gain * self.running_mean
        return torch.addcmul(bias[..., None, None].to(x.dtype), x, gain[..., None, None].to(x.dtype))

    def _batch_norm(self, x: Tensor, gain: Tensor | None, bias: Tensor | None) -> Tensor:
        if self.peers is not None:
            return self._shared_batch_norm(x, gain, bias, self.peers)
        statistics = (self.running_mean, self.running_var)
        return F.batch_norm(x, *statistics, gain, bias, training=True, momentum=self.momentum, eps=self.epsilon)

    def _shared_batch_norm(self, x: Tensor, gain: Tensor | None, bias: Tensor | None, peers: Peers) -> Tensor:
        """The same with the statistics of all processes' rows, of which each has as many."""
        wide = at_least_float32(x)
        mean = peers.shared_mean(wide.mean((0, 2, 3)))
        centred = wide - mean[:, None, None]
        var = peers.shared_mean(centred.square().mean((0, 2, 3)))
        with torch.no_grad():
            count = x.numel() // x.shape[1] * peers.world
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * (count / (count - 1)), self.momentum)
        scale = torch.rsqrt(var + self.epsilon) if gain is None else gain * torch.rsqrt(var + self.epsilon)
        normal = centred * scale[:, None, None]
        return (normal if bias is None else normal + bias[:, None, None]).to(x.dtype)

    def reset(self) -> None:
        """Forget the running statistics: mean 0, variance 1."""
        self.running_mean.zero_()
        self.running_var.fill_(1.0)


@final
class BatchNorm(nn.Module):
    """Batch normalisation with one learnt gain and bias per channel."""

    def __init__(self, channels: int, *, epsilon: float) -> None:
        super().__init__()
        self.statistics = Standardise(channels, epsilon=epsilon)
        self.gain = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.statistics(x, self.gain[None], self.bias[None])
        return result


@final
class InstanceNorm(nn.Module):
    """x (N, C, H, W) normalised over H and W, with one learnt gain and bias per channel (Ulyanov et al. 2016, equation
    5). The same in training and evaluation, and no image depends on another. H * W is more than 1."""

    def __init__(self, channels: int, *, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.gain = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.instance_norm(x, weight=self.gain, bias=self.bias, eps=self.epsilon)


FeatureNorm = Literal["batch", "instance", "none"]


def feature_norm(kind: FeatureNorm, channels: int, *, epsilon: float) -> nn.Module:
    """The norm of maps (N, C, H, W) of that kind; the identity for "none"."""
    if kind == "none":
        return nn.Identity()
    return BatchNorm(channels, epsilon=epsilon) if kind == "batch" else InstanceNorm(channels, epsilon=epsilon)


@final
class ConditionalBatchNorm(nn.Module):
    """Batch normalisation whose gain is 1 + gain(condition) and whose bias is bias(condition), each (N, C).

    The condition is what the two layers take: a vector (N, D) for linear layers (a shared class embedding, with or
    without a chunk of z), labels (N,) for embeddings of its own.
    """

    def __init__(
        self,
        channels: int,
        gain: SpectralLinear | SpectralEmbedding,
        bias: SpectralLinear | SpectralEmbedding,
        *,
        epsilon: float,
    ) -> None:
        super().__init__()
        self.statistics = Standardise(channels, epsilon=epsilon)
        self.gain = gain
        self.bias = bias

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        result: Tensor = self.statistics(x, 1 + self.gain(condition), self.bias(condition))
        return result


@torch.no_grad()
def accumulate_statistics(network: nn.Module, passes: Iterable[Callable[[], object]]) -> None:
    """Replace the running statistics by the mean of the batch statistics of several forward passes (standing
    statistics: Brock et al. 2019, appendix C.1), and leave the network in evaluation mode.

    Only the batch normalisations are in training mode meanwhile, so that spectral normalisation divides by the very
    sigma that evaluation will divide by. InputError where there is no pass.
    """
    remaining = iter(passes)
    first = next(remaining, None)
    if first is None:
        raise InputError("standing statistics need at least one batch, got none; give some latents and labels")
    layers = [layer for layer in network.modules() if isinstance(layer, Standardise)]
    network.eval()
    for layer in layers:
        layer.reset()
        layer.train()
    try:
        for count, forward in enumerate(itertools.chain([first], remaining), start=1):
            for layer in layers:
                layer.momentum = 1 / count
            forward()
    finally:
        for layer in layers:
            layer.momentum = MOMENTUM
        network.eval()
