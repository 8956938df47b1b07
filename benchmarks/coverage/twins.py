"""Two generators of one distribution and their reference, measured: of columns of images, or of latents and scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.coverage.row import Pair, Twins
from ganprobe.core.columns import LABEL, SCORES
from ganprobe.core.protocols import Columns, Metric
from ganprobe.core.results import Estimate
from ganprobe.directions.scored.base import ScoredMetric, ScoredSamples
from ganprobe.directions.scored.rows import all_latents
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.metrics.spec import MetricSpec
from ganprobe.samplers.generator import GeneratorSampler

Rows = NDArray[Any]
Draw = Callable[[np.random.Generator, int], Rows]
Side = Callable[[str, np.random.Generator, int], dict[str, Rows]]
"""(the metric's column, random numbers, n) to named columns of n rows."""

Scores = Callable[[Rows, np.random.Generator], Rows]
"""Latents (N, D), random numbers to scores (N, A)."""


def features(draw: Draw) -> Side:
    """Rows (n, d), or values (n,), of the column that the metric reads."""
    return lambda column, rng, n: {column: draw(rng, n).astype(np.float32)}


def labelled(draw: Draw, classes: int, *, apart: float = 0.0) -> Side:
    """As `features`, with a label of each row, as it falls; 2 rows of each class at least. apart: between classes."""

    def side(column: str, rng: np.random.Generator, n: int) -> dict[str, Rows]:
        labels = rng.integers(0, classes, n)
        labels[: 2 * classes] = np.repeat(np.arange(classes), 2)
        return {column: (draw(rng, n) + apart * labels[:, None]).astype(np.float32), LABEL: labels}

    return side


def pictures(draw: Draw) -> Side:
    """Images (n, 3, H, W) uint8."""
    return lambda column, rng, n: {column: draw(rng, n)}


def images(generated: Side, reference: Side | None, n: int, m: int = 0, metric: Metric[Any] | None = None) -> Twins:
    """Both generators and the reference from columns. metric: in place of the one that the name stands for."""

    def twins(spec: MetricSpec, rng: np.random.Generator) -> Pair:
        built: Any = metric or spec.build()
        column = next(iter(built.needs - {LABEL}))
        theirs = None if reference is None else state_of(built, reference(column, rng, m))
        both = [built.compute(state_of(built, generated(column, rng, n)), theirs) for _ in range(2)]
        return only(both[0]), only(both[1])

    return twins


def scored(
    scores: Scores, n: int, *, names: Sequence[str], continuous: Sequence[str] = (), size: int = 6, variant: str = ""
) -> Twins:
    """Metrics of latents and scores: a small StyleGAN (z and w of `size`) whose two generators differ in the seed of
    their samples. scores: of the latents that the metric reads (w for s). variant: of the name, where a metric gives
    several numbers."""
    config = StyleGANConfig(resolution=8, z_dim=size, w_dim=size, mapping_layers=2, channel_base=32, channel_max=8)
    sampler = GeneratorSampler(StyleGANGenerator(config, seed=0), name="twin", fingerprint="twin")  # type: ignore[arg-type]

    def one(spec: MetricSpec, rng: np.random.Generator) -> Estimate:
        metric: ScoredMetric = spec.build()  # type: ignore[assignment]
        seed = int(rng.integers(0, 2**31))
        latents = all_latents(sampler, n, seed=seed, space="z" if spec.name.endswith("_z") else "w")
        state = state_of(metric, {SCORES: scores(latents, rng).astype(np.float32)})
        samples = ScoredSamples(sampler, seed, tuple(names), frozenset(continuous))
        return metric.measure(state, samples)[spec.name + variant]

    return lambda spec, rng: (one(spec, rng), one(spec, rng))


def state_of(metric: Any, columns: dict[str, Rows]) -> Any:
    """The metric's state of rows numbered from 0."""
    found: Columns = {name: torch.from_numpy(np.ascontiguousarray(rows)) for name, rows in columns.items()}
    return metric.update(metric.empty(), {**found, "index": torch.arange(len(next(iter(found.values()))))})


def only(found: Any) -> Estimate:
    (estimate,) = found.values()
    return estimate
