"""Training of the toyfaces scorer: one small network that reads all factors back from a render.

    report = train_toyfaces_scorer(out=Path("runs/scorer"), settings=ScorerSettings(seed=0))
    report.correlations["smile"]

Each factor has an output of its own on shared features: smooth L1 on standardised values for the continuous ones, and
cross-entropy with smoothed targets for eyeglasses, which keeps the logits of clear cases together. The renders are
shifted, blurred, tinted and made noisy, so that a generator's small faults do not throw the scores off.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, conv2d, pad, smooth_l1_loss

from ganprobe.core.errors import InputError
from ganprobe.core.streams import stream
from ganprobe.data import toyfaces
from ganprobe.features.attributes.toyfaces import KIND, read_scorer
from ganprobe.features.embedded.resnet import ResNet, ResNetConfig
from ganprobe.features.embedded.weights import save_resnet
from ganprobe.training.supervised.fit import LoopSettings, fit
from ganprobe.training.supervised.images import predictions, shift_and_flip, shuffled
from ganprobe.training.supervised.run import Run
from ganprobe.training.supervised.start import environment, initialised, signature_of

FILE = "toyfaces-scorer.safetensors"
BINARY: tuple[str, ...] = ("eyeglasses",)
Images = NDArray[np.uint8]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSettings:
    """Everything that determines the weights. samples, test_samples: renders to train and to test on (the test renders
    follow the others under the same seed). shift: in pixels. tint, noise: standard deviations on [-1, 1] images.
    smoothing: eyeglasses are trained towards this probability and its complement."""

    epochs: int = 16
    samples: int = 20_000
    test_samples: int = 4_000
    batch_size: int = 128
    seed: int = 0
    peak: float = 0.05
    weight_decay: float = 5e-4
    shift: int = 2
    tint: float = 0.03
    noise: float = 0.05
    smoothing: float = 0.05
    widths: tuple[int, ...] = (32, 64, 96)
    blocks: tuple[int, ...] = (1, 1, 1)
    bfloat16: bool = True
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class ScorerReport:
    """correlations: of the written file's scores with the true factors of the test images, by factor."""

    path: Path
    correlations: Mapping[str, float]
    steps: int
    seconds: float

    @property
    def mean_correlation(self) -> float:
        """The mean of the absolute correlations."""
        return float(np.mean([abs(value) for value in self.correlations.values()]))


def train_toyfaces_scorer(*, out: Path, settings: ScorerSettings) -> ScorerReport:
    """Render toyfaces under settings.seed, train on the first, test on the rest, and write `out`."""
    every = range(settings.samples + settings.test_samples)
    images = toyfaces.images(every, seed=settings.seed)
    values = toyfaces.factors(every, seed=settings.seed).values
    n = settings.samples
    return train_scorer(
        images[:n], values[:n], images[n:], values[n:], names=toyfaces.FACTORS, out=out, settings=settings
    )


def train_scorer(
    images: Images,
    values: Values,
    test_images: Images,
    test_values: Values,
    *,
    names: Sequence[str],
    out: Path,
    settings: ScorerSettings,
) -> ScorerReport:
    """Train on uint8 images (N, 3, 64, 64) with factors (N, K) float32 called `names`, those of BINARY being 0 or 1.

    Writes `out`/toyfaces-scorer.safetensors and `out`/log.jsonl. InputError for images or factors of another shape.
    """
    _check(images, values, names)
    _check(test_images, test_values, names)
    start, run = time.monotonic(), Run(out, signature=signature_of(asdict(settings), images, values))
    run.log(settings=asdict(settings), images=len(images), first_step=run.step, **environment())
    binary = torch.tensor([name in BINARY for name in names])
    scale = _Scale.of(values, binary)
    network, loop = _new_network(settings, len(names)), _loop(settings, len(images))
    batches = _Batches(torch.from_numpy(images), scale.standardised(torch.from_numpy(values)), settings)
    loss = _Loss(binary, settings.smoothing)
    fit(network, batches, loss, settings=loop, run=run, title="scorer", device=settings.device)
    path = out / FILE
    save_resnet(path, scale.built_in(network), kind=KIND, outputs=names)
    correlations = correlations_of(path, test_images, test_values)
    report = ScorerReport(path, correlations, loop.steps, time.monotonic() - start)
    run.finish()
    run.log(correlations=correlations, mean=report.mean_correlation, steps=loop.steps, seconds=round(report.seconds, 1))
    return report


