"""SeFa: the directions that change a generator's styles most, from its weights alone (Shen and Zhou 2021, "Closed-form
factorization of latent semantics in GANs", arXiv 2007.06600).

A step n in the latent changes the output of the affine layer that the latent enters by A n, whatever the latent. The
unit vectors that change it most are the eigenvectors of A^T A with the largest eigenvalues (equations 5 to 7). As in
the authors' code, the rows of A (one for each output; the columns of its transpose, as they write it) are brought to
length 1 first, so that every style counts alike and no gain of the layers matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.directions.latents import DrawnSpace
from ganprobe.directions.layers import check_layers
from ganprobe.generators.base import Generator
from ganprobe.generators.biggan.generator import BigGANGenerator, UpBlock
from ganprobe.generators.style_based import StyleBasedGenerator
from ganprobe.metrics.arrays import Values
from ganprobe.metrics.given import array64

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Unit vectors (K, D) in `space` with their eigenvalues (K,), largest first, and the layers that they came from.
    share (K,): of the sum of all eigenvalues."""

    space: DrawnSpace
    layers: tuple[int, ...]
    vectors: FloatArray
    eigenvalues: FloatArray
    share: FloatArray


def factorise(weight: Values, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The unit vectors n (count, D) of largest |A n|^2, their eigenvalues (count,) and shares of the sum (count,).

    weight A: (outputs, D); its rows are brought to length 1, zero rows are left out. The sign of each vector makes its
    largest entry positive. InputError where count exceeds D; MetricError where a value is not finite; InputError where
    all rows are zero.
    """
    rows = array64(weight, "weights", 2)
    if not 1 <= count <= rows.shape[1]:
        raise InputError(f"between 1 and {rows.shape[1]} directions can be had of these weights, got {count}")
    lengths = np.linalg.norm(rows, axis=1)
    if not lengths.any():
        raise InputError("the style weights are all zero; the generator is not trained")
    rows = rows[lengths > 0] / lengths[lengths > 0, None]
    eigenvalues, vectors = np.linalg.eigh(rows.T @ rows)
    order = np.argsort(-eigenvalues, kind="stable")[:count]
    return signed(vectors[:, order].T), np.maximum(eigenvalues[order], 0.0), eigenvalues[order] / len(rows)


def signed(vectors: FloatArray) -> FloatArray:
    """Rows (K, D), each with the sign that makes its entry of largest magnitude positive."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    return np.asarray(vectors * np.where(largest < 0, -1.0, 1.0), dtype=np.float64)


def sefa_factors(generator: Generator, *, count: int, layers: Sequence[int] | None = None) -> Factors:
    """The first `count` factors of chosen layers (None: of all that the latent enters).

    StyleGAN, StyleGAN2 and StyleGAN3: in w, of the affine layers of the styles, layer i that of row i of w+ (the last
    row of StyleGAN2 is that of its last output layer; as in the authors' code the other output layers, which share
    their rows, are left out; row 0 of StyleGAN3 turns and shifts its input). BigGAN: in z, layer 0 the first linear
    layer, layer i the two projections of block i's conditional batch norms, both together, which z enters only where it
    is hierarchical: then each factor lies within one layer's chunk of z. CapabilityError for another generator,
    InputError for layers that it has not.
    """
    space, weights = style_weights(generator)
    chosen = tuple(range(len(weights))) if layers is None else tuple(layers)
    check_layers(chosen, "sefa")
    if chosen[-1] >= len(weights):
        raise InputError(f"the latent enters layers 0 to {len(weights) - 1} of this generator, got {list(chosen)}")
    together = torch.cat([weights[layer] for layer in chosen])
    reached = int((together != 0).any(dim=0).sum())
    if count > reached:
        raise InputError(
            f"layers {list(chosen)} take {reached} numbers of the latent, so no {count} directions; ask for less"
        )
    return Factors(space, chosen, *factorise(together, count))


def style_weights(generator: Generator) -> tuple[DrawnSpace, list[Tensor]]:
    """The space and, for each layer that its latent enters, the weights (outputs, D) that it meets there."""
    if isinstance(generator, StyleBasedGenerator):
        return "w", [_weight(affine) for affine in generator.affines]
    if isinstance(generator, BigGANGenerator):
        return "z", _chunk_weights(generator)
    raise CapabilityError(
        f"sefa reads the style weights of stylegan, stylegan2, stylegan3 and biggan, not of {generator.architecture}"
    )


def _chunk_weights(generator: BigGANGenerator) -> list[Tensor]:
    weights = [_weight(generator.linear)]
    if generator.config.hierarchical:
        size = generator.config.z_dim // generator.config.chunks
        for block in generator.blocks:
            block = cast(UpBlock, block)
            layers = [layer for norm in (block.norm1, block.norm2) for layer in (norm.gain, norm.bias)]
            weights.append(torch.cat([_weight(layer)[:, -size:] for layer in layers]))
    return [_placed(weight, number, generator.config.z_dim) for number, weight in enumerate(weights)]


def _placed(weight: Tensor, chunk: int, z_dim: int) -> Tensor:
    """(outputs, size) in the columns of chunk number `chunk` of (outputs, z_dim)."""
    size = weight.shape[1]
    wide = weight.new_zeros(len(weight), z_dim)
    wide[:, chunk * size : (chunk + 1) * size] = weight
    return wide


def _weight(layer: Any) -> Tensor:
    return cast(Tensor, layer.weight).detach().double().cpu()
