"""Estimates and their differences, and records to JSON and back."""

import json
from typing import Any

import numpy as np
import pytest

from ganprobe.core.errors import InputError
from ganprobe.core.results import (
    Estimate,
    Record,
    Result,
    Subject,
    difference,
    normal_estimate,
    reference_variance,
)

TERMS = np.array([0.5, -0.25, 1.0, 0.0])


def test_an_interval_covers_both_sides() -> None:
    estimate = normal_estimate(3.0, 100, 0.04, TERMS)
    total = 0.04 + ((TERMS - TERMS.mean()) ** 2).sum()
    assert estimate.ci95 == pytest.approx((3 - 1.959964 * total**0.5, 3 + 1.959964 * total**0.5))
    assert normal_estimate(3.0, 100, 0.0).ci95 == (3.0, 3.0)
    assert reference_variance(None) == 0.0


def test_the_interval_of_a_difference_leaves_out_the_shared_noise() -> None:
    a, b = normal_estimate(5.0, 100, 0.04, TERMS), normal_estimate(4.0, 80, 0.09, TERMS + 7)
    gap = difference(a, b)
    assert (gap.value, gap.n) == (1.0, 80)
    assert gap.ci95 == pytest.approx((1 - 1.959964 * 0.13**0.5, 1 + 1.959964 * 0.13**0.5))
    back = difference(b, a)
    assert back.ci95 == pytest.approx((-gap.ci95[1], -gap.ci95[0]))  # type: ignore[index]


def test_the_interval_of_a_difference_is_right_on_average() -> None:
    """Two generators against one finite reference, 4000 times over: 95% of the intervals hold the true difference."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(4000):
        reference = rng.normal(size=50)
        estimates = []
        for mean, slope in ((1.0, 1.0), (3.0, 0.5)):
            own = rng.normal(mean, 1, 100)
            terms = slope * (reference - reference.mean()) / (50 * 49) ** 0.5
            value = own.mean() - slope * reference.mean()
            estimates.append(normal_estimate(float(value), 100, float(own.var(ddof=1) / 100), terms))
        low, high = difference(*estimates).ci95 or (0, 0)
        hits += low < -2 < high
    assert abs(hits / 4000 - 0.95) < 0.02


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Estimate(1.0, None, 5), normal_estimate(2.0, 5, 0.1)),
        (normal_estimate(2.0, 5, 0.1, TERMS), normal_estimate(2.0, 5, 0.1, TERMS[:2])),
    ],
)
def test_without_variances_or_with_other_references_there_is_no_interval(a: Estimate, b: Estimate) -> None:
    assert difference(a, b).ci95 is None
    assert difference(a, b).value == a.value - b.value


def record(**words: Any) -> Record:
    result = Result("fd", normal_estimate(1.5, 40, 0.01), "lower", "embedded", {"samples": 40}, 1.23456, ("note",))
    bare = Result("x", Estimate(2.0, None, 3), "neither", "none", {}, 0.0)
    given: dict[str, Any] = {"reference": Subject("r", "cd" * 32, 9), "provenance": {"seed": 0}}
    return Record(Subject("g", "ab" * 32), results=(result, bare), **{**given, **words})


def test_a_record_survives_json() -> None:
    for whole in (record(), record(reference=None)):
        data = json.loads(json.dumps(whole.to_json()))
        again = Record.from_json(data, {"fd": TERMS})
        assert again.to_json() == whole.to_json()
        assert np.array_equal(again["fd"].estimate.reference_terms, TERMS)  # type: ignore[arg-type]
        assert again["fd"].estimate.variance == 0.01
        assert again["x"].ci95 is None


def test_json_is_as_the_contract_says() -> None:
    data = record().to_json()
    assert list(data) == ["schema", "generator", "reference", "results", "provenance"]
    assert data["schema"] == 1
    assert data["generator"] == {"name": "g", "fingerprint": "ab" * 32}
    assert data["reference"] == {"name": "r", "fingerprint": "cd" * 32, "n": 9}
    row = data["results"][0]
    assert list(row)[:8] == ["metric", "value", "ci95", "n", "better", "features", "protocol", "seconds"]
    assert row["seconds"] == 1.235
    assert "notes" not in data["results"][1]


def test_unknown_metrics_and_schemas_are_refused() -> None:
    with pytest.raises(InputError, match="metric 'kd' is not in this run of g; it has: fd, x"):
        record()["kd"]
    with pytest.raises(InputError, match="schema 1 were expected, these say 2"):
        Record.from_json({"schema": 2})
