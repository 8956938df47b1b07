"""StyleGAN's objective: non-saturating logistic loss, lazy R1, style mixing and the tracked mean of W
(Karras et al. 2019, "A style-based generator architecture for generative adversarial networks", section 2, 3.1 and
appendix C; R1 evaluated every few steps as in Karras et al. 2020, "Analyzing and improving the image quality of
StyleGAN", section 3.2 there called lazy regularisation)."""

from __future__ import annotations

import copy
import math
from typing import final

import torch
from torch import Tensor, nn

from ganprobe.core.errors import TrainingError
from ganprobe.generators.base import Generator, draw_noise
from ganprobe.generators.stylegan.discriminator import StyleGANDiscriminator
from ganprobe.generators.stylegan.generator import StyleGANGenerator, mix_styles
from ganprobe.training.data import RealBatch
from ganprobe.training.growing import images_at
from ganprobe.training.losses import logistic_discriminator_loss, logistic_generator_loss, r1_penalty
from ganprobe.training.objective import Moment, Terms
from ganprobe.training.settings import TrainSettings


@final
class StyleGANObjective:
    """See `ganprobe.training.objective.Objective`."""

    def __init__(
        self, generator: StyleGANGenerator, discriminator: StyleGANDiscriminator, settings: TrainSettings
    ) -> None:
        self._generator, self._discriminator, self._settings = generator, discriminator, settings

    @property
    def generator(self) -> Generator:
        return self._generator

    @property
    def discriminator(self) -> nn.Module:
        return self._discriminator

    def discriminator_loss(self, real: RealBatch, at: Moment) -> Terms:
        with torch.no_grad():
            fakes, labels, _ = self._fakes(at)
        real_logits = self._discriminator(images_at(real.images, at.lod), real.labels, lod=at.lod)
        fake_logits = self._discriminator(fakes, labels, lod=at.lod)
        loss = logistic_discriminator_loss(real_logits, fake_logits)
        means = {"real_logits": real_logits.float().mean(), "fake_logits": fake_logits.float().mean()}
        return Terms(loss, {"loss_d": loss, **means})

    def discriminator_penalty(self, real: RealBatch, at: Moment) -> Terms | None:
        every = self._settings.r1_every
        if not self._settings.r1_gamma or at.draws.update % every:
            return None
        images = images_at(real.images, at.lod)
        penalty = r1_penalty(lambda x: self._discriminator(x, real.labels, lod=at.lod), images)
        return Terms(penalty * (self._settings.r1_gamma / 2 * every), {"r1": penalty})

    def generator_loss(self, at: Moment) -> Terms:
        fakes, labels, w = self._fakes(at)
        self._generator.track_w_avg(w.detach().float())
        loss = logistic_generator_loss(self._discriminator(fakes, labels, lod=at.lod))
        return Terms(loss, {"loss_g": loss})

    def finished(self, average: nn.Module) -> Generator:
        return copy.deepcopy(_stylegan(average)).eval()

    def sample(self, generator: Generator, z: Tensor, labels: Tensor | None, lod: float) -> Tensor:
        if not lod:
            return generator.synthesize(z, space="z", labels=labels)
        network = _stylegan(generator)
        noise = draw_noise(network.noise_shapes, range(len(z)), seed=self._settings.seed, device=z.device)
        ws = network.map(z, labels)[:, None].expand(-1, network.config.num_layers, -1)
        return network.synthesis(ws, noise, lod=lod)

    def _fakes(self, at: Moment) -> tuple[Tensor, Tensor | None, Tensor]:
        """Images of the moment's latents, their labels, and the w of the first latents (N, w_dim)."""
        n, network, draws = self._settings.batch, self._generator, at.draws
        labels = draws.labels(n, network.config.num_classes)
        w = network.map(draws.normal("z", (n, network.config.z_dim)), labels)
        other = network.map(draws.normal("z.mixed", (n, network.config.z_dim)), labels)
        ws = mix_styles(w, other, self._crossover(at), network.config.num_layers)
        noise = draws.noise(n, network.noise_shapes[: self._layers_in_use(at)])
        return network.synthesis(ws, noise, lod=at.lod), labels, w

    def _layers_in_use(self, at: Moment) -> int:
        return self._generator.config.num_layers - 2 * math.floor(at.lod)

    def _crossover(self, at: Moment) -> Tensor:
        """The layer from which the second latents take over: uniform over the layers in use, or none."""
        n = self._settings.batch
        crossover = at.draws.integers("crossover", n, low=1, below=self._layers_in_use(at))
        mixed = torch.from_numpy(at.draws.uniform("mixing", n) < self._settings.style_mixing).to(crossover.device)
        return torch.where(mixed, crossover, torch.full_like(crossover, self._generator.config.num_layers))


def _stylegan(network: nn.Module) -> StyleGANGenerator:
    if not isinstance(network, StyleGANGenerator):
        raise TrainingError(f"a StyleGANGenerator was expected, got {type(network).__name__}")
    return network
