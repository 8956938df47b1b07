"""Authenticity: whether generated images are new, or copies of the training images.

>>> rows = stream(0, "authenticity example").standard_normal((400, 2))
>>> authenticity(rows[:200], rows[200:]) > 0.25, authenticity(rows[:200], rows[:200] + 1e-6)
(True, 0.0)

Alaa et al. 2022, "How faithful is your synthetic data? Sample-level metrics for evaluating and auditing generative
models", section 2.3: a generated sample is authentic where it is farther from its nearest training sample than that
one is from its own nearest neighbour in the training data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.streams import stream
from ganprobe.metrics.arrays import FloatArray, Values, on_one_device, to_array
from ganprobe.metrics.given import same_width, tensor64
from ganprobe.metrics.manifold.protocol import AUTHENTICITY_GROUPS
from ganprobe.metrics.neighbours.nearest import Nearest, nearest, nearest_other

LEAST_IN_GROUP = 4
Flags = NDArray[np.bool_]


def authenticity(real: Values, fake: Values) -> float:
    """The share of fake (M, d) that is authentic against the training rows real (N, d); N > 1. MetricError where shapes
    do not fit or values are not finite."""
    return read_authenticity(real, fake).value


@dataclass(frozen=True, slots=True)
class AuthenticityReading:
    """authentic (M,): of each fake row. fake: its nearest real row. real: each real row's nearest other. expected: the
    share among the real rows themselves, each left out in turn, which is what new real rows would have. groups: (G,)
    the value against each of G disjoint parts of the real rows alone; empty where there are too few rows for G of 4."""

    authentic: Flags
    fake: Nearest
    real: Nearest
    expected: float
    groups: FloatArray

    @property
    def value(self) -> float:
        return float(self.authentic.mean())


def read_authenticity(real: Values, fake: Values) -> AuthenticityReading:
    """Of fake (M, d) against real (N, d); N > 1."""
    reals, fakes = on_one_device(tensor64(real, "real"), tensor64(fake, "fake"))
    same_width(reals, fakes)
    centre = reals.mean(0)
    reals, fakes = reals - centre, fakes - centre
    parts = _parts(len(reals), reals.device)
    found = [nearest(fakes, reals[part]) for part in parts]
    of_fake, of_real = _nearest_of_parts(found, parts), nearest_other(reals)
    by_group = [_authentic(near, nearest_other(reals[part])) for near, part in zip(found, parts, strict=True)]
    return AuthenticityReading(
        authentic=_authentic(of_fake, of_real),
        fake=of_fake,
        real=of_real,
        expected=float(_left_out(of_real).mean()),
        groups=np.array([flags.mean() for flags in by_group] if len(parts) > 1 else []),
    )


def _parts(n: int, device: torch.device) -> list[Tensor]:
    """Indices of n rows in disjoint random groups; one group of all where they would be too small."""
    groups = AUTHENTICITY_GROUPS if n >= AUTHENTICITY_GROUPS * LEAST_IN_GROUP else 1
    order = torch.from_numpy(stream(0, "authenticity groups").permutation(n)).to(device)
    return list(order.tensor_split(groups))


def _nearest_of_parts(found: list[Nearest], parts: list[Tensor]) -> Nearest:
    """The nearest among all parts, as an index of the whole."""
    distance, which = torch.stack([near.distance for near in found]).min(0)
    index = torch.stack([part[near.index] for near, part in zip(found, parts, strict=True)])
    return Nearest(index.gather(0, which[None])[0], distance)


def _authentic(fake: Nearest, real: Nearest) -> Flags:
    flags: Flags = to_array(fake.distance > real.distance[fake.index])
    return flags


def _left_out(real: Nearest) -> Flags:
    """(N,) whether each real row would be authentic against the others. Where it is its neighbour's nearest, that one's
    nearest other is farther still."""
    flags: Flags = to_array(real.distance > real.distance[real.index])
    return flags


def share_variance(hits: Flags) -> float:
    """Of the share of `hits`, given the real rows; with two hits and two misses more (Agresti and Coull 1998), so that
    it is not 0 at 0 and at 1."""
    n = len(hits) + 4
    share = (float(hits.sum()) + 2) / n
    return share * (1 - share) / n


def group_terms(values: FloatArray) -> FloatArray:
    """c, such that sum((c - mean(c))^2) is the variance that the real rows cause: a neighbour statistic's falls as 1/n,
    so that of all rows is that between groups over their number."""
    groups = len(values)
    return np.asarray(values / math.sqrt(groups * (groups - 1)), dtype=np.float64)
