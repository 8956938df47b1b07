"""Samples that are moved in Z, in pairs that share their move or do not (Patel et al. 2021, "LT-GAN", section 3).

Row i is sample i, and what it becomes where epsilon ~ N(0, sigma^2) is added to its z. Rows 2j and 2j + 1 are pair j:
of an even one both have the same epsilon, of an odd one each has its own. An epsilon occurs in one pair alone, so that
pairs are independent, and it is the same standard normal times each sigma.

>>> same_move(range(0, 4)).tolist()
[True, True, False, False]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.streams import normal
from ganprobe.samplers.generator import GeneratorSampler, conditions_of

PER_PAIR = 2


@dataclass(frozen=True, slots=True)
class MoveSpec:
    """Samples moved in Z by each sigma."""

    sigmas: tuple[float, ...]
    name: str = "moves"


def same_move(index: range) -> Tensor:
    """(N,) bool: whether the row's pair shares its move."""
    return torch.arange(index.start, index.stop) // PER_PAIR % 2 == 0


@final
class Moves:
    """The endless sequence of samples of `sampler` beside what they become by a move of each of `sigmas`.

    All share the label, the truncation and the per-layer noise of the sample. CapabilityError without Z, InputError for
    a sigma that is not above 0.
    """

    def __init__(self, sampler: LatentSampler, sigmas: Sequence[float]) -> None:
        if "z" not in sampler.spec.spaces:
            raise CapabilityError(f"{sampler.name} has no Z to be moved in; give a generator with latents")
        check_sigmas(sigmas)
        self.sampler, self.sigmas = sampler, tuple(sigmas)

    @property
    def name(self) -> str:
        return f"moved samples of {self.sampler.name}"

    def epsilon(self, index: range, *, seed: int) -> Tensor:
        """The moves (N, z_dim) of rows `index` for a sigma of 1; the range begins at an even row."""
        (width,) = self.sampler.spec.spaces["z"]
        drawn = torch.from_numpy(normal(seed, "moves.epsilon", index, (width,)))
        first = drawn[::PER_PAIR].repeat_interleave(PER_PAIR, dim=0)[: len(drawn)]
        return torch.where(same_move(index)[:, None], first, drawn)

    def images(self, index: range, *, seed: int) -> list[Tensor]:
        """Raw images (N, 3, H, W), float32, of rows `index`, of which the first is even: as they are, then moved by
        each sigma."""
        if index.start % PER_PAIR:
            raise InputError(f"whole pairs were expected, got rows {index.start} to {index.stop - 1}")
        drawn = self.sampler.draw(index, seed=seed)
        epsilon = self.epsilon(index, seed=seed).to(drawn.z)
        noise, truncation = conditions_of(self.sampler, index, seed)

        def moved(sigma: float) -> Tensor:
            z = drawn.z + sigma * epsilon
            return self.sampler.synthesize(z, space="z", labels=drawn.labels, noise=noise, truncation=truncation)

        # Others may draw random numbers in a batch that they do not draw here.
        ours = isinstance(self.sampler, GeneratorSampler)
        still = self.sampler.batch(index, seed=seed).images if ours else moved(0.0)
        return [still, *map(moved, self.sigmas)]


def check_sigmas(sigmas: Sequence[float]) -> None:
    """InputError unless there are some, each finite and above 0, and each once."""
    for sigma in sigmas:
        if not 0 < sigma < float("inf"):
            raise InputError(f"sigma is the deviation of a move in Z: a number above 0 was expected, got {sigma}")
    if not sigmas or len(set(sigmas)) < len(sigmas):
        raise InputError(f"one or more different sigmas were expected, got {list(sigmas)}")
