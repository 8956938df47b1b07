"""The pictures of a run: strips for every sampler with latents, whoever wrote the network; class grids where it has
classes."""

import numpy as np
import torch
from torch import Tensor, nn

from ganprobe.engine.pictures import PER_CLASS, STEPS, STRIPS, picture_run
from ganprobe.features.images.quantise import to_uint8
from ganprobe.samplers.callables import FunctionSampler
from ganprobe.samplers.modules import ModuleSampler
from ganprobe.samplers.paths import slerp_keeping_length
from ganprobe.samplers.starts import path_ends


class Painter(nn.Module):
    """A foreign network: colours from z, brightness from the class."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.z_dim, self.num_classes = 3, classes

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        level = 0 if labels is None else labels[:, None].float() / 4
        return (z.tanh() / 4 + level)[:, :, None, None].expand(-1, -1, 8, 8)


def test_a_foreign_network_has_strips_along_great_circles() -> None:
    sampler = ModuleSampler(Painter(0), name="painter")
    pictures = picture_run(sampler, seed=5, samples=7)
    assert pictures.interpolation is not None
    assert pictures.interpolation.shape == (STRIPS, STEPS, 3, 8, 8)
    assert pictures.interpolation_space == "z"
    a, b, _ = path_ends(sampler, range(STRIPS), 5)
    middle = sampler.synthesize(slerp_keeping_length(a, b, torch.full((STRIPS, 1), 0.5)), space="z")
    np.testing.assert_array_equal(pictures.interpolation[:, STEPS // 2], to_uint8(middle).numpy())
    assert pictures.samples is not None
    assert len(pictures.samples) == 7


def test_a_foreign_network_with_classes_has_a_grid_of_them() -> None:
    pictures = picture_run(ModuleSampler(Painter(3), name="painter"), seed=5, samples=7)
    assert pictures.sample_labels == ("class 0", "class 1", "class 2")
    assert pictures.samples is not None
    assert len(pictures.samples) == 3 * PER_CLASS
    brightness = pictures.samples.reshape(3, PER_CLASS, -1).mean((1, 2))
    assert brightness[0] < brightness[1] < brightness[2]


def test_what_has_no_latents_has_samples_alone() -> None:
    pictures = picture_run(FunctionSampler(lambda n, seed: torch.zeros(n, 3, 8, 8), name="grey"), seed=0, samples=7)
    assert pictures.interpolation is None
    assert pictures.samples is not None
    assert (pictures.samples == 128).all()
