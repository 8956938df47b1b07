"""A recipe: everything that decides the weights of a run.

>>> Recipe(architecture="sndcgan", steps=1000).images
64000
>>> Recipe(architecture="sndcgan", batch=0)
Traceback (most recent call last):
    ...
ganprobe.core.errors.InputError: batch must be at least 1, got 0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from ganprobe.core.calls.checking import AtLeastOne, NotNegative, Positive, Range, Share, Weight, check
from ganprobe.core.errors import InputError

Precision = Literal["fp32", "bf16", "fp16"]
Loss = Literal["hinge", "logistic", "wasserstein"]
Decay = Annotated[float, Range(low=0, high=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChoice:
    """Which images: a data set's name, folder, archive or array (left out: as the call says).

    resolution: the side to which images are brought; left out, their own. limit: only the first so many. flips: mirror
    half of the images. conditional: whether the networks know the classes; left out, where the data has classes and the
    architecture takes them.
    """

    name: str | None = None
    resolution: AtLeastOne | None = None
    limit: AtLeastOne | None = None
    flips: bool = False
    conditional: bool | None = None

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam:
    """Adam (Kingma and Ba 2015) for one group of parameters."""

    rate: Positive = 0.001
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    epsilon: Positive = 1e-8

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regulariser:
    """A penalty on the discriminator's gradient: "r1", weight / 2 |grad D(x)|^2 on real images (Mescheder et al. 2018),
    or "gradient_penalty", weight (|grad D| - 1)^2 between real and generated ones (Gulrajani et al. 2017). It is taken
    in every `every`-th update of the discriminator, times `every`. drift: the weight of D(x)^2 on real images, in every
    update and beside any penalty (Karras et al. 2018, appendix A.1, where it is 0.001)."""

    kind: Literal["none", "r1", "gradient_penalty"] = "none"
    weight: Weight = 10.0
    every: AtLeastOne = 1
    drift: Weight = 0.0

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """The moving average of the generator: after `halflife` images a weight's share in it has halved; the half-life is
    at most `rampup` times the images so far. A half-life of 0 is no average: the generator itself."""

    halflife: Weight = 0.0
    rampup: Positive = 0.05

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growing:
    """Progressive growing (Karras et al. 2018): `stabilise` images at `start` x `start`, then for every doubling
    `fade` images of fading in and `stabilise` images at the new resolution."""

    start: Annotated[int, Range(low=4)] = 8
    stabilise: NotNegative = 100_000
    fade: NotNegative = 100_000

    def __post_init__(self) -> None:
        check(self)
        if self.start & (self.start - 1):
            raise InputError(f"growing must start at a power of two, got {self.start}")
        if self.stabilise + self.fade == 0:
            raise InputError(
                "the phases of growing must have images: give stabilise and fade of at least 0, not both 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Metrics of the averaged generator every `every` images (0: never): `samples` images against `reference` (left
    out: the training data's statistics where they ship, else the data). best: the metric by which `best.safetensors` is
    kept; left out, the first."""

    every: NotNegative = 0
    metrics: tuple[str, ...] = ("fd",)
    samples: AtLeastOne = 2000
    reference: str | None = None
    best: str | None = None

    def __post_init__(self) -> None:
        check(self)
        if self.every and not self.metrics:
            raise InputError("evaluation needs metrics, got none; name some, or leave `every` at 0")
        if self.best is not None and self.best not in self.metrics:
            raise InputError(f"evaluation.best must be among the metrics {', '.join(self.metrics)}, got {self.best!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the weights of a run.

    A step is one update of the generator, after `discriminator_steps` updates of the discriminator, each of `batch`
    real images. Every other length (halving of averages, growing, start of tasks, snapshots) counts real images shown
    to the discriminator.

    network, discriminator_network: fields of the networks' configurations that are not their defaults. generator,
    discriminator: their optimisers. rate_decay: images over which all learning rates fall linearly to zero; 0 for
    constant rates. style_mixing: the share of images that mix two latents, of style-based generators. tasks: the
    auxiliary tasks' settings by name. snapshots: numbers of images at which G and D are kept; snapshot_every: likewise,
    every so many.
    """

    name: str = ""
    summary: str = ""
    architecture: str
    data: DataChoice = DataChoice()
    network: Mapping[str, Any] = field(default_factory=dict)
    discriminator_network: Mapping[str, Any] = field(default_factory=dict)
    seed: NotNegative = 0
    steps: AtLeastOne = 100_000
    batch: AtLeastOne = 64
    discriminator_steps: AtLeastOne = 1
    loss: Loss = "hinge"
    regulariser: Regulariser = Regulariser()
    generator: Adam = Adam(rate=2e-4, betas=(0.5, 0.999))
    discriminator: Adam = Adam(rate=2e-4, betas=(0.5, 0.999))
    rate_decay: NotNegative = 0
    style_mixing: Share = 0.0
    growing: Growing | None = None
    average: Average = Average()
    precision: Precision = "fp32"
    tasks: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Evaluation = Evaluation()
    snapshots: tuple[AtLeastOne, ...] = ()
    snapshot_every: NotNegative = 0

    def __post_init__(self) -> None:
        check(self)

    @property
    def images_per_step(self) -> int:
        """Real images that a step shows to the discriminator."""
        return self.batch * self.discriminator_steps

    @property
    def images(self) -> int:
        """Real images that the whole run shows."""
        return self.steps * self.images_per_step

    def shortened(self, steps: int) -> Recipe:
        """The same run in fewer steps (or more): every length shrinks with it, what happens when stays."""
        scale = steps / self.steps

        def scaled(length: int, least: int = 1) -> int:
            return max(least, round(length * scale)) if length else 0

        grown = self.growing and replace(
            self.growing, stabilise=scaled(self.growing.stabilise), fade=scaled(self.growing.fade)
        )
        return replace(
            self,
            steps=steps,
            rate_decay=scaled(self.rate_decay),
            growing=grown,
            tasks={name: _started(task, scale) for name, task in self.tasks.items()},
            evaluation=replace(self.evaluation, every=scaled(self.evaluation.every)),
            snapshots=tuple(scaled(images) for images in self.snapshots),
            snapshot_every=scaled(self.snapshot_every),
        )


def _started(task: Any, scale: float) -> Any:
    return replace(task, start=round(task.start * scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What may differ when a run goes on: it decides how far, how fast and how talkative a run is, not where it goes.

    device: "cpu", "cuda", "cuda:1". threads: of the CPU, 0 for torch's choice. graphs: hold the step in CUDA graphs.
    compile: torch.compile both networks. log_every, grid_every, checkpoint_every: steps; 0 for never (the end apart).
    max_hours: hours of training, all resumptions together, after which the run stops with a checkpoint.
    """

    device: str = "cpu"
    threads: NotNegative = 0
    channels_last: bool = True
    graphs: bool = True
    compile: bool = False
    log_every: AtLeastOne = 50
    grid_every: NotNegative = 500
    checkpoint_every: NotNegative = 500
    max_hours: Positive | None = None
    tensorboard: bool = True

    def __post_init__(self) -> None:
        check(self)


FREE = frozenset({"name", "summary", "steps", "evaluation", "snapshots", "snapshot_every"})
"""Fields of a recipe that may differ when a run goes on: the weights at a step do not depend on them."""
