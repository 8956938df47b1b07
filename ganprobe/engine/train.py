"""From the words of a call to a training run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.errors import DataError, InputError
from ganprobe.core.registry import Registry, unknown
from ganprobe.data import Images, open_data
from ganprobe.training.classifier import ClassifierSettings, train_classifier
from ganprobe.training.run import train_gan
from ganprobe.training.scorer import ScorerSettings, train_toyfaces_scorer
from ganprobe.training.settings import Growing, TrainSettings, check_kinds, default_settings

S = TypeVar("S", TrainSettings, ClassifierSettings, ScorerSettings)
HELD_OUT = 10
"""Where a data set has no test images of its own, every tenth image is kept for testing."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrainCall:
    """What a call of `train` says: the data and how to read it, where to, and settings in place of defaults."""

    data: str
    out: Path
    given: Mapping[str, Any]
    resolution: int | None = None
    limit: int | None = None
    skip_unreadable: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Trained:
    """path: of the trained network. skipped: the files of the data that could not be read and were passed over."""

    path: Path
    skipped: tuple[str, ...] = ()


TRAINERS: Registry[Callable[[TrainCall], Trained]] = Registry("architecture to train")


def train(architecture: str, call: TrainCall) -> Trained:
    """Train `architecture` as `call` says and give the trained network.

    Errors: InputError for an unknown architecture or setting, DataError for images that cannot be used, TrainingError
    as training says.
    """
    return TRAINERS[architecture](call)


def settings_of(defaults: S, given: Mapping[str, Any]) -> S:
    """`defaults` with `given` in their place; InputError names an unknown setting."""
    known = [field.name for field in dataclasses.fields(defaults)]
    for name in given:
        if name not in known:
            raise unknown("training setting", name, known)
    try:
        fitted = {name: _fitted(name, value) for name, value in given.items()}
        check_kinds(type(defaults), fitted)
        return dataclasses.replace(defaults, **fitted)
    except TypeError as problem:
        raise InputError(f"a training setting has the wrong kind of value: {problem}") from problem


def _fitted(name: str, value: Any) -> Any:
    """JSON has neither tuples nor records."""
    if name == "growing" and value is not None:
        if not isinstance(value, Mapping):
            raise InputError(f'growing is like {{"start": 8, "stabilise": 100000, "fade": 100000}}, got {value!r}')
        check_kinds(Growing, value)
        return Growing(**value)
    return tuple(value) if isinstance(value, list) else value


def _gan(architecture: str) -> Callable[[TrainCall], Trained]:
    def start(call: TrainCall) -> Trained:
        settings = settings_of(default_settings(architecture), call.given)
        source = _open(call, call.resolution)
        return Trained(train_gan(architecture, source, call.out, settings), source.skipped)

    return start


def _open(call: TrainCall, resolution: int | None) -> Images:
    return open_data(call.data, resolution=resolution, limit=call.limit, skip_unreadable=call.skip_unreadable)


def _classifier(call: TrainCall) -> Trained:
    settings = settings_of(ClassifierSettings(), _with_threads_set(call.given))
    source = _open(call, call.resolution or 32)
    images, labels = _labelled(source, call.data)
    if call.data in ("cifar10", "cifar10:train"):
        test_images, test_labels = _labelled(open_data("cifar10:test"), "cifar10:test")
    else:
        kept = np.arange(len(images)) % HELD_OUT == 0
        test_images, test_labels = images[kept], labels[kept]
        images, labels = images[~kept], labels[~kept]
    report = train_classifier(images, labels, test_images, test_labels, out=call.out, settings=settings)
    return Trained(report.path, source.skipped)


def _scorer(call: TrainCall) -> Trained:
    if call.data != "toyfaces":
        raise InputError(f"the scorer reads the factors of toyfaces, and is trained on toyfaces alone; got {call.data}")
    settings = settings_of(ScorerSettings(), _with_threads_set(call.given))
    return Trained(train_toyfaces_scorer(out=call.out, settings=settings).path)


def _labelled(source: Images, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if source.labels is None:
        raise DataError(f"a classifier needs labels, {name} has none; give a folder of class folders")
    return source.read(range(len(source))), source.labels


def _with_threads_set(given: Mapping[str, Any]) -> dict[str, Any]:
    if threads := given.get("threads"):
        torch.set_num_threads(int(threads))
    return {name: value for name, value in given.items() if name != "threads"}


TRAINERS.add("stylegan", _gan("stylegan"))
TRAINERS.add("biggan", _gan("biggan"))
TRAINERS.add("classifier", _classifier)
TRAINERS.add("scorer", _scorer)
