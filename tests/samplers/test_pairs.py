"""Pairs of samples of one class: which samples, which labels, and that they are used once."""

import numpy as np
import pytest
import small_networks
import torch

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.spaces import Batch, SamplerSpec
from ganprobe.data.images import Images
from ganprobe.samplers.images import ImageSampler
from ganprobe.samplers.pairs import ChosenPairs, DrawnPairs, class_pairs


def numbered(labels: list[int] | None, n: int = 9) -> ImageSampler:
    """Images whose every pixel is their own number."""

    def fetch(numbers: np.ndarray) -> np.ndarray:
        return np.broadcast_to(numbers.astype(np.uint8)[:, None, None, None], (len(numbers), 3, 4, 4)).copy()

    names = () if labels is None else tuple(str(c) for c in range(max(labels) + 1))
    given = None if labels is None else np.array(labels)
    return ImageSampler(Images("numbers", "0" * 64, (3, 4, 4), n, fetch, labels=given, class_names=names))


def numbers_of(images: torch.Tensor) -> list[int]:
    return ((images[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


def test_images_are_paired_once_within_their_class() -> None:
    labels = [0, 1, 0, 1, 1, 0, 2, 0, 1]
    pairs = class_pairs(numbered(labels), samples=9, seed=3)
    a, b = (numbers_of(images) for images in pairs.pairs(range(pairs.count), seed=0))
    assert pairs.count == 4  # four of class 0, four of class 1, one alone
    assert len({*a, *b}) == 8
    classes = pairs.labels(range(4), seed=0).tolist()
    assert [labels[i] for i in a] == [labels[i] for i in b] == classes


def test_the_seed_chooses_the_partners_and_nothing_else_does() -> None:
    whole = ChosenPairs(numbered(None, 40), samples=40, seed=1)
    a, b = (numbers_of(images) for images in whole.pairs(range(20), seed=0))
    assert sorted(a + b) == list(range(40))
    assert numbers_of(whole.pairs(range(7, 9), seed=5)[1]) == b[7:9]
    other = numbers_of(ChosenPairs(numbered(None, 40), samples=40, seed=2).pairs(range(20), seed=0)[0])
    assert other != a
    assert whole.labels(range(3), seed=0) is None


def test_a_generators_pairs_share_the_label_of_the_first() -> None:
    sampler = small_networks.biggan_sampler()
    pairs = class_pairs(sampler, samples=11, seed=0)
    assert isinstance(pairs, DrawnPairs)
    assert pairs.count == 5
    drawn = sampler.draw(range(4, 8), seed=9)
    a, b = pairs.pairs(range(2, 4), seed=9)
    labels = drawn.labels[::2].repeat_interleave(2)
    expected = sampler.synthesize(drawn.z, space="z", labels=labels, truncation=sampler.synthesis_truncation())
    torch.testing.assert_close(torch.stack([a, b], 1).flatten(0, 1), expected, rtol=1e-5, atol=1e-5)
    assert pairs.labels(range(2, 4), seed=9).tolist() == drawn.labels[::2].tolist()


def test_without_classes_neighbours_are_pairs() -> None:
    sampler = small_networks.stylegan_sampler()
    a, b = DrawnPairs(sampler, samples=8).pairs(range(1, 3), seed=4)
    images = sampler.batch(range(2, 6), seed=4).images
    torch.testing.assert_close(a, images[::2], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(b, images[1::2], rtol=1e-5, atol=1e-5)


class Labelled:
    """A sampler that draws its labels itself."""

    name, fingerprint, spec = "labelled", "0" * 64, SamplerSpec((3, 4, 4), num_classes=3)

    def batch(self, index: range, *, seed: int) -> Batch:
        return Batch(index, torch.zeros(len(index), 3, 4, 4), torch.zeros(len(index), dtype=torch.int64))


def test_what_cannot_be_paired() -> None:
    with pytest.raises(CapabilityError, match="draws its labels itself"):
        class_pairs(Labelled(), samples=10, seed=0)
    with pytest.raises(InputError, match="3 samples of small-stylegan make 1 pairs"):
        class_pairs(small_networks.stylegan_sampler(), samples=3, seed=0)
    with pytest.raises(InputError, match="4 samples of numbers make 0 pairs"):
        class_pairs(numbered([0, 1, 2, 3]), samples=4, seed=0)
