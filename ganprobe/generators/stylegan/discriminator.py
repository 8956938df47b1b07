"""The StyleGAN discriminator (Karras et al. 2018, table 2, with the blurred downsampling of Karras et al. 2019).

>>> import torch
>>> config = StyleGANDiscriminatorConfig(resolution=16, channel_base=64, channel_max=16)
>>> StyleGANDiscriminator(config, seed=0)(torch.zeros(4, 3, 16, 16)).shape
torch.Size([4])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from ganprobe.generators.growing import GrowingDiscriminator, GrowingDiscriminatorConfig
from ganprobe.generators.stylegan.generator import StyleGANConfig


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StyleGANDiscriminatorConfig(GrowingDiscriminatorConfig):
    """As `GrowingDiscriminatorConfig`."""

    @classmethod
    def of(cls, config: StyleGANConfig) -> StyleGANDiscriminatorConfig:
        """The discriminator that mirrors a generator."""
        return cls(
            resolution=config.resolution,
            num_classes=config.num_classes,
            channel_base=config.channel_base,
            channel_max=config.channel_max,
            progressive=config.progressive,
        )


@final
class StyleGANDiscriminator(GrowingDiscriminator):
    """Images to one logit each; maps are blurred before they are halved."""

    architecture: ClassVar[str] = "stylegan"
    blurred: ClassVar[bool] = True
