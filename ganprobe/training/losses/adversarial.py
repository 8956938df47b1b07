"""Adversarial losses as pure functions of logits.

>>> import torch
>>> float(ADVERSARIAL["hinge"].generator(torch.tensor([1.0, 3.0])))
-2.0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

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


def wasserstein_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """mean fake - mean real (Arjovsky et al. 2017, equation 3)."""
    return fake.float().mean() - real.float().mean()


def minus_mean(fake: Tensor) -> Tensor:
    """-mean fake: the generator's loss of the hinge (Miyato et al. 2018, equation 17) and of Wasserstein GANs."""
    return -fake.float().mean()


@dataclass(frozen=True, slots=True)
class Adversarial:
    """Two losses: of the discriminator, given real and fake logits (N,), and of the generator, given fake ones."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


ADVERSARIAL: Mapping[str, Adversarial] = MappingProxyType(
    {
        "hinge": Adversarial(hinge_discriminator_loss, minus_mean),
        "logistic": Adversarial(logistic_discriminator_loss, logistic_generator_loss),
        "wasserstein": Adversarial(wasserstein_discriminator_loss, minus_mean),
    }
)
