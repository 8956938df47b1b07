"""Codes that show: a head on the discriminator reads the codes of generated images, and the generator helps (InfoGAN).

Chen et al. 2016, "InfoGAN: interpretable representation learning by information maximizing generative adversarial
nets", equations 5 and 6. With Q(c | x) a product of categorical distributions and of Gaussians of variance 1, L_I =
H(c) + E log Q(c | G(z, c)) bounds the mutual information of codes and images from below; both networks and the head
descend -weight L_I.
The generator needs codes (`infogan`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.calls.checking import AtLeastOne, NotNegative, Weight, check
from ganprobe.core.errors import InputError
from ganprobe.core.streams import stream
from ganprobe.generators.codes import CodeLayout
from ganprobe.training.recipe.records import Adam
from ganprobe.training.step import task
from ganprobe.training.step.scene import Scene, Term

FEATURES = "features"
SLOPE = 0.1
GAUSSIAN = 0.5 * math.log(2 * math.pi)
"""The constant part of -log N(x; mean, 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """categorical, continuous: the weights of the two kinds of codes. hidden: units of the head's inner layer. start:
    real images after which the task begins. optimiser: the head's; left out, the discriminator's."""

    categorical: Weight = 1.0
    continuous: Weight = 1.0
    hidden: AtLeastOne = 128
    start: NotNegative = 0
    optimiser: Adam | None = None

    def __post_init__(self) -> None:
        check(self)


@final
class Task(task.Task):
    """See the module."""

    name: ClassVar[str] = "info"
    settings: Settings

    def __init__(self, settings: Settings, company: task.Company) -> None:
        self.settings, self._company = settings, company
        layout = company.generator.codes
        if layout is None:
            raise InputError(f"info needs a generator with codes, {company.generator.architecture} has none")
        self._layout = layout
        self._head = CodeHead(company.discriminator.layers[FEATURES][0], settings.hidden, layout, seed=company.seed)

    @property
    def network(self) -> nn.Module:
        return self._head

    @property
    def optimiser(self) -> Adam:
        return self.settings.optimiser or self._company.head_optimiser

    @property
    def layers(self) -> frozenset[str]:
        return frozenset({FEATURES})

    @property
    def weighs(self) -> bool:
        layout = self._layout
        return (self.settings.categorical > 0 and bool(layout.categorical)) or (
            self.settings.continuous > 0 and layout.continuous > 0
        )

    def terms(self, scene: Scene) -> Mapping[str, Term]:
        layout, settings = self._layout, self.settings
        codes = layout.read(scene.groups["fake"].latents.z)
        features = scene.judged["fake"].features[FEATURES].float()
        with torch.autocast(features.device.type, enabled=False):
            blocks, means = self._head(features)
        terms: dict[str, Term] = {}
        bound = features.new_zeros(())
        if layout.categorical:
            losses = [
                F.cross_entropy(block, value) for block, value in zip(blocks, codes.categorical.unbind(1), strict=True)
            ]
            surprise = torch.stack(losses).sum()
            terms["categorical"] = Term(surprise, settings.categorical)
            bound = bound + sum(math.log(count) for count in layout.categorical) - surprise.detach()
        if layout.continuous:
            surprise = (0.5 * (codes.continuous - means).square() + GAUSSIAN).sum(1).mean()
            terms["continuous"] = Term(surprise, settings.continuous)
            bound = bound + layout.continuous * math.log(2) - surprise.detach()
        return {**terms, "bound": Term(bound)}


@final
class CodeHead(nn.Module):
    """Features (N, F) to logits of each categorical code, a list of (N, K), and means of the continuous ones (N, C)."""

    def __init__(self, entering: int, hidden: int, layout: CodeLayout, *, seed: int) -> None:
        super().__init__()
        self._sizes = [*layout.categorical, layout.continuous]
        self.inner = nn.Linear(entering, hidden)
        self.outer = nn.Linear(hidden, sum(self._sizes))
        self._initialise(seed)

    def forward(self, features: Tensor) -> tuple[list[Tensor], Tensor]:
        outputs = self.outer(F.leaky_relu(self.inner(features), SLOPE))
        *blocks, means = torch.split(outputs, self._sizes, 1)
        return blocks, means

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        """Normal of deviation 0.02, as the networks of the paper, from a stream of the seed and the weight's name."""
        for name, weight in self.named_parameters():
            weight.zero_()
            if weight.ndim > 1:
                drawn = stream(seed, "info.weight", name).standard_normal(tuple(weight.shape)).astype("float32")
                weight.copy_(torch.from_numpy(drawn) * 0.02)
