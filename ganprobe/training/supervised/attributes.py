"""Training of an attribute scorer: one small network that reads all attributes of a table off an image.

report = train_attribute_scorer(labelled, out=Path("scorer.safetensors"), settings=AttributeSettings(seed=0))
report.validation["smile"].balanced_accuracy

The attributes share the features and have an output each. Those who have an attribute and those who have not weigh the
same in the loss, however rare it is, so that a score of 0 is the point of equal evidence. A part of the images is held
out; training stops when it no longer helps there, and the best weights are kept.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ganprobe.core.errors import DataError, InputError
from ganprobe.core.streams import stream
from ganprobe.data.attributes import LabelledImages
from ganprobe.directions.methods.interfacegan import wilson_interval
from ganprobe.features.attributes.opening import KIND
from ganprobe.features.embedded.resnet import ResNet, ResNetConfig
from ganprobe.features.embedded.weights import load_resnet, save_resnet
from ganprobe.training.supervised.best import BestSoFar
from ganprobe.training.supervised.fit import LoopSettings, fit
from ganprobe.training.supervised.images import shift_and_flip, shuffled
from ganprobe.training.supervised.run import Run
from ganprobe.training.supervised.start import environment, initialised, signature_of
from ganprobe.training.supervised.toyfaces_scorer import spoilt

FEWEST = 100
"""Images below which no scorer is trained."""

AT_ONCE = 500
Index = NDArray[np.int64]


class Readable(Protocol):
    """Images by number: uint8 (N, 3, H, W)."""

    def read(self, index: Index) -> NDArray[np.uint8]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeSettings:
    """Everything but the images and the table that determines the weights.

    resolution: of the network's input, a multiple of 32. held_out: the share of images to validate on. patience: how
    many epochs may pass without a better validation loss, once half of all are over. shift: in pixels. flips: mirror
    half of the images, for attributes that do not tell left from right. tint, noise: standard deviations on [-1, 1]
    images. InputError for numbers out of range.
    """

    epochs: int = 20
    patience: int = 5
    batch_size: int = 64
    seed: int = 0
    resolution: int = 64
    held_out: float = 0.1
    peak: float = 0.05
    weight_decay: float = 5e-4
    shift: int = 2
    flips: bool = False
    tint: float = 0.03
    noise: float = 0.05
    widths: tuple[int, ...] = (32, 64, 96)
    blocks: tuple[int, ...] = (1, 1, 1)
    bfloat16: bool = True
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.patience < 1 or not 0 < self.held_out < 1:
            raise InputError("at least one epoch, a patience of at least one, and 0 < held_out < 1 were expected")
        if self.batch_size < 2:
            raise InputError(f"batches of at least 2 images were expected, got {self.batch_size}")
        self.config(1)

    def config(self, outputs: int) -> ResNetConfig:
        """Of the network with so many outputs."""
        return ResNetConfig(self.widths, self.blocks, outputs, resolution=self.resolution, stem_stride=2, grid=4)


@dataclass(frozen=True, slots=True)
class Quality:
    """How well an attribute is read off the n validation images. accuracy: the share whose score has the right sign,
    with its 95% Wilson interval. balanced_accuracy: the mean of that share among those who have the attribute and
    those who have not. positives: the share who have it."""

    accuracy: float
    ci95: tuple[float, float]
    balanced_accuracy: float
    positives: float
    n: int


@dataclass(frozen=True, slots=True)
class AttributeReport:
    """validation: of the written file (float16 weights, norms folded), by attribute. steps: after which the weights
    were the best, of `steps_trained`."""

    path: Path
    validation: Mapping[str, Quality]
    steps: int
    steps_trained: int
    images: int
    skipped: tuple[str, ...] = ()


def train_attribute_scorer(labelled: LabelledImages, *, out: Path, settings: AttributeSettings) -> AttributeReport:
    """Train on the images and write `out`, with a log in the folder `<out without ending>-training`, from whose state a
    killed run goes on.

    DataError for fewer than 100 images, and for an attribute of which the training or the validation images have one
    class only; InputError as the settings say, TrainingError as `fit` says.
    """
    start, values = time.monotonic(), labelled.values.astype(np.float32)
    train, held_out = _parts(labelled, settings)
    words = {**asdict(settings), "images": labelled.images.fingerprint, "names": labelled.names}
    run = Run(out.with_name(f"{out.stem}-training"), signature=signature_of(words, values))
    run.log(settings=asdict(settings), images=len(train), first_step=run.step, **environment())
    loss, loop = _Loss.of(values[train]), _loop(settings, len(train))
    with torch.device("meta"):
        network = ResNet(settings.config(len(labelled.names)))
    network = initialised(network, settings.seed)

    def validate(trained: torch.nn.Module) -> float:
        scores = scores_of(trained, labelled.images, held_out)
        return float(loss(scores, torch.from_numpy(values[held_out])))

    every = max(len(train) // settings.batch_size, 1)
    best = BestSoFar(run, validate, every=every, patience=settings.patience, earliest=loop.steps // 2)
    batches = _Batches(labelled.images, train, torch.from_numpy(values[train]), settings)
    fit(network, batches, loss, settings=loop, run=run, title="scorer", device=settings.device, enough=best)
    best.restore(network)
    validation = _written(out, run.folder, network, labelled, held_out, settings)
    run.log(validation={k: asdict(v) for k, v in validation.items()}, seconds=round(time.monotonic() - start, 1))
    best.finish()
    run.finish()
    return AttributeReport(out, validation, best.step, best.last_step, len(values), labelled.images.skipped)


@torch.inference_mode()
def scores_of(network: torch.nn.Module, images: Readable, index: Index) -> Tensor:
    """The scores (N, K) of images `index` by `network` in evaluation mode, on the CPU."""
    device = next(network.parameters()).device
    parts = [index[first : first + AT_ONCE] for first in range(0, len(index), AT_ONCE)]
    batches = (torch.from_numpy(images.read(part)).to(device).float() / 127.5 - 1 for part in parts)
    return torch.cat([network(batch).float().cpu() for batch in batches])


def quality(scores: NDArray[np.float32], truth: NDArray[np.uint8]) -> Quality:
    """Of scores (n,) against truth (n,), 0 or 1, both of which occur."""
    right = (scores > 0) == (truth == 1)
    shares = [float(right[truth == side].mean()) for side in (0, 1)]
    n = len(truth)
    return Quality(float(right.mean()), wilson_interval(int(right.sum()), n), sum(shares) / 2, float(truth.mean()), n)


def _written(
    out: Path, folder: Path, network: ResNet, labelled: LabelledImages, held_out: Index, settings: AttributeSettings
) -> Mapping[str, Quality]:
    """Write the network to `out` with how well its file does on the validation images, which is given too."""
    trial = folder / "trial.safetensors"
    save_resnet(trial, network.cpu(), kind=KIND, outputs=labelled.names)
    scores = scores_of(load_resnet(trial, kind=KIND)[0], labelled.images, held_out).numpy()
    trial.unlink()
    truth = labelled.values[held_out]
    found = {name: quality(scores[:, k], truth[:, k]) for k, name in enumerate(labelled.names)}
    about: dict[str, Any] = {
        "data": labelled.images.name,
        "data_fingerprint": labelled.images.fingerprint,
        "images": len(labelled.values),
        "settings": asdict(settings),
        "validation": {name: asdict(item) for name, item in found.items()},
    }
    save_resnet(out, network, kind=KIND, outputs=labelled.names, about=about)
    return found


def _parts(labelled: LabelledImages, settings: AttributeSettings) -> tuple[Index, Index]:
    """The numbers of the images to train on and to validate on, drawn from the seed."""
    n = len(labelled.values)
    if n < FEWEST:
        raise DataError(f"at least {FEWEST} images were expected to train a scorer, got {n}; give more")
    order = stream(settings.seed, "attributes.held_out").permutation(n)
    cut = max(1, round(n * settings.held_out))
    parts = np.sort(order[cut:]), np.sort(order[:cut])
    if len(parts[0]) < settings.batch_size:
        raise DataError(
            f"{len(parts[0])} training images do not make one batch of {settings.batch_size}; make batches smaller "
            "(--batch)"
        )
    for word, part in zip(("training", "validation"), parts, strict=True):
        have = labelled.values[part].sum(0)
        for name, count in zip(labelled.names, have.tolist(), strict=True):
            if count in (0, len(part)):
                raise DataError(
                    f"{name}: {count} of the {len(part)} {word} images have it; both kinds are needed: leave it out "
                    "(--only) or give more images"
                )
    return parts


@dataclass(frozen=True, slots=True)
class _Loss:
    """Binary cross-entropy, every attribute and both its classes weighing the same. weights: (2, K), of 0 and of 1."""

    weights: Tensor

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> _Loss:
        share = torch.from_numpy(values).double().mean(0)
        return cls(torch.stack([0.5 / (1 - share), 0.5 / share]).float())

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        no, yes = self.weights.to(outputs.device)
        return binary_cross_entropy_with_logits(outputs, targets, weight=torch.where(targets > 0.5, yes, no))


@dataclass(frozen=True, slots=True)
class _Batches:
    """Batch `step`: shuffled, spoilt a little, in about [-1, 1], with targets (N, K)."""

    images: Readable
    train: Index
    targets: Tensor
    settings: AttributeSettings

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        settings = self.settings
        rows = shuffled(len(self.train), settings.batch_size, seed=settings.seed, step=step)
        rng = stream(settings.seed, "attributes.augment", step)
        pixels = torch.from_numpy(self.images.read(self.train[rows]))
        images = shift_and_flip(pixels, rng=rng, pad=settings.shift, flip=settings.flips) / 127.5 - 1
        return spoilt(images, rng, tint=settings.tint, noise=settings.noise), self.targets[torch.from_numpy(rows)]


def _loop(settings: AttributeSettings, n: int) -> LoopSettings:
    return LoopSettings(
        steps=settings.epochs * max(n // settings.batch_size, 1),
        batch_size=settings.batch_size,
        peak=settings.peak,
        weight_decay=settings.weight_decay,
        bfloat16=settings.bfloat16,
    )
