"""GANSpace: against a full principal component analysis, and against the singular vectors of a linear layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direction_fakes import DIM, biggan, planted, stylegan
from sklearn.decomposition import PCA

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.directions import ganspace_components
from ganprobe.directions.latents import latents_of


def test_components_of_w_are_those_of_a_full_analysis() -> None:
    sampler = stylegan()
    found = ganspace_components(sampler, count=4, samples=5000, seed=3)
    w = latents_of(sampler, range(5000), seed=3, space="w").numpy().astype(np.float64)
    full = PCA(4, svd_solver="full").fit(w)
    assert found.space == found.analysed == "w"
    np.testing.assert_allclose(np.abs((found.vectors * full.components_).sum(1)), 1, atol=1e-9)
    np.testing.assert_allclose(found.deviations**2, full.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(found.explained, full.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(4), atol=1e-10)


def test_all_components_are_exact() -> None:
    sampler = stylegan()
    found = ganspace_components(sampler, count=DIM, samples=3000, seed=0)
    w = latents_of(sampler, range(3000), seed=0, space="w").numpy().astype(np.float64)
    np.testing.assert_allclose(found.deviations**2, np.sort(np.linalg.eigvalsh(np.cov(w.T)))[::-1], rtol=1e-9)
    assert found.explained.sum() == pytest.approx(1)
    np.testing.assert_allclose((w @ found.vectors.T).std(0, ddof=1), found.deviations, rtol=1e-9)


def test_signs_are_fixed_and_seeds_matter() -> None:
    a, b, c = (ganspace_components(stylegan(), count=3, samples=2000, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a.vectors, b.vectors)
    assert not np.array_equal(a.vectors, c.vectors)
    assert (a.vectors[np.arange(3), np.abs(a.vectors).argmax(1)] > 0).all()


def test_biggan_regresses_the_first_layers_components_onto_z() -> None:
    sampler = biggan()
    weight = torch.zeros_like(sampler.generator.linear.weight)
    rng = np.random.default_rng(0)
    left = np.linalg.qr(rng.standard_normal((len(weight), DIM)))[0]
    right = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0]
    singular = 2.0 ** -np.arange(DIM)
    weight.copy_(torch.from_numpy(left * singular @ right.T))
    sampler.generator.linear.weight.data = weight
    found = ganspace_components(sampler, count=4, samples=6000, seed=0)
    assert (found.space, found.analysed) == ("z", "first linear layer")
    assert (np.abs((found.vectors * right.T[:4]).sum(1)) > 0.995).all()
    np.testing.assert_allclose(found.deviations / found.deviations[0], singular[:4], rtol=0.05)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1)


@pytest.mark.parametrize("hierarchical", [False, True])
def test_biggan_as_the_paper_computes_it(hierarchical: bool) -> None:
    """The components of the activations themselves, and a regression of z onto their coordinates."""
    sampler = biggan(hierarchical=hierarchical)
    layer = sampler.generator.linear
    z = sampler.draw(range(700), seed=5).z[:, : layer.weight.shape[1]]
    with torch.no_grad():
        activations = layer(z).double().numpy()
    full = PCA(3, svd_solver="full").fit(activations)
    regressed = np.linalg.lstsq(full.transform(activations), z.double().numpy(), rcond=None)[0]
    found = ganspace_components(sampler, count=3, samples=700, seed=5)
    wanted = regressed / np.linalg.norm(regressed, axis=1, keepdims=True)
    got = found.vectors[:, : z.shape[1]]
    np.testing.assert_allclose(np.abs((got * wanted).sum(1)), 1, atol=1e-6)
    np.testing.assert_allclose(found.deviations**2, full.explained_variance_, rtol=1e-5)
    np.testing.assert_allclose(found.explained, full.explained_variance_ratio_, rtol=1e-5)


def test_hierarchical_biggan_moves_the_chunk_that_the_first_layer_sees() -> None:
    found = ganspace_components(biggan(hierarchical=True), count=3, samples=300, seed=0)
    assert found.vectors.shape == (3, DIM)
    assert (found.vectors[:, DIM // 4 :] == 0).all()
    with pytest.raises(InputError, match="at most 3"):
        ganspace_components(biggan(hierarchical=True), count=4, samples=300, seed=0)


def test_what_cannot_be_had_is_refused() -> None:
    with pytest.raises(InputError, match="at most 12"):
        ganspace_components(stylegan(), count=13, samples=300, seed=0)
    with pytest.raises(InputError, match="as many samples"):
        ganspace_components(stylegan(), count=5, samples=4, seed=0)
    with pytest.raises(CapabilityError, match="in w, not in z"):
        ganspace_components(stylegan(), count=2, samples=100, seed=0, space="z")
    with pytest.raises(CapabilityError, match="neither"):
        ganspace_components(planted(), count=2, samples=100, seed=0)


def test_latents_that_are_not_finite_are_refused() -> None:
    sampler = stylegan()
    sampler.generator.mapping[0].bias.data.fill_(torch.nan)
    with pytest.raises(MetricError, match="finite"):
        ganspace_components(sampler, count=2, samples=100, seed=0)
