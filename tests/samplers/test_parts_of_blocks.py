"""Samplers on a device whose memory does not hold all images at once: the same samples, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import small_networks
import torch
from torch import Tensor, nn

from ganprobe.core.errors import DeviceMemoryError
from ganprobe.samplers.callables import FunctionSampler
from ganprobe.samplers.modules import ModuleSampler
from ganprobe.samplers.paths import PathPairs, PathSpec

SAMPLERS = {"stylegan": small_networks.stylegan_sampler, "biggan": small_networks.biggan_sampler}


@contextmanager
def room_for(most: int, network: nn.Module) -> Iterator[list[int]]:
    """Within, `network` runs out of memory on more than `most` images; yields how many it was given each time."""
    given: list[int] = []
    inner = network.synthesize if hasattr(network, "synthesize") else network.forward

    def limited(latents: Tensor, *words: Any, **more: Any) -> Any:
        given.append(len(latents))
        if len(latents) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return inner(latents, *words, **more)

    name = "synthesize" if hasattr(network, "synthesize") else "forward"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, name, limited)
        yield given


def close(images: Tensor, expected: Tensor) -> None:
    """The last bits may depend on how many images are convolved together."""
    torch.testing.assert_close(images, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_batch_is_the_same_images(name: str) -> None:
    expected = SAMPLERS[name]().batch(range(100), seed=4).images
    sampler = SAMPLERS[name]()
    with room_for(20, sampler.generator) as given:
        images = sampler.batch(range(100), seed=4).images
    close(images, expected)
    assert given == [64, 32, *[16] * 8]


@pytest.mark.parametrize("noise", ["const", "zero", 7, "list", "one for all"])
def test_every_kind_of_noise_goes_with_its_image(noise: str | int) -> None:
    whole, halved = small_networks.stylegan_sampler(), small_networks.stylegan_sampler()
    z = whole.draw(range(10), seed=0).z
    given: Any = noise
    if noise in ("list", "one for all"):
        rows = 10 if noise == "list" else 1
        given = [torch.randn(rows, 1, *shape) for shape in whole.generator.noise_shapes]
    expected = whole.synthesize(z, space="z", noise=given)
    with room_for(3, halved.generator):
        close(halved.synthesize(z, space="z", noise=given), expected)
    assert (expected[2:4] - expected[:2]).abs().mean() > 1e-3


def test_pairs_on_paths_are_the_same() -> None:
    spec = PathSpec(space="w", sampling="full")
    expected = PathPairs(small_networks.stylegan_sampler(), spec).pairs(range(20), seed=1)
    sampler = small_networks.stylegan_sampler()
    with room_for(16, sampler.generator) as given:
        found = PathPairs(sampler, spec).pairs(range(20), seed=1)
    for images, wanted in zip(found, expected, strict=True):
        close(images, wanted)
    assert given == [40, 32, 16, 16, 8]


class Dots(nn.Module):
    """Of two classes."""

    z_dim, num_classes = 12, 2

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return (z * (1 + labels[:, None])).reshape(-1, 3, 2, 2)


def test_a_foreign_module_gives_the_same_images() -> None:
    expected = ModuleSampler(Dots(), name="dots").batch(range(70), seed=0).images
    module = Dots()
    sampler = ModuleSampler(module, name="dots")
    with room_for(10, module) as given:
        images = sampler.batch(range(70), seed=0).images
        drawn = sampler.draw(range(20), seed=0)
        again = sampler.synthesize(drawn.z, space="z", labels=drawn.labels)
    assert torch.equal(images, expected)
    assert torch.equal(again, expected[:20])
    assert max(given[3:]) == 8


def test_a_function_is_never_asked_for_a_part_of_its_block() -> None:
    asked = []

    def flat(n: int, seed: int) -> Tensor:
        asked.append(n)
        if n > 8:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return torch.full((n, 3, 8, 8), (seed % 97) / 97)

    sampler = FunctionSampler(flat, name="flat")
    with pytest.raises(DeviceMemoryError, match="images of flat are drawn 64 at a time"):
        sampler.batch(range(2), seed=0)
    assert asked[-1] == 64


def test_no_images_at_all_have_a_shape() -> None:
    sampler = small_networks.biggan_sampler()
    none = sampler.draw(range(0), seed=0)
    assert sampler.synthesize(none.z, space="z", labels=none.labels).shape == (0, 3, 32, 32)
