"""The images in which paths begin: those in Z and those in W begin in the same ones.

Drawn in aligned blocks, of which the last stay in memory, so that path lengths that are measured side by side draw them
once.
"""

from __future__ import annotations

from typing import final

from torch import Tensor

from ganprobe.core.borrowing import version_of
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.spaces import Space
from ganprobe.core.streams import derive_seed
from ganprobe.samplers.blocks import BlockCache
from ganprobe.samplers.generator import GeneratorSampler, conditions_of


def path_ends(sampler: LatentSampler, index: range, seed: int) -> tuple[Tensor, Tensor, Tensor | None]:
    """The two ends (N, z_dim) of paths `index`, and the label that both share."""
    if isinstance(sampler, GeneratorSampler):
        return sampler.draw_ends(index, seed=seed)
    a, b = (sampler.draw(index, seed=derive_seed(seed, "path", end)).z for end in ("z0", "z1"))
    return a, b, sampler.draw(index, seed=seed).labels


@final
class PathStarts:
    """Of one sampler; where its network is ours, its weights may change. Those of others stay as they are."""

    def __init__(self, sampler: LatentSampler) -> None:
        self._sampler = sampler
        self._blocks: dict[Space, BlockCache[tuple[Tensor, ...]]] = {}

    def images(self, index: range, space: Space, *, seed: int) -> Tensor:
        """Images (N, 3, H, W) at the first ends of paths `index` in `space`."""
        # Of a network of one's own it is known to rounding alone that W gives the same images as Z.
        ours = isinstance(self._sampler, GeneratorSampler) and "w" in self._sampler.spec.spaces
        (images,) = self._blocks_of("w" if ours else space).rows(index, seed=seed)
        return images

    def _blocks_of(self, space: Space) -> BlockCache[tuple[Tensor, ...]]:
        if space not in self._blocks:

            def drawn(index: range, seed: int) -> tuple[Tensor, ...]:
                return (self._drawn(index, space, seed),)

            self._blocks[space] = BlockCache(drawn, self._sampler.spec.block, version=self._version)
        return self._blocks[space]

    def _version(self) -> int:
        return version_of(self._sampler.generator) if isinstance(self._sampler, GeneratorSampler) else 0

    def _drawn(self, index: range, space: Space, seed: int) -> Tensor:
        start, _, labels = path_ends(self._sampler, index, seed)
        noise, truncation = conditions_of(self._sampler, index, seed)
        if space == "w":
            start = self._sampler.map(start, labels)
        return self._sampler.synthesize(start, space=space, labels=labels, noise=noise, truncation=truncation)
