"""The discriminator of DCGAN (Radford et al. 2016, section 3), in the widely used form with kernels of 4 x 4.

>>> import torch
>>> config = DCGANDiscriminatorConfig(resolution=32, channels=4)
>>> judgement = DCGANDiscriminator(config, seed=0).judge(torch.zeros(2, 3, 32, 32), features=["conv3"])
>>> judgement.logits.shape, judgement.features["conv3"].shape
(torch.Size([2]), torch.Size([2, 16, 4, 4]))
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final, Literal, final, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.generators.base import Discriminator, Judgement
from ganprobe.generators.checks import at_least, check_images, check_labels_given, one_of, positive
from ganprobe.generators.dcgan.generator import DEVIATION, halvings
from ganprobe.generators.layers.initial import fill, normal
from ganprobe.generators.layers.spectral import SpectralLinear, at_least_float32, full_precision
from ganprobe.generators.layers.strided import HalvingLayer

SLOPE: Final = 0.2
Norm = Literal["batch", "instance", "spectral", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DCGANDiscriminatorConfig:
    """What a DCGAN discriminator is made of; JSON-able, fields as in `DCGANConfig`.

    num_classes: 0 for none; otherwise the class joins the image as planes of zeros and one of ones. channels: of the
    first map; they double with each halving. norm: "batch" and "instance" after every convolution but the first,
    "spectral" of every weight, or "none" (a gradient penalty wants no batch norm). InputError where a field is out of
    range.
    """

    resolution: int = 64
    num_classes: int = 0
    channels: int = 64
    norm: Norm = "batch"
    bn_epsilon: float = 1e-5
    sn_epsilon: float = 1e-12

    def __post_init__(self) -> None:
        halvings(self.resolution)
        at_least(0, num_classes=self.num_classes)
        at_least(1, channels=self.channels)
        one_of(get_args(Norm), norm=self.norm)
        positive(bn_epsilon=self.bn_epsilon, sn_epsilon=self.sn_epsilon)

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """What conv1, conv2, ... put out."""
        steps = range(halvings(self.resolution))
        return tuple(
            (self.channels << step, self.resolution >> step + 1, self.resolution >> step + 1) for step in steps
        )


@final
class DCGANDiscriminator(Discriminator):
    """Images (N, 3, H, W) in [-1, 1], with labels where there are classes, to logits (N,): convolutions 4 x 4 of stride
    2, each with a norm and a leaky ReLU of slope 0.2, and a linear layer. Weights are normal of deviation 0.02, drawn
    from `seed`."""

    architecture: ClassVar[str] = "dcgan"

    def __init__(self, config: DCGANDiscriminatorConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: DCGANDiscriminatorConfig = config
        epsilon = config.sn_epsilon if config.norm == "spectral" else None
        normed = "none" if config.norm == "spectral" else config.norm
        widths = (3 + config.num_classes, *(channels for channels, _, _ in config.shapes))
        self.convs = nn.ModuleList(
            HalvingLayer(
                *pair,
                norm=normed if number else "none",
                slope=SLOPE,
                bn_epsilon=config.bn_epsilon,
                epsilon=epsilon,
            )
            for number, pair in enumerate(pairwise(widths))
        )
        self.linear = SpectralLinear(16 * widths[-1], 1, epsilon=epsilon)
        fill(self, seed=seed, draw=normal(DEVIATION))

    @property
    def couples_batch(self) -> bool:
        """By batch normalisation, where that is the norm."""
        return self.config.norm == "batch"

    @property
    def layers(self) -> Mapping[str, tuple[int, ...]]:
        """conv1, conv2, ..., each with its activation, and "features", the last of them flattened."""
        shapes = {f"conv{number}": shape for number, shape in enumerate(self.config.shapes, 1)}
        return {**shapes, "features": (16 * self.config.shapes[-1][0],)}

    def judged(self, images: Tensor, labels: Tensor | None, wanted: Collection[str], lod: float) -> Judgement:
        check_images(images, self.config.resolution)
        check_labels_given(labels, self.config.num_classes)
        taken = self._layers_of(images, labels)
        with full_precision(taken["features"]):
            logits = self.linear(taken["features"]).squeeze(1)
        return Judgement(logits, {name: taken[name] for name in wanted})

    def features(self, images: Tensor) -> Tensor:
        """The last convolution's maps, flattened (N, F), at least float32. With classes, those of images of no class
        (planes of zeros)."""
        check_images(images, self.config.resolution)
        return self._layers_of(images, None)["features"]

    def _layers_of(self, images: Tensor, labels: Tensor | None) -> dict[str, Tensor]:
        x, taken = self._with_planes(images, labels), {}
        for number, conv in enumerate(self.convs, 1):
            x = taken[f"conv{number}"] = conv(x)
        return {**taken, "features": at_least_float32(x.flatten(1))}

    def _with_planes(self, images: Tensor, labels: Tensor | None) -> Tensor:
        classes = self.config.num_classes
        if not classes:
            return images
        planes = images.new_zeros(len(images), classes) if labels is None else F.one_hot(labels, classes)
        return torch.cat([images, planes.to(images.dtype)[..., None, None].expand(-1, -1, *images.shape[2:])], 1)
