"""Training of the embedded feature network: a small ResNet that classifies CIFAR-10 (JPEG).

settings = ClassifierSettings(epochs=16, seed=0)
report = train_classifier(images, labels, test_images, test_labels, out=Path("runs/classifier"), settings=settings)
report.accuracy
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from ganprobe.core.errors import InputError
from ganprobe.core.streams import stream
from ganprobe.features.embedded.extractor import KIND, read_embedded
from ganprobe.features.embedded.resnet import ResNet, ResNetConfig
from ganprobe.features.embedded.weights import save_resnet
from ganprobe.training.supervised.fit import LoopSettings, fit
from ganprobe.training.supervised.images import predictions, shift_and_flip, shuffled
from ganprobe.training.supervised.run import Run
from ganprobe.training.supervised.start import environment, initialised, signature_of

FILE = "embedded-features.safetensors"
Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassifierSettings:
    """Everything but the images that determines the weights: the network's widths and blocks, the length and size of
    training, and the seed. shift: the random shift of the augmentation, in pixels. cutout: the side of the square that
    is greyed out at a random place of every training image (DeVries and Taylor 2017), in pixels."""

    epochs: int = 16
    batch_size: int = 256
    seed: int = 0
    peak: float = 0.2
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    shift: int = 4
    cutout: int = 0
    widths: tuple[int, ...] = (32, 64, 128)
    blocks: tuple[int, ...] = (1, 2, 3)
    bfloat16: bool = True
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class ClassifierReport:
    """accuracy: of the written file (float16 weights, norms folded) on the test images, in [0, 1]."""

    path: Path
    accuracy: float
    steps: int
    seconds: float


def train_classifier(
    images: Images,
    labels: Labels,
    test_images: Images,
    test_labels: Labels,
    *,
    out: Path,
    settings: ClassifierSettings,
) -> ClassifierReport:
    """Train on uint8 images (N, 3, 32, 32) with labels (N,) int64 and write `out`/embedded-features.safetensors and
    `out`/log.jsonl. InputError for images of another shape, or labels that do not fit them."""
    _check(images, labels)
    _check(test_images, test_labels)
    start, run = time.monotonic(), Run(out, signature=signature_of(asdict(settings), images, labels))
    run.log(settings=asdict(settings), images=len(images), first_step=run.step, **environment())
    network = _new_network(settings, num_classes=int(labels.max()) + 1)
    loop = _loop(settings, len(images))
    batch_at = _Batches(torch.from_numpy(images), torch.from_numpy(labels), settings)
    smooth = settings.label_smoothing
    fit(
        network,
        batch_at,
        lambda logits, targets: cross_entropy(logits, targets, label_smoothing=smooth),
        settings=loop,
        run=run,
        title="classifier",
        device=settings.device,
    )
    path = out / FILE
    save_resnet(path, network, kind=KIND)
    accuracy = accuracy_of(read_embedded(path), test_images, test_labels)
    report = ClassifierReport(path, accuracy, loop.steps, time.monotonic() - start)
    run.finish()
    run.log(accuracy=accuracy, test_images=len(test_images), steps=loop.steps, seconds=round(report.seconds, 1))
    return report


def accuracy_of(network: ResNet, images: Images, labels: Labels) -> float:
    """The share of uint8 images (N, 3, 32, 32) whose largest logit is that of their label."""
    return float((predictions(network, images).argmax(1).numpy() == labels).mean())


class _Batches:
    """Batch `step`: shuffled, shifted, mirrored, in [-1, 1]."""

    def __init__(self, images: Tensor, labels: Tensor, settings: ClassifierSettings) -> None:
        self.images, self.labels, self.settings = images, labels, settings

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        seed = self.settings.seed
        rows = torch.from_numpy(shuffled(len(self.images), self.settings.batch_size, seed=seed, step=step))
        rng = stream(seed, "classifier.augment", step)
        images = shift_and_flip(self.images[rows], rng=rng, pad=self.settings.shift) / 127.5 - 1
        return cut_out(images, rng=rng, side=self.settings.cutout), self.labels[rows]


def cut_out(images: Tensor, *, rng: np.random.Generator, side: int) -> Tensor:
    """Images (N, C, H, W) with a square at a random place, centred inside the image, set to 0, the middle grey."""
    n, _, height, width = images.shape
    if side == 0:
        return images
    rows = torch.arange(height) - torch.from_numpy(rng.integers(0, height, (n, 1))) + side // 2
    columns = torch.arange(width) - torch.from_numpy(rng.integers(0, width, (n, 1))) + side // 2
    inside_rows, inside_columns = ((place >= 0) & (place < side) for place in (rows, columns))
    return images.masked_fill((inside_rows[:, :, None] & inside_columns[:, None, :])[:, None], 0.0)


def _new_network(settings: ClassifierSettings, num_classes: int) -> ResNet:
    with torch.device("meta"):
        network = ResNet(ResNetConfig(settings.widths, settings.blocks, num_classes))
    return initialised(network, settings.seed)


def _loop(settings: ClassifierSettings, n: int) -> LoopSettings:
    return LoopSettings(
        steps=settings.epochs * max(n // settings.batch_size, 1),
        batch_size=settings.batch_size,
        peak=settings.peak,
        weight_decay=settings.weight_decay,
        bfloat16=settings.bfloat16,
    )


def _check(images: Images, labels: Labels) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (3, 32, 32):
        raise InputError(f"expected uint8 images (N, 3, 32, 32), got {images.dtype} {images.shape}; resize them")
    if labels.shape != (len(images),):
        raise InputError(f"expected one label per image, {len(images)}, got {labels.shape}")
