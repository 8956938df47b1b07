"""The space s: its layout, edits in it, channels that follow a score, and where they act."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direction_fakes import DIM, biggan, planted, stylegan, stylegan2, stylegan3
from scipy import ndimage

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.directions import Direction, Directions, edit, load_directions, save_directions
from ganprobe.directions.latents import latents_of
from ganprobe.directions.methods.stylespace import (
    change_of,
    channel_directions,
    standardised,
    style_attributions,
    style_moments,
)
from ganprobe.directions.scales import measured
from ganprobe.directions.styles import part_of, place_of, style_generator, styles_of
from ganprobe.samplers.generator import GeneratorSampler

SAMPLERS = {"stylegan": stylegan, "stylegan2": stylegan2, "stylegan3": stylegan3}


def _styles(sampler: GeneratorSampler, n: int, seed: int = 0) -> np.ndarray:
    return styles_of(sampler, latents_of(sampler, range(n), seed=seed, space="w")).double().numpy()


def _one_channel(sampler: GeneratorSampler, channel: int, **fields: object) -> Direction:
    vector = np.zeros(sampler.spec.spaces["s"])
    vector[channel] = 1
    return Direction(**{"name": "a", "space": "s", "vector": vector, "scale": 0.5, **fields})


@pytest.mark.parametrize("name", SAMPLERS)
def test_styles_of_w_draw_what_w_draws(name: str) -> None:
    sampler = SAMPLERS[name]()
    w = latents_of(sampler, range(4), seed=0, space="w")
    s = styles_of(sampler, w)
    assert s.shape == (4, *sampler.spec.spaces["s"]) == (4, sum(style_generator(sampler).style_sizes))
    expected = sampler.synthesize(w, space="w")
    torch.testing.assert_close(sampler.synthesize(s, space="s"), expected, atol=1e-6, rtol=1e-6)
    rows = sampler.spec.spaces["w+"][0]
    torch.testing.assert_close(styles_of(sampler, w[:, None].repeat(1, rows, 1)), s, atol=1e-6, rtol=1e-6)
    with pytest.raises(InputError, match="truncat"):
        sampler.synthesize(s, space="s", truncation=0.5)
    with pytest.raises(InputError, match="styles are of w"):
        styles_of(sampler, w[:, :-1])


def test_channels_have_a_layer_a_number_and_a_part() -> None:
    assert [place_of(channel, (3, 1, 2)) for channel in range(6)] == [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (2, 1)]
    for beyond in (-1, 6):
        with pytest.raises(InputError, match="0 to 5"):
            place_of(beyond, (3, 1, 2))
    first = style_generator(stylegan())
    half = first.style_sizes[0] // 2
    assert part_of(first, half - 1) == (0, half - 1, "scale")
    assert part_of(first, half) == (0, half, "shift")
    second = style_generator(stylegan2())
    assert {part_of(second, channel)[2] for channel in range(sum(second.style_sizes))} == {"scale"}
    third = style_generator(stylegan3())
    parts = [part_of(third, channel) for channel in range(6)]
    assert [part for layer, _, part in parts if layer == 0] == ["rotation", "rotation", "shift", "shift"]
    assert parts[4:] == [(1, 0, "scale"), (1, 1, "scale")]


@pytest.mark.parametrize("name", SAMPLERS)
def test_w_is_truncated_then_styled_then_moved(name: str) -> None:
    sampler = SAMPLERS[name](**({"truncation": 0.6} if name == "stylegan" else {}))
    psi = sampler.truncation
    # Of the second layer: what the first one of StyleGAN normalises is a constant, whose scale does nothing.
    channel = style_generator(sampler).style_sizes[0] + 5
    latents = sampler.draw(range(3), seed=0)
    average = sampler.generator.w_avg
    s = styles_of(sampler, average + psi * (sampler.map(latents.z) - average))
    images = edit(sampler, latents, _one_channel(sampler, channel), [0.0, 2.0])
    plain = sampler.synthesize(latents.z, space="z", truncation=psi)
    torch.testing.assert_close(images[:, 0], plain, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        edit(sampler, s, _one_channel(sampler, channel), [2.0])[:, 0], images[:, 1], atol=1e-4, rtol=0
    )
    s[:, channel] += 2 * 0.5
    torch.testing.assert_close(images[:, 1], sampler.synthesize(s, space="s"), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(images[:, 1], images[:, 0], atol=1e-3)


def test_layers_of_styles_can_be_chosen() -> None:
    sampler = stylegan()
    sizes = style_generator(sampler).style_sizes
    whole = Direction(name="a", space="s", vector=np.ones(sum(sizes)), scale=3.0)
    latents = sampler.draw(range(2), seed=0)
    s = styles_of(sampler, sampler.map(latents.z))
    step = 3.0 / sum(sizes) ** 0.5
    s[:, sizes[0] : sizes[0] + sizes[1]] += step
    torch.testing.assert_close(
        edit(sampler, latents, whole, [1.0], layers=[1])[:, 0], sampler.synthesize(s, space="s"), atol=1e-4, rtol=1e-4
    )
    with pytest.raises(InputError, match="0 to 3"):
        edit(sampler, latents, whole, [1.0], layers=[4])


def test_layers_in_which_a_channel_does_not_lie_are_refused() -> None:
    sampler = stylegan()
    item = Direction(name="a", space="s", vector=np.eye(sum(style_generator(sampler).style_sizes))[0])
    with pytest.raises(InputError, match=r"moves nothing in layers \[1, 2\]"):
        edit(sampler, sampler.draw(range(2), seed=0), item, [1.0], layers=[1, 2])


def test_scales_in_s_are_measured() -> None:
    sampler = stylegan()
    vector = np.random.default_rng(0).standard_normal(sampler.spec.spaces["s"])
    item = measured(sampler, Direction(name="a", space="s", vector=vector), samples=3000, seed=1)
    expected = (_styles(sampler, 3000, seed=1) @ (vector / np.linalg.norm(vector))).std(ddof=1)
    assert item.scale == pytest.approx(expected, rel=1e-5)


def test_directions_of_s_are_saved_and_refused_elsewhere(tmp_path: object) -> None:
    sampler = stylegan()
    item = _one_channel(sampler, 7, layers=(0,), scores={"attribution": 2.0})
    found = Directions(items=(item,), method="stylespace", generator="tiny", fingerprint=None, seed=0)
    save_directions(f"{tmp_path}/s.safetensors", found)
    again = load_directions(f"{tmp_path}/s.safetensors").named(space="s")
    assert (again.space, again.layers, again.scores["attribution"]) == ("s", (0,), 2.0)
    np.testing.assert_array_equal(again.vector, item.vector)
    big = biggan()
    with pytest.raises(CapabilityError, match="no space 's'"):
        edit(big, big.draw(range(1), seed=0), item, [1.0])
    with pytest.raises(CapabilityError, match="stylegan, stylegan2 and stylegan3"):
        style_generator(planted())
    with pytest.raises(InputError, match="another generator"):
        edit(stylegan2(), torch.zeros(1, DIM), item, [1.0])
    with pytest.raises(InputError, match="latents must be"):
        edit(sampler, torch.zeros(1, DIM), item, [1.0])


def test_moments_are_numpys() -> None:
    sampler = stylegan()
    indices = np.array([700, 3, 5, 4100, 64, 65])
    rows = _styles(sampler, 4101)[indices]
    mean, variance = style_moments(sampler, indices, seed=0)
    np.testing.assert_allclose(mean, rows.mean(0), atol=1e-6)
    np.testing.assert_allclose(variance, rows.var(0, ddof=1), atol=1e-6)
    mean, variance = style_moments(sampler, np.arange(4500), seed=1)
    rows = _styles(sampler, 4500, seed=1)
    np.testing.assert_allclose(mean, rows.mean(0), atol=1e-6)
    np.testing.assert_allclose(variance, rows.var(0, ddof=1), rtol=1e-6)
    with pytest.raises(MetricError, match="at least 2"):
        style_moments(sampler, indices[:1], seed=0)


def test_the_difference_is_standardised() -> None:
    high = (np.array([3.0, 1.0, 2.0]), np.array([2.0, 4.0, 0.0]))
    low = (np.array([1.0, 2.0, 0.0]), np.array([6.0, 4.0, 0.0]))
    np.testing.assert_allclose(standardised(high, low), [1.0, -0.5, 0.0])


def test_the_channel_that_makes_a_score_is_found() -> None:
    sampler = stylegan()
    s = _styles(sampler, 1500)
    noise = np.random.default_rng(0).standard_normal((2, 1500))
    scores = {"up": s[:, 9] + 0.01 * noise[0], "down": -s[:, 30] + 0.01 * noise[1]}
    found = style_attributions(sampler, scores, seed=0)
    np.testing.assert_allclose(found.deviations, s.std(0, ddof=1), atol=1e-6)
    chosen = channel_directions(sampler, found, count=2)
    sizes = style_generator(sampler).style_sizes
    for attribute, channel, sign in (("up", 9, 1), ("down", 30, -1)):
        best = chosen[attribute][0]
        layer, number = place_of(channel, sizes)
        assert best.name == f"{attribute}_s{layer}_{number}"
        assert best.vector[channel] == sign
        assert np.count_nonzero(best.vector) == 1
        assert best.scale == pytest.approx(s[:, channel].std(ddof=1), rel=1e-5)
        assert best.scores["attribution"] >= chosen[attribute][1].scores["attribution"] > 0
    with pytest.raises(InputError, match="ask for less"):
        channel_directions(sampler, found, count=sum(sizes) + 1)


def test_a_scores_noise_alone_attributes_nothing_much() -> None:
    scores = {"noise": np.random.default_rng(1).standard_normal(2000)}
    found = style_attributions(stylegan(), scores, seed=0)
    # 200 at each end: the difference of two means has a standard error of 0.1 deviations.
    assert np.abs(found.attributions["noise"]).max() < 0.5


def test_localisation_tells_a_spot_from_the_whole() -> None:
    before = torch.zeros(3, 3, 16, 16)
    spot = before.clone()
    for row, place in enumerate((0, 5, 12)):
        spot[row, :, place : place + 4, place : place + 4] = 0.5
    change = change_of(before, spot, apart=2.0)
    assert change.share == pytest.approx(1.0)
    assert change.size == pytest.approx(0.5 * 0.25 / 2)
    assert change_of(before, before + 0.3, apart=1.0).share == pytest.approx(1 / 16)
    nothing = change_of(before, before, apart=1.0)
    assert (nothing.share, nothing.size, nothing.map.max()) == (0.0, 0.0, 0.0)
    outside = change_of(before + 1, before + 2, apart=1.0)
    assert outside.size == 0.0


def test_the_densest_window_is_that_of_brute_force() -> None:
    rng = np.random.default_rng(0)
    after = torch.from_numpy(rng.uniform(-1, 1, (5, 3, 20, 12))).float()
    change = change_of(torch.zeros_like(after), after, apart=1.0)
    squared = (after.double().numpy() ** 2).mean(1)
    sums = ndimage.uniform_filter(squared, (0, 5, 3), mode="constant", origin=(0, -2, -1))[:, :16, :10] * 15
    np.testing.assert_allclose(change.share, (sums.max((1, 2)) / squared.sum((1, 2))).mean(), rtol=1e-6)
    np.testing.assert_allclose(change.map, squared.mean(0) / squared.mean(0).max(), rtol=1e-6)
