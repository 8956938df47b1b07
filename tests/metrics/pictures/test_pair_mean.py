"""The mean over pairs: its table of classes, its interval, and what the registry says of it."""

import numpy as np
import pytest
import torch

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import METRICS
from ganprobe.metrics.pictures.pairs import PairMean

MS_SSIM = METRICS["ms_ssim"].build()
LPIPS = METRICS["lpips_diversity"].build()


def state_of(metric, values, labels=None):
    columns = {"index": torch.arange(len(values)), metric.column: torch.as_tensor(values)}
    if labels is not None:
        columns["label"] = torch.as_tensor(labels)
    return metric.update(metric.empty(), columns)


def test_mean_variance_and_classes():
    values, labels = stream(0, "pair test").random(60).astype(np.float32), np.arange(60) % 4
    labels[labels == 3] = 12
    got = LPIPS.compute(state_of(LPIPS, values, labels))["lpips_diversity"]
    assert got.n == 60
    assert got.value == pytest.approx(values.mean(dtype=np.float64))
    assert got.variance == pytest.approx(values.var(ddof=1, dtype=np.float64) / 60)
    (table,) = got.tables
    assert (table.rows, table.columns) == (tuple(f"class {k}" for k in (0, 1, 2, 12)), ("LPIPS", "pairs"))
    assert table.values[3][0] == pytest.approx(values[labels == 12].mean(dtype=np.float64))
    assert [row[1] for row in table.values] == [15] * 4
    low, high = table.ci95[3][0]
    got_mean = table.values[3][0]
    half = 1.96 * values[labels == 12].std(ddof=1, dtype=np.float64) / 15**0.5
    assert min(high - got_mean, got_mean - low) == pytest.approx(half, rel=1e-4)
    assert half <= (high - low) / 2 < 1.1 * half


def test_without_classes_there_is_no_table_and_few_pairs_of_a_class_have_no_interval():
    values = torch.linspace(0, 1, 15)
    assert MS_SSIM.compute(state_of(MS_SSIM, values))["ms_ssim"].tables == ()
    (table,) = MS_SSIM.compute(state_of(MS_SSIM, values, [0] * 7 + [1] * 8))["ms_ssim"].tables
    assert table.ci95[0][0] is None
    assert table.ci95[1][0] is not None


def test_a_collapsed_generator():
    alike = MS_SSIM.compute(state_of(MS_SSIM, torch.ones(50)))["ms_ssim"]
    assert (alike.value, alike.ci95) == (1.0, (1.0, 1.0))
    none = LPIPS.compute(state_of(LPIPS, torch.zeros(50)))["lpips_diversity"]
    assert (none.value, none.ci95) == (0.0, (0.0, 0.0))


def test_the_interval_stays_where_the_values_are():
    values = torch.tensor([1.0, 1.0, 1.0, 0.7])
    assert MS_SSIM.compute(state_of(MS_SSIM, values))["ms_ssim"].ci95[1] == 1.0
    assert LPIPS.compute(state_of(LPIPS, 1 - values))["lpips_diversity"].ci95[0] == 0.0


def test_the_interval_covers():
    """Of 800 runs of 100 skewed values each 95% hold the truth, to three standard errors of the share."""
    metric = PairMean(column="pair.lpips", name="d", title="d")
    draws = stream(3, "pair test").gamma(2.0, 0.1, (800, 100))
    ends = [metric.compute(state_of(metric, row))["d"].ci95 for row in draws]
    held = np.mean([low <= 0.2 <= high for low, high in ends])
    assert 0.92 < held < 0.98


def test_two_pairs_at_least():
    with pytest.raises(MetricError, match="at least 2"):
        LPIPS.compute(state_of(LPIPS, torch.ones(1)))


def test_what_the_registry_says():
    assert METRICS["ms_ssim"].better == "neither"
    assert METRICS["lpips_diversity"].better == "higher"
    assert METRICS["lpips_diversity"].features == "lpips"
    assert METRICS["lpips_diversity@embedded"].features == "embedded"
    assert MS_SSIM.needs == {"pair.ms_ssim", "label"}
