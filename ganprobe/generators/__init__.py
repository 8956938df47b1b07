"""Networks and nothing else: generators, their discriminators, their layers, and the registry of architectures.

>>> ARCHITECTURES["biggan"].generator.__name__
'BigGANGenerator'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from ganprobe.core.registry import Registry
from ganprobe.generators.base import Discriminator, Generator
from ganprobe.generators.biggan.deep import BigGANDeepConfig, BigGANDeepGenerator
from ganprobe.generators.biggan.discriminator import BigGANDiscriminator, BigGANDiscriminatorConfig
from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator
from ganprobe.generators.dcgan.discriminator import DCGANDiscriminator, DCGANDiscriminatorConfig
from ganprobe.generators.dcgan.generator import DCGANConfig, DCGANGenerator
from ganprobe.generators.infogan.discriminator import InfoGANDiscriminator, InfoGANDiscriminatorConfig
from ganprobe.generators.infogan.generator import InfoGANConfig, InfoGANGenerator
from ganprobe.generators.progan.discriminator import ProGANDiscriminator, ProGANDiscriminatorConfig
from ganprobe.generators.progan.generator import ProGANConfig, ProGANGenerator
from ganprobe.generators.sagan.discriminator import SAGANDiscriminator, SAGANDiscriminatorConfig
from ganprobe.generators.sagan.generator import SAGANConfig, SAGANGenerator
from ganprobe.generators.sndcgan.discriminator import SNDCGANDiscriminator, SNDCGANDiscriminatorConfig
from ganprobe.generators.sndcgan.generator import SNDCGANConfig, SNDCGANGenerator
from ganprobe.generators.sngan.discriminator import SNGANDiscriminator, SNGANDiscriminatorConfig
from ganprobe.generators.sngan.generator import SNGANConfig, SNGANGenerator
from ganprobe.generators.stylegan.discriminator import StyleGANDiscriminator, StyleGANDiscriminatorConfig
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.generators.stylegan2.generator import StyleGAN2Config, StyleGAN2Generator

Labels = Literal["required", "optional", "never"]


@dataclass(frozen=True, slots=True)
class Network:
    """A class of networks and of their configurations: `network(config(**fields))` builds one. A configuration is a
    frozen dataclass of JSON-able fields, kept by the network as `config`."""

    network: type[nn.Module]
    config: type[Any]

    @property
    def build(self) -> Callable[[Any], nn.Module]:
        return self.network


@dataclass(frozen=True, slots=True)
class Architecture:
    """What is registered under a name: a generator, and the discriminator that belongs to it, where there is one.

    labels: whether it needs classes to be trained, takes them where the data has any, or has no use for them. grows:
    whether its resolution can grow during training. mirrored: the fields of the generator's configuration that the
    discriminator's has as well, and takes over.
    """

    generator: type[Generator]
    generator_config: type[Any]
    discriminator: type[Discriminator] | None = None
    discriminator_config: type[Any] | None = None
    labels: Labels = "never"
    grows: bool = False
    mirrored: tuple[str, ...] = ()

    def network(self, role: str) -> Network | None:
        """The network of a role, "generator" or "discriminator"; None where the architecture has no such network."""
        if role == "generator":
            return Network(self.generator, self.generator_config)
        if role == "discriminator" and self.discriminator is not None and self.discriminator_config is not None:
            return Network(self.discriminator, self.discriminator_config)
        return None


ARCHITECTURES: Registry[Architecture] = Registry("architecture")
ARCHITECTURES.add(
    "stylegan",
    Architecture(
        StyleGANGenerator,
        StyleGANConfig,
        StyleGANDiscriminator,
        StyleGANDiscriminatorConfig,
        labels="optional",
        grows=True,
        mirrored=("num_classes", "channel_base", "channel_max", "progressive"),
    ),
)
ARCHITECTURES.add("stylegan2", Architecture(StyleGAN2Generator, StyleGAN2Config))
ARCHITECTURES.add(
    "biggan",
    Architecture(
        BigGANGenerator,
        BigGANConfig,
        BigGANDiscriminator,
        BigGANDiscriminatorConfig,
        labels="required",
        mirrored=("num_classes", "channels", "attention"),
    ),
)
ARCHITECTURES.add("biggan-deep", Architecture(BigGANDeepGenerator, BigGANDeepConfig))
ARCHITECTURES.add(
    "sndcgan",
    Architecture(
        SNDCGANGenerator, SNDCGANConfig, SNDCGANDiscriminator, SNDCGANDiscriminatorConfig, mirrored=("channels",)
    ),
)
ARCHITECTURES.add(
    "sngan",
    Architecture(
        SNGANGenerator,
        SNGANConfig,
        SNGANDiscriminator,
        SNGANDiscriminatorConfig,
        labels="optional",
        mirrored=("num_classes", "channels"),
    ),
)
ARCHITECTURES.add(
    "sagan",
    Architecture(
        SAGANGenerator,
        SAGANConfig,
        SAGANDiscriminator,
        SAGANDiscriminatorConfig,
        labels="optional",
        mirrored=("num_classes", "channels"),
    ),
)
ARCHITECTURES.add(
    "dcgan",
    Architecture(
        DCGANGenerator,
        DCGANConfig,
        DCGANDiscriminator,
        DCGANDiscriminatorConfig,
        labels="optional",
        mirrored=("num_classes", "channels"),
    ),
)
ARCHITECTURES.add(
    "infogan",
    Architecture(
        InfoGANGenerator, InfoGANConfig, InfoGANDiscriminator, InfoGANDiscriminatorConfig, mirrored=("channels",)
    ),
)
ARCHITECTURES.add(
    "progan",
    Architecture(
        ProGANGenerator,
        ProGANConfig,
        ProGANDiscriminator,
        ProGANDiscriminatorConfig,
        labels="optional",
        grows=True,
        mirrored=("num_classes", "channel_base", "channel_max", "progressive"),
    ),
)

__all__ = ["ARCHITECTURES", "Architecture", "Discriminator", "Generator", "Labels", "Network"]
