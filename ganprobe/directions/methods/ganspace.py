"""GANSpace: the principal components of w, or of the first layer's activation (Härkönen, Hertzmann, Lehtinen and Paris
2020, "GANSpace: Discovering interpretable GAN controls", arXiv 2004.02546).

In w the components are directions as they are (section 2.1). A generator without w has those of its first linear
layer's activation y instead: with x = V^T (y - mean) the coordinates of a sample, the direction u_k in z is the k-th
column of the least-squares U in z = U x (equation 3). Components come with the standard deviation of their
coordinates, which is how far a unit of the paper's sliders moves. Both follow from the mean and covariance of the
latents, which one pass gives: no sample is kept, and the analysis is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.core.protocols import LatentSampler
from ganprobe.directions.latents import DrawnSpace, drawn_spaces, latents_of, parts_of
from ganprobe.directions.methods.sefa import signed
from ganprobe.generators.biggan.generator import BigGANGenerator
from ganprobe.metrics.arrays import to_array
from ganprobe.metrics.states.moments import Moments
from ganprobe.samplers.generator import GeneratorSampler

FloatArray = NDArray[np.float64]
PART: Final = 1024
"""Samples that are drawn at a time; fixed, because sums depend on it in the last digits."""


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Unit vectors (K, D) in `space`, the most varied first. deviations (K,): standard deviations of the principal
    coordinates. explained (K,): shares of the total variance of what was analysed ("w" or "first linear layer")."""

    space: DrawnSpace
    analysed: str
    vectors: FloatArray
    deviations: FloatArray
    explained: FloatArray


def ganspace_components(
    sampler: LatentSampler, *, count: int, samples: int, seed: int, space: DrawnSpace | None = None
) -> Components:
    """The first `count` components over samples 0 to `samples` - 1.

    space: "w", or "z" for a generator without it; left out, whichever it is. CapabilityError for another, and for a
    generator without w whose first layer is not known. InputError where there are fewer samples than components, or
    fewer dimensions. MetricError where latents are not finite.
    """
    own: DrawnSpace = drawn_spaces(sampler)[0]
    if space not in (None, own):
        raise CapabilityError(f"ganspace finds directions of {sampler.name} in {own}, not in {space}; ask for {own}")
    if count < 1 or samples < max(2, count):
        raise InputError(f"ganspace needs at least as many samples as components, got {samples} for {count}")
    if own == "w":
        _check_count(count, sampler.spec.spaces["w"][0])
        found = principal(_covariance(sampler, samples, seed, space="w"), count)
        return Components("w", "w", *found)
    return _of_activation(sampler, count, samples, seed)


def principal(covariance: FloatArray, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The first `count` principal components (K, D) of a covariance (D, D), signs fixed; the standard deviations (K,)
    of their coordinates; their shares (K,) of the whole variance."""
    size = len(covariance)
    variances, vectors = scipy.linalg.eigh(covariance, subset_by_index=(size - count, size - 1))
    variances = np.maximum(variances[::-1], 0)
    return signed(vectors.T[::-1]), np.sqrt(variances), variances / np.trace(covariance)


def _covariance(
    sampler: LatentSampler, samples: int, seed: int, *, space: DrawnSpace, first: int | None = None
) -> FloatArray:
    """(D, D) of latents 0 to samples - 1, of their `first` numbers where that is given. MetricError where they are not
    finite."""
    moments: Moments | None = None
    for part in parts_of(samples, size=PART):
        rows = latents_of(sampler, part, seed=seed, space=space)[:, :first].double()
        if not bool(torch.isfinite(rows).all()):
            raise MetricError(f"latents {part.start} to {part.stop - 1} are not all finite; check the weights")
        moments = Moments.of(rows) if moments is None else moments.added(rows)
    assert moments is not None, "samples are at least two"
    return moments.covariance(ddof=1)


def _of_activation(sampler: LatentSampler, count: int, samples: int, seed: int) -> Components:
    """With y = W z + b the first layer and W = Q R, Q of orthonormal columns: coordinates of y along Q are R z, so that
    their components E are those of y, as coordinates x = E R (z - mean), and the least-squares U in z = U x is
    cov(z) (E R)' / var(x)."""
    if not isinstance(sampler, GeneratorSampler) or not isinstance(sampler.generator, BigGANGenerator):
        raise CapabilityError(f"ganspace needs a generator with w, or BigGAN's first layer; {sampler.name} has neither")
    weight = _first_weight(sampler.generator)
    chunk = weight.shape[1]
    _check_count(count, chunk)
    r = scipy.linalg.qr(weight, mode="r")[0][:chunk]
    covariance = _covariance(sampler, samples, seed, space="z", first=chunk)
    e, deviations, explained = principal(r @ covariance @ r.T, count)
    u = e @ r @ covariance
    vectors = np.zeros((count, sampler.spec.spaces["z"][0]))
    vectors[:, :chunk] = signed(u / np.linalg.norm(u, axis=1, keepdims=True))
    return Components("z", "first linear layer", vectors, deviations, explained)


def _first_weight(generator: BigGANGenerator) -> FloatArray:
    """(outputs, D) of the first layer as it is applied, spectral normalisation and all."""
    like: Tensor = generator.linear.weight
    unit = torch.eye(like.shape[1], dtype=like.dtype, device=like.device)
    with torch.no_grad():
        applied = generator.linear(unit).double() - generator.linear(torch.zeros_like(unit[:1])).double()
    return np.asarray(to_array(applied.T), dtype=np.float64)


def _check_count(count: int, size: int) -> None:
    if count > size:
        raise InputError(f"at most {size} components can be had of this generator, got {count}; ask for less")
