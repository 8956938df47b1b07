"""Steps of training: SNGAN and SSGAN at 32 pixels beside torch-mimicry's own, and what latent-transformation detection
adds to a step."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.duel import MISSING, Options, Row, Turns, in_turns, seconds
from ganprobe.training.data.source import ArraySource, Classes, examine
from ganprobe.training.loop.trainer import Trainer
from ganprobe.training.reading import read_recipe
from ganprobe.training.recipe.records import RunOptions
from ganprobe.training.run import open_trainer

PEER = "torch_mimicry"
WANTED = "1.3 on CPU"
CHANNELS, BATCH, STEPS = 16, 16, 1
"""A quarter of the paper's width and batch; steps of either side in a run."""
RESIDUAL: Mapping[str, Any] = {
    "network": {"channels": CHANNELS, "interpolation": "bilinear"},
    "discriminator_network": {"channels": CHANNELS, "rectified_skip": True},
    "batch": BATCH,
    "discriminator_steps": 1,
}


def rows(options: Options) -> Iterator[Row]:
    for method, tasks in (("SNGAN", ()), ("SSGAN", ("rotation",))):
        yield _beside_mimicry(method, tasks, options)
    yield _with_lt(options)


def _beside_mimicry(method: str, tasks: tuple[str, ...], options: Options) -> Row:
    what = f"a step of {method} at 32 pixels, batches of {BATCH}, {4 * CHANNELS} and {2 * CHANNELS} channels"
    with ExitStack() as stack:
        ours = stack.enter_context(_Ours("sngan", tasks, RESIDUAL, options))
        nets = _mimicry()
        if nets is None:
            took = in_turns(ours.step, ours.step, options).ours
            return Row(what=what, peer="torch-mimicry", ours=seconds(took), theirs=MISSING, wanted=WANTED)
        theirs = _Mimicry(nets, method, ours, options)
        found = _warm(ours.step, theirs.step, options)
        return Row(
            what=what,
            peer="torch-mimicry",
            ours=seconds(found.ours / STEPS),
            theirs=seconds(found.theirs / STEPS),
            ratio=found.ratio,
            wanted=WANTED,
            agreement=f"{ours.weights:,} and {theirs.weights:,} weights; losses: training.md",
        )


def _with_lt(options: Options) -> Row:
    changes = {"network.channels": 64, "batch": BATCH, "lt.start": 0}
    with ExitStack() as stack:
        plain = stack.enter_context(_Ours("sndcgan", (), {**changes, "lt.start": None}, options))
        moved = stack.enter_context(_Ours("sndcgan", ("lt",), changes, options))
        found = _warm(moved.step, plain.step, options)
    return Row(
        what=f"a step of SNDCGAN with lt at 32 pixels, batches of {BATCH}",
        peer="ours without lt",
        ours=seconds(found.ours / STEPS),
        theirs=seconds(found.theirs / STEPS),
        ratio=found.ratio,
        wanted="1 / 2.2",
        agreement=f"{1 / found.ratio:.2f} times as long",
    )


def _warm(ours: Callable[[], None], theirs: Callable[[], None], options: Options) -> Turns:
    ours()
    theirs()
    return in_turns(ours, theirs, options)


class _Ours:
    """A run of ours, step by step, in a folder that is thrown away."""

    def __init__(self, network: str, tasks: tuple[str, ...], changes: Mapping[str, Any], options: Options) -> None:
        given = {name: value for name, value in changes.items() if value is not None}
        self._recipe = read_recipe(network, add=tasks, changes=given)
        images = np.random.default_rng(0).integers(0, 256, (4 * BATCH, 3, 32, 32), dtype=np.uint8)
        self.source, self._options = ArraySource(images), RunOptions(device=options.device)
        self._stack = ExitStack()
        self._trainer: Trainer

    def __enter__(self) -> _Ours:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        words = {"options": self._options, "classes": Classes()}
        opened = open_trainer(self._recipe, self.source, examine(self.source), folder, **words)
        self._trainer = self._stack.enter_context(opened)
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def step(self) -> None:
        for _ in range(STEPS):
            self._trainer.train_step()

    @property
    def weights(self) -> int:
        networks = [self._trainer.generator, self._trainer.discriminator, *self._trainer.heads.values()]
        return sum(p.numel() for network in networks for p in network.parameters())


class _Mimicry:
    """torch-mimicry's networks of the same widths, trained by their own steps on the same images."""

    def __init__(self, nets: Any, method: str, ours: _Ours, options: Options) -> None:
        package = getattr(nets, method.lower())
        self._g = getattr(package, f"{method}Generator32")(ngf=4 * CHANNELS).to(options.device)
        self._d = getattr(package, f"{method}Discriminator32")(ndf=2 * CHANNELS).to(options.device)
        adam = {"lr": 2e-4, "betas": (0.0, 0.9)}
        self._adams = [torch.optim.Adam(each.parameters(), **adam) for each in (self._g, self._d)]
        images = torch.from_numpy(ours.source.read(range(BATCH))).to(options.device) / 127.5 - 1
        self._real, self._device = (images, torch.zeros(BATCH)), torch.device(options.device)

    def step(self) -> None:
        for _ in range(STEPS):
            words = {"log_data": _NoLog(), "device": self._device}
            self._d.train_step(real_batch=self._real, netG=self._g, optD=self._adams[1], **words)
            self._g.train_step(real_batch=self._real, netD=self._d, optG=self._adams[0], **words)

    @property
    def weights(self) -> int:
        return sum(p.numel() for network in (self._g, self._d) for p in network.parameters())


class _NoLog:
    """In the place of torch-mimicry's log, which waits for every number."""

    def add_metric(self, *said: object, **more: object) -> None:
        pass


def _mimicry() -> Any:
    """Its networks, None where it is not installed. The package itself would import TensorFlow, for its metrics."""
    found = importlib.util.find_spec(PEER) if PEER not in sys.modules else None
    if found is not None and found.submodule_search_locations:
        package = types.ModuleType(PEER)
        package.__path__ = list(found.submodule_search_locations)
        sys.modules[PEER] = package
    if PEER not in sys.modules:
        return None
    return importlib.import_module(f"{PEER}.nets")
