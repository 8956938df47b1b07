"""The architectures by name; their networks are imported when one is asked for, and so names need no torch.

>>> ARCHITECTURES["sngan"].labels, ARCHITECTURES["sngan"].trains
('optional', True)
>>> ARCHITECTURES["sngan"].generator.__name__
'SNGANGenerator'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ganprobe.core.registry import Registry

if TYPE_CHECKING:
    from torch import nn

    from ganprobe.generators.base import Discriminator, Generator

Labels = Literal["required", "optional", "never"]
Class: TypeAlias = type[Any] | str
"""A class, or where it stands: "package.module:Class"."""


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
    """What is registered under a name: a generator, and the discriminator that belongs to it, where there is one, with
    the classes of their configurations.

    summary: a line for lists. labels: whether it needs classes to be trained, takes them where the data has any, or has
    no use for them. grows: whether its resolution can grow during training; its networks then take a level of detail,
    `lod`. mirrored: the fields of the generator's configuration that the discriminator's has as well, and takes
    over.
    """

    generator_class: Class
    generator_config_class: Class
    discriminator_class: Class | None = None
    discriminator_config_class: Class | None = None
    summary: str = ""
    labels: Labels = "never"
    grows: bool = False
    mirrored: tuple[str, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether there is a discriminator to train it with."""
        return self.discriminator_class is not None

    @property
    def generator(self) -> type[Generator]:
        found: type[Generator] = _found(self.generator_class)
        return found

    @property
    def generator_config(self) -> type[Any]:
        return _found(self.generator_config_class)

    @property
    def discriminator(self) -> type[Discriminator] | None:
        if self.discriminator_class is None:
            return None
        found: type[Discriminator] = _found(self.discriminator_class)
        return found

    @property
    def discriminator_config(self) -> type[Any] | None:
        return None if self.discriminator_config_class is None else _found(self.discriminator_config_class)

    def network(self, role: str) -> Network | None:
        """The network of a role, "generator" or "discriminator"; None where the architecture has no such network."""
        if role == "generator":
            return Network(self.generator, self.generator_config)
        discriminator, config = self.discriminator, self.discriminator_config
        if role == "discriminator" and discriminator is not None and config is not None:
            return Network(discriminator, config)
        return None


def _found(named: Class) -> type[Any]:
    if not isinstance(named, str):
        return named
    module, _, name = named.partition(":")
    found: type[Any] = getattr(import_module(module), name)
    return found


ARCHITECTURES: Registry[Architecture] = Registry("architecture")


def trainable() -> dict[str, Architecture]:
    """The architectures that have a discriminator, by name."""
    return {name: known for name, known in ARCHITECTURES.items() if known.trains}


def pair(
    name: str,
    stem: str,
    *,
    summary: str,
    labels: Labels = "never",
    grows: bool = False,
    mirrored: tuple[str, ...] = ("channels",),
) -> None:
    """Adds a row of networks in a folder of the architecture's name. stem: of its classes, {stem}Generator and
    {stem}Config in `generator`, {stem}Discriminator and {stem}DiscriminatorConfig in `discriminator`."""
    folder = f"ganprobe.generators.{name}"
    places = (
        f"{folder}.generator:{stem}Generator",
        f"{folder}.generator:{stem}Config",
        f"{folder}.discriminator:{stem}Discriminator",
        f"{folder}.discriminator:{stem}DiscriminatorConfig",
    )
    ARCHITECTURES.add(name, Architecture(*places, summary=summary, labels=labels, grows=grows, mirrored=mirrored))


pair(
    "stylegan",
    "StyleGAN",
    summary="Karras et al. 2019: a mapping network, styles by AdaIN, noise, blurred resampling",
    labels="optional",
    grows=True,
    mirrored=("num_classes", "channel_base", "channel_max", "progressive"),
)
ARCHITECTURES.add(
    "stylegan2",
    Architecture(
        "ganprobe.generators.stylegan2.generator:StyleGAN2Generator",
        "ganprobe.generators.stylegan2.generator:StyleGAN2Config",
        summary="Karras et al. 2020: weights modulated by styles, skips between resolutions",
    ),
)
ARCHITECTURES.add(
    "stylegan3",
    Architecture(
        "ganprobe.generators.stylegan3.generator:StyleGAN3Generator",
        "ganprobe.generators.stylegan3.generator:StyleGAN3Config",
        summary="Karras et al. 2021: alias-free, from Fourier features; configurations T and R",
    ),
)
pair(
    "biggan",
    "BigGAN",
    summary="Brock et al. 2019: residual, class-conditional, spectrally normalised, with self-attention",
    labels="required",
    mirrored=("num_classes", "channels", "attention"),
)
ARCHITECTURES.add(
    "biggan-deep",
    Architecture(
        "ganprobe.generators.biggan.deep:BigGANDeepGenerator",
        "ganprobe.generators.biggan.deep:BigGANDeepConfig",
        summary="Brock et al. 2019, appendix B: bottleneck blocks, statistics for every truncation",
    ),
)
pair("sndcgan", "SNDCGAN", summary="Miyato et al. 2018: DCGAN's layers, the discriminator spectrally normalised")
pair(
    "sngan",
    "SNGAN",
    summary="Miyato et al. 2018: residual, the discriminator spectrally normalised; with classes a projection",
    labels="optional",
    mirrored=("num_classes", "channels"),
)
pair(
    "sagan",
    "SAGAN",
    summary="Zhang et al. 2019: SNGAN with self-attention, both networks spectrally normalised",
    labels="optional",
    mirrored=("num_classes", "channels"),
)
pair(
    "dcgan",
    "DCGAN",
    summary="Radford et al. 2016: strided convolutions and batch norms; with classes as Mirza and Osindero 2014",
    labels="optional",
    mirrored=("num_classes", "channels"),
)
pair("infogan", "InfoGAN", summary="Chen et al. 2016: categorical and continuous codes in z, for a task to teach")
pair(
    "progan",
    "ProGAN",
    summary="Karras et al. 2018: grows with its images; pixel norm, minibatch deviation, equalised rates",
    labels="optional",
    grows=True,
    mirrored=("num_classes", "channel_base", "channel_max", "progressive"),
)
