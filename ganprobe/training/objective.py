"""What the training loop asks of an objective: the networks, their losses, and how to look at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor, nn

from ganprobe.generators.base import Generator
from ganprobe.training.data import RealBatch
from ganprobe.training.draws import Draws


@dataclass(frozen=True, slots=True)
class Moment:
    """Where training stands at an update: real images shown so far, level of detail, and the update's randomness."""

    images: int
    lod: float
    draws: Draws


@dataclass(frozen=True, slots=True)
class Terms:
    """A loss to descend, and scalars to log (detached, on the device: nothing waits for them)."""

    loss: Tensor
    scalars: Mapping[str, Tensor] = field(default_factory=dict)


class Objective(Protocol):
    """The part of training that depends on the architecture or the method. The loop owns the optimisers, precision,
    averaging and books; the objective turns real images and random numbers into losses.

    `generator` and `discriminator` hold every trained weight: an auxiliary head belongs to one of them.
    """

    @property
    def generator(self) -> Generator: ...
    @property
    def discriminator(self) -> nn.Module: ...

    def discriminator_loss(self, real: RealBatch, at: Moment) -> Terms:
        """Under autocast where precision is mixed. Must not send gradients into the generator."""
        ...

    def discriminator_penalty(self, real: RealBatch, at: Moment) -> Terms | None:
        """A further loss computed in float32, for what mixed precision would spoil; None where there is none now."""
        ...

    def generator_loss(self, at: Moment) -> Terms:
        """Under autocast; the discriminator's weights take no gradients."""
        ...

    def finished(self, average: nn.Module) -> Generator:
        """The averaged generator ready for use: a copy in evaluation mode."""
        ...

    def sample(self, generator: Generator, z: Tensor, labels: Tensor | None, lod: float) -> Tensor:
        """Images (N, 3, H, W) of a finished generator at a level of detail."""
        ...
