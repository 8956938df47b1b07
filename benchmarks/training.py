"""Does training work? `python -m benchmarks.training [CASE ...] [--out DIR]`: every network learns.

Trains each network in a small size, on toyfaces and on CIFAR-10 (JPEG) at 32 pixels, for some minutes on a core, and
measures the Frechet distance (embedded features) of the network as it began and as it ended. Prints a Markdown table;
the exit status is 1 where a network ends above its bound. With --out the runs stay, and an interrupted call goes on.
"""

from __future__ import annotations

import argparse
import fnmatch
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import ganprobe
from ganprobe.checkpoints.native import load_network
from ganprobe.core.calls.settings import ReferenceCall
from ganprobe.core.results import Estimate
from ganprobe.data import open_data
from ganprobe.engine.reference import make_reference
from ganprobe.generators.base import Generator
from ganprobe.training.reading import read_recipe
from ganprobe.training.recipe.records import Recipe, RunOptions
from ganprobe.training.run import train_recipe

RESOLUTION = 32
IMAGES = 5_000
"""Of the training data, and those that a distance is measured against."""
SAMPLES = 2_000
HEAD = (
    "| case | steps | seconds | FD untrained | FD trained | 95% | bound | |",
    "| --- | ---: | ---: | ---: | ---: | --- | ---: | --- |",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network on a data set: a recipe that ships, what differs from it, and the distance that it must come below,
    which has been measured with a margin."""

    recipe: str
    data: str
    bound: float
    changes: Mapping[str, Any] = field(default_factory=dict)

    def settled(self) -> Recipe:
        """The recipe as it is trained."""
        return read_recipe(self.recipe, changes={**self.changes, "evaluation.every": 0})


SNDCGAN = {"network.channels": 16, "batch": 16, "steps": 2000}
RESIDUAL = {"network.channels": 8, "batch": 16, "discriminator_steps": 1, "steps": 1500}
TWICE = {**RESIDUAL, "discriminator_steps": 2, "steps": 2000}
PLAIN = {"network.channels": 32, "batch": 32, "steps": 1200}
SMOOTH = {"average.halflife": 500.0}
PROGAN = {
    "network.channel_max": 16,
    "generator.rate": 0.003,
    "discriminator.rate": 0.003,
    "batch": 16,
    "steps": 4000,
    "growing": {"start": 8, "stabilise": 2000, "fade": 2000},
    **SMOOTH,
}
STYLEGAN = {"network": {"channel_max": 16, "z_dim": 64, "w_dim": 64}, "batch": 16, "steps": 4000, **SMOOTH}
BIGGAN = {"network.channels": 16, "batch": 16, "discriminator_steps": 1, "steps": 600, **SMOOTH}
UNLABELLED = {"data.conditional": False}

CASES: Mapping[str, Case] = {
    "toyfaces-sndcgan": Case(recipe="sndcgan", data="toyfaces", changes=SNDCGAN, bound=6.0),
    "toyfaces-sngan": Case(recipe="sngan", data="toyfaces", changes=TWICE, bound=8.0),
    "toyfaces-sagan": Case(recipe="sagan", data="toyfaces", changes=TWICE, bound=8.0),
    "toyfaces-dcgan": Case(recipe="dcgan", data="toyfaces", changes=PLAIN, bound=7.0),
    "toyfaces-infogan": Case(recipe="infogan", data="toyfaces", changes=PLAIN, bound=8.0),
    "toyfaces-progan": Case(recipe="progan", data="toyfaces", changes=PROGAN, bound=6.0),
    "toyfaces-stylegan": Case(recipe="stylegan", data="toyfaces", changes=STYLEGAN, bound=8.0),
    "cifar10-sndcgan": Case(recipe="sndcgan", data="cifar10", changes=SNDCGAN, bound=14.0),
    "cifar10-sngan": Case(recipe="sngan", data="cifar10", changes={**RESIDUAL, **UNLABELLED}, bound=11.0),
    "cifar10-sagan": Case(recipe="sagan", data="cifar10", changes=RESIDUAL, bound=12.0),
    "cifar10-dcgan": Case(recipe="dcgan", data="cifar10", changes={**PLAIN, **UNLABELLED}, bound=13.0),
    "cifar10-cgan": Case(recipe="dcgan", data="cifar10", changes=PLAIN, bound=13.0),
    "cifar10-infogan": Case(recipe="infogan", data="cifar10", changes=PLAIN, bound=17.0),
    "cifar10-progan": Case(recipe="progan", data="cifar10", changes=PROGAN, bound=11.0),
    "cifar10-stylegan": Case(recipe="stylegan", data="cifar10", changes={**STYLEGAN, **UNLABELLED}, bound=12.0),
    "cifar10-biggan": Case(recipe="biggan", data="cifar10", changes=BIGGAN, bound=11.0),
}


@dataclass(frozen=True, slots=True)
class Found:
    """Distances of the untrained and the trained network, and seconds of training."""

    untrained: float
    trained: Estimate
    seconds: float


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="patterns of names, such as 'cifar10-*'; all of them")
    parser.add_argument("--out", type=Path, help="folder of the runs; left out, one that is thrown away")
    asked = parser.parse_args(given)
    with ExitStack() as stack:
        out = asked.out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        return _all(_named(asked.cases or ["*"]), out)


def _named(patterns: Sequence[str]) -> list[str]:
    return [name for name in CASES if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def _all(names: Sequence[str], out: Path) -> int:
    missed = []
    print("\n".join(HEAD), flush=True)
    for name in names:
        case = CASES[name]
        found = learns(case, out / name, reference=_reference(case.data, out))
        if not _holds(case, found):
            missed.append(name)
        print("| " + " | ".join(_cells(name, case, found)) + " |", flush=True)
    return 1 if missed else 0


def _cells(name: str, case: Case, found: Found) -> Iterator[str]:
    low, high = found.trained.ci95 or (float("nan"),) * 2
    yield from (name, f"{case.settled().steps:,}", f"{found.seconds:.0f}", f"{found.untrained:.4g}")
    yield from (f"{found.trained.value:.4g}", f"{low:.4g} to {high:.4g}")
    yield from (f"{case.bound:.4g}", "ok" if _holds(case, found) else "above its bound")


def _holds(case: Case, found: Found) -> bool:
    return found.trained.value <= case.bound


def learns(case: Case, folder: Path, *, reference: Path) -> Found:
    """Train a case in `folder` and measure it before and after."""
    recipe, start = case.settled(), time.monotonic()
    data = open_data(case.data, resolution=RESOLUTION, limit=IMAGES)
    books = RunOptions(grid_every=0, checkpoint_every=200, log_every=100, tensorboard=False)
    path = train_recipe(recipe, data, folder / "run", options=books)
    seconds = time.monotonic() - start
    first = train_recipe(_begun(recipe), data, folder / "first", options=books)
    return Found(_distance(first, reference).value, _distance(path, reference), seconds)


def _begun(recipe: Recipe) -> Recipe:
    """One step, which changes next to nothing: the network as it begins, with the statistics that exports have."""
    return recipe.shortened(1)


def _distance(path: Path, reference: Path) -> Estimate:
    generator = load_network(path)
    assert isinstance(generator, Generator)
    run = ganprobe.evaluate(generator, reference=reference, metrics=["fd"], samples=SAMPLES)
    value: Estimate = run["fd"]
    return value


def _reference(data: str, out: Path) -> Path:
    path = out / f"{data}.safetensors"
    if not path.exists():
        call = ReferenceCall(metrics=["fd"], samples=IMAGES, resolution=RESOLUTION)
        make_reference(data, path, call)
    return path


if __name__ == "__main__":
    torch.set_num_threads(1)
    raise SystemExit(main())
