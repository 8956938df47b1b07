"""fid_infinity and fd_infinity: the bias is gone, an extrapolation is further off, and results say how large it was."""

import numpy as np
import pytest
import torch

from ganprobe.core.streams import stream
from ganprobe.metrics import METRICS, frechet_bias, frechet_distance

D, N, M = 16, 160, 240
SCALE = np.exp(-np.arange(D) / D)


def sides(number):
    rng = stream(number, "infinity test")
    return rng.standard_normal((N, D)) * SCALE + 0.3 * SCALE, rng.standard_normal((M, D)) * 1.2 * SCALE


def state_of(metric, rows):
    (column,) = metric.needs
    columns = {"index": torch.arange(len(rows)), column: torch.from_numpy(rows.astype(np.float32))}
    return metric.update(metric.empty(), columns)


def read(name, fake, real):
    metric = METRICS[name].build()
    return metric.compute(state_of(metric, fake), state_of(metric, real))[name]


def test_it_is_the_distance_less_the_predicted_bias():
    fake, real = sides(0)
    bias = frechet_bias(np.cov(fake.T), N, np.cov(real.T), M)
    for plain, corrected in (("fid", "fid_infinity"), ("fd", "fd_infinity")):
        at_n, limit = read(plain, fake, real), read(corrected, fake, real)
        assert at_n.value - limit.value == pytest.approx(bias, rel=1e-5)
        assert limit.variance == at_n.variance
        assert METRICS[corrected].build().state_key == METRICS[plain].build().state_key


def test_the_mean_error_is_within_chance_and_the_interval_holds_the_truth():
    truth = frechet_distance(0.3 * SCALE, np.diag(SCALE**2), np.zeros(D), np.diag(1.44 * SCALE**2))
    found = [read("fd_infinity", *sides(number)) for number in range(300)]
    values = np.array([estimate.value for estimate in found])
    assert abs(values.mean() - truth) < 0.1 * np.mean([read("fd", *sides(n)).value - truth for n in range(50)])
    held = np.mean([low <= truth <= high for low, high in (estimate.ci95 for estimate in found)])
    assert 0.92 <= held <= 0.985


def test_an_extrapolation_scatters_more():
    """The line in 1/n over subsets, for both sides at once as ours."""
    truth = frechet_distance(0.3 * SCALE, np.diag(SCALE**2), np.zeros(D), np.diag(1.44 * SCALE**2))
    shares, ours, theirs = np.linspace(0.3, 1, 10), [], []
    for number in range(100):
        fake, real = sides(number)
        rng, found = stream(number, "subsets"), []
        for share in shares:
            parts = [rows[rng.permutation(len(rows))[: int(share * len(rows))]] for rows in (fake, real)]
            found.append(frechet_distance(*(m for rows in parts for m in (rows.mean(0), np.cov(rows.T)))))
        theirs.append(np.polyfit(1 / shares, found, 1)[1] - truth)
        ours.append(read("fd_infinity", fake, real).value - truth)
    assert np.square(ours).mean() < 0.9 * np.square(theirs).mean()


def test_one_distribution_on_both_sides_gives_zero_on_average():
    values = [read("fd_infinity", sides(n)[0], sides(n + 1000)[0]).value for n in range(200)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(200)
    assert min(values) < 0


def test_results_name_the_bias_where_it_can_be_told():
    fake, real = sides(0)
    bias = frechet_bias(np.cov(fake.T), N, np.cov(real.T), M)
    assert read("fd", fake, real).notes == (f"about {bias:.3g} of it is the bias of finite samples",)
    assert read("fd_infinity", fake, real).notes == ()
    assert read("fd", fake[:60], real).notes == read("fd", fake, real[: D + 1]).notes == ()
    assert read("fd_infinity", fake[: 4 * D - 1], real).notes == (
        "63 samples: the predicted bias is of second order, and too small below 4 samples a feature",
    )


def test_fewer_samples_than_features_on_either_side_are_warned_about():
    fake, real = sides(0)
    warned = "16 samples: the covariance of 16 features is singular below 17 samples, and fd far too high"
    assert read("fd", fake[:D], real).notes == read("fd", fake, real[:D]).notes == (warned,)
