"""Statistics of other projects as a reference: checked, named, and given to the metrics that they can feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from ganprobe.core.errors import InputError
from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import Accumulator
from ganprobe.core.results import Subject
from ganprobe.engine.opening.features import FeatureSet
from ganprobe.engine.opening.metrics import CATALOGUE
from ganprobe.engine.passes.statistics import Reference
from ganprobe.engine.published.files import SUFFIXES, Array, Raw, read_raw
from ganprobe.engine.published.protocols import IMAGES, PROTOCOLS, Protocol, parse_protocol
from ganprobe.metrics.arrays import named
from ganprobe.metrics.base import Measuring
from ganprobe.metrics.columns import Seen
from ganprobe.metrics.frechet.metric import FrechetDistance
from ganprobe.metrics.spec import MetricSpec
from ganprobe.metrics.states.features_summary import FeatureSummary, no_bad_rows
from ganprobe.metrics.states.moments import Moments
from ganprobe.metrics.states.rows import KeptRows

ENDLESS: Final = 2**53
"""Moments of a number of images that nobody knows count as of so many: no bias of theirs is predicted."""
SYMMETRIC: Final = 1e-5
"""Share of the largest variance by which a covariance may differ from its transpose, or have negative eigenvalues."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Published:
    """Statistics in a file. feeds: the metrics that they serve."""

    path: Path
    raw: Raw
    name: str
    protocol: Protocol
    seen: Seen
    n: int | None
    feeds: tuple[str, ...]

    def reference(self, metrics: Sequence[Accumulator[Any]], features: FeatureSet) -> Reference:
        """As the states of `metrics`, which are among those that it feeds, through the network of the run."""
        states = {metric.state_key: metric.pack(self._state(metric)) for metric in metrics}
        network = features.networks[self.seen.features]
        subject = Subject(self.path.name, sha256_of(self.path), self.n)
        return Reference(subject, network.name, network.fingerprint, states, origin=self.notes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What numbers against it should not be read without."""
        what = "features" if self.raw.rows is not None else "mean and covariance"
        whose = f"the reference is {what} by {self.name} ({self.path.name})"
        if self.n is None:
            return (f"{whose}, of a number of images that is not told: the bias of its side is not known",)
        return (whose,)

    def check(self, specs: Sequence[MetricSpec]) -> None:
        """InputError for a metric that compares and is not fed."""
        for spec in specs:
            if spec.needs_reference and spec.name not in self.feeds:
                what = "features" if self.raw.rows is not None else "mean and covariance alone"
                raise InputError(
                    f"{self.path} holds {what} by {self.name}, which feed {', '.join(self.feeds)}, not {spec.name}; "
                    f"leave {spec.name} out, or give images"
                )

    def _state(self, metric: Accumulator[Any]) -> Any:
        if self.raw.rows is not None:
            rows = torch.from_numpy(np.asarray(self.raw.rows, dtype=np.float32))
            return metric.update(metric.empty(), {"index": torch.arange(len(rows)), self.seen.column: rows})
        assert self.raw.mean is not None, "one of the two"
        assert self.raw.covariance is not None, "both or none"
        n = ENDLESS if self.n is None else self.n
        mean = torch.from_numpy(np.asarray(self.raw.mean, dtype=np.float64))
        scatter = torch.from_numpy(np.asarray(self.raw.covariance, dtype=np.float64)) * (n - self.protocol.ddof)
        moments = Moments(n, mean, torch.zeros_like(mean), scatter)
        return FeatureSummary(KeptRows(metric.keeper.capacity), moments, no_bad_rows())  # type: ignore[attr-defined]


def published_statistics(ref: str, said: str | None) -> Published | None:
    """The statistics that a reference names, by the protocol that is `said`, or that the file tells; None where it
    names something else. InputError where nobody tells the protocol, and for statistics that cannot be."""
    path = Path(ref)
    told = None if said is None else parse_protocol(said)
    raw = read_raw(path) if path.suffix.lower() in SUFFIXES else None
    if raw is None or (raw.images and told is not None and told[0] == IMAGES):
        if told is not None and (raw is None or not raw.images):
            raise InputError(f"{ref} holds no statistics of another project; leave the reference's protocol out")
        return None
    name = _whose(path, raw, None if told is None else told[0])
    protocol, n = PROTOCOLS[name], raw.n if told is None or told[1] is None else told[1]
    if raw.rows is not None:
        n = len(raw.rows)
    if raw.n is not None and n != raw.n:
        raise InputError(f"{path} is of {raw.n} images, and the call says {n}; leave the number out")
    seen = _seen(path, raw, name, protocol)
    _check(path, raw)
    feeds = tuple(each for each, spec in CATALOGUE.items() if _feeds(spec, seen, raw, protocol, n))
    return Published(path=path, raw=raw, name=name, protocol=protocol, seen=seen, n=n, feeds=feeds)


def _whose(path: Path, raw: Raw, said: str | None) -> str:
    known = ", ".join(PROTOCOLS)
    if raw.images and said is None:
        raise InputError(
            f"{path} holds images, and mean and covariance that may be of more of them: --reference-protocol adm takes "
            f"the latter, for fid, as ADM's evaluator does; --reference-protocol {IMAGES} measures the images"
        )
    if said == IMAGES:
        raise InputError(f"{path} holds no images; name the protocol of its statistics: {known}")
    if raw.protocol is not None and said is not None and said != raw.protocol:
        raise InputError(f"{path} is of {raw.protocol} by its form or its name, and the call says {said}; leave it out")
    if (found := said or raw.protocol) is None:
        raise InputError(
            f"{path} holds statistics, and does not tell who made them, so that images were brought before Inception "
            f"nobody knows how: say --reference-protocol {known}, with :N for their number of images"
        )
    return found


def _seen(path: Path, raw: Raw, name: str, protocol: Protocol) -> Seen:
    """The column that it is of, by its width. InputError for shapes that do not fit."""
    shapes = [np.shape(each) for each in (raw.mean, raw.covariance, raw.rows) if each is not None]
    width = shapes[0][-1] if shapes[0] else 0
    fitting = [(width,), (width, width)] if raw.rows is None else [(len(raw.rows), width)]
    if shapes != fitting:
        said = " and ".join(str(shape) for shape in shapes)
        raise InputError(
            f"{path} holds arrays of {said}; mean (d,) and covariance (d, d), or rows (N, d), were expected"
        )
    if width not in protocol.seen:
        known = " or ".join(str(each) for each in protocol.seen)
        raise InputError(f"{path} is of {width} features; those of {name} have {known}: of another layer or network")
    return protocol.seen[width]


def _check(path: Path, raw: Raw) -> None:
    """InputError for numbers that no images have."""
    arrays: Mapping[str, Array | None] = {"mean": raw.mean, "covariance": raw.covariance, "features": raw.rows}
    for name, array in arrays.items():
        if array is None:
            continue
        if array.dtype.kind != "f":
            raise InputError(f"{path}: the {name} holds {array.dtype}; floats were expected")
        if len(bad := np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(1))):
            raise InputError(f"{path}: the {name} is not finite in rows {named(bad)}; save it again")
    if raw.rows is not None and len(raw.rows) < 2:
        raise InputError(f"{path} holds features of {len(raw.rows)} images; at least 2 were expected")
    if raw.covariance is not None:
        _check_covariance(path, np.asarray(raw.covariance, dtype=np.float64))


def _check_covariance(path: Path, covariance: Array) -> None:
    largest = float(np.abs(np.diagonal(covariance)).max())
    if float(np.abs(covariance - covariance.T).max()) > SYMMETRIC * largest:
        raise InputError(f"{path}: its covariance is not symmetric; it is none, or damaged")
    eigenvalues = np.linalg.eigvalsh(covariance)
    if eigenvalues[0] < -SYMMETRIC * max(float(eigenvalues[-1]), largest):
        raise InputError(
            f"{path}: its covariance has a negative eigenvalue ({eigenvalues[0]:.3g}); it is none, or damaged"
        )


def _feeds(spec: MetricSpec, seen: Seen, raw: Raw, protocol: Protocol, n: int | None) -> bool:
    if not spec.needs_reference or spec.features != seen.features or spec.needs_test:
        return False
    metric = spec.build()
    if metric.needs != {seen.column} or isinstance(metric, Measuring):
        return False
    if raw.rows is not None:
        return True
    if not isinstance(metric, FrechetDistance):
        return False
    return n is not None or (metric.ddof == protocol.ddof and not metric.corrected)
