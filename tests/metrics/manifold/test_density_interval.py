"""The reference's part of density's interval: densities against halves, and generators of high density."""

import numpy as np
import pytest
import torch

from ganprobe.core.streams import stream
from ganprobe.metrics import prdc
from ganprobe.metrics.manifold import density_interval
from ganprobe.metrics.manifold.density_interval import density_terms
from ganprobe.metrics.manifold.protocol import SPLITS


def rows(seed, n, d=6, *, spread=1.0):
    return torch.from_numpy(stream(seed, "density test").standard_normal((n, d)) * spread)


@pytest.mark.parametrize(("n", "tile"), [(60, 1024), (200, 64)])
def test_the_densities_against_halves(monkeypatch, n, tile):
    monkeypatch.setattr(density_interval, "_ROWS", tile)
    monkeypatch.setattr(density_interval, "_COLUMNS", 2 * tile)
    real, fake = rows(0, n), rows(1, 90, spread=0.7)
    whole, halves = density_interval._densities(real, fake, 5)
    assert whole == pytest.approx(prdc(real, fake)["density"], abs=0.005)
    for split, found in zip(density_interval._splits(n), halves, strict=True):
        assert split.sum() == n // 2
        expected = [prdc(real[split == side], fake)["density"] for side in (False, True)]
        np.testing.assert_allclose(found, expected, atol=0.01)


def test_terms_are_half_the_differences_of_the_halves():
    real, fake = rows(2, 120), rows(3, 80, spread=0.7)
    whole, halves = density_interval._densities(real, fake, 5)
    terms = density_terms(real, fake, 5)
    expected = np.mean(((halves[:, 1] - halves[:, 0]) / 2) ** 2) * (whole / halves.mean()) ** 2
    assert ((terms - terms.mean()) ** 2).sum() == pytest.approx(expected)
    assert terms.shape == (2 * SPLITS,)


def test_many_fakes_are_asked_by_a_sample():
    real, fake = rows(4, 100), rows(5, 1500, spread=0.7)
    assert density_interval._densities(real, fake, 5)[0] == pytest.approx(prdc(real, fake)["density"], rel=0.05)


def test_far_fakes_have_no_density_and_no_variance():
    assert (density_terms(rows(6, 60), rows(7, 50) + 99, 5) == 0).all()
