"""What several metrics cost beside `fid` alone: the networks a batch of images, and each metric's own time.

A whole evaluation of 10,000 images takes a CPU a quarter of an hour; here its parts are timed and put together. The
reference is measured too: 20,000 images go through every network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from benchmarks.duel import Options, Row, median_of, timed
from benchmarks.inputs import images, relu_rows, weights
from ganprobe.features import InceptionExtractor, Vgg16Extractor, read_inception, read_vgg16
from ganprobe.metrics import METRICS

ROWS = 10_000
BATCH = 32
_ONE = ("fid", "kid", "is", "density", "coverage")
_TWO = (*_ONE, "precision", "recall")
_WIDTHS = {"inception.pool3": 2048, "inception.logits_unbiased": 1008, "vgg16.fc2": 4096}


@dataclass(frozen=True, slots=True)
class _Parts:
    """Seconds: images (of Inception alone with fid's column, with all, of VGG16) and metrics by name."""

    inception: float
    inception_all: float
    vgg: float
    metrics: dict[str, float]

    def of(self, names: Sequence[str], *, vgg: bool) -> float:
        networks = self.inception_all + (self.vgg if vgg else 0.0)
        return 2 * ROWS * networks + sum(self.metrics[name] for name in names)


def rows(options: Options) -> Iterator[Row]:
    parts = _measured(options)
    alone = 2 * ROWS * parts.inception + parts.metrics["fid"]
    own = ", ".join(f"{name} {parts.metrics[name]:.1f}" for name in _TWO)
    for names, vgg, note in (
        (_ONE, False, f"seconds of their own: {own}"),
        (_TWO, True, "VGG16 is a second network, on which precision and recall are defined"),
    ):
        whole = parts.of(names, vgg=vgg)
        yield Row(
            what=f"an evaluation of {ROWS:,} images with {', '.join(names)}",
            peer="ours with `fid` alone",
            ours=f"{whole:.0f} s",
            theirs=f"{alone:.0f} s",
            ratio=alone / whole,
            wanted="1 / 1.15",
            agreement=f"{whole / alone:.2f} times as long; {note}",
        )


def _measured(options: Options) -> _Parts:
    batch = images(BATCH)[0].to(options.device) / 127.5 - 1
    with weights(options.inception_weights, "inception") as path:
        read = read_inception(path)
        one = InceptionExtractor(read, columns=["inception.pool3"], device=options.device)
        every = InceptionExtractor(
            read, columns=["inception.pool3", "inception.logits_unbiased"], device=options.device
        )
    with weights(options.vgg_weights, "vgg16") as path:
        vgg = Vgg16Extractor(read_vgg16(path), device=options.device)
    a, b, c = (_image(extractor, batch, options) for extractor in (one, every, vgg))
    return _Parts(a, b, c, {name: _metric(name, options) for name in _TWO})


def _image(extractor: InceptionExtractor | Vgg16Extractor, batch: torch.Tensor, options: Options) -> float:
    extractor.observe(batch)
    took, _ = median_of(lambda: extractor.observe(batch), replace(options, runs=max(3, options.runs)))
    return took / len(batch)


def _metric(name: str, options: Options) -> float:
    """Seconds for a metric's own value and interval; the first of two that share a count pays for both."""
    metric = METRICS[name].build()
    (column,) = metric.needs
    states = []
    for side in (1, 0):
        values = torch.from_numpy(relu_rows(side, ROWS, _WIDTHS[column]))
        states.append(metric.update(metric.empty(), {"index": torch.arange(ROWS), column: values}))
    return timed(lambda: metric.compute(*states), options)[0]
