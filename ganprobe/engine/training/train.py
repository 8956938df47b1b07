"""From the words of a call to a training run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.calls.checking import structured
from ganprobe.core.classes.order import order_note
from ganprobe.core.errors import DataError, InputError
from ganprobe.core.progress import tell
from ganprobe.core.registry import Registry
from ganprobe.data import Images, open_data
from ganprobe.engine.passes.matched import say_classes
from ganprobe.training.data.source import Classes
from ganprobe.training.reading import read_recipe
from ganprobe.training.recipe.records import Recipe, RunOptions
from ganprobe.training.run import check_options, train_recipe
from ganprobe.training.supervised.classifier import ClassifierSettings, train_classifier
from ganprobe.training.supervised.toyfaces_scorer import ScorerSettings, train_toyfaces_scorer

S = TypeVar("S", ClassifierSettings, ScorerSettings)
HELD_OUT = 10
"""Where a data set has no test images of its own, every tenth image is kept for testing."""

OPTIONS = frozenset(field.name for field in dataclasses.fields(RunOptions))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrainCall:
    """What a call of `train` says: the data and how to read it, where to, the tasks to add and to drop, and settings in
    place of the recipe's, by dotted name. data: left out, the recipe's. reading: as `open_data` takes it."""

    out: Path
    data: str | None = None
    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    add: Sequence[str] = ()
    drop: Sequence[str] = ()
    skip_unreadable: bool = False
    reading: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Trained:
    """path: of the trained network. skipped: the files of the data that could not be read and were passed over."""

    path: Path
    skipped: tuple[str, ...] = ()


def train(what: str, call: TrainCall) -> Trained:
    """Train `what` (a recipe that ships, a recipe's file, an architecture, or one of the small networks) as `call` says
    and give the trained network.

    Errors: InputError for an unknown recipe, task or setting, DataError for images that cannot be used, TrainingError
    as training says.
    """
    if what in SMALL:
        return SMALL[what](call)
    recipe, options = settled(what, call)
    data = call.data or recipe.data.name
    if data is None:
        raise InputError(f"{what} says nothing of its images; name them (--data)")
    evaluate = None
    if recipe.evaluation.every:
        # Here, since all that measures takes longer to import than a short run's other modules.
        from ganprobe.engine.training.evaluation import EngineEvaluate

        evaluate = EngineEvaluate(
            recipe.evaluation, data=data, seed=recipe.seed, device=options.device, reading=call.reading
        )
    source = _open(data, call, recipe.data.resolution, recipe.data.limit)
    path = train_recipe(recipe, source, call.out, options=options, evaluate=evaluate, classes=Classes.of(source))
    return Trained(path, source.skipped)


def settled(what: str, call: TrainCall) -> tuple[Recipe, RunOptions]:
    """The recipe and the options of a call, checked before anything is opened."""
    changes = {name: value for name, value in call.given.items() if name not in OPTIONS}
    chosen = {name: value for name, value in call.given.items() if name in OPTIONS}
    recipe = read_recipe(what, add=call.add, drop=call.drop, changes=changes)
    options = structured(RunOptions, {**chosen, "device": _device(chosen.get("device"))})
    check_options(options)
    return recipe, options


def _device(name: Any) -> str:
    """The device of this process: of several on one machine, each has its own."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    local = os.environ.get("LOCAL_RANK")
    return f"cuda:{local}" if name == "cuda" and local is not None else name


def _open(data: str, call: TrainCall, resolution: int | None, limit: int | None) -> Images:
    reading = {"skip_unreadable": call.skip_unreadable, **call.reading}
    source = open_data(data, resolution=resolution, limit=limit, **reading)
    for note in source.notes:
        tell(f"{data}: {note}")
    say_classes(data, source)
    if reading.get("class_order") is None and (note := order_note(source.class_names)):
        tell(f"{data}: {note}")
    return source


def _classifier(call: TrainCall) -> Trained:
    settings, words = _small(ClassifierSettings, call)
    data = call.data or "cifar10"
    source = _open(data, call, words.get("resolution") or 32, words.get("limit"))
    images, labels = _labelled(source, data)
    if data in ("cifar10", "cifar10:train"):
        test_images, test_labels = _labelled(open_data("cifar10:test"), "cifar10:test")
    else:
        kept = np.arange(len(images)) % HELD_OUT == 0
        test_images, test_labels = images[kept], labels[kept]
        images, labels = images[~kept], labels[~kept]
    report = train_classifier(images, labels, test_images, test_labels, out=call.out, settings=settings)
    return Trained(report.path, source.skipped)


def _scorer(call: TrainCall) -> Trained:
    if call.data not in (None, "toyfaces"):
        raise InputError(f"the scorer reads the factors of toyfaces, and is trained on toyfaces alone; got {call.data}")
    settings, _ = _small(ScorerSettings, call)
    return Trained(train_toyfaces_scorer(out=call.out, settings=settings).path)


def _small(record: type[S], call: TrainCall) -> tuple[S, dict[str, Any]]:
    """The settings of a small network, and what the call says of its data."""
    if call.add or call.drop:
        raise InputError("tasks are of generators; leave --with and --without out")
    given = dict(call.given)
    if threads := given.pop("threads", None):
        torch.set_num_threads(int(threads))
    of_data = {name: given.pop(name) for name in ("resolution", "limit") if name in given}
    return structured(record, given), of_data


def _labelled(source: Images, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if source.labels is None:
        raise DataError(
            f"a classifier needs labels, {name} has {source.classes_said}; give class folders, or a file of labels "
            "(--labels FILE)"
        )
    return source.read(range(len(source))), source.labels


SMALL: Registry[Callable[[TrainCall], Trained]] = Registry("network to train")
SMALL.add("classifier", _classifier)
SMALL.add("scorer", _scorer)
