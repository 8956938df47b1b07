"""FID, KID and IS by their published protocols, against definitions written out anew, and their intervals."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from ganprobe.core.errors import MetricError
from ganprobe.core.results import difference
from ganprobe.core.streams import stream
from ganprobe.features.images.quantise import to_uint8
from ganprobe.metrics import METRICS, kernel_distance, squared_mmd
from ganprobe.metrics.kernel.inception import KernelInceptionDistance
from ganprobe.metrics.published_draws import torch_fidelity_order, torch_fidelity_subsets
from ganprobe.metrics.scores.inception import InceptionScore

POOL, LOGITS = "inception.pool3", "inception.logits_unbiased"


def state_of(metric, rows, start=0):
    (column,) = metric.needs
    index = torch.arange(start, start + len(rows))
    return metric.update(metric.empty(), {"index": index, column: torch.from_numpy(rows.astype(np.float32))})


def value_of(metric, rows, reference=None):
    (estimate,) = metric.compute(
        state_of(metric, rows), None if reference is None else state_of(metric, reference)
    ).values()
    return estimate


def features(seed, n, width=6, shift=0.0):
    return np.maximum(stream(seed, "inception test").standard_normal((n, width)) + shift, 0).astype(np.float32)


def test_the_order_is_numpys_legacy_one():
    rng = np.random.RandomState(2020)
    assert torch_fidelity_order(7).tolist() == rng.permutation(7).tolist()
    rng = np.random.RandomState(2020)
    for a, b in torch_fidelity_subsets(9, 12, subsets=3, size=4):
        assert a.tolist() == rng.choice(9, 4, replace=False).tolist()
        assert b.tolist() == rng.choice(12, 4, replace=False).tolist()


def kid_written_out(x, y, subsets, size):
    rng, values = np.random.RandomState(2020), []
    for _ in range(subsets):
        a = x[rng.choice(len(x), size, replace=False)].astype(np.float64)
        b = y[rng.choice(len(y), size, replace=False)].astype(np.float64)
        aa, bb, ab = ((p @ q.T / p.shape[1] + 1) ** 3 for p, q in ((a, a), (b, b), (a, b)))
        np.fill_diagonal(aa, 0)
        np.fill_diagonal(bb, 0)
        values.append((aa.sum() + bb.sum()) / (size * (size - 1)) - 2 * ab.mean())
    return np.mean(values)


@pytest.mark.parametrize(("n", "m"), [(70, 90), (40, 200)])
def test_kid_is_the_mean_over_the_subsets_of_torch_fidelity(n, m):
    x, y = features(0, n, shift=0.3), features(1, m)
    metric = KernelInceptionDistance(column=POOL, subsets=11, subset_size=30)
    assert value_of(metric, x, y).value == pytest.approx(kid_written_out(x, y, 11, 30), rel=1e-7)


def test_kid_takes_smaller_subsets_of_fewer_rows():
    x, y = features(0, 20, shift=0.3), features(1, 25)
    metric = KernelInceptionDistance(column=POOL, subsets=3, subset_size=1000)
    assert value_of(metric, x, y).value == pytest.approx(kid_written_out(x, y, 3, 20), rel=1e-7)
    assert METRICS["kid"].advised_samples == 1000


def test_kid_of_all_rows_is_what_the_subsets_scatter_about():
    x, y = features(0, 300, shift=0.2), features(1, 300)
    full = value_of(METRICS["kid@full"].build(), x, y)
    assert full.value == pytest.approx(squared_mmd(x, y), rel=1e-12)
    assert full.value == pytest.approx(kernel_distance(x, y, subsets=400, subset_size=100), abs=0.2 * full.value)
    low, high = full.ci95
    assert low < value_of(METRICS["kid"].build(), x, y).value < high


def replicated(shift, replicates=300):
    metric = KernelInceptionDistance(column=POOL, subsets=20, subset_size=120)
    found = [
        value_of(metric, features(2 * seed, 400, shift=shift), features(2 * seed + 1, 500))
        for seed in range(10, 10 + replicates)
    ]
    values = np.array([estimate.value for estimate in found])
    inside = np.mean([estimate.ci95[0] <= values.mean() <= estimate.ci95[1] for estimate in found])
    deviation = np.sqrt(np.mean([((e.ci95[1] - e.ci95[0]) / 2 / 1.959963984540054) ** 2 for e in found]))
    return inside, deviation / values.std()


def test_the_interval_of_kid_covers():
    inside, ratio = replicated(0.3)
    assert 0.92 <= inside <= 0.98
    assert 0.9 < ratio < 1.15


def test_the_interval_of_kid_does_not_collapse_where_both_sides_are_alike():
    inside, ratio = replicated(0.0)
    assert inside >= 0.94
    assert 1.0 < ratio < 2.0


def test_the_difference_of_two_kids_leaves_out_the_references_noise():
    metric, reference = METRICS["kid"].build(), features(1, 400)
    a, b = (value_of(metric, features(seed, 400, shift=0.5), reference) for seed in (3, 5))
    low, high = difference(a, b).ci95
    assert low < 0 < high
    assert high - low < 1.2 * np.sqrt(2) * (a.ci95[1] - a.ci95[0])


def score_written_out(logits, order, splits=10):
    logits = logits.astype(np.float64)[order]
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    parts = [p[k * len(p) // splits : (k + 1) * len(p) // splits] for k in range(splits)]
    return np.mean([np.exp(np.mean([entropy(row, part.mean(0)) for row in part])) for part in parts])


@pytest.mark.parametrize("n", [20, 137])
def test_the_inception_score_in_both_orders(n):
    logits = 3 * stream(0, "logits").standard_normal((n, 12)).astype(np.float32)
    logits[: n // 2, 0] += 6
    shuffled, ordered = value_of(METRICS["is"].build(), logits), value_of(METRICS["is@unshuffled"].build(), logits)
    assert shuffled.value == pytest.approx(score_written_out(logits, torch_fidelity_order(n)), rel=1e-9)
    assert ordered.value == pytest.approx(score_written_out(logits, np.arange(n)), rel=1e-9)
    assert shuffled.value != ordered.value
    assert METRICS["is@bias"].build().needs == {"inception.logits"}


def test_probabilities_that_underflow_do_no_harm():
    logits = np.zeros((40, 5))
    logits[np.arange(40), np.arange(40) % 5] = 2000.0
    estimate = value_of(InceptionScore(column=LOGITS, splits=1), logits)
    assert estimate.value == pytest.approx(5, rel=1e-9)
    assert np.isfinite(estimate.ci95).all()


def test_the_interval_of_the_score_covers():
    metric = InceptionScore(column=LOGITS)
    found = [value_of(metric, 2 * stream(seed, "score").standard_normal((300, 8))) for seed in range(200)]
    mean = np.mean([estimate.value for estimate in found])
    inside = np.mean([estimate.ci95[0] <= mean <= estimate.ci95[1] for estimate in found])
    assert 0.91 <= inside <= 0.99


def test_ddof_of_the_frechet_protocols():
    x, y = features(0, 50, shift=0.5).astype(np.float64), features(1, 60).astype(np.float64)
    for name, ddof in (("fid", 1), ("fid@pytorch-fid", 1), ("fid@clean", 1), ("fid@stylegan3", 0)):
        a, b = np.cov(x.T, ddof=ddof), np.cov(y.T, ddof=ddof)
        values = np.linalg.eigvals(a @ b).real.clip(0)
        wanted = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b) - 2 * np.sqrt(values).sum()
        assert value_of(METRICS[name].build(), x, y).value == pytest.approx(wanted, rel=1e-6), name
        assert METRICS[name].protocol["ddof"] == ddof


def test_stylegan3s_truncation_is_the_one_quantisation():
    """StyleGAN3 truncates 127.5 x + 128, which is 127.5 (x + 1) with halves rounded up: one column serves both."""
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2.4 - 1.2
    theirs = (images * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    assert torch.equal(theirs, to_uint8(images))
    assert METRICS["fid@stylegan3"].build().state_key == METRICS["fid"].build().state_key


def test_few_samples_are_advised_against():
    assert METRICS["kid@full"].advised_samples == METRICS["is"].advised_samples == 0


def test_a_reference_of_moments_alone_has_no_kid():
    metric = METRICS["kid"].build()
    bare = state_of(metric, features(1, 50)).thinned(0)
    with pytest.raises(MetricError, match="moments alone"):
        metric.compute(state_of(metric, features(0, 50)), bare)
