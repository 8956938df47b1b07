"""What rows are drawn from: features, class probabilities, path distances, images; (random numbers, n) to n rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage.twins import Draw

Rows = NDArray[Any]


def relu_features(d: int, move: float, spread: float) -> Draw:
    """Cut from below and correlated, with a decaying spectrum, as pooled features are."""

    def draw(rng: np.random.Generator, n: int) -> Rows:
        scale = spread * np.exp(-2 * np.arange(d) / d)
        mix = np.eye(d) + 0.3 * np.eye(d, k=1)
        return np.maximum((rng.standard_normal((n, d)) * scale) @ mix + move * scale, -0.3 * scale)

    return draw


def gaussian(d: int, move: float = 0.0, spread: float = 1.0) -> Draw:
    """Independent, of mean `move` and deviation `spread`."""
    return lambda rng, n: move + spread * rng.standard_normal((n, d))


def student(d: int, move: float = 0.0, spread: float = 1.0, freedom: int = 5) -> Draw:
    """Student's t with few degrees of freedom: heavy tails of every number."""
    return lambda rng, n: move + spread * rng.standard_t(freedom, (n, d))


def log_normal(d: int, move: float = 0.0, spread: float = 1.0, sigma: float = 0.7) -> Draw:
    """exp(sigma N(0, 1)) in units of `spread`: skewed."""
    return lambda rng, n: move + spread * np.exp(sigma * rng.standard_normal((n, d)))


def rare_mode(d: int, move: float = 0.0, share: float = 0.01, distance: float = 5.0) -> Draw:
    """Gaussian but for a share of the rows, which lie `distance` away in every number."""

    def draw(rng: np.random.Generator, n: int) -> Rows:
        return move + rng.standard_normal((n, d)) + distance * (rng.random((n, 1)) < share)

    return draw


def class_logits(classes: int, *, sure: float = 4.0, spread: float = 2.0, slope: float = 1.0) -> Draw:
    """Logits of a classifier: of normal noise and, for the true class, `sure` more. slope: the frequency of class c
    falls as (c + 1)^-slope."""
    shares = np.arange(1, classes + 1) ** -slope
    shares /= shares.sum()

    def draw(rng: np.random.Generator, n: int) -> Rows:
        logits = spread * rng.standard_normal((n, classes))
        logits[np.arange(n), rng.choice(classes, n, p=shares)] += sure
        return logits

    return draw


def softmax(draw: Draw) -> Draw:
    """Probabilities of logits."""

    def drawn(rng: np.random.Generator, n: int) -> Rows:
        logits = draw(rng, n)
        rows = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(rows / rows.sum(1, keepdims=True))

    return drawn


def path_distances(sigma: float = 1.0) -> Draw:
    """Log-normal: as skewed as path distances are."""
    return lambda rng, n: rng.lognormal(4.0, sigma, n)


def jumping_distances(share: float = 0.01, factor: float = 1000.0) -> Draw:
    """Distances of which a share jumps, as where a mapping has an edge between its two ends."""

    def draw(rng: np.random.Generator, n: int) -> Rows:
        return rng.lognormal(4.0, 0.5, n) * np.where(rng.random(n) < share, factor, 1.0)

    return draw


def pair_values(low: float, high: float) -> Draw:
    """Similarities of pairs: skewed, between two ends."""
    return lambda rng, n: low + (high - low) * rng.beta(2.0, 5.0, n)


def waves(size: int, *, contrast: float = 15.0, tint: float = 30.0, grain: float = 8.0) -> Draw:
    """Images of random waves, each with a colour, a contrast and a grain of its own, so that patches of one image are
    alike; uint8."""

    def draw(rng: np.random.Generator, n: int) -> Rows:
        y, x = np.mgrid[0:size, 0:size] / size
        phase = rng.uniform(0, 2 * np.pi, (n, 3, 4, 1, 1))
        turns = rng.integers(1, 5, (n, 1, 4, 2, 1, 1))
        pattern = np.sin(2 * np.pi * (turns[:, :, :, 0] * x + turns[:, :, :, 1] * y) + phase).sum(2)
        strength = contrast * np.exp(0.5 * rng.standard_normal((n, 1, 1, 1)))
        noise = grain * np.exp(0.5 * rng.standard_normal((n, 1, 1, 1))) * rng.standard_normal((n, 3, size, size))
        shade = 128 + tint * rng.standard_normal((n, 3, 1, 1))
        return np.asarray(np.clip(shade + strength * pattern + noise, 0, 255).round(), dtype=np.uint8)

    return draw
