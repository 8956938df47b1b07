"""Pairs of different samples of one class, for metrics of diversity (Odena, Olah and Shlens 2017, section 4.2).

>>> from ganprobe.data import open_data
>>> pairs = class_pairs(ImageSampler(open_data("toyfaces", limit=5)), samples=5, seed=0)
>>> pairs.count, [tuple(images.shape) for images in pairs.pairs(range(2), seed=0)]
(2, [(2, 3, 64, 64), (2, 3, 64, 64)])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.core.streams import stream
from ganprobe.samplers.generator import GeneratorSampler, conditions_of
from ganprobe.samplers.images import ImageSampler

FEWEST = 2


@dataclass(frozen=True, slots=True)
class PairSpec:
    """Pairs of two samples of the same class."""

    name: str = "pair"


def class_pairs(sampler: Sampler, *, samples: int, seed: int, beside_images: bool = False) -> DrawnPairs | ChosenPairs:
    """The pairs among samples 0 to `samples` - 1, each sample in at most one. beside_images: whether the images of the
    samples themselves are drawn at the same time. InputError where there is no pair, CapabilityError for a labelled
    sampler that neither holds its images nor takes labels."""
    if isinstance(sampler, ImageSampler):
        found: DrawnPairs | ChosenPairs = ChosenPairs(sampler, samples=samples, seed=seed)
    elif isinstance(sampler, LatentSampler) or not sampler.spec.num_classes:
        found = DrawnPairs(sampler, samples=samples, beside_images=beside_images)
    else:
        raise CapabilityError(
            f"{sampler.name} draws its labels itself, so that pairs of one class cannot be drawn; give a generator "
            "with latents or a folder of images"
        )
    if found.count < FEWEST:
        raise InputError(f"{samples} samples of {sampler.name} make {found.count} pairs; at least {FEWEST} are needed")
    return found


@final
class DrawnPairs:
    """Of a generator: pair j are samples 2j and 2j + 1; where there are classes, both under the label of 2j.

    Without classes they are the sampler's own images. With them the first of each pair is: beside_images says that
    these are drawn anyway and taken from there; else they are drawn alone, as many at a time, and come out the same.
    """

    def __init__(self, sampler: Sampler, *, samples: int, beside_images: bool = False) -> None:
        self.sampler, self.count, self._beside_images = sampler, samples // 2, beside_images
        self.name = f"pairs of samples of {sampler.name}"

    def pairs(self, index: range, *, seed: int) -> tuple[Tensor, Tensor]:
        """The two images (N, 3, H, W), float32, of pairs `index`."""
        both = range(2 * index.start, 2 * index.stop)
        if not isinstance(self.sampler, LatentSampler) or not self.sampler.spec.num_classes:
            images = self.sampler.batch(both, seed=seed).images
            return images[::2], images[1::2]
        z, labels = self.sampler.draw(both, seed=seed).z, self.labels(index, seed=seed)
        noise, truncation = conditions_of(self.sampler, both, seed)
        sampler = self.sampler

        def side(which: int) -> Tensor:
            own = noise if isinstance(noise, str) else [layer[which::2] for layer in noise]
            return sampler.synthesize(z[which::2], space="z", labels=labels, noise=own, truncation=truncation)

        # Of others their own images may be drawn with other random numbers than those.
        taken = self._beside_images and isinstance(sampler, GeneratorSampler)
        return sampler.batch(both, seed=seed).images[::2] if taken else side(0), side(1)

    def labels(self, index: range, *, seed: int) -> Tensor | None:
        """The class (N,) int64 of both images of pairs `index`; None without classes."""
        if not isinstance(self.sampler, LatentSampler):
            return None
        labels = self.sampler.draw(range(2 * index.start, 2 * index.stop), seed=seed).labels
        return None if labels is None else labels[::2]


@final
class ChosenPairs:
    """Of a set of images: paired at random (by `seed`), within their classes where they have any. What is left over in
    a class has no partner."""

    def __init__(self, sampler: ImageSampler, *, samples: int, seed: int) -> None:
        self.sampler, self._source = sampler, sampler.source
        labels = sampler.source.labels_of(range(samples))
        order = stream(seed, "pairs").permutation(samples)
        classes = [order] if labels is None else [order[labels[order] == label] for label in np.unique(labels)]
        self._partners = np.concatenate([each[: len(each) // 2 * 2].reshape(-1, 2) for each in classes])
        self.count = len(self._partners)
        self.name = f"pairs of images of {sampler.name}"

    def pairs(self, index: range, *, seed: int) -> tuple[Tensor, Tensor]:
        """The two images (N, 3, H, W), float32, of pairs `index`, whatever the seed."""
        first, second = (self._images(self._partners[index.start : index.stop, side]) for side in (0, 1))
        return first, second

    def labels(self, index: range, *, seed: int) -> Tensor | None:
        """The class (N,) int64 of both images of pairs `index`; None without classes."""
        labels = self._source.labels_of(self._partners[index.start : index.stop, 0])
        return None if labels is None else torch.from_numpy(labels)

    def _images(self, numbers: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(self._source.read(numbers)).float().div_(127.5).sub_(1)
