"""BigGAN's objective: hinge loss, uniform labels, several discriminator updates for each of the generator's, and
standing statistics for the averaged generator (Brock et al. 2019, "Large scale GAN training for high fidelity natural
image synthesis", section 3 and appendices B to D)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import final

import torch
from torch import Tensor, nn

from ganprobe.core.errors import TrainingError
from ganprobe.core.streams import integers, normal
from ganprobe.generators.base import Generator
from ganprobe.generators.biggan.discriminator import BigGANDiscriminator
from ganprobe.generators.biggan.generator import BigGANGenerator
from ganprobe.training.data import RealBatch
from ganprobe.training.losses import hinge_discriminator_loss, hinge_generator_loss
from ganprobe.training.objective import Moment, Terms
from ganprobe.training.settings import TrainSettings

STANDING_BATCHES = 16


@final
class BigGANObjective:
    """See `ganprobe.training.objective.Objective`."""

    def __init__(self, generator: BigGANGenerator, discriminator: BigGANDiscriminator, settings: TrainSettings) -> None:
        self._generator, self._discriminator, self._settings = generator, discriminator, settings

    @property
    def generator(self) -> Generator:
        return self._generator

    @property
    def discriminator(self) -> nn.Module:
        return self._discriminator

    def discriminator_loss(self, real: RealBatch, at: Moment) -> Terms:
        with torch.no_grad():
            fakes, fake_labels = self._fakes(at)
        images = torch.cat([real.images, fakes.float()])
        logits = self._discriminator(images, torch.cat([self._labels_of(real), fake_labels]))
        real_logits, fake_logits = logits.float().split([len(real.images), len(fakes)])
        loss = hinge_discriminator_loss(real_logits, fake_logits)
        return Terms(loss, {"loss_d": loss, "real_logits": real_logits.mean(), "fake_logits": fake_logits.mean()})

    def discriminator_penalty(self, real: RealBatch, at: Moment) -> Terms | None:
        return None

    def generator_loss(self, at: Moment) -> Terms:
        loss = hinge_generator_loss(self._discriminator(*self._fakes(at)))
        return Terms(loss, {"loss_g": loss})

    def finished(self, average: nn.Module) -> Generator:
        done = copy.deepcopy(average)
        if not isinstance(done, BigGANGenerator):
            raise TrainingError(f"the average must be a BigGANGenerator, not {type(done).__name__}")
        done.accumulate_standing_statistics(self._standing_batches())
        return done.eval()

    def sample(self, generator: Generator, z: Tensor, labels: Tensor | None, lod: float) -> Tensor:
        return generator.synthesize(z, space="z", labels=labels)

    def _fakes(self, at: Moment) -> tuple[Tensor, Tensor]:
        n, config = self._settings.batch, self._generator.config
        labels = at.draws.integers("labels", n, below=config.num_classes)
        return self._generator(at.draws.normal("z", (n, config.z_dim)), labels), labels

    def _standing_batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        config, seed, n = self._generator.config, self._settings.seed, self._settings.batch
        device = next(self._generator.parameters()).device
        for number in range(STANDING_BATCHES):
            index = range(number * n, (number + 1) * n)
            z = torch.from_numpy(normal(seed, "train.standing.z", index, (config.z_dim,)))
            labels = torch.from_numpy(integers(seed, "train.standing.labels", index, below=config.num_classes))
            yield z.to(device), labels.to(device)

    @staticmethod
    def _labels_of(real: RealBatch) -> Tensor:
        if real.labels is None:
            raise TrainingError("BigGAN is class-conditional and needs labels; give a folder of class folders")
        return real.labels
