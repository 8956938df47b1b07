"""When a direction is said to move something."""

from __future__ import annotations

import pytest

from ganprobe.core.results import Estimate
from ganprobe.report.records.moved import Moved, Verdict


def change(value: float, half: float) -> Estimate:
    return Estimate(value, (value - half, value + half), 32)


@pytest.mark.parametrize(
    ("value", "half", "verdict"),
    [
        (3.0, 0.2, "moves"),
        (0.8, 0.3, "little"),
        (0.1, 0.3, "nothing"),
        (0.15, 0.05, "nothing"),
        (0.0, 0.0, "nothing"),
        (0.4, 0.9, "unknown"),
        (-2.0, 0.2, "against"),
        (-0.1, 0.05, "nothing"),
    ],
)
def test_verdicts_follow_effect_and_interval(value: float, half: float, verdict: Verdict) -> None:
    moved = Moved(target="a", changes={"a": change(value, half)})
    assert moved.verdict == verdict
    assert "a" in moved.headline.split()
    shorter = Moved(target="a", changes={"a": change(value / 3, half / 3)}, start=-1, end=1)
    assert shorter.verdict == verdict


def test_without_a_target_the_largest_change_is_its_own() -> None:
    moved = Moved(changes={"a": change(0.5, 0.1), "b": change(-3.0, 0.1)})
    assert moved.verdict == "moves"
    assert moved.headline == "Moves b"
    assert [name for name, _ in moved.ordered] == ["b", "a"]


@pytest.mark.parametrize(("drift", "verdict"), [(0.4, "moves"), (0.04, "little"), (0.004, "nothing"), (0.0, "nothing")])
def test_drift_is_judged_beside_two_samples(drift: float, verdict: Verdict) -> None:
    moved = Moved(drift=change(drift, drift / 10), apart=0.5)
    assert moved.verdict == verdict
    assert "as two samples are" in moved.words


@pytest.mark.parametrize(("told", "said"), [(0.9, "Does as"), (0.3, "Does little"), (-0.1, "Does not do")])
def test_a_steered_factor_is_judged_by_what_it_was_told(told: float, said: str) -> None:
    assert Moved(drift=change(0.4, 0.04), apart=0.5, told=told).headline.startswith(said)
    assert Moved(drift=change(0.0, 0.0), apart=0.5, told=told).headline == "It moves nothing"


def test_shares_are_written_in_percent() -> None:
    assert "200% [180%, 220%]" in Moved(drift=change(1.0, 0.1), apart=0.5).words
    assert "1.0% [0.8%, 1.2%]" in Moved(drift=change(0.005, 0.001), apart=0.5).words


def test_what_was_not_measured_says_nothing() -> None:
    assert (Moved().verdict, Moved().headline, Moved().words) == ("unmeasured", "", "")
