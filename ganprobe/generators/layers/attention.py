"""Self-attention over positions, the non-local block of SAGAN (Zhang et al. 2019, section 3) as BigGAN uses it.

>>> import torch
>>> from ganprobe.generators.layers.spectral import initialise
>>> layer = SelfAttention(16, epsilon=1e-8)
>>> initialise(layer, seed=0)
>>> x = torch.randn(2, 16, 8, 8)
>>> bool((layer(x) == x).all())     # gamma starts at zero
True
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.generators.layers.spectral import SpectralConv2d


@final
class SelfAttention(nn.Module):
    """x + gamma * o(attention of g(x) by softmax(theta(x) phi(x))): (N, C, H, W) to the same.

    C is at least 8; H and W are even. Queries and keys have C / 8 channels and values C / 2; keys and values are
    max-pooled by 2. The scores are not scaled (equation 1 of the paper).
    """

    def __init__(self, channels: int, *, epsilon: float | None) -> None:
        super().__init__()
        self.theta = SpectralConv2d(channels, channels // 8, 1, epsilon=epsilon, bias=False)
        self.phi = SpectralConv2d(channels, channels // 8, 1, epsilon=epsilon, bias=False)
        self.g = SpectralConv2d(channels, channels // 2, 1, epsilon=epsilon, bias=False)
        self.o = SpectralConv2d(channels // 2, channels, 1, epsilon=epsilon, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        queries = self.theta(x).flatten(2)
        keys = F.max_pool2d(self.phi(x), 2).flatten(2)
        values = F.max_pool2d(self.g(x), 2).flatten(2)
        weights = torch.softmax(queries.transpose(1, 2) @ keys, dim=-1)
        attended = (values @ weights.transpose(1, 2)).reshape(len(x), -1, *x.shape[2:])
        result: Tensor = x + self.gamma * self.o(attended)
        return result
