"""Random numbers of a step: who asks what, in which order and when, does not matter; planned ones are the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from ganprobe.training.data.real_images import RealImages
from ganprobe.training.data.source import ArraySource
from ganprobe.training.draws.draws import Draws
from ganprobe.training.draws.requests import Host
from ganprobe.training.draws.tables import Immediate, Planned
from ganprobe.training.parallel.processes import Processes

CPU = torch.device("cpu")


@pytest.fixture
def real() -> Iterator[RealImages]:
    pixels = np.random.default_rng(0).integers(0, 256, (11, 3, 4, 4), dtype=np.uint8)
    with RealImages(ArraySource(pixels), seed=5, flips=True, resolution=4) as images:
        yield images


def host(real: RealImages, *, updates: int = 2, processes: Processes = Processes()) -> Host:  # noqa: B008
    return Host(5, real, updates, processes)


def asked(draws: Draws) -> list[torch.Tensor]:
    """One of each kind."""
    return [
        draws.normal("z", 4, (3,)),
        draws.uniform("mixing", 4),
        draws.integers("labels", 4, below=7),
        draws.permutation("pairs", 8),
        draws.normal("epsilon", 2, (3,), whole=True),
        draws.data("rows", (4,)),
        draws.data("mirrored", (4,)),
        draws.data("pixels", (4, 3, 4, 4)),
        *draws.noise(4, ((2, 2), (4, 4))),
    ]


def test_the_same_update_draws_the_same_whoever_drew_before(real: RealImages) -> None:
    table = Immediate(host(real), CPU)
    table.begin(3)
    alone = Draws(table, "generator").normal("z", 4, (3,))
    every = asked(Draws(table, "generator"))
    assert torch.equal(alone, every[0])
    assert not torch.equal(alone, Draws(table, "discriminator").normal("z", 4, (3,)))
    assert not torch.equal(alone, Draws(table, "generator").normal("z.mixed", 4, (3,)))


def test_updates_of_a_step_and_steps_are_told_apart(real: RealImages) -> None:
    table = Immediate(host(real), CPU)
    found = []
    for step in (0, 1):
        table.begin(step)
        found += [Draws(table, "discriminator", number).normal("z", 2, (2,)) for number in (0, 1)]
    assert len({tuple(each.flatten().tolist()) for each in found}) == 4


def test_what_is_planned_is_what_is_drawn_at_once(real: RealImages) -> None:
    plain, planned = Immediate(host(real), CPU), Planned(host(real), CPU)
    try:
        for step in (0, 1, 2, 3, 4, 5, 6, 9, 2):
            plain.begin(step)
            planned.begin(step)
            for draws in ("discriminator", 0), ("discriminator", 1), ("generator", 0):
                pair = [asked(Draws(table, *draws)) for table in (plain, planned)]  # type: ignore[arg-type]
                for a, b in zip(*pair, strict=True):
                    assert a.dtype == b.dtype
                    assert torch.equal(a, b)
        assert planned.planned
    finally:
        planned.close()


def test_planned_numbers_stay_where_they_are(real: RealImages) -> None:
    planned = Planned(host(real), CPU)
    try:
        places = set()
        for step in range(3):
            planned.begin(step)
            found = asked(Draws(planned, "generator"))
            if step:
                places.add(tuple(each.data_ptr() for each in found))
        assert len(places) == 1
    finally:
        planned.close()


def test_processes_share_the_rows_and_agree_on_what_is_whole(real: RealImages) -> None:
    def drawn(n: int, processes: Processes) -> list[torch.Tensor]:
        table = Immediate(host(real, processes=processes), CPU)
        draws = Draws(table, "discriminator")
        return [draws.normal("z", n, (3,)), draws.integers("labels", n, below=9), *draws.noise(n, ((2, 2), (3, 3)))]

    whole = drawn(6, Processes())
    parts = [drawn(2, Processes(rank, 3)) for rank in range(3)]
    for number, row in enumerate(whole):
        for rank in range(3):
            assert torch.equal(row[rank::3], parts[rank][number])
    tables = [Immediate(host(real, processes=Processes(rank, 3)), CPU) for rank in range(3)]
    assert len({tuple(Draws(table, "generator").permutation("p", 6).tolist()) for table in tables}) == 1
    assert len({float(Draws(table, "generator").normal("e", 1, whole=True)) for table in tables}) == 1
    assert Draws(tables[1], "generator").places(2).tolist() == [1, 4]
