"""The few interfaces that rooms share (docs/architecture.md). Structural: nothing need inherit from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from ganprobe.core.results import Estimate
from ganprobe.core.spaces import Batch, Latents, SamplerSpec, Space, Truncation

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

Columns = Mapping[str, "Tensor"]
S = TypeVar("S")


@runtime_checkable
class Sampler(Protocol):
    """Image i under seed s: all that a metric of images needs."""

    @property
    def spec(self) -> SamplerSpec: ...
    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str:
        """sha256 (hex) of weights and configuration, or of the images."""
        ...

    def batch(self, index: range, *, seed: int) -> Batch: ...


@runtime_checkable
class LatentSampler(Sampler, Protocol):
    """A sampler whose images come from latents: all that a metric of latents needs."""

    def draw(self, index: range, *, seed: int) -> Latents: ...
    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor: ...
    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: Any = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor: ...


class Movement(Protocol):
    """A way to move latents, as directions are (`sampler.edit`)."""

    def images(self, sampler: LatentSampler, latents: Latents, strength: float) -> Tensor: ...


class FeatureExtractor(Protocol):
    """Images to named columns, one row an image."""

    @property
    def provides(self) -> frozenset[str]: ...
    @property
    def fingerprint(self) -> str:
        """sha256 (hex) of weights and preprocessing."""
        ...

    def observe(self, images: Tensor) -> Columns: ...


class Accumulator(Protocol[S]):
    """A monoid that columns feed: merge is associative and commutative (to rounding), with `empty()` as its unit.

    state_key names the state: those with the same key have the same empty, update and merge, so that one state serves
    them all and is updated once (`fd` and `kd` read the same summary of the same features). `pack` and `unpack` take a
    state to named arrays and back. Columns always hold "index" (N,) int64, the samples' indices.
    """

    @property
    def needs(self) -> frozenset[str]: ...
    @property
    def state_key(self) -> str: ...
    def empty(self) -> S: ...
    def update(self, state: S, columns: Columns) -> S: ...
    def merge(self, a: S, b: S) -> S: ...
    def pack(self, state: S) -> dict[str, NDArray[Any]]: ...
    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> S: ...


class Metric(Accumulator[S], Protocol[S]):
    """A monoid and a reading."""

    def compute(self, state: S, reference: S | None = None) -> Mapping[str, Estimate]: ...
