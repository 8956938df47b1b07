"""GANSpace: the principal components of w, or of the first layer's activation (Härkönen, Hertzmann, Lehtinen and Paris
2020, "GANSpace: Discovering interpretable GAN controls", arXiv 2004.02546).

In w the components are directions as they are (section 2.1). A generator without w has those of its first linear
layer's activation y instead: with x = V^T (y - mean) the coordinates of a sample, the direction u_k in z is the k-th
column of the least-squares U in z = U x (equation 3). Components come with the standard deviation of their
coordinates, which is how far a unit of the paper's sliders moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import IncrementalPCA
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.core.protocols import LatentSampler
from ganprobe.directions.latents import DrawnSpace, drawn_spaces, latents_of, parts_of
from ganprobe.directions.methods.sefa import signed
from ganprobe.generators.biggan.generator import BigGANGenerator
from ganprobe.metrics.arrays import to_array
from ganprobe.samplers.generator import GeneratorSampler

FloatArray = NDArray[np.float64]
PART: Final = 1024
"""Samples that the incremental PCA takes in at a time; fixed, because its result depends on it in the last digits."""


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
        size = sampler.spec.spaces["w"][0]
        _check_count(count, size)
        pca = fit_pca(lambda index: to_array(latents_of(sampler, index, seed=seed, space="w")), samples, count)
        return Components("w", "w", *_of_pca(pca))
    return _of_activation(sampler, count, samples, seed)


def fit_pca(rows: Callable[[range], NDArray[np.floating]], samples: int, count: int) -> IncrementalPCA:
    """scikit-learn's incremental PCA of rows 0 to samples - 1, taken in parts of about PART."""
    pca = IncrementalPCA(n_components=count)
    for part in parts_of(samples, size=max(PART, count)):
        values = np.asarray(rows(part), dtype=np.float64)
        if not np.isfinite(values).all():
            raise MetricError(f"latents {part.start} to {part.stop - 1} are not all finite; check the weights")
        pca.partial_fit(values)
    return pca


def _of_pca(pca: IncrementalPCA) -> tuple[FloatArray, FloatArray, FloatArray]:
    deviations = np.sqrt(np.asarray(pca.explained_variance_, dtype=np.float64))
    return signed(pca.components_), deviations, np.asarray(pca.explained_variance_ratio_, dtype=np.float64)


def _of_activation(sampler: LatentSampler, count: int, samples: int, seed: int) -> Components:
    if not isinstance(sampler, GeneratorSampler) or not isinstance(sampler.generator, BigGANGenerator):
        raise CapabilityError(f"ganspace needs a generator with w, or BigGAN's first layer; {sampler.name} has neither")
    generator = sampler.generator
    chunk = generator.linear.weight.shape[1]
    _check_count(count, chunk)

    def latents(index: range) -> Tensor:
        return sampler.draw(index, seed=seed).z[:, :chunk]

    def activation(index: range) -> FloatArray:
        with torch.no_grad():
            return to_array(generator.linear(latents(index))).astype(np.float64)

    pca = fit_pca(activation, samples, count)
    _, deviations, explained = _of_pca(pca)
    pairs = ((pca.transform(activation(part)), to_array(latents(part))) for part in parts_of(samples, size=PART))
    regressed = signed(_regressed(pairs, deviations))
    vectors = np.zeros((count, sampler.spec.spaces["z"][0]))
    vectors[:, :chunk] = regressed
    return Components("z", "first linear layer", vectors, deviations, explained)


def _regressed(pairs: Iterator[tuple[FloatArray, NDArray[np.floating]]], deviations: FloatArray) -> FloatArray:
    """Unit rows (K, D) of the least-squares U in z = U x, over pairs of x (n, K) and z (n, D)."""
    square: FloatArray | float = 0.0
    mixed: FloatArray | float = 0.0
    for x, z in pairs:
        scaled = x / deviations
        square, mixed = square + scaled.T @ scaled, mixed + scaled.T @ z
    u = np.linalg.solve(np.asarray(square), np.asarray(mixed))
    return np.asarray(u / np.linalg.norm(u, axis=1, keepdims=True), dtype=np.float64)


def _check_count(count: int, size: int) -> None:
    if count > size:
        raise InputError(f"at most {size} components can be had of this generator, got {count}; ask for less")
