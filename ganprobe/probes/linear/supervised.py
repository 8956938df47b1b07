"""The discriminator's own architecture trained to classify: what its features could know."""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganprobe.core.streams import derive_seed, stream
from ganprobe.generators.base import Discriminator
from ganprobe.probes.linear.probing import ProbeData
from ganprobe.training.supervised import LoopSettings, Run, fit, shift_and_flip, shuffled, signature_of

BATCH: Final = 64
PEAK: Final = 0.02


def freshly(discriminator: Discriminator, *, seed: int) -> Discriminator:
    """A discriminator of the same configuration with weights from `seed`."""
    made: Discriminator = type(discriminator)(discriminator.config, seed=seed)
    return made.eval()


@final
class _Classifier(nn.Module):
    def __init__(self, trunk: Discriminator, width: int, classes: int) -> None:
        super().__init__()
        self.trunk, self.norm, self.head = trunk, nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(self.trunk.features(images).float()))
        # The last layer takes no part, and the optimiser wants a gradient of every weight.
        return logits + 0 * torch.stack([weight.sum() for weight in self.trunk.parameters()]).sum()


def supervised(
    discriminator: Discriminator, data: ProbeData, *, epochs: int, seed: int, folder: Path, device: str
) -> Discriminator:
    """The architecture of `discriminator` after `epochs` of classifying the training images, from new weights; a layer
    norm and a linear layer on its features are thrown away again. Interrupted, it goes on from `folder`."""
    trunk = freshly(discriminator, seed=derive_seed(seed, "probe.supervised"))
    (width,) = trunk.layers["features"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "probe.head"))
        network = _Classifier(trunk, width, data.classes)
    batch = min(BATCH, len(data.images))
    settings = LoopSettings(steps=-(-epochs * len(data.images) // batch), batch_size=batch, peak=PEAK, bfloat16=False)
    run = Run(folder, signature=signature_of({"epochs": epochs, "seed": seed}, data.images, data.labels))
    batches = _Batches(data, batch, seed)
    fit(network, batches, cross_entropy, settings=settings, run=run, title="supervised discriminator", device=device)
    return trunk.eval().requires_grad_(False)


class _Batches:
    """Batch `step`: shuffled, shifted by up to an eighth of the side, mirrored, in [-1, 1]."""

    def __init__(self, data: ProbeData, size: int, seed: int) -> None:
        self.images, self.labels = torch.from_numpy(data.images), torch.from_numpy(data.labels)
        self.size, self.seed = size, seed

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(np.asarray(shuffled(len(self.images), self.size, seed=self.seed, step=step)))
        rng = stream(self.seed, "probe.augment", step)
        images = shift_and_flip(self.images[rows], rng=rng, pad=self.images.shape[2] // 8)
        return images / 127.5 - 1, self.labels[rows]
