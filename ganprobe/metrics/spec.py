"""What a registered metric says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ganprobe.core.protocols import Accumulator
from ganprobe.core.results import Better
from ganprobe.core.spaces import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One metric under its full name. features: the network that it looks through. protocol: JSON-able, all that is
    needed to get the number again. minimum_samples: fewer are a MetricError. advised_samples: with fewer, generated or
    of the reference, the number is printed with `advice`; 0 where any number will do. minimum_attributes: that must be
    scored. latents: the spaces that the generator must have, () for any latents at all, None where it needs none.
    usual: whether it is among those of a call that names none. needs_test: whether it needs test images of the
    reference's kind too. build: a Metric, or a Measuring one, which states alone do not give."""

    name: str
    summary: str
    better: Better
    features: str
    protocol: Mapping[str, Any]
    needs_reference: bool
    minimum_samples: int
    build: Callable[[], Accumulator[Any]]
    advised_samples: int = 0
    advice: str = ""
    minimum_attributes: int = 0
    latents: tuple[Space, ...] | None = None
    usual: bool = True
    needs_test: bool = False
