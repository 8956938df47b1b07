"""What sampling alone does to an MMD^2 of alike sides: against brute force and simulation."""

import numpy as np
import pytest
import torch

from ganprobe.core.streams import stream
from ganprobe.metrics import squared_mmd
from ganprobe.metrics.kernel.alike import alike_square


def rows(number, n, d=3):
    return torch.from_numpy(stream(number, "alike test").standard_normal((n, d)))


def test_the_offset_makes_a_squared_distance():
    """U and the offset are the plug-in V statistic, which is a squared norm, to rounding."""
    a, b = rows(0, 40), rows(1, 30)
    kernel = lambda x, y: ((x @ y.T / 3 + 1) ** 3).mean()  # noqa: E731
    plug_in = float(kernel(a, a) + kernel(b, b) - 2 * kernel(a, b))
    assert squared_mmd(a, b) + alike_square(a, b, 40, 30).offset == pytest.approx(plug_in, rel=1e-9)


def test_the_variance_of_alike_sides():
    values = [squared_mmd(rows(2 * i, 60), rows(2 * i + 1, 40)) for i in range(400)]
    said = alike_square(rows(9000, 1000), rows(9001, 1000), 60, 40)
    assert np.var(values) == pytest.approx(said.second, rel=0.3)


def test_repeats_and_many_rows():
    a, b = rows(0, 2500), rows(1, 2400)
    one, many = (alike_square(a, b, 100, 100, repeats=count) for count in (1.0, 20.0))
    assert many.second == pytest.approx(one.second / 20)
    assert many.offset == pytest.approx(one.offset / 20)
    assert alike_square(a[:2], b[:2], 2, 2).second >= 0
