"""Where other extremes would put the midrange, against new samples; attributes together; degenerate tails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ganprobe.directions.methods.cuts import DRAWS, redrawn_midranges
from ganprobe.directions.methods.uncertainty import Uncertainty, mean_of, uncertainty

DRAWN: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "normal": lambda rng: rng.standard_normal((1000, 1)),
    "uniform": lambda rng: rng.random((1000, 1)),
    "t5": lambda rng: rng.standard_t(5, (1000, 1)),
    "log-normal": lambda rng: np.exp(rng.standard_normal((1000, 1))),
}


@pytest.mark.parametrize("name", DRAWN)
def test_redrawn_midranges_spread_as_those_of_new_samples(name: str) -> None:
    """By quartiles, since heavy tails have no steady deviation."""
    samples = [DRAWN[name](np.random.default_rng(seed)) for seed in range(200)]
    true = np.subtract(*np.quantile([(rows.max() + rows.min()) / 2 for rows in samples], [0.75, 0.25]))
    drawn = [redrawn_midranges(rows, seed=0) for rows in samples[:40]]
    said = np.median([np.subtract(*np.quantile(rows, [0.75, 0.25])) for rows in drawn])
    assert said == pytest.approx(true, rel=0.3, abs=1e-3)
    assert drawn[0].shape == (DRAWS, 1)


def test_attributes_go_together_as_their_extremes_share_samples() -> None:
    rows = np.random.default_rng(0).standard_normal((800, 2))
    same = redrawn_midranges(rows[:, [0, 0]], seed=0)
    assert np.allclose(same[:, 0], same[:, 1])
    apart = redrawn_midranges(rows, seed=0)
    assert abs(np.corrcoef(apart.T)[0, 1]) < 0.25


def test_scores_that_tie_at_their_ends_stay_there() -> None:
    rows = np.clip(np.random.default_rng(0).standard_normal((500, 1)), -0.5, 0.5)
    assert (redrawn_midranges(rows, seed=0) == 0).all()


def test_the_mean_of_alike_accuracies_varies_as_one() -> None:
    rng = np.random.default_rng(0)
    right, rows = rng.random(900) < 0.8, np.arange(100, 1000)
    one = uncertainty(right, rows, 1000, np.repeat(right[:, None], 10, 1)[:1], np.array([0.7, 0.9]))
    share = right.mean()
    assert (one.own**2).sum() == pytest.approx(share * (1 - share) / 900)
    assert one.variance == pytest.approx(share * (1 - share) / 900 + 0.01)
    assert mean_of([one, one]).variance == pytest.approx(one.variance)


def test_chance_is_taken_off_what_refits_change() -> None:
    """Sides of single samples that turn at random are no sign of a plane that varies."""
    rng = np.random.default_rng(0)
    right = np.ones(4000, dtype=bool)
    right[::2] = False
    found = []
    for _ in range(50):
        refitted = right[:, None] ^ (rng.random((4000, 10)) < 0.05)
        found.append(uncertainty(right, np.arange(4000), 4000, refitted).variance)
    own = 0.25 / 4000
    assert own <= np.mean(found) < 1.35 * own
    moved = Uncertainty(np.zeros(5), np.linspace(-0.1, 0.1, 10), np.zeros(10), np.empty(0))
    assert moved.variance == pytest.approx(0.9 * (np.linspace(-0.1, 0.1, 10) ** 2).sum())