def correlations_of(path: Path, images: Images, values: Values) -> dict[str, float]:
    """Pearson correlation of each score of the scorer in `path` with its true factor, by factor."""
    scorer = read_scorer(path)
    scores = predictions(scorer.network, images).numpy()
    pairs = zip(scorer.names, scores.T, values.T, strict=True)
    return {name: round(float(np.corrcoef(score, truth)[0, 1]), 6) for name, score, truth in pairs}


@dataclass(frozen=True, slots=True)
class _Scale:
    """The mean and deviation (K,) that standardise the continuous factors; 0 and 1 for the binary ones."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, values: Values, binary: Tensor) -> _Scale:
        table = torch.from_numpy(values).double()
        mean, deviation = table.mean(0).masked_fill(binary, 0.0), table.std(0).masked_fill(binary, 1.0)
        if not (deviation > 0).all():
            raise InputError("expected factors that vary, got a constant one; leave it out or give more images")
        return cls(mean.float(), deviation.float())

    def standardised(self, values: Tensor) -> Tensor:
        return (values - self.mean) / self.deviation

    def built_in(self, network: ResNet) -> ResNet:
        """`network` with outputs in the factors' own units."""
        last = network.cpu().classifier
        with torch.no_grad():
            last.weight.mul_(self.deviation[:, None])
            last.bias.mul_(self.deviation).add_(self.mean)
        return network


@dataclass(frozen=True, slots=True)
class _Loss:
    binary: Tensor
    smoothing: float

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        binary = self.binary.to(outputs.device)
        classes = targets.clamp(self.smoothing, 1 - self.smoothing)
        logistic = binary_cross_entropy_with_logits(outputs, classes, reduction="none")
        regression = smooth_l1_loss(outputs, targets, reduction="none", beta=0.5)
        return torch.where(binary, logistic, regression).mean()


@dataclass(frozen=True, slots=True)
class _Batches:
    """Batch `step`: shuffled, spoilt a little, in about [-1, 1], with standardised factors."""

    images: Tensor
    targets: Tensor
    settings: ScorerSettings

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        settings = self.settings
        rows = torch.from_numpy(shuffled(len(self.images), settings.batch_size, seed=settings.seed, step=step))
        rng = stream(settings.seed, "scorer.augment", step)
        images = shift_and_flip(self.images[rows], rng=rng, pad=settings.shift, flip=False) / 127.5 - 1
        return spoilt(images, rng, tint=settings.tint, noise=settings.noise), self.targets[rows]


def spoilt(images: Tensor, rng: np.random.Generator, *, tint: float, noise: float) -> Tensor:
    """Blurred, tinted and noisy images (N, 3, H, W), each by its own random amount; a quarter escapes each of blur and
    noise."""
    n = len(images)
    amount = torch.from_numpy(rng.random((2, n, 1, 1, 1), dtype=np.float32).clip(0.25) - 0.25) / 0.75
    gain, offset = torch.from_numpy(tint * rng.standard_normal((2, n, 3, 1, 1), dtype=np.float32))
    grain = torch.from_numpy(rng.standard_normal(images.shape, dtype=np.float32))
    blurred = images.lerp(_blurred(images), amount[0])
    spoilt: Tensor = blurred * (1 + gain) + offset + noise * amount[1] * grain
    return spoilt


def _blurred(images: Tensor) -> Tensor:
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4
    weight = kernel.outer(kernel).expand(3, 1, 3, 3).contiguous()
    return conv2d(pad(images, (1, 1, 1, 1), mode="reflect"), weight, groups=3)


def _new_network(settings: ScorerSettings, outputs: int) -> ResNet:
    with torch.device("meta"):
        config = ResNetConfig(settings.widths, settings.blocks, outputs, resolution=64, stem_stride=2, grid=4)
        network = ResNet(config)
    return initialised(network, settings.seed)


def _loop(settings: ScorerSettings, n: int) -> LoopSettings:
    return LoopSettings(
        steps=settings.epochs * max(n // settings.batch_size, 1),
        batch_size=settings.batch_size,
        peak=settings.peak,
        weight_decay=settings.weight_decay,
        bfloat16=settings.bfloat16,
    )


def _check(images: Images, values: Values, names: Sequence[str]) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != (3, 64, 64):
        raise InputError(f"expected uint8 images (N, 3, 64, 64), got {images.dtype} {images.shape}; resize them")
    if values.dtype != np.float32 or values.shape != (len(images), len(names)):
        raise InputError(f"expected float32 factors {(len(images), len(names))}, got {values.dtype} {values.shape}")
