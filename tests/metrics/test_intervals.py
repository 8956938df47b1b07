"""Intervals from the terms of rows: by hand, in closed form, and where there is none."""

import math

import numpy as np
import pytest

from ganprobe.core.results import Z95, reference_variance
from ganprobe.core.streams import stream
from ganprobe.metrics.intervals import SAME_SAMPLES, Square, skewed_estimate


def symmetric(n=100, variance=1.0):
    """Terms without skewness whose squares sum up to `variance`."""
    terms = np.tile([1.0, -1.0], n // 2)
    return terms * math.sqrt(variance / (terms**2).sum())


def test_without_skewness_it_is_the_normal_interval():
    found = skewed_estimate(5.0, 100, symmetric(), symmetric(60, 3.0))
    assert found.ci95 == pytest.approx((5 - 2 * Z95, 5 + 2 * Z95))
    assert found.variance == pytest.approx(1.0)
    assert reference_variance(found.reference_terms) == pytest.approx(3.0)


def test_more_variance_is_the_generated_sides():
    found = skewed_estimate(0.0, 100, symmetric(), more=3.0)
    assert found.variance == pytest.approx(4.0)
    assert found.ci95 == pytest.approx((-2 * Z95, 2 * Z95))


def test_halls_transformation_is_inverted():
    """g(t) = t + s t^2 / 3 + s^2 t^3 / 27 + s / 6 of the upper end's t is the normal quantile."""
    terms = stream(0, "skewed terms").exponential(size=80) ** 2
    terms = (terms - terms.mean()) / math.sqrt(((terms - terms.mean()) ** 2).sum())
    s = float((terms**3).sum())
    t = -skewed_estimate(0.0, 80, terms).ci95[1]
    assert s > 0.3
    assert t + s * t**2 / 3 + s**2 * t**3 / 27 + s / 6 == pytest.approx(-Z95)
    assert skewed_estimate(0.0, 80, terms).ci95[0] == pytest.approx(-Z95)
    mirrored = skewed_estimate(0.0, 80, -terms).ci95
    assert mirrored == pytest.approx((t, Z95))


def test_on_the_scale_of_the_root():
    low, high = skewed_estimate(9.0, 100, symmetric(), square=Square()).ci95
    assert (low, high) == pytest.approx(((3 - Z95 / 6) ** 2, (3 + Z95 / 6) ** 2))
    shifted = skewed_estimate(8.0, 100, symmetric(), square=Square(offset=1.0)).ci95
    assert shifted == pytest.approx((low - 1, high - 1))


def test_a_root_of_nothing_has_bounds():
    low, high = skewed_estimate(-1e-9, 100, symmetric(), square=Square()).ci95
    assert low >= -0.5 - 1e-6
    assert high < 4.0


def test_alike_sides_hold_their_noise_twice():
    """1 + 2 x 1 of terms is 1 + 1 of variance, on both sides alike; never less than 0.4 of the second order."""
    found = skewed_estimate(50.0, 100, symmetric(variance=1.5), symmetric(variance=1.5), square=Square(second=1.0))
    assert found.variance + reference_variance(found.reference_terms) == pytest.approx(2.0)
    little = skewed_estimate(50.0, 100, symmetric(variance=0.1), square=Square(second=1.0))
    assert little.variance == pytest.approx(0.4)


def test_the_same_samples_have_none():
    found = skewed_estimate(0.0, 100, np.zeros(100), np.zeros(100), square=Square(second=0.1))
    assert (found.ci95, found.notes) == (None, (SAME_SAMPLES,))
    assert skewed_estimate(3.0, 5, np.zeros(5)).ci95 == (3.0, 3.0)


def test_few_kept_rows_widen():
    """Of n rows a tenth: Student's quantile with as many degrees of freedom as the fourth moments leave."""
    terms = stream(0, "kept terms").standard_t(6, size=50)
    all_rows, some = (skewed_estimate(0.0, 50, terms, kept=(share, 1.0)) for share in (1.0, 0.1))
    assert 1.02 < some.variance / all_rows.variance < 1.5


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_means_of_skewed_numbers_are_held(sigma):
    truth, held, plain = math.exp(sigma**2 / 2), 0, 0
    for number in range(500):
        rows = stream(number, "log-normal mean").lognormal(0.0, sigma, 60)
        low, high = skewed_estimate(rows.mean(), 60, (rows - rows.mean()) / math.sqrt(60 * 59)).ci95
        held += low <= truth <= high
        plain += abs(rows.mean() - truth) <= Z95 * rows.std(ddof=1) / math.sqrt(60)
    assert held > plain
    assert held / 500 >= 0.91
