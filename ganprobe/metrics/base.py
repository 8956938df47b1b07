"""What a metric is made of: a keeper, which owns the state, and a reading of it (docs/decisions and CONTRIBUTING say
how to add one). Metrics whose keepers have the same key share one state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, cast

import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.calls.shared import Extremes
from ganprobe.core.columns import INDEX
from ganprobe.core.errors import MetricError
from ganprobe.core.protocols import Columns, Sampler
from ganprobe.core.results import Estimate

S = TypeVar("S")


class Keeper(Protocol[S]):
    """Owns a kind of state: the monoid, and its way to named arrays and back."""

    @property
    def needs(self) -> frozenset[str]:
        """The columns that it reads."""
        ...

    @property
    def key(self) -> str: ...
    def empty(self) -> S: ...
    def update(self, state: S, columns: Columns) -> S: ...
    def merge(self, a: S, b: S) -> S: ...
    def pack(self, state: S) -> dict[str, NDArray[Any]]: ...
    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> S: ...


class KeeperAccumulator(ABC, Generic[S]):
    """Abstract: a state that is fed from columns, by way of its keeper (core.protocols.Accumulator)."""

    __slots__ = ()

    @property
    @abstractmethod
    def keeper(self) -> Keeper[S]:
        """Owner of the state."""

    @property
    def needs(self) -> frozenset[str]:
        return self.keeper.needs

    @property
    def state_key(self) -> str:
        return self.keeper.key

    def empty(self) -> S:
        return self.keeper.empty()

    def update(self, state: S, columns: Columns) -> S:
        return self.keeper.update(state, columns)

    def merge(self, a: S, b: S) -> S:
        return self.keeper.merge(a, b)

    def pack(self, state: S) -> dict[str, NDArray[Any]]:
        return self.keeper.pack(state)

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> S:
        return self.keeper.unpack(arrays)


class KeeperMetric(KeeperAccumulator[S]):
    """Abstract: a metric (core.protocols.Metric) is a keeper and `compute`."""

    __slots__ = ()

    @abstractmethod
    def compute(self, state: S, reference: S | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}. MetricError on no data, on too few samples and on values that are not finite."""


# Without slots, which hinder Python 3.11 from calling an alias of a frozen generic class (ScoredSamples).
@dataclass(frozen=True)
class Surroundings(Generic[S]):
    """What a metric may go back to beside its own state.

    sampler, seed: whose samples they are. attributes: names of the columns of scores; continuous: those of them that
    are estimates of a quantity (age in years), and no logits whose sign is the class. reference, test: the states of
    the reference and of its test images. device: to train on. folder: where what is trained goes on from when the run
    was interrupted; None: nothing is kept. classifier: the one that the call names. extremes: how many samples at each
    end attributes' boundaries take. test_named: what the call says of the test images, by name and fingerprint.
    """

    sampler: Sampler
    seed: int
    attributes: tuple[str, ...] = ()
    continuous: frozenset[str] = frozenset()
    reference: S | None = None
    test: S | None = None
    device: torch.device = torch.device("cpu")  # noqa: RUF009 (immutable)
    folder: Path | None = None
    classifier: str | None = None
    extremes: Extremes | None = None
    test_named: tuple[str, str] = ("", "")


class Measuring(KeeperAccumulator[S]):
    """Abstract: a metric that states alone do not give: it draws latents again, or trains. trains: whether it does, and
    has something to go on from after an interruption."""

    __slots__ = ()
    trains: ClassVar[bool] = False

    @abstractmethod
    def measure(self, state: S, samples: Surroundings[S]) -> Mapping[str, Estimate]:
        """{name: Estimate}. MetricError on no data, on too few samples and on values that are not finite;
        CapabilityError where the sampler lacks what is needed."""

    def protocol(self, samples: Surroundings[S]) -> Mapping[str, Any]:
        """What the number stands on that its name does not say, JSON-able."""
        return {}


class ByClass(ABC):
    """Abstract: a metric whose tables and notes speak of classes. classes: their names, () where they are not known; of
    a dataclass, with () as default."""

    __slots__ = ()
    classes: tuple[str, ...]

    def named(self, classes: Sequence[str]) -> Self:
        """The same metric, which knows the classes by these names."""
        return cast(Self, replace(cast(Any, self), classes=tuple(classes)))


def taken(columns: Columns, name: str, *, ndim: int) -> tuple[Tensor, Tensor]:
    """(index (N,) int64, rows (N, ...)) of column `name`. MetricError where one is missing or has another shape."""
    missing = sorted({INDEX, name} - set(columns))
    if missing:
        raise MetricError(f"columns {missing} were expected, these came: {sorted(columns)}; add their extractor")
    index, rows = columns[INDEX], columns[name]
    if rows.ndim != ndim or index.shape != rows.shape[:1] or index.dtype != torch.int64:
        raise MetricError(
            f"column {name!r} must have {ndim} axes and one row for each int64 index; "
            f"it has shape {tuple(rows.shape)} for indices {tuple(index.shape)} {index.dtype}"
        )
    return index, rows


def not_finite(column: str, indices: str) -> MetricError:
    """The error for values that are not finite."""
    return MetricError(
        f"column {column!r} is not finite at samples {indices}; look at these images and mend or drop them"
    )


def too_few(n: int, least: int, name: str, side: str = "generated") -> MetricError:
    """The error for fewer samples than `least`."""
    return MetricError(f"{name} needs at least {least} {side} samples; there are {n}: give more")


def given(reference: S | None, name: str) -> S:
    """The reference, or MetricError where there is none."""
    if reference is None:
        raise MetricError(f"{name} compares with a reference and none was given; give --reference")
    return reference
