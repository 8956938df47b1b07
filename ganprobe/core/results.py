"""Numbers that never travel alone: an estimate with its interval, a result with its protocol, a run with its origin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import InputError
from ganprobe.core.tables import DetailTable

SCHEMA = 1
Z95 = 1.959963984540054
Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95% interval and the number of samples behind it.

    variance: of the value, from the generated side alone. reference_terms: (m,) each reference row's contribution c_j,
    such that the reference side adds sum((c_j - mean(c))^2) to the variance; None where there is no reference. With
    both, the interval of a difference between two generators measured against one reference can be told. notes: what
    the value should not be read without, a line each. tables: the numbers that it sums up.
    """

    value: float
    ci95: tuple[float, float] | None
    n: int
    variance: float | None = None
    reference_terms: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()
    tables: tuple[DetailTable, ...] = ()


def normal_estimate(
    value: float, n: int, variance: float, reference_terms: NDArray[np.float64] | None = None
) -> Estimate:
    """An estimate whose 95% interval is value +- 1.96 standard errors of both sides together."""
    total = variance + reference_variance(reference_terms)
    half = Z95 * math.sqrt(max(total, 0.0))
    return Estimate(value, (value - half, value + half), n, variance, reference_terms)


def reference_variance(terms: NDArray[np.float64] | None) -> float:
    """sum((c_j - mean(c))^2), 0 for None."""
    return 0.0 if terms is None else float(((terms - terms.mean()) ** 2).sum())


def difference(a: Estimate, b: Estimate) -> Estimate:
    """a - b of two independently drawn generators against the same reference, whose share of the noise cancels where
    the two react alike. ci95 is None where either has no variance."""
    value, n = a.value - b.value, min(a.n, b.n)
    if a.variance is None or b.variance is None:
        return Estimate(value, None, n)
    terms = None
    if a.reference_terms is not None and b.reference_terms is not None:
        if a.reference_terms.shape != b.reference_terms.shape:
            return Estimate(value, None, n)
        terms = a.reference_terms - b.reference_terms
    return normal_estimate(value, n, a.variance + b.variance, terms)


@dataclass(frozen=True, slots=True)
class Result:
    """One row of a run: an estimate under its full metric name (`fid@clean`) with the protocol it followed."""

    metric: str
    estimate: Estimate
    better: Better
    features: str
    protocol: Mapping[str, Any]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        return self.estimate.value

    @property
    def ci95(self) -> tuple[float, float] | None:
        return self.estimate.ci95

    @property
    def n(self) -> int:
        return self.estimate.n

    def to_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "metric": self.metric,
            "value": self.value,
            "ci95": None if self.ci95 is None else list(self.ci95),
            "n": self.n,
            "better": self.better,
            "features": self.features,
            "protocol": dict(self.protocol),
            "seconds": round(self.seconds, 3),
        }
        if self.estimate.variance is not None:
            row["variance"] = self.estimate.variance
        if self.notes:
            row["notes"] = list(self.notes)
        if self.estimate.tables:
            row["tables"] = [table.to_json() for table in self.estimate.tables]
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any], terms: NDArray[np.float64] | None = None) -> Result:
        ci95 = None if row["ci95"] is None else (float(row["ci95"][0]), float(row["ci95"][1]))
        tables = tuple(DetailTable.from_json(table) for table in row.get("tables", ()))
        estimate = Estimate(float(row["value"]), ci95, int(row["n"]), row.get("variance"), terms, tables=tables)
        return cls(
            row["metric"],
            estimate,
            row["better"],
            row["features"],
            row["protocol"],
            float(row["seconds"]),
            tuple(row.get("notes", ())),
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """What was measured, or measured against: its name, fingerprint, and number of images where it has one."""

    name: str
    fingerprint: str
    n: int | None = None

    def to_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {"name": self.name, "fingerprint": self.fingerprint}
        return row if self.n is None else {**row, "n": self.n}


@dataclass(frozen=True, slots=True)
class Record:
    """All the numbers of one run, as `results.json` holds them."""

    generator: Subject
    reference: Subject | None
    results: tuple[Result, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, metric: str) -> Result:
        for result in self.results:
            if result.metric == metric:
                return result
        had = ", ".join(result.metric for result in self.results) or "none"
        raise InputError(f"metric {metric!r} is not in this run of {self.generator.name}; it has: {had}")

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "generator": self.generator.to_json(),
            "reference": None if self.reference is None else self.reference.to_json(),
            "results": [result.to_json() for result in self.results],
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], terms: Mapping[str, NDArray[np.float64]] | None = None) -> Record:
        if data.get("schema") != SCHEMA:
            raise InputError(f"results of schema {SCHEMA} were expected, these say {data.get('schema')!r}")
        reference = data["reference"]
        results = tuple(Result.from_json(row, (terms or {}).get(row["metric"])) for row in data["results"])
        return cls(
            Subject(**data["generator"]),
            None if reference is None else Subject(**reference),
            results,
            data["provenance"],
        )
