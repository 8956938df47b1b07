"""Latent-transformation detection: do two images differ from their originals by the same move in latent space?

Patel et al. 2021, "LT-GAN: Self-supervised GAN with latent transformation detection". A transformation adds epsilon ~
N(0, sigma^2) to z; T(G(z)) = G(z + epsilon). f = E(G(z + epsilon)) - E(G(z)), with E a layer of the discriminator. An
auxiliary network sees two rows of f and says whether they share their epsilon. A batch has two distinct epsilons, each
for half of it; rows are paired by a permutation. The generator and the auxiliary network descend `weight` times the
binary cross-entropy; the discriminator learns that transformed images are fake: half of its generated images are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.calls.checking import AtLeastOne, NotNegative, Range, Share, Weight, check
from ganprobe.core.errors import InputError
from ganprobe.core.streams import stream
from ganprobe.generators.base import check_layers
from ganprobe.generators.layers.norms import BatchNorm
from ganprobe.training.draws.draws import Draws
from ganprobe.training.draws.requests import Who
from ganprobe.training.recipe.records import Adam
from ganprobe.training.step import task
from ganprobe.training.step.generation import crossovers
from ganprobe.training.step.latents import Shift
from ganprobe.training.step.scene import Group, Scene, Term

Sigma = Annotated[float, Range(low=0, high=1, open=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """layer: of the discriminator. sigma: deviation of epsilon. weight: of the cross-entropy (lambda). start: real
    images after which the task begins; while a resolution grows it waits all the same. grid: side to which larger maps
    are averaged before they are flattened. auxiliary: "mlp", two dense layers with `hidden` units between; "conv", a
    convolution of `hidden` maps, batch norm and a dense layer on the averaged maps; "linear". difference: f is a
    difference; else the two rows of features are concatenated. mixing: of style-based generators, the share of
    transformations that add a second epsilon from a random layer on. rate: of the auxiliary network's Adam."""

    layer: str
    sigma: Sigma = 0.5
    weight: Weight = 1.0
    start: NotNegative = 0
    grid: AtLeastOne = 4
    auxiliary: Literal["mlp", "conv", "linear"] = "mlp"
    hidden: AtLeastOne = 512
    difference: bool = True
    mixing: Share = 0.9
    optimiser: Adam = Adam()  # noqa: RUF009 (frozen)

    def __post_init__(self) -> None:
        check(self)


