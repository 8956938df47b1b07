"""How StyleGAN's latents become styles: both of a mixed image in one pass of the mapping."""

from __future__ import annotations

import pytest
import torch

from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator, mix_styles
from ganprobe.training.step.generation import StyleGeneration
from ganprobe.training.step.latents import Latents, Shift


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("shifted", [False, True])
def test_mixed_styles_are_those_of_two_passes(classes: int, shifted: bool) -> None:
    config = StyleGANConfig(resolution=8, z_dim=6, w_dim=5, num_classes=classes, channel_base=16, channel_max=4)
    generator = StyleGANGenerator(config, seed=0)
    z, mixed, added = torch.randn(3, 4, 6)
    labels = torch.tensor([0, 2, 1, 2]) if classes else None
    crossover = torch.tensor([0, 1, 3, 4])
    shift = Shift(first=added) if shifted else None
    latents = Latents(z=z, labels=labels, mixed=mixed, crossover=crossover, shift=shift)
    moved = added if shifted else torch.zeros(4, 6)
    expected = mix_styles(generator.map(z + moved, labels), generator.map(mixed + moved, labels), crossover, 4)
    styles = StyleGeneration(generator, 0.9, compiled=False)._styles(latents)
    torch.testing.assert_close(styles, expected)
