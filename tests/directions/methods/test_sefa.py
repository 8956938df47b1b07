"""SeFa: against a singular value decomposition, on planted weights, and chunk by chunk in BigGAN."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direction_fakes import DIM, biggan, stylegan, stylegan2, stylegan3

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.directions import factorise, sefa_factors
from ganprobe.generators.base import Generator


def test_factors_are_right_singular_vectors_of_the_normalised_rows() -> None:
    weight = np.random.default_rng(0).standard_normal((40, 7)) * np.arange(1, 41)[:, None]
    vectors, eigenvalues, share = factorise(weight, 7)
    rows = weight / np.linalg.norm(weight, axis=1, keepdims=True)
    _, singular, right = np.linalg.svd(rows, full_matrices=False)
    np.testing.assert_allclose(eigenvalues, singular**2, rtol=1e-10)
    np.testing.assert_allclose(np.abs((vectors * right).sum(1)), 1, atol=1e-10)
    assert share.sum() == pytest.approx(1)
    assert (vectors[np.arange(7), np.abs(vectors).argmax(1)] > 0).all()


def test_gains_and_zero_rows_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    weight = rng.standard_normal((30, 5))
    changed = np.concatenate([weight * rng.uniform(-9, 9, (30, 1)), np.zeros((2, 5))])
    for expected, got in zip(factorise(weight, 3), factorise(changed, 3), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-10)


@pytest.mark.parametrize(
    ("weight", "count", "said"),
    [
        (np.ones((3, 2)), 3, "between 1 and 2"),
        (np.ones((3, 2)), 0, "between 1 and 2"),
        (np.zeros((3, 2)), 1, "zero"),
    ],
)
def test_what_cannot_be_factorised_is_refused(weight: np.ndarray, count: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        factorise(weight, count)


def test_weights_that_are_not_finite_are_refused() -> None:
    with pytest.raises(MetricError, match="finite"):
        factorise(np.array([[1.0, np.nan]]), 1)


def test_stylegan_gives_the_direction_that_its_chosen_layers_turn_on() -> None:
    generator = stylegan().generator
    normal = np.random.default_rng(3).standard_normal(DIM)
    normal /= np.linalg.norm(normal)
    with torch.no_grad():
        weight = generator.layers[1].affine.weight
        weight += 50 * torch.from_numpy(np.sign(np.arange(len(weight)) - 3.5)[:, None] * normal).float()
    found = sefa_factors(generator, count=2, layers=[1])
    assert found.space == "w"
    assert found.layers == (1,)
    assert abs(found.vectors[0] @ normal) > 0.99
    assert found.eigenvalues[0] > 10 * found.eigenvalues[1]
    assert abs(sefa_factors(generator, count=1, layers=[2]).vectors[0] @ normal) < 0.9


def test_stylegan_takes_all_layers_unless_told() -> None:
    generator = stylegan().generator
    together = np.concatenate([layer.affine.weight.detach().numpy() for layer in generator.layers])
    expected = factorise(together, 4)
    found = sefa_factors(generator, count=4)
    np.testing.assert_allclose(found.vectors, expected[0], atol=1e-10)
    assert found.layers == (0, 1, 2, 3)


def test_stylegan2_has_a_layer_for_each_row_of_w_plus() -> None:
    generator = stylegan2().generator
    affines = [*(layer.affine for layer in generator.layers), generator.to_rgb["8"].affine]
    assert len(affines) == generator.spec.spaces["w+"][0]
    for row, affine in enumerate(affines):
        found = sefa_factors(generator, count=2, layers=[row])
        np.testing.assert_allclose(found.vectors, factorise(affine.weight, 2)[0], atol=1e-10)
    assert sefa_factors(generator, count=2).layers == tuple(range(len(affines)))
    with pytest.raises(InputError, match="0 to 3"):
        sefa_factors(generator, count=1, layers=[4])


def test_stylegan3_begins_with_what_moves_its_input() -> None:
    generator = stylegan3().generator
    torch.nn.init.normal_(generator.input.affine.weight)
    affines = [generator.input.affine, *(layer.affine for layer in generator.layers), generator.to_rgb.affine]
    assert len(affines) == generator.spec.spaces["w+"][0]
    for row, affine in enumerate(affines):
        found = sefa_factors(generator, count=2, layers=[row])
        np.testing.assert_allclose(found.vectors, factorise(affine.weight, 2)[0], atol=1e-10)


def test_biggan_without_hierarchy_is_its_first_layer() -> None:
    generator = biggan().generator
    found = sefa_factors(generator, count=3)
    np.testing.assert_allclose(found.vectors, factorise(generator.linear.weight, 3)[0], atol=1e-10)
    assert found.space == "z"
    with pytest.raises(InputError, match="layers 0 to 0"):
        sefa_factors(generator, count=1, layers=[1])


def test_hierarchical_biggan_factors_lie_within_a_chunk() -> None:
    generator = biggan(hierarchical=True).generator
    chunk = DIM // 4
    for layer in range(4):
        found = sefa_factors(generator, count=chunk, layers=[layer])
        inside = found.vectors[:, layer * chunk : (layer + 1) * chunk]
        np.testing.assert_allclose((inside**2).sum(1), 1, atol=1e-12)
    norms = (generator.blocks[1].norm1, generator.blocks[1].norm2)
    parts = [part.weight[:, -chunk:].detach().numpy() for norm in norms for part in (norm.gain, norm.bias)]
    expected = factorise(np.concatenate(parts), chunk)
    found = sefa_factors(generator, count=chunk, layers=[2])
    np.testing.assert_allclose(found.eigenvalues, expected[1], rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.vectors[:, 2 * chunk : 3 * chunk]), np.abs(expected[0]), atol=1e-8)


def test_the_first_factor_moves_the_styles_most() -> None:
    """The affine layers of the network itself are the judge: no random unit step changes the styles as much."""
    generator = stylegan().generator
    best = torch.from_numpy(sefa_factors(generator, count=1).vectors[0]).float()
    random = torch.from_numpy(np.random.default_rng(0).standard_normal((500, DIM))).float()
    steps = torch.cat([best[None], random / random.norm(dim=1, keepdim=True)])
    start = torch.zeros(1, DIM)

    def change(layer: torch.nn.Module) -> torch.Tensor:
        affine = layer.affine
        gains = affine.weight.norm(dim=1) * affine.scale
        return ((affine(start + steps) - affine(start)) / gains).square().sum(dim=1)

    with torch.no_grad():
        total = sum(change(layer) for layer in generator.layers)
    assert int(total.argmax()) == 0


@pytest.mark.parametrize(("layers", "said"), [([4], "0 to 3"), ([], "rising"), ([2, 1], "rising"), ([-1], "rising")])
def test_layers_out_of_range_are_refused(layers: list[int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        sefa_factors(stylegan().generator, count=1, layers=layers)


def test_more_directions_than_the_layers_take_are_refused() -> None:
    with pytest.raises(InputError, match="take 3 numbers"):
        sefa_factors(biggan(hierarchical=True).generator, count=4, layers=[1])


class Other(Generator):
    architecture = "other"
    spec = None  # type: ignore[assignment]

    def map(self, z, labels=None):  # type: ignore[no-untyped-def, override]
        return z

    def synthesize(self, latents, **_):  # type: ignore[no-untyped-def, override]
        return latents


def test_another_architecture_is_refused() -> None:
    with pytest.raises(CapabilityError, match="not of other"):
        sefa_factors(Other(), count=1)
