"""The sampler of a set of images: image i is image i.

>>> from ganprobe.data import open_data
>>> batch = ImageSampler(open_data("toyfaces", limit=3)).batch(range(1, 3), seed=0)
>>> tuple(batch.images.shape), batch.images.dtype
((2, 3, 64, 64), torch.float32)
"""

from __future__ import annotations

from typing import final

import torch

from ganprobe.core.errors import InputError
from ganprobe.core.spaces import Batch, SamplerSpec
from ganprobe.data.images import Images


@final
class ImageSampler:
    """The images of `source` in their own order, whatever the seed; labels where the source has them."""

    def __init__(self, source: Images) -> None:
        self.source = source

    @property
    def spec(self) -> SamplerSpec:
        names = self.source.class_names
        return SamplerSpec(self.source.shape, len(names), length=self.source.length, class_names=names)

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def fingerprint(self) -> str:
        return self.source.fingerprint

    def batch(self, index: range, *, seed: int) -> Batch:
        """Images `index`, float32 (N, 3, H, W): x / 127.5 - 1 of the 8-bit values. InputError beyond the last one."""
        if index.step != 1:
            raise InputError(f"an index range of step 1 was expected, got {index}")
        images = torch.from_numpy(self.source.read(index)).float().div_(127.5).sub_(1)
        labels = self.source.labels_of(index)
        return Batch(index, images, None if labels is None else torch.from_numpy(labels))
