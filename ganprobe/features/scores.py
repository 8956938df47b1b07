"""The columns of an attribute scorer side by side, as one table that a metric can keep."""

from __future__ import annotations

from typing import Protocol, final, runtime_checkable

import torch
from torch import Tensor

from ganprobe.core.columns import SCORES
from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.errors import InputError
from ganprobe.core.protocols import Columns, FeatureExtractor

PREFIX = "score."


@runtime_checkable
class Measuring(FeatureExtractor, Protocol):
    """A scorer some of whose scores are estimates of a quantity; those of others are logits, their sign the class."""

    @property
    def continuous(self) -> frozenset[str]:
        """The attributes whose score is an estimate of a quantity."""
        ...


def continuous_of(scorer: FeatureExtractor | None) -> frozenset[str]:
    """The attributes of `scorer` that are no logits: none, unless it says so."""
    return scorer.continuous if isinstance(scorer, Measuring) else frozenset()


@final
class ScoreTable:
    """Images to "scores" (N, A) float32: the columns "score.<attribute>" of `scorer`, attributes in alphabetical order.

    InputError for an extractor without such columns, and where one is not of shape (N,).
    """

    provides = frozenset({SCORES})

    def __init__(self, scorer: FeatureExtractor) -> None:
        self._scorer, self.fingerprint = scorer, scorer.fingerprint
        self.attributes = tuple(sorted(name.removeprefix(PREFIX) for name in scorer.provides if _is_score(name)))
        if not self.attributes:
            had = ", ".join(sorted(scorer.provides))
            raise InputError(f"a scorer with columns named {PREFIX}<attribute> was expected, this one gives: {had}")

    @property
    def scorer(self) -> FeatureExtractor:
        """Where the columns come from."""
        return self._scorer

    def observe(self, images: Tensor) -> Columns:
        """Float images (N, 3, H, W) in [-1, 1]; errors as those of the scorer."""
        with steady_convolutions():
            columns = self._scorer.observe(images)
        return {SCORES: torch.stack([self._column(columns, name, len(images)) for name in self.attributes], dim=1)}

    def _column(self, columns: Columns, attribute: str, n: int) -> Tensor:
        column = columns[PREFIX + attribute]
        if tuple(column.shape) != (n,):
            raise InputError(
                f"the scorer's column {PREFIX + attribute} must be of shape ({n},), got {tuple(column.shape)}"
            )
        return column.float()


def _is_score(name: str) -> bool:
    return name.startswith(PREFIX)
