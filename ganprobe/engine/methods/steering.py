"""Steering a generator: directions of known factors, what they achieve and how far they stray."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.protocols import FeatureExtractor, LatentSampler
from ganprobe.directions.direction import Direction
from ganprobe.directions.edits.strips import Legend, strip_png
from ganprobe.directions.latents import DrawnSpace
from ganprobe.directions.methods.steering.rendering import Renderer, renderer
from ganprobe.directions.methods.steering.search import Achieved, Steer, Steering, achieved, scored, steer
from ganprobe.directions.methods.steering.transforms import FACTORS
from ganprobe.features import load_embedded, to_uint8
from ganprobe.features.embedded.extractor import POOLED
from ganprobe.metrics import frechet_distance
from ganprobe.report.figures.canvas import LIGHT, page, pixels_of, png
from ganprobe.report.figures.steering import SteerCurves, steer_chart

STRIP_ROWS = 4
Move = Callable[[Tensor, float], Tensor]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Steered:
    """Directions, one a factor, their tables for JSON, and figures by name."""

    items: tuple[Direction, ...]
    numbers: Mapping[str, Any]
    figures: Mapping[str, bytes]


def steered(
    sampler: LatentSampler, steering: Steering, *, space: DrawnSpace, samples: int, seed: int, device: torch.device
) -> Steered:
    """Every factor of `steering`, sought, measured and drawn. Errors as `renderer` and `steer`."""
    of = renderer(sampler, space)
    features = load_embedded(device)
    parts = [_one(of, name, steering, features, samples, seed) for name in steering.factors]
    return Steered(
        items=tuple(item for item, _, _ in parts),
        numbers={
            "steering": {
                "approach": steering.approach,
                "walk": steering.walk,
                "iterations": steering.iterations,
                "batch": steering.batch,
                "measured": steering.measured,
                "compared": steering.compared,
                "factors": {item.name: table for item, table, _ in parts},
            }
        },
        figures={f"steer_{item.name}": figure for item, _, figure in parts},
    )


def _one(
    of: Renderer, factor: str, steering: Steering, features: FeatureExtractor, samples: int, seed: int
) -> tuple[Direction, dict[str, Any], bytes]:
    found = steer(of, factor, steering, samples=samples, seed=seed)
    shown = achieved(of, found, samples=steering.measured, seed=seed)
    distances, floor = _distances(of, found, shown.requested, features, count=steering.compared, seed=seed)
    curves = _curves(factor, shown, distances, floor)
    item = scored(found, shown, {"fd_low": distances[0], "fd_high": distances[-1], "fd_floor": floor})
    table = {
        "unit": curves.unit,
        "requested": list(curves.requested),
        "achieved": {"low": list(curves.low), "median": list(curves.median), "high": list(curves.high)},
        "fd": list(curves.distances),
        "fd_floor": floor,
        **found.numbers,
    }
    return item, table, _figure(of, found, curves, seed)


def _distances(
    of: Renderer, found: Steer, requested: FloatArray, features: FeatureExtractor, *, count: int, seed: int
) -> tuple[list[float], float]:
    """Frechet distances of edited images to the same samples unedited, and of those to as many others."""
    points, labels = of.points(range(count), seed=seed)
    plain = _moments(of, points, labels, features)
    edited = [_moments(of, found.at(points, float(amount)), labels, features) for amount in requested]
    others = _moments(of, *of.points(range(count, 2 * count), seed=seed), features)
    return [frechet_distance(*plain, *each) for each in edited], frechet_distance(*plain, *others)


def _moments(
    of: Renderer, points: Tensor, labels: Tensor | None, features: FeatureExtractor
) -> tuple[FloatArray, FloatArray]:
    images = of.images(points, labels)
    rows = torch.cat([features.observe(part)[POOLED] for part in torch.split(images, of.sampler.spec.block)])
    values = rows.cpu().double().numpy()
    return values.mean(0), np.cov(values, rowvar=False)


def _curves(factor: str, shown: Achieved, distances: list[float], floor: float) -> SteerCurves:
    low, median, high = np.quantile(shown.achieved, (0.25, 0.5, 0.75), axis=1)
    return SteerCurves(
        factor=factor,
        unit=FACTORS[factor].unit,
        requested=shown.requested.tolist(),
        low=low.tolist(),
        median=median.tolist(),
        high=high.tolist(),
        distances=distances,
        floor=floor,
    )


def _figure(of: Renderer, found: Steer, curves: SteerCurves, seed: int) -> bytes:
    """A strip of the first samples at the amounts that were asked for, above the chart."""
    points, labels = of.points(range(STRIP_ROWS), seed=seed)
    columns = [of.images(found.at(points, amount), labels) for amount in curves.requested]
    images = torch.stack(columns, dim=1)
    pixels = to_uint8(images.flatten(0, 1)).cpu().numpy().reshape(images.shape)
    strip = pixels_of(strip_png(pixels, Legend(curves.requested)), name="strip")
    chart = pixels_of(png(steer_chart(curves, LIGHT), LIGHT, dpi=128), name="chart")
    width, height = max(strip.shape[1], chart.shape[1]), strip.shape[0] + chart.shape[0]
    return page(width, height, [(strip, 0, 0), (chart, 0, strip.shape[0])], [])
