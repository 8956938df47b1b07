"""Penalties on the gradient of the discriminator and on its logits, differentiable with respect to its weights."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Discriminate = Callable[[Tensor], Tensor]


def r1_penalty(discriminate: Discriminate, images: Tensor) -> Tensor:
    """Mean over real images (N, ...) of the squared norm of d logits / d images (Mescheder et al. 2018, equation 9,
    without its gamma / 2)."""
    return _gradient(discriminate, images).square().flatten(1).sum(1).mean()


def gradient_penalty(discriminate: Discriminate, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Mean of (|d logits / d x| - 1)^2 at x = share real + (1 - share) fake, images (N, ...) each and share (N,) in
    [0, 1) (Gulrajani et al. 2017, equation 3, without its lambda)."""
    between = torch.lerp(fake, real, share.to(real.dtype).view(-1, *[1] * (real.ndim - 1)))
    norm = _gradient(discriminate, between).flatten(1).norm(dim=1)
    penalty: Tensor = (norm - 1).square().mean()
    return penalty


def drift_penalty(real: Tensor) -> Tensor:
    """Mean of the squared logits (N,) of real images, which keeps them from drifting away from zero (Karras et al.
    2018, appendix A.1, without its epsilon)."""
    return real.float().square().mean()


def _gradient(discriminate: Discriminate, images: Tensor) -> Tensor:
    images = images.detach().requires_grad_(True)
    gradients = torch.autograd.grad(discriminate(images).sum(), [images], create_graph=True)
    return gradients[0]
