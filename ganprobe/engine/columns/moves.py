"""Where the columns of moved samples come from: differences of features, a row a sample."""

from __future__ import annotations

import hashlib
from typing import final

import torch
from torch import Tensor

from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.protocols import Columns, FeatureExtractor
from ganprobe.engine.columns.sources import FiniteCheck, finite_rows
from ganprobe.samplers.blocks import BlockCache
from ganprobe.samplers.moves import PER_PAIR, Moves


@final
class MoveColumns:
    """For each of the extractor's columns, under `prefix` and its name: features of a sample moved by each sigma less
    those of the sample, (N, S, F) float32. Computed in aligned blocks of whole pairs."""

    def __init__(
        self, moves: Moves, extractor: FeatureExtractor, *, prefix: str, seed: int, device: torch.device
    ) -> None:
        self.name = moves.name
        self._moves, self._extractor, self._prefix, self._seed, self._device = moves, extractor, prefix, seed, device
        block = moves.sampler.spec.block
        self.block = block - block % PER_PAIR
        words = (moves.sampler.fingerprint, extractor.fingerprint, *map(str, moves.sigmas), str(seed))
        self.fingerprint = hashlib.sha256("\x1f".join(words).encode()).hexdigest()
        self._names = tuple(sorted(extractor.provides))
        self._finite = FiniteCheck(self.name)
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(self._rows, self.block)

    def columns(self, index: range) -> Columns:
        """The differences and "index" (N,)."""
        finite, *rows = self._blocks.rows(index, seed=self._seed)
        self._finite.note(index, finite)
        named = dict(zip((f"{self._prefix}{name}" for name in self._names), rows, strict=True))
        return {**named, "index": torch.arange(index.start, index.stop)}

    def check(self) -> None:
        """DataError if an image was not finite."""
        self._finite.settle()

    def _rows(self, index: range, seed: int) -> tuple[Tensor, ...]:
        with steady_convolutions(), torch.inference_mode():
            images = [each.to(self._device) for each in self._moves.images(index, seed=seed)]
            finite = torch.stack([finite_rows(each) for each in images]).all(0)
            seen = [self._extractor.observe(each) for each in images]
        return finite, *(self._differences([each[name] for each in seen]) for name in self._names)

    @staticmethod
    def _differences(features: list[Tensor]) -> Tensor:
        first = features[0].float()
        return torch.stack([each.float() - first for each in features[1:]], dim=1)
