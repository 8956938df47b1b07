"""The trimmed mean against scipy and by hand."""

import numpy as np
import pytest
import scipy.stats
import torch

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import PathLength, trimmed_mean
from ganprobe.metrics.paths.length import trimmed_mean_variance

PPL = PathLength(column="path.w_end", name="ppl_w_end")


def test_ends_are_data_points_as_stylegan_takes_them():
    # 150 values: positions 1.49 and 147.51, so lower end 1, upper end 148, both kept; 0 and 149 go.
    assert trimmed_mean(np.arange(150.0) ** 2) == pytest.approx((np.arange(1, 149) ** 2).mean())


def test_few_values_are_not_trimmed():
    assert trimmed_mean([1.0, 2.0, 6.0]) == 3


def test_agrees_with_scipys_trimmed_mean():
    values = stream(0, "path test").lognormal(size=201)
    assert trimmed_mean(values) == pytest.approx(scipy.stats.trim_mean(values, 2 / 201), rel=1e-12)
    low, high = np.sort(values)[[2, -3]]
    assert trimmed_mean(values) == pytest.approx(scipy.stats.tmean(values, (low, high)), rel=1e-12)


def test_variance_is_the_winsorised_one():
    values = stream(1, "path test").lognormal(size=201)
    winsorised = np.asarray(scipy.stats.mstats.winsorize(values, (2 / 201, 2 / 201)))
    expected = winsorised.var(ddof=1) / (201 * (197 / 201) ** 2)
    assert trimmed_mean_variance(values) == pytest.approx(expected, rel=1e-10)


def test_metric_reads_its_column_by_index():
    values = stream(2, "path test").lognormal(size=300).astype(np.float32)
    state = PPL.update(PPL.empty(), {"index": torch.arange(300), "path.w_end": torch.from_numpy(values)})
    got = PPL.compute(state)["ppl_w_end"]
    assert (got.value, got.n) == (trimmed_mean(values), 300)
    assert got.ci95[0] < got.value < got.ci95[1]


def test_refuses_bad_input():
    with pytest.raises(MetricError, match="at least 2 generated samples; there are 0"):
        PPL.compute(PPL.empty())
    with pytest.raises(MetricError, match="non-empty"):
        trimmed_mean([])
    with pytest.raises(MetricError, match="at least 2 values"):
        trimmed_mean_variance([1.0])
    with pytest.raises(MetricError, match="percentiles"):
        trimmed_mean([1.0], low=3, high=2)
    values = torch.ones(10)
    values[4] = torch.inf
    with pytest.raises(MetricError, match="samples 104"):
        PPL.compute(PPL.update(PPL.empty(), {"index": torch.arange(100, 110), "path.w_end": values}))
