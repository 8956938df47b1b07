"""Composed and absolute moves: each space in its turn, boundaries reached, and `sampler.edit`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from direction_fakes import DIM, biggan, planted, stylegan

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.directions import Direction, Move, compose, edit
from ganprobe.directions.styles import in_layers, styles_of
from ganprobe.samplers.generator import GeneratorSampler

RNG = np.random.default_rng(3)


def along(space: str, size: int = DIM, **more: object) -> Direction:
    return Direction(name=space, space=space, vector=RNG.standard_normal(size), scale=1.3, **more)


def step(direction: Direction, strength: float) -> torch.Tensor:
    return strength * direction.scale * torch.from_numpy(direction.vector)


def test_one_move_is_an_edit() -> None:
    sampler, direction = stylegan(truncation=0.7), along("w")
    latents = sampler.draw(range(3), seed=1)
    moved = compose(sampler, latents, [[Move(direction=direction, strength=s)] for s in (-1.0, 2.0)])
    torch.testing.assert_close(moved, edit(sampler, latents, direction, (-1.0, 2.0)))


def test_no_move_is_the_sample() -> None:
    sampler = stylegan(truncation=0.7)
    latents = sampler.draw(range(2), seed=1)
    expected = sampler.synthesize(latents.z, space="z", truncation=0.7)
    torch.testing.assert_close(compose(sampler, latents, [[]])[:, 0], expected)


def test_moves_of_three_spaces_act_in_their_order() -> None:
    sampler = stylegan(truncation=0.6)
    latents = sampler.draw(range(2), seed=4)
    in_z, in_w, in_s = along("z"), along("w"), along("s", sampler.spec.spaces["s"][0])
    moves = [Move(direction=d, strength=s) for d, s in ((in_s, 3.0), (in_w, -0.5), (in_z, 0.8))]
    w = sampler.map(latents.z + step(in_z, 0.8))
    average = dict(sampler.generator.named_buffers())["w_avg"]
    styles = styles_of(sampler, average + 0.6 * (w - average) + step(in_w, -0.5)) + step(in_s, 3.0)
    expected = sampler.synthesize(styles, space="s")
    torch.testing.assert_close(compose(sampler, latents, [moves])[:, 0], expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(compose(sampler, latents, [moves[::-1]])[:, 0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [stylegan, biggan])
def test_absolute_strengths_end_at_that_distance(make: object) -> None:
    """A second relative move by the rest of the way must give the same image as an absolute one."""
    sampler = make()  # type: ignore[operator]
    latents = sampler.draw(range(4), seed=2)
    direction = along("z", sampler.spec.spaces["z"][0], intercept=0.4)
    target = Move(direction=direction, strength=1.5, absolute=True)
    got = compose(sampler, latents, [[target]])[:, 0]
    distance = latents.z @ torch.from_numpy(direction.vector) + 0.4
    z = latents.z + (1.5 * 1.3 - distance)[:, None] * torch.from_numpy(direction.vector)
    assert torch.allclose(z @ torch.from_numpy(direction.vector) + 0.4, torch.tensor(1.5 * 1.3), atol=1e-5)
    torch.testing.assert_close(got, sampler.synthesize(z, space="z", labels=latents.labels), rtol=1e-4, atol=1e-5)


def test_absolute_moves_of_some_layers_alone() -> None:
    sampler = stylegan()
    latents = sampler.draw(range(2), seed=2)
    direction = along("w", intercept=-0.2)
    got = compose(sampler, latents, [[Move(direction=direction, strength=0.0, layers=(1,), absolute=True)]])[:, 0]
    vector = torch.from_numpy(direction.vector)
    w = sampler.map(latents.z)
    ws = w[:, None].repeat(1, sampler.spec.spaces["w+"][0], 1)
    ws[:, 1] -= (w @ vector - 0.2)[:, None] * vector
    torch.testing.assert_close(got, sampler.synthesize(ws, space="w+"), rtol=1e-4, atol=1e-5)


def test_absolute_moves_of_leaning_boundaries_end_at_both_distances() -> None:
    """In z of a generator without noise or mapping to go by: the image of the z that solves both equations."""
    sampler = biggan()
    latents, size = sampler.draw(range(3), seed=5), sampler.spec.spaces["z"][0]
    one = Direction(name="one", space="z", vector=RNG.standard_normal(size), intercept=0.3, scale=0.7)
    two = Direction(
        name="two", space="z", vector=one.vector + 0.9 * RNG.standard_normal(size) / size**0.5, intercept=-0.1
    )
    assert 0.5 < float(one.vector @ two.vector) < 0.95
    moves = [Move(direction=one, strength=1.2, absolute=True), Move(direction=two, strength=-0.4, absolute=True)]
    also = Move(direction=along("z", size), strength=0.9)
    got = compose(sampler, latents, [[*moves, also], [also, *moves[::-1]]])
    rows = np.stack([one.vector, two.vector]).astype(np.float64)
    before = latents.z.double().numpy() + step(also.direction, 0.9).double().numpy()
    wanted = np.array([1.2 * 0.7 - 0.3, -0.4 + 0.1])
    z = before + (wanted - before @ rows.T) @ np.linalg.solve(rows @ rows.T, rows)
    expected = sampler.synthesize(torch.from_numpy(z).float(), space="z", labels=latents.labels)
    torch.testing.assert_close(got[:, 0], expected, rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(got[:, 1], expected, rtol=1e-2, atol=1e-3)


def test_an_absolute_move_of_some_style_layers_or_of_w_plus_gets_there_all_the_same() -> None:
    """What the chosen numbers of the vector do must make up for those that stay."""
    sampler = stylegan()
    latents = sampler.draw(range(2), seed=2)
    w = sampler.map(latents.z)
    in_s = along("s", sampler.spec.spaces["s"][0], intercept=0.2)
    chosen = in_layers((0, 2), sampler.generator.style_sizes)
    styles, vector = styles_of(sampler, w), torch.from_numpy(in_s.vector)
    part = torch.where(chosen, vector, 0.0)
    way = (1.3 * 1.5 - 0.2 - styles @ vector) / (part @ part)
    got = compose(sampler, latents, [[Move(direction=in_s, strength=1.5, layers=(0, 2), absolute=True)]])[:, 0]
    expected = sampler.synthesize(styles + way[:, None] * part, space="s")
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-4)

    layers = sampler.spec.spaces["w+"][0]
    in_plus = Direction(name="plus", space="w+", vector=RNG.standard_normal((layers, DIM)), intercept=0.1)
    ws, vectors = w[:, None].repeat(1, layers, 1), torch.from_numpy(in_plus.vector)
    ws = ws + (2.0 - 0.1 - (ws * vectors).sum((1, 2)))[:, None, None] * vectors
    got = compose(sampler, latents, [[Move(direction=in_plus, strength=2.0, absolute=True)]])[:, 0]
    torch.testing.assert_close(got, sampler.synthesize(ws, space="w+"), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("make", [stylegan, planted])
def test_samplers_edit(make: object) -> None:
    sampler = make()  # type: ignore[operator]
    latents, direction = sampler.draw(range(3), seed=0), along("z")
    expected = edit(sampler, latents, direction, (1.5,))[:, 0]
    torch.testing.assert_close(sampler.edit(latents, direction, 1.5), expected)


def test_large_requests_are_made_block_by_block() -> None:
    sampler, direction = stylegan(), along("w")
    latents = sampler.draw(range(70), seed=0)
    moved = compose(sampler, latents, [[Move(direction=direction, strength=1.0)]])
    last = replace(latents, index=range(64, 70), z=latents.z[64:])
    torch.testing.assert_close(moved[64:], compose(sampler, last, [[Move(direction=direction, strength=1.0)]]))


def test_what_cannot_be() -> None:
    sampler = stylegan()
    latents = sampler.draw(range(2), seed=0)
    with pytest.raises(InputError, match="'w' is of no boundary"):
        Move(direction=along("w"), strength=1.0, absolute=True)
    twice = [Move(direction=along("z", intercept=0.0), strength=1.0, absolute=True)]
    twice.append(replace(twice[0], strength=2.0))
    with pytest.raises(InputError, match="lie too nearly along one another"):
        compose(sampler, latents, [twice])
    with pytest.raises(InputError, match="latents and columns of moves"):
        compose(sampler, latents, [])
    with pytest.raises(CapabilityError, match="no space 'w'"):
        compose(biggan(), biggan().draw(range(2), seed=0), [[Move(direction=along("w"), strength=1.0)]])
    with pytest.raises(InputError, match="another generator"):
        compose(sampler, latents, [[Move(direction=along("w", 7), strength=1.0)]])
    assert isinstance(sampler, GeneratorSampler)
