"""Adversarial losses and penalties as pure functions of logits.

>>> import torch
>>> float(hinge_generator_loss(torch.tensor([1.0, 3.0])))
-2.0
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def logistic_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """mean softplus(-real) + mean softplus(fake), logits (N,) each (Goodfellow et al. 2014, equation 1)."""
    return F.softplus(-real.float()).mean() + F.softplus(fake.float()).mean()


def logistic_generator_loss(fake: Tensor) -> Tensor:
    """mean softplus(-fake): the non-saturating loss (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake.float()).mean()


def hinge_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """mean relu(1 - real) + mean relu(1 + fake) (Lim and Ye 2017; Miyato et al. 2018, equation 16)."""
    return F.relu(1 - real.float()).mean() + F.relu(1 + fake.float()).mean()


def hinge_generator_loss(fake: Tensor) -> Tensor:
    """-mean fake (Miyato et al. 2018, equation 17)."""
    return -fake.float().mean()


def r1_penalty(discriminate: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Mean over real images (N, ...) of the squared norm of d logits / d images (Mescheder et al. 2018, equation 9,
    without its gamma / 2). Differentiable with respect to the discriminator's weights."""
    images = images.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminate(images).sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean()