@final
class Task(task.Task):
    """See the module."""

    name: ClassVar[str] = "lt"
    learns: ClassVar[Who] = "generator"

    settings: Settings

    def __init__(self, settings: Settings, company: task.Company) -> None:
        self.settings, self._company = settings, company
        check_layers(company.discriminator, [settings.layer])
        if company.batch % 2:
            raise InputError(f"lt gives half of a batch each epsilon: an even batch was expected, got {company.batch}")
        shape = pooled_shape(company.discriminator.layers[settings.layer], settings.grid)
        self._auxiliary = auxiliary_network(shape, settings, seed=company.seed)

    @property
    def network(self) -> nn.Module:
        return self._auxiliary

    @property
    def optimiser(self) -> Adam:
        return self.settings.optimiser

    @property
    def layers(self) -> frozenset[str]:
        return frozenset({self.settings.layer})

    @property
    def weighs(self) -> bool:
        return self.settings.weight > 0

    def works(self, images: int, lod: float) -> bool:
        """After the warm-up, at full resolution."""
        return super().works(images, lod) and lod == 0

    def groups(self, scene: Scene) -> Mapping[str, Group]:
        """The generator's update makes each image and its transformed one; of the discriminator's generated images, as
        many as ever, half are transformed."""
        latents = scene.groups["fake"].latents
        sides = self._sides(scene.draws, len(latents))
        moved = latents.shifted(self._shift(scene.draws, sides))
        if scene.who == "generator":
            return {"lt.fake": Group(moved)}
        half = len(latents) // 2
        return {"fake": Group(latents.rows(0, half)), "lt.fake": Group(moved.rows(half, len(latents)))}

    def terms(self, scene: Scene) -> Mapping[str, Term]:
        if scene.who == "discriminator":
            return {}
        plain, moved = (scene.judged[name].features[self.settings.layer] for name in ("fake", "lt.fake"))
        f = transformation_features(plain, moved, grid=self.settings.grid, difference=self.settings.difference)
        logits, same = self._paired(f, scene.draws)
        loss = F.binary_cross_entropy_with_logits(logits, same)
        right = ((logits > 0) == (same > 0.5)).float().mean()
        return {"loss": Term(loss, self.settings.weight), "accuracy": Term(right)}

    def _paired(self, f: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
        """Logits (n,) of this process's rows, each beside its partner in the whole batch, and targets."""
        n = len(f)
        whole = draws.processes.gathered(f)
        order = draws.permutation("lt.pairs", len(whole))
        places = draws.places(n)
        partners = order[places]
        sides = self._sides_of_all(draws, len(whole))
        same = (sides[places] == sides[partners]).float()
        with torch.autocast(f.device.type, enabled=False):
            logits: Tensor = self._auxiliary(f, whole[partners]).squeeze(1)
        return logits, same

    def _sides(self, draws: Draws, n: int) -> Tensor:
        """Which of the two epsilons each row (n,) has."""
        return self._sides_of_all(draws, n * draws.processes.world)[draws.places(n)]

    @staticmethod
    def _sides_of_all(draws: Draws, n: int) -> Tensor:
        """0 for the first half of a random order of the whole batch's n rows, 1 for the rest."""
        return (draws.permutation("lt.sides", n) >= n // 2).long()

    def _shift(self, draws: Draws, sides: Tensor) -> Shift:
        """What each row's transformation adds."""
        shape = (self._company.generator.spec.spaces["z"][0],)
        first = draws.normal("lt.epsilon", 2, shape, whole=True) * self.settings.sigma
        layers = self._company.generation.layers
        if layers == 1 or not self.settings.mixing:
            return Shift(first=first[sides])
        second = draws.normal("lt.epsilon.second", 2, shape, whole=True) * self.settings.sigma
        crossover = crossovers(
            draws, 2, share=self.settings.mixing, used=layers, layers=layers, purpose="lt.", whole=True
        )
        return Shift(first=first[sides], second=second[sides], crossover=crossover[sides])


def transformation_features(plain: Tensor, moved: Tensor, *, grid: int, difference: bool) -> Tensor:
    """f (N, C, h, w) or (N, F), float32: features of transformed images less those of the originals, averaged to at
    most grid x grid; without `difference` both, side by side along the channels."""
    pair = [pooled(features.float(), grid) for features in (plain, moved)]
    return pair[1] - pair[0] if difference else torch.cat(pair, 1)


def pooled(features: Tensor, grid: int) -> Tensor:
    """Maps (N, C, H, W) averaged to grid x grid where they are larger; vectors (N, F) as they are."""
    if features.ndim == 2 or features.shape[-1] <= grid:
        return features
    return F.adaptive_avg_pool2d(features, grid)


def pooled_shape(shape: tuple[int, ...], grid: int) -> tuple[int, ...]:
    """The shape that `pooled` makes of maps of `shape`, without N."""
    return shape if len(shape) == 1 else (shape[0], *(min(side, grid) for side in shape[1:]))


def auxiliary_network(shape: tuple[int, ...], settings: Settings, *, seed: int) -> nn.Module:
    """The network on two rows of f, of `shape` each before a concatenation. InputError for a convolution of vectors."""
    if settings.auxiliary == "conv" and len(shape) == 1:
        raise InputError(f"lt.auxiliary = 'conv' needs a layer of maps, {settings.layer!r} has vectors; take 'mlp'")
    doubled = 2 if settings.difference else 4
    entering = doubled * (shape[0] if settings.auxiliary == "conv" else int(torch.Size(shape).numel()))
    network = Auxiliary(entering, settings.hidden, settings.auxiliary)
    _initialise(network, seed)
    return network


@final
class Auxiliary(nn.Module):
    """Two rows of f, (N, C, h, w) or (N, F) each, to logits (N, 1): do they share their epsilon?"""

    def __init__(self, entering: int, hidden: int, kind: Literal["mlp", "conv", "linear"]) -> None:
        super().__init__()
        self.kind = kind
        if kind == "linear":
            self.body = nn.Sequential(nn.Flatten(), nn.Linear(entering, 1))
        elif kind == "mlp":
            self.body = nn.Sequential(nn.Flatten(), nn.Linear(entering, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        else:
            maps = nn.Conv2d(entering, hidden, 3, padding=1)
            norm = BatchNorm(hidden, epsilon=1e-5)
            self.body = nn.Sequential(maps, norm, nn.ReLU(), _Mean(), nn.Linear(hidden, 1))

    def forward(self, rows: Tensor, partners: Tensor) -> Tensor:
        logits: Tensor = self.body(torch.cat([rows, partners], 1))
        return logits


@final
class _Mean(nn.Module):
    """Maps (N, C, H, W) to their means (N, C)."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean((2, 3))


@torch.no_grad()
def _initialise(network: nn.Module, seed: int) -> None:
    """He et al. 2015, section 2.2, from a stream of the seed and the weight's name."""
    for name, weight in network.named_parameters():
        if weight.ndim > 1:
            drawn = stream(seed, "lt.weight", name).standard_normal(tuple(weight.shape)).astype("float32")
            weight.copy_(torch.from_numpy(drawn) * (2 / weight[0].numel()) ** 0.5)
        elif name.endswith("bias"):
            weight.zero_()
