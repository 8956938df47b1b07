"""Curved ways through a latent space: small steps of a little network, one after the other (Jahanian, Chai and Isola
2020, "On the steerability of generative adversarial networks", arXiv 1907.07171, section 3, the non-linear walk).

>>> still = {name: np.zeros(shape, np.float32) for name, shape in stride_shapes(4, 2).items()}
>>> walk = Walk(forward=still, backward=still, steps_per_strength=1.5)
>>> walk.moved(torch.ones(3, 4), 2.0).shape
torch.Size([3, 4])
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import InputError

STRIDES: Final = ("forward", "backward")
Stride = Mapping[str, Tensor]


def stride_shapes(dim: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """The tensors of one stride: dim numbers to `hidden` to dim."""
    return {"weight_in": (hidden, dim), "bias_in": (hidden,), "weight_out": (hidden, dim), "bias_out": (dim,)}


def stride(x: Tensor, weights: Stride) -> Tensor:
    """One whole step from x (..., dim): x + relu(x W_in^T + b_in) W_out + b_out."""
    hidden = F.relu(F.linear(x, weights["weight_in"], weights["bias_in"]))
    return x + hidden @ weights["weight_out"] + weights["bias_out"]


def strides(x: Tensor, weights: Stride, steps: Tensor, *, keep_length: bool) -> Tensor:
    """From x (N, ..., dim) by steps (N,) of 0 or more, the last one in part where they are not whole. keep_length: each
    step ends as far from the origin as x began."""
    many = steps.reshape(-1, *[1] * (x.ndim - 1)).to(x.dtype)
    length = x.norm(dim=-1, keepdim=True)
    for number in range(math.ceil(float(steps.max()))):
        x = torch.lerp(x, stride(x, weights), (many - number).clamp(0, 1))
        x = x * (length / x.norm(dim=-1, keepdim=True)) if keep_length else x
    return x


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Walk:
    """Networks that step forward and backward, as named float32 arrays of `stride_shapes`, how many steps a strength of
    1 takes, and whether each keeps the latent's length, as the authors do in z. InputError for other names and shapes,
    and for numbers that are not finite or not positive."""

    forward: Mapping[str, NDArray[Any]]
    backward: Mapping[str, NDArray[Any]]
    steps_per_strength: float
    keeps_length: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.steps_per_strength) and self.steps_per_strength > 0):
            raise InputError(f"a walk needs a positive number of steps for a strength, got {self.steps_per_strength}")
        for arrays in (self.forward, self.backward):
            shapes = {name: array.shape for name, array in arrays.items()}
            if "weight_in" not in shapes or len(shapes["weight_in"]) != 2:
                raise InputError(f"a walk has tensors {', '.join(stride_shapes(1, 1))}; got {', '.join(shapes)}")
            hidden, _ = shapes["weight_in"]
            if shapes != stride_shapes(self.dim, hidden) or not all(np.isfinite(a).all() for a in arrays.values()):
                raise InputError(f"a walk of {self.dim} numbers has other or infinite tensors: {shapes}")

    @property
    def dim(self) -> int:
        """Of the latents that it moves."""
        return int(self.forward["weight_in"].shape[1])

    def moved(self, x: Tensor, strength: float) -> Tensor:
        """Latents x (..., dim) after a strength: forward where it is positive, backward where it is negative."""
        arrays = self.forward if strength > 0 else self.backward
        weights = {name: torch.from_numpy(array).to(x.device, x.dtype) for name, array in arrays.items()}
        steps = x.new_full((len(x),), abs(strength) * self.steps_per_strength)
        return strides(x, weights, steps, keep_length=self.keeps_length)

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """forward.weight_in and so on, for a file."""
        return {
            f"{which}.{name}": np.ascontiguousarray(array, dtype=np.float32)
            for which, arrays in zip(STRIDES, (self.forward, self.backward), strict=True)
            for name, array in arrays.items()
        }


def walk_record(walk: Walk) -> dict[str, Any]:
    """All of a walk but its tensors, as JSON has it: {"walk": what `walk_of` takes}."""
    return {"walk": {"steps_per_strength": float(walk.steps_per_strength), "keeps_length": walk.keeps_length}}


def walk_of(tensors: Mapping[str, NDArray[Any]], *, steps_per_strength: float, keeps_length: bool) -> Walk:
    """What `Walk.tensors` gave, as a walk again. InputError as `Walk`."""
    forward, backward = (
        {name.removeprefix(f"{which}."): array for name, array in tensors.items() if name.startswith(f"{which}.")}
        for which in STRIDES
    )
    return Walk(forward=forward, backward=backward, steps_per_strength=steps_per_strength, keeps_length=keeps_length)
