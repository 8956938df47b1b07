"""Passes that draw the same images share them: fewer are drawn, and every number is that of its metric alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor

import ganprobe
from ganprobe.engine.run import Run
from ganprobe.report import RunPictures
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.moves import Moves
from ganprobe.samplers.pairs import DrawnPairs
from ganprobe.samplers.paths import PathPairs, PathSpec
from ganprobe.samplers.starts import PathStarts

N, SEED, BLOCK = 100, 3, 64


class Counted:
    """How many images a sampler's network has made since it was last asked."""

    def __init__(self, sampler: GeneratorSampler) -> None:
        self._made, self._inner = 0, sampler.generator.synthesize
        sampler.generator.synthesize = self._synthesize  # type: ignore[method-assign]

    def _synthesize(self, latents: Tensor, **words: Any) -> Tensor:
        self._made += len(latents)
        return self._inner(latents, **words)

    def taken(self) -> int:
        made, self._made = self._made, 0
        return made


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is drawn for numbers."""
    monkeypatch.setattr("ganprobe.engine.evaluate.picture_run", lambda *_, **__: RunPictures())


def measured(make: Callable[[], GeneratorSampler], metrics: list[str], **words: Any) -> tuple[Run, int]:
    sampler = make()
    count = Counted(sampler)
    return ganprobe.evaluate(sampler, metrics=metrics, samples=N, seed=SEED, **words), count.taken()


@pytest.mark.parametrize(
    ("make", "metrics", "alone", "together"),
    [
        (small_networks.stylegan_sampler, ["ppl_z_end", "ppl_w_end", "ppl_w_full"], 12, 10),
        (small_networks.stylegan_sampler, ["cs", "ms_ssim", "lpips_diversity@embedded"], 6, 2),
        (small_networks.biggan_sampler, ["cs", "ms_ssim", "ppl_z_end"], 8, 7),
    ],
    ids=["paths", "pairs", "pairs of classes"],
)
def test_numbers_are_those_of_each_metric_alone(
    make: Callable[[], GeneratorSampler], metrics: list[str], alone: int, together: int
) -> None:
    """alone, together: blocks of images; N samples are two, N / 2 pairs of two images too."""
    several, drawn = measured(make, metrics)
    singly = 0
    for name in metrics:
        single, made = measured(make, [name])
        singly += made
        for here, there in ((several[name].estimate, single[name].estimate),):
            assert (here.value, here.ci95, here.variance) == (there.value, there.ci95, there.variance)
    assert (singly, drawn) == (alone * BLOCK, together * BLOCK)


def test_other_batch_sizes_draw_no_more_on_paths_and_change_no_number() -> None:
    metrics = ["ppl_z_end", "ppl_w_end"]
    usual, drawn = measured(small_networks.stylegan_sampler, metrics)
    for size in (7, 100):
        other, again = measured(small_networks.stylegan_sampler, metrics, batch_size=size)
        assert again == drawn
        for name in metrics:
            assert other[name].value == usual[name].value


def test_starts_are_the_first_images_of_paths_in_z_and_in_w() -> None:
    sampler = small_networks.stylegan_sampler()
    starts = PathStarts(sampler)
    index = range(BLOCK)
    (in_z, _), (in_w, _) = (
        PathPairs(sampler, PathSpec(space=space, sampling="end"), starts=starts).pairs(index, seed=SEED)
        for space in ("z", "w")
    )
    z, _, _ = sampler.draw_ends(index, seed=SEED)
    drawn = sampler.synthesize(z, space="z", noise=sampler.noise_of(index, seed=SEED))
    assert torch.equal(in_z, in_w)
    torch.testing.assert_close(in_z, drawn, rtol=1e-5, atol=1e-6)


def test_starts_are_those_of_the_weights_as_they_are() -> None:
    sampler = small_networks.stylegan_sampler()
    starts = PathStarts(sampler)
    before = starts.images(range(4), "w", seed=SEED)
    with torch.no_grad():
        for weight in sampler.generator.parameters():
            weight.mul_(1.5)
    after = starts.images(range(4), "w", seed=SEED)
    assert not torch.equal(before, after)
    assert torch.equal(after, PathStarts(sampler).images(range(4), "w", seed=SEED))


def test_the_first_of_a_pair_is_the_samplers_own_image_whether_or_not_it_is_drawn_anyway() -> None:
    sampler = small_networks.biggan_sampler()
    index, both = range(BLOCK), range(2 * BLOCK)
    own = sampler.batch(both, seed=SEED).images[::2]
    for beside in (True, False):
        first, second = DrawnPairs(sampler, samples=N, beside_images=beside).pairs(index, seed=SEED)
        assert torch.equal(first, own)
        assert not torch.equal(second, first)


@pytest.mark.parametrize("make", [small_networks.stylegan_sampler, small_networks.biggan_sampler])
def test_samples_before_a_move_are_the_samplers_own(make: Callable[[], GeneratorSampler]) -> None:
    sampler = make()
    own = sampler.batch(range(BLOCK), seed=SEED).images
    count = Counted(sampler)
    still, moved = Moves(sampler, (0.3,)).images(range(BLOCK), seed=SEED)
    assert torch.equal(still, own)
    assert count.taken() == BLOCK
    drawn, noise = sampler.draw(range(BLOCK), seed=SEED), sampler.noise_of(range(BLOCK), seed=SEED)
    again = sampler.synthesize(drawn.z + 0.0, space="z", labels=drawn.labels, noise=noise)
    assert torch.equal(still, again)
    assert np.abs((moved - still).numpy()).max() > 1e-3
