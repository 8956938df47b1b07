"""Where the trim of a path length falls on a gap there is no interval, and the note says what would tell."""

import numpy as np
import pytest

from ganprobe.core.streams import stream
from ganprobe.metrics import PathLength


def read(distances):
    import torch

    metric = PathLength(column="path.w_end", name="ppl_w_end")
    columns = {"index": torch.arange(len(distances)), "path.w_end": torch.from_numpy(distances.astype(np.float32))}
    return metric.compute(metric.update(metric.empty(), columns))["ppl_w_end"]


def jumping(n, jumps, factor=1000.0):
    distances = stream(0, "trim test").lognormal(0.0, 0.5, n)
    distances[:jumps] *= factor
    return distances


@pytest.mark.parametrize("jumps", [6, 10, 14])
def test_a_gap_at_the_trim(jumps):
    found = read(jumping(1000, jumps))
    assert found.ci95 is None
    assert found.variance is None
    assert found.notes[0].startswith(f"no interval: the trim falls on a gap, {jumps / 10:.1f}% of the pairs jump")


def test_how_many_pairs_would_tell():
    """At 1% none may; at 2% three deviations of 1% are 1% at 891 pairs, and twice as many are asked."""
    assert "more may not help" in read(jumping(1000, 10)).notes[0]
    assert "about 2,000 pairs would tell" in read(jumping(400, 8)).notes[0]
    assert read(jumping(2000, 40)).ci95 is not None


def test_jumps_far_from_the_trim_and_small_ones_have_an_interval():
    assert read(jumping(10_000, 20)).ci95 is not None
    assert read(jumping(10_000, 500)).ci95 is not None
    assert read(jumping(1000, 10, factor=4.0)).ci95 is not None


def test_smooth_distances_have_one():
    low, high = read(jumping(1000, 0)).ci95
    assert low < read(jumping(1000, 0)).value < high


def test_equal_distances_have_a_point():
    assert read(np.full(300, 2.0)).ci95 == (2.0, 2.0)
