"""Codes in z (Chen et al. 2016, "InfoGAN", section 3): parts of the latents that a network is taught to show.

>>> import torch
>>> layout = CodeLayout(noise=2, categorical=(3,), continuous=1)
>>> z = torch.tensor([[0.3, -1.0, 0.1, 2.0, -0.4, 0.0]])
>>> codes = layout.read(z)
>>> codes.categorical.tolist(), codes.continuous.tolist()
([[1]], [[0.0]])

z stays standard normal, so that samplers, paths and directions need not know of codes. A categorical code of K values
is the largest of K normals, which is uniform over the K; a continuous one, uniform in (-1, 1), is erf(x / sqrt 2) of a
normal x.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from ganprobe.core.errors import InputError


@final
@dataclass(frozen=True, slots=True)
class Codes:
    """categorical: (N, how many) int64, each from 0 to its count of values less 1. continuous: (N, how many), in
    (-1, 1)."""

    categorical: Tensor
    continuous: Tensor


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLayout:
    """Where the codes lie in z: after `noise` numbers without a meaning, K numbers for each categorical code of K
    values and one for each continuous code. InputError where a field is out of range."""

    noise: int
    categorical: tuple[int, ...] = ()
    continuous: int = 0

    def __post_init__(self) -> None:
        if self.noise < 0 or self.continuous < 0:
            raise InputError(f"noise and continuous must be at least 0, got {self.noise} and {self.continuous}")
        if any(count < 2 for count in self.categorical):
            raise InputError(f"a categorical code has at least 2 values, got {list(self.categorical)}")
        if not self.categorical and not self.continuous:
            raise InputError("there must be at least one code, got none; give categorical or continuous ones")

    @property
    def size(self) -> int:
        """Numbers of z."""
        return self.noise + sum(self.categorical) + self.continuous

    def read(self, z: Tensor) -> Codes:
        """The codes of z (N, size)."""
        _, *blocks, continuous = self._parts(z)
        found = [block.argmax(dim=1) for block in blocks]
        categorical = torch.stack(found, 1) if found else torch.zeros(len(z), 0, dtype=torch.int64, device=z.device)
        return Codes(categorical, torch.erf(continuous / sqrt(2)))

    def inputs(self, z: Tensor) -> Tensor:
        """What a network is given of z (N, size), the same shape: noise as it is, categorical codes one-hot, continuous
        ones in (-1, 1). No gradient passes through a categorical code."""
        noise, *blocks, continuous = self._parts(z)
        one_hot = [F.one_hot(block.argmax(dim=1), block.shape[1]).to(z.dtype) for block in blocks]
        return torch.cat([noise, *one_hot, torch.erf(continuous / sqrt(2))], 1)

    def write(self, z: Tensor, codes: Codes) -> Tensor:
        """z (N, size) with `codes` in the place of its own: `read` gives them back."""
        noise = z[:, : self.noise]
        values = zip(codes.categorical.unbind(1), self.categorical, strict=True)
        one_hot = [F.one_hot(value, count).to(z.dtype) for value, count in values]
        return torch.cat([noise, *one_hot, torch.erfinv(codes.continuous.to(z.dtype)) * sqrt(2)], 1)

    def _parts(self, z: Tensor) -> tuple[Tensor, ...]:
        if z.ndim != 2 or z.shape[1] != self.size:
            raise InputError(f"z must be of shape N x {self.size}, got {tuple(z.shape)}")
        return torch.split(z, [self.noise, *self.categorical, self.continuous], 1)
