"""Edits against what the sampler synthesises from latents moved by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direction_fakes import DIM, biggan, planted, planted_normals, stylegan, stylegan2
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.data import open_data
from ganprobe.directions import Direction, edit
from ganprobe.directions.latents import latents_of
from ganprobe.directions.scales import measured
from ganprobe.samplers.images import ImageSampler

STRENGTHS = (-2.0, 0.0, 1.5)
VECTOR = np.random.default_rng(1).standard_normal(DIM)
UNIT = torch.from_numpy(VECTOR / np.linalg.norm(VECTOR)).float()


def _direction(space: str, **fields: object) -> Direction:
    vector = np.tile(VECTOR, (4, 1)) if space == "w+" else VECTOR
    return Direction(**{"name": "a", "space": space, "vector": vector, "scale": 0.5, **fields})


def test_z_is_moved_by_standard_deviations() -> None:
    sampler = stylegan(truncation=0.7)
    latents = sampler.draw(range(3), seed=0)
    images = edit(sampler, latents, _direction("z"), STRENGTHS)
    assert images.shape == (3, 3, 3, 8, 8)
    for column, strength in enumerate(STRENGTHS):
        moved = latents.z + strength * 0.5 * UNIT
        expected = sampler.synthesize(moved, space="z", truncation=0.7)
        torch.testing.assert_close(images[:, column], expected, atol=1e-4, rtol=1e-4)


def test_w_is_truncated_first_and_then_moved() -> None:
    sampler = stylegan(truncation=(0.6, 2))
    latents = sampler.draw(range(2), seed=0)
    w = sampler.map(latents.z)
    ws = w[:, None].repeat(1, 4, 1)
    ws[:, :2] = sampler.generator.w_avg + 0.6 * (ws[:, :2] - sampler.generator.w_avg)
    images = edit(sampler, latents, _direction("w"), STRENGTHS)
    for column, strength in enumerate(STRENGTHS):
        expected = sampler.synthesize(ws + strength * 0.5 * UNIT, space="w+")
        torch.testing.assert_close(images[:, column], expected, atol=1e-4, rtol=1e-4)
    at_zero = sampler.synthesize(latents.z, space="z", truncation=(0.6, 2))
    torch.testing.assert_close(images[:, 1], at_zero, atol=1e-4, rtol=1e-4)


def test_only_chosen_layers_move() -> None:
    sampler = stylegan()
    latents = sampler.draw(range(2), seed=0)
    ws = sampler.map(latents.z)[:, None].repeat(1, 4, 1)
    ws[:, 1:3] += 0.5 * UNIT
    expected = sampler.synthesize(ws, space="w+")
    named = edit(sampler, latents, _direction("w", layers=(1, 2)), [1.0])[:, 0]
    torch.testing.assert_close(named, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(edit(sampler, latents, _direction("w"), [1.0], layers=[1, 2])[:, 0], expected)
    torch.testing.assert_close(edit(sampler, latents, _direction("w", layers=(3,)), [1.0], [1, 2])[:, 0], expected)


def test_w_plus_moves_each_layer_its_own_way() -> None:
    sampler = stylegan()
    latents = sampler.draw(range(2), seed=0)
    vector = np.random.default_rng(0).standard_normal((4, DIM))
    item = Direction(name="a", space="w+", vector=vector, scale=2.0)
    step = 2 * torch.from_numpy(vector / np.linalg.norm(vector)).float()
    ws = sampler.map(latents.z)[:, None].repeat(1, 4, 1)
    torch.testing.assert_close(
        edit(sampler, latents, item, [1.0])[:, 0], sampler.synthesize(ws + step, space="w+"), atol=1e-4, rtol=1e-4
    )
    step[0] = 0
    torch.testing.assert_close(
        edit(sampler, latents, item, [1.0], layers=(1, 2, 3))[:, 0],
        sampler.synthesize(ws + step, space="w+"),
        atol=1e-4,
        rtol=1e-4,
    )


def test_latents_may_come_in_the_directions_own_space() -> None:
    sampler = stylegan(num_classes=3)
    latents = sampler.draw(range(4), seed=0)
    w = sampler.map(latents.z, latents.labels)
    expected = edit(sampler, latents, _direction("w"), STRENGTHS)
    torch.testing.assert_close(edit(sampler, w, _direction("w"), STRENGTHS), expected)
    torch.testing.assert_close(edit(sampler, w[:, None].repeat(1, 4, 1), _direction("w"), STRENGTHS), expected)
    by_z = edit(sampler, latents, _direction("z"), STRENGTHS)
    torch.testing.assert_close(edit(sampler, latents.z, _direction("z"), STRENGTHS, labels=latents.labels), by_z)


def test_labels_stay_with_their_latents() -> None:
    sampler = biggan()
    latents = sampler.draw(range(5), seed=0)
    images = edit(sampler, latents, _direction("z"), STRENGTHS)
    moved = latents.z + 1.5 * 0.5 * UNIT
    torch.testing.assert_close(images[:, 2], sampler.synthesize(moved, space="z", labels=latents.labels))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 140), st.integers(0, 3))
def test_images_are_planted_truth_however_many(n: int, seed: int) -> None:
    sampler, normals = planted(), planted_normals()
    latents = sampler.draw(range(n), seed=seed)
    images = edit(sampler, latents, Direction(name="a", space="z", vector=normals[0]), STRENGTHS)
    before = latents.z.numpy() @ normals[0] / 10
    for column, strength in enumerate(STRENGTHS):
        np.testing.assert_allclose(images[:, column, 0, 0, 0], before + strength / 10, atol=1e-5)


def test_stylegan2_truncates_and_moves_too() -> None:
    sampler = stylegan2()
    sampler.generator.w_avg += 0.5
    latents = sampler.draw(range(2), seed=0)
    ws = 0.5 + 0.7 * (sampler.map(latents.z) - 0.5)
    ws = ws[:, None].repeat(1, 4, 1)
    ws[:, 2:] += 0.5 * UNIT
    images = edit(sampler, latents, _direction("w"), [0.0, 1.0], layers=[2, 3])
    torch.testing.assert_close(images[:, 1], sampler.synthesize(ws, space="w+"), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(images[:, 0], sampler.synthesize(latents.z, space="z", truncation=0.7))


def test_imported_scales_are_measured() -> None:
    sampler = stylegan()
    w = latents_of(sampler, range(3000), seed=2, space="w").double()
    expected = float((w @ UNIT.double()).std())
    assert measured(sampler, _direction("w"), samples=3000, seed=2).scale == pytest.approx(expected, rel=1e-5)
    assert measured(sampler, _direction("z"), samples=3000, seed=2).scale == 1.0
    plus = measured(sampler, _direction("w+"), samples=3000, seed=2)
    assert plus.scale == pytest.approx(2 * expected, rel=1e-5)
    with pytest.raises(CapabilityError, match="no space 'w'"):
        measured(biggan(), _direction("w"), samples=10, seed=0)


@pytest.mark.parametrize(
    ("item", "strengths", "layers", "said"),
    [
        (_direction("z"), STRENGTHS, [1], "no layers"),
        (_direction("w"), STRENGTHS, [4], "0 to 3"),
        (_direction("w"), STRENGTHS, [-1], "rising"),
        (_direction("w", layers=(7,)), STRENGTHS, None, "0 to 3"),
        (_direction("w"), [], None, "finite numbers"),
        (_direction("w"), [np.nan], None, "finite numbers"),
        (Direction(name="a", space="w", vector=np.ones(5)), STRENGTHS, None, "another generator"),
    ],
)
def test_what_does_not_fit_is_refused(
    item: Direction, strengths: list[float], layers: list[int] | None, said: str
) -> None:
    sampler = stylegan()
    with pytest.raises(InputError, match=said):
        edit(sampler, sampler.draw(range(2), seed=0), item, strengths, layers)


def test_latents_that_do_not_fit_are_refused() -> None:
    sampler = stylegan()
    for shape in ((2, DIM + 1), (2, 3, DIM), (2, 4, DIM, 1)):
        with pytest.raises(InputError, match="latents must be"):
            edit(sampler, torch.zeros(shape), _direction("w"), STRENGTHS)
    with pytest.raises(InputError, match="at least one latent"):
        edit(sampler, sampler.draw(range(0), seed=0), _direction("w"), STRENGTHS)


def test_spaces_that_are_not_there_are_refused() -> None:
    big = biggan()
    with pytest.raises(CapabilityError, match="no space 'w'"):
        edit(big, big.draw(range(2), seed=0), _direction("w"), STRENGTHS)
    images = ImageSampler(open_data("toyfaces:16"))
    with pytest.raises(CapabilityError, match="images only"):
        edit(images, torch.zeros(2, DIM), _direction("z"), STRENGTHS)
