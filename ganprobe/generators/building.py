"""A generator and its discriminator for data of a resolution and a number of classes.

>>> pair = build_pair("sndcgan", resolution=32, num_classes=0, network={"channels": 8}, seed=0)
>>> pair.generator.config.channels, pair.discriminator.config.channels
(8, 8)
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ganprobe.core.calls.checking import fitted_to
from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown
from ganprobe.generators.base import Discriminator, Generator
from ganprobe.generators.table import ARCHITECTURES, Architecture, trainable


@dataclass(frozen=True, slots=True)
class Pair:
    """What is trained against one another, on the CPU."""

    generator: Generator
    discriminator: Discriminator


def build_pair(
    architecture: str,
    *,
    resolution: int,
    num_classes: int,
    network: Mapping[str, Any] | None = None,
    discriminator_network: Mapping[str, Any] | None = None,
    seed: int,
    progressive: bool = False,
) -> Pair:
    """Both networks, their weights drawn from `seed`.

    num_classes: of the data, 0 for none; an architecture without use for classes leaves them. network,
    discriminator_network: fields of the configurations in place of their defaults; the discriminator mirrors the
    generator in what they share. progressive: that grows. InputError for an architecture without a discriminator, data
    that it cannot take, and fields that do not fit.
    """
    known = _known(architecture)
    _check_data(architecture, known, num_classes, progressive)
    taken = {"resolution": resolution} | ({} if known.labels == "never" else {"num_classes": num_classes})
    grown = {"progressive": progressive} if known.grows else {}
    config = _configured(known.generator_config, {**taken, **grown, **(network or {})}, resolution, num_classes)
    mirrored = {name: getattr(config, name) for name in known.mirrored}
    ours = {**taken, **mirrored, **(discriminator_network or {})}
    assert known.discriminator is not None
    assert known.discriminator_config is not None
    judge = _configured(known.discriminator_config, ours, resolution, num_classes)
    build: Any = known.generator
    return Pair(build(config, seed=seed), _built(known.discriminator, judge, seed))


def _built(kind: Any, config: Any, seed: int) -> Discriminator:
    made: Discriminator = kind(config, seed=seed)
    return made


def _known(name: str) -> Architecture:
    if name not in trainable():
        raise unknown("architecture to train", name, trainable())
    return ARCHITECTURES[name]


def _check_data(name: str, known: Architecture, num_classes: int, progressive: bool) -> None:
    if known.labels == "required" and not num_classes:
        raise InputError(f"{name} is class-conditional and needs labels; give a folder of class folders")
    if progressive and not known.grows:
        growing = ", ".join(each for each, other in trainable().items() if other.grows)
        raise InputError(f"{name} does not grow; leave `growing` out, or train one that does: {growing}")


def _configured(kind: type[Any], given: Mapping[str, Any], resolution: int, num_classes: int) -> Any:
    """A configuration of `given`. InputError for a field that it has not, a value of another kind, and a shape that the
    images have not; classes may be left out (0)."""
    if given["resolution"] != resolution:
        raise InputError(
            f"{kind.__name__}: resolution {given['resolution']} was asked for and the images have {resolution}; leave "
            "it out, or bring the images to it (--resolution)"
        )
    if given.get("num_classes", 0) not in (0, num_classes):
        raise InputError(
            f"{kind.__name__}: {given['num_classes']} classes were asked for and the data has {num_classes}; leave "
            "num_classes out"
        )
    _check_fields(kind, given)
    return kind(**given)


def _check_fields(kind: type[Any], given: Mapping[str, Any]) -> None:
    kinds, known = typing.get_type_hints(kind), [each.name for each in fields(kind)]
    for name, value in given.items():
        if name not in known:
            raise unknown(f"field of {kind.__name__}", name, known)
        fitted_to(kinds[name], value, name=f"{kind.__name__}: {name}")
