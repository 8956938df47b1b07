"""Latents that know their space: edited from there on, and never taken for z."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_networks import biggan_sampler, stylegan_sampler
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.spaces import Latents, Space
from ganprobe.directions import Direction, compose, edit
from ganprobe.directions.edits.composition import Move
from ganprobe.generators.style_based import StyleBasedGenerator

DIM = 12


def direction(space: Space, size: int = DIM) -> Direction:
    return Direction(name="first", space=space, vector=np.eye(1, size)[0])


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def test_w_plus_is_edited_as_w_plus() -> None:
    sampler = stylegan_sampler()
    layers = sampler.spec.spaces["w+"][0]
    own = drawn(3, layers, DIM)
    latents = Latents(range(3), own, None, 0, space="w+")
    moved = own.clone()
    moved[:, :, 0] += 2
    expected = sampler.synthesize(moved, space="w+")
    assert torch.equal(sampler.edit(latents, direction("w"), 2.0), expected)
    assert torch.equal(edit(sampler, latents, direction("w"), [2.0])[:, 0], expected)
    still = compose(sampler, latents, [[]])[:, 0]
    assert torch.equal(still, sampler.synthesize(own, space="w+"))


def test_w_and_s_start_where_they_are() -> None:
    sampler = stylegan_sampler()
    assert isinstance(sampler.generator, StyleBasedGenerator)
    w = drawn(2, DIM)
    styles = sampler.generator.styles(w).detach()
    along = direction("s", styles.shape[1])
    expected = sampler.synthesize(styles + torch.from_numpy(along.vector), space="s")
    for space, own in (("w", w), ("s", styles)):
        got = sampler.edit(Latents(range(2), own, None, 0, space=space), along, 1.0)  # type: ignore[arg-type]
        torch.testing.assert_close(got, expected)


def test_own_latents_are_truncated_as_others() -> None:
    sampler, whole = stylegan_sampler(truncation=0.5), stylegan_sampler()
    z = sampler.draw(range(2), seed=0)
    w = Latents(z.index, sampler.map(z.z), None, 0, space="w")
    assert torch.equal(sampler.edit(w, direction("w"), 1.0), sampler.edit(z, direction("w"), 1.0))
    assert not torch.equal(sampler.edit(w, direction("w"), 1.0), whole.edit(w, direction("w"), 1.0))


@pytest.mark.parametrize("space", ["z", "w"])
def test_w_plus_is_never_taken_for_z(space: Space) -> None:
    sampler = stylegan_sampler()
    own = Latents(range(3), drawn(3, sampler.spec.spaces["w+"][0], DIM), None, 0)
    for call in (
        lambda: sampler.edit(own, direction(space), 1.0),
        lambda: edit(sampler, own, direction(space), [1.0]),
        lambda: compose(sampler, own, [[]]),
    ):
        with pytest.raises(InputError, match=r"latents of 'z' .* must be N x 12.*say Latents\(\.\.\., space='w\+'\)"):
            call()


def test_what_does_not_fit_is_refused() -> None:
    sampler = stylegan_sampler()
    own = Latents(range(3), drawn(3, sampler.spec.spaces["w+"][0], DIM), None, 0, space="w+")
    for call in (lambda: sampler.edit(own, direction("z"), 1.0), lambda: edit(sampler, own, direction("z"), [1.0])):
        with pytest.raises(InputError, match="cannot be moved along 'first' of 'z'"):
            call()
    with pytest.raises(InputError, match="as many of each"):
        compose(sampler, Latents(range(2), drawn(3, DIM), None, 0), [[Move(direction=direction("w"), strength=1.0)]])
    with pytest.raises(CapabilityError, match="no space 'w'"):
        biggan_sampler().edit(Latents(range(3), drawn(3, 12), None, 0, space="w"), direction("z"), 1.0)
