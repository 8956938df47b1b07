"""The discriminator of Progressive GAN (Karras et al. 2018, table 2).

>>> import torch
>>> config = ProGANDiscriminatorConfig(resolution=16, channel_base=64, channel_max=16)
>>> ProGANDiscriminator(config, seed=0)(torch.zeros(4, 3, 16, 16)).shape
torch.Size([4])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from ganprobe.generators.growing import GrowingDiscriminator, GrowingDiscriminatorConfig


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProGANDiscriminatorConfig(GrowingDiscriminatorConfig):
    """As `GrowingDiscriminatorConfig`."""


@final
class ProGANDiscriminator(GrowingDiscriminator):
    """Images to one logit each; maps are halved by averages alone."""

    architecture: ClassVar[str] = "progan"
    blurred: ClassVar[bool] = False
