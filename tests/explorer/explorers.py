"""Explorers of small generators, with directions whose names want to be more than names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from small_networks import biggan, stylegan

from ganprobe.core.calls.directing import ExploreCall
from ganprobe.directions import Direction, Directions
from ganprobe.explorer.serving import Explorer, open_explorer
from ganprobe.samplers.generator import GeneratorSampler

HOSTILE = "<script>alert('ö')</script>"
NAMES = ("smile", '"><img src=x onerror=alert(1)>', "Ålder & 年齢 'x'")
Opened = Callable[..., Explorer]


class Channels:
    """The mean of each colour, as scores; one of a hostile name."""

    fingerprint = "channels"
    provides = frozenset({"score.red", "score.<i>green</i>"})

    def observe(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        red, green, _ = images.mean((2, 3)).unbind(1)
        return {"score.red": red, "score.<i>green</i>": green}


def hostile_directions() -> Directions:
    items = tuple(
        Direction(
            name=name, space="w", vector=np.eye(12)[axis], scale=0.7, scores={"validation": 0.93, "remaining_all": 0.9}
        )
        for axis, name in enumerate(NAMES)
    )
    return Directions(items=items, method="sefa", generator="g", fingerprint=None, seed=0, provenance={})


def style_sampler() -> GeneratorSampler:
    return GeneratorSampler(stylegan(), name=HOSTILE, fingerprint="0" * 64)


def class_sampler() -> GeneratorSampler:
    generator = biggan()
    generator.class_names = ("cat", "dog", "<b>ox</b>", "hen", "bee")
    return GeneratorSampler(generator, name="classes", fingerprint="1" * 64)


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens explorers, and stops them."""
    found: list[Explorer] = []

    def opens(generator: Any = None, **words: Any) -> Explorer:
        given = style_sampler() if generator is None else generator
        found.append(open_explorer(given, ExploreCall(device="cpu", **words)))
        return found[-1]

    yield opens
    for each in found:
        each.stop()
