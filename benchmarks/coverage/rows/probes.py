"""Metrics that train: the classification accuracy score, the detection of moves, and forgetting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from torch import nn

from benchmarks.coverage.row import Pair, Row
from benchmarks.coverage.twins import Rows, only, state_of
from ganprobe.core.results import Estimate
from ganprobe.core.spaces import SamplerSpec
from ganprobe.metrics.base import Surroundings
from ganprobe.metrics.spec import MetricSpec
from ganprobe.probes.cas.metric import Cas
from ganprobe.probes.moves.metric import LtProbe
from ganprobe.probes.moves.protocol import SIGMAS
from ganprobe.samplers.moves import same_move

CAS = ("cas", "cas@short")
LT_PROBE = ("lt_probe", "lt_probe@inception")
CLASSES, SIDE = 3, 8


class Described:
    """A sampler of which only the description is asked."""

    name, fingerprint = "described", "0" * 64
    spec = SamplerSpec((3, SIDE, SIDE), num_classes=CLASSES)

    def batch(self, index: range, *, seed: int) -> Any:
        raise NotImplementedError


def linear(classes: int, resolution: int) -> nn.Module:
    """The classifier that `cas` trains here."""
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * resolution**2, classes))


def shades(rng: np.random.Generator, n: int, noise: float) -> tuple[Rows, Rows]:
    """Images (n, 3, 8, 8) uint8 whose class is a faint colour, and their labels."""
    labels = rng.integers(0, CLASSES, n)
    colours = 25.0 * np.eye(CLASSES)[labels][:, :, None, None]
    pixels = 110 + colours + noise * rng.standard_normal((n, 3, 1, 1)) + 20 * rng.standard_normal((n, 3, SIDE, SIDE))
    return np.clip(pixels, 0, 255).round().astype(np.uint8), labels


def _cas(n: int, tests: int, *, noise: float = 25.0, epochs: int = 6, **more: Any) -> Row:
    """n: generated images, and real ones to train on; tests: images that both are tested on."""

    def twins(spec: MetricSpec, rng: np.random.Generator) -> Pair:
        built: Any = spec.build()
        metric = Cas(budget=replace(built.budget, epochs=epochs), name=built.name)
        sides = [
            state_of(metric, dict(zip(("pixels", "label"), shades(rng, size, noise), strict=True)))
            for size in (n, tests, n, n)
        ]
        reference, test, *made = sides
        around = Surroundings(
            sampler=Described(),
            seed=int(rng.integers(0, 2**31)),
            reference=reference,
            test=test,
            classifier="benchmarks.coverage.rows.probes:linear",
        )
        one, other = (
            only(metric.measure(state, replace(around, seed=around.seed + number))) for number, state in enumerate(made)
        )
        return one, other

    said = f"{CLASSES} classes of colours, a linear classifier, {epochs} epochs"
    return Row(metrics=CAS, drawn=said, n=n, m=tests, twins=twins, **more)


def moves(rng: np.random.Generator, n: int, width: int, signal: float) -> Rows:
    """Differences (n, sigmas, width) of features: of the move, which pairs share or do not, and of the sample."""
    shared = np.repeat(rng.standard_normal((n // 2, width)), 2, axis=0)
    own = rng.standard_normal((n, width))
    move = np.where(same_move(range(n)).numpy()[:, None], shared, own)
    noise = rng.standard_normal((n, len(SIGMAS), width))
    return (signal * move[:, None] * np.array(SIGMAS)[:, None] + noise).astype(np.float32)


def _lt_probe(n: int, *, signal: float = 4.0, width: int = 4, steps: int = 150, **more: Any) -> Row:
    def one(spec: MetricSpec, rng: np.random.Generator) -> Estimate:
        built: Any = spec.build()
        metric = LtProbe(features=built.features, name=built.name, steps=steps)
        state = state_of(metric, {metric.keeper.column: moves(rng, n, width, signal)})
        return only(metric.measure(state, Surroundings(Described(), int(rng.integers(0, 2**31)))))

    said, why = f"moves of {width} features, {steps} steps", "two detectors do not tell what others would find"
    return Row(
        metrics=LT_PROBE,
        drawn=said,
        n=n,
        unstated=why,
        twins=lambda spec, rng: (one(spec, rng), one(spec, rng)),
        **more,
    )


ROWS = (
    _cas(256, 300, suite=4, replicates=60),
    _lt_probe(256, steps=20, suite=2, replicates=10),
)
