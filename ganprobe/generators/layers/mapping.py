"""The mapping network of StyleGAN2-ADA and StyleGAN3: a latent and the embedding of a label to w.

>>> layers = [EqualLinear(4, 3, gain=1.0), EqualLinear(3, 3, gain=1.0)]
>>> mapped(torch.ones(2, 4), None, layers=layers, embedding=None).shape
torch.Size([2, 3])
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.generators.layers.equalised import RELU_GAIN, EqualLinear, leaky, pixel_norm


def mapped(
    z: Tensor,
    labels: Tensor | None,
    *,
    layers: Iterable[nn.Module],
    embedding: EqualLinear | None,
    joint_normalisation: bool = False,
) -> Tensor:
    """z (N, z_dim), and labels (N,) integers where there is an embedding of classes, to w (N, w_dim).

    joint_normalisation: latent and embedding are brought to length together, not each by itself. InputError for labels
    that are missing.
    """
    x = z if joint_normalisation else pixel_norm(z)
    if embedding is not None:
        classes = embedding.weight.shape[1]
        if labels is None:
            raise InputError(f"this generator has {classes} classes: labels of shape (N,) expected")
        embedded = embedding(F.one_hot(labels, classes).to(z.dtype))
        x = torch.cat([x, embedded if joint_normalisation else pixel_norm(embedded)], 1)
    if joint_normalisation:
        x = pixel_norm(x)
    for layer in layers:
        x = leaky(layer(x)) * RELU_GAIN
    return x


def mapping_layers(entering: int, w_dim: int, count: int, *, lr_multiplier: float) -> nn.ModuleList:
    """The layers from so many numbers to w."""
    widths = [entering] + [w_dim] * (count - 1)
    return nn.ModuleList(EqualLinear(width, w_dim, gain=1.0, lr_multiplier=lr_multiplier) for width in widths)
