"""The classifiers that `cas` trains, and their training: a fixed schedule, no look at the test images.

>>> sum(weight.numel() for weight in ResNet56(10).parameters())
853018
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad, relu
from torchvision.models import resnet50

from ganprobe.core.discovery.foreign import calling
from ganprobe.core.discovery.objects import named_object
from ganprobe.core.errors import InputError
from ganprobe.core.streams import derive_seed, stream
from ganprobe.probes.cas.protocol import BATCH, SMALL, Budget
from ganprobe.training.supervised import (
    LoopSettings,
    Run,
    fit,
    predictions,
    shift_and_flip,
    shuffled,
    signature_of,
)

Build = Callable[[], nn.Module]
WIDTHS: Final = (16, 32, 64)
DEPTH: Final = 9
"""Blocks in each of the three stages: 6 x 9 + 2 = 56 layers."""


@final
class ResNet56(nn.Module):
    """He et al. 2016, section 4.2, for images (N, 3, H, W): shortcuts without parameters (option A)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, WIDTHS[0], 3, padding=1, bias=False), nn.BatchNorm2d(WIDTHS[0])
        before = (WIDTHS[0], *WIDTHS[:-1])
        self.body = nn.Sequential(
            *(
                _Block(entering if number == 0 else width, width)
                for entering, width in zip(before, WIDTHS, strict=True)
                for number in range(DEPTH)
            )
        )
        self.linear = nn.Linear(WIDTHS[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.body(relu(self.norm(self.stem(images)))).mean((2, 3)))
        return logits


@final
class _Block(nn.Module):
    def __init__(self, entering: int, width: int) -> None:
        super().__init__()
        self.stride, self.more = (1 if entering == width else 2), width - entering
        self.first = nn.Conv2d(entering, width, 3, stride=self.stride, padding=1, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(width), nn.BatchNorm2d(width)])

    def forward(self, x: Tensor) -> Tensor:
        y = self.norms[1](self.second(relu(self.norms[0](self.first(x)))))
        if self.more:
            x = pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))
        return relu(x + y)


@final
class OwnClassifier(nn.Module):
    """A network of the caller's: what it raises is one line, and what it gives must be logits (N, classes)."""

    def __init__(self, network: nn.Module, name: str, classes: int) -> None:
        super().__init__()
        self.network, self.name, self.classes = network, name, classes

    def forward(self, images: Tensor) -> Tensor:
        with calling(self.name, of=self.network, images=images):
            logits = self.network(images)
        if not isinstance(logits, Tensor) or tuple(logits.shape) != (len(images), self.classes):
            given = tuple(logits.shape) if isinstance(logits, Tensor) else f"a {type(logits).__name__}"
            raise InputError(
                f"{self.name} gave {given} for {len(images)} images; logits (N, {self.classes}) were expected"
            )
        return logits


def check_classifier(named: str, *, classes: int, resolution: int) -> None:
    """Build it once and show it two images. Errors as `classifier_for` and `OwnClassifier`."""
    _, build = classifier_for(named, classes=classes, resolution=resolution)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        build()(torch.zeros(2, 3, resolution, resolution))


def classifier_for(named: str | None, *, classes: int, resolution: int) -> tuple[str, Build]:
    """What a classifier is called, and what builds it. named: package.module:callable of (classes, resolution).
    InputError where there is no such thing, or it makes no nn.Module."""
    if named is None:
        small = resolution <= SMALL
        return (
            ("ResNet-56", lambda: ResNet56(classes)) if small else ("ResNet-50", lambda: resnet50(num_classes=classes))
        )
    function = named_object(named)
    if not callable(function):
        raise InputError(f"{named} is a {type(function).__name__}; a function of (classes, resolution) was expected")

    def build() -> nn.Module:
        with calling(named, of=function, classes=classes, resolution=resolution):
            made = function(classes, resolution)
        if not isinstance(made, nn.Module):
            raise InputError(
                f"{named}({classes}, {resolution}) gave a {type(made).__name__}; an nn.Module was expected"
            )
        return OwnClassifier(made, named, classes)

    return named, build


def trained_logits(
    build: Build,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    test: NDArray[np.uint8],
    *,
    budget: Budget,
    seed: int,
    folder: Path,
    device: str,
    title: str,
) -> Tensor:
    """The logits (T, C) on test images (T, 3, H, W) of a classifier that was trained on images (N, 3, H, W) with labels
    (N,), all uint8. Interrupted, it goes on from what it left in `folder`. InputError for fewer than 128 images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "cas.classifier"))
        network = build()
    steps = -(-budget.epochs * len(images) // BATCH)
    settings = LoopSettings(
        steps=steps,
        batch_size=BATCH,
        peak=budget.peak,
        warmup=budget.warmup,
        weight_decay=budget.weight_decay,
        bfloat16=device.startswith("cuda"),
    )
    run = Run(folder, signature=signature_of({**asdict(settings), "seed": seed}, images, labels))
    batches = _Batches(images, labels, seed)
    graphs = not isinstance(network, OwnClassifier)
    fit(network, batches, cross_entropy, settings=settings, run=run, title=title, device=device, graphs=graphs)
    return predictions(network, test)


class _Batches:
    """Batch `step`: shuffled, shifted by up to an eighth of the side, mirrored, in [-1, 1]."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64], seed: int) -> None:
        self.images, self.labels, self.seed = torch.from_numpy(images), torch.from_numpy(labels), seed
        self.shift = images.shape[2] // 8

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(shuffled(len(self.images), BATCH, seed=self.seed, step=step))
        rng = stream(self.seed, "cas.augment", step)
        return shift_and_flip(self.images[rows], rng=rng, pad=self.shift) / 127.5 - 1, self.labels[rows]
