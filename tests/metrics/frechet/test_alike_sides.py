"""The interval of the Frechet distance where both sides are alike, and where they are the same samples."""

import numpy as np
import pytest
import torch

from ganprobe.core.streams import stream
from ganprobe.metrics import METRICS, frechet_bias, frechet_distance
from ganprobe.metrics.frechet.distance import transport, variance_of_alike
from ganprobe.metrics.intervals import SAME_SAMPLES

D = 4
COV = np.diag([4.0, 2.0, 1.0, 0.5])


def rows(number, n):
    return stream(number, "alike sides").standard_normal((n, D)) * np.sqrt(np.diag(COV))


def test_mean_and_variance_of_the_distance_of_one_gaussian():
    n, m = 300, 200
    values = []
    for number in range(600):
        a, b = rows(2 * number, n), rows(2 * number + 1, m)
        values.append(frechet_distance(a.mean(0), np.cov(a.T), b.mean(0), np.cov(b.T)))
    singular = transport(np.zeros(D), COV, np.zeros(D), COV).singular
    assert np.mean(values) == pytest.approx(frechet_bias(COV, n, COV, m), rel=0.1)
    assert np.var(values) == pytest.approx(variance_of_alike(COV, n, COV, m, singular), rel=0.25)


@pytest.mark.parametrize("name", ["fd", "fd_infinity"])
def test_a_set_with_itself_has_no_interval(name):
    metric = METRICS[name].build()
    columns = {"index": torch.arange(200), "embedded.features": torch.from_numpy(rows(0, 200).astype(np.float32))}
    state = metric.update(metric.empty(), columns)
    found = metric.compute(state, state)[name]
    assert found.ci95 is None
    assert SAME_SAMPLES in found.notes
    assert (found.value == pytest.approx(0, abs=1e-9)) == (name == "fd")
