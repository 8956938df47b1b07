"""Where the images of a recipe come from: shipped names, folders that the user names, stand-ins of a smoke run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import DataError, InputError
from ganprobe.core.files import writing
from ganprobe.core.registry import unknown
from ganprobe.data import toyfaces
from ganprobe.data.datasets import find_cifar10
from ganprobe.reproduce.plans.toml_records import packaged, record

STAND_IN_CLASSES = 4
"""Of the pictures that stand in for data with classes: quarters of the range of one factor."""
_FACTOR = "background"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set of recipes. train, test: DATA, "" for a folder of the user's; "{resolution}" in them is the recipe's.
    classes: 0 for none. scorer: of attributes, "" for one that the user names. differs: what sets it apart from the
    paper's."""

    key: str
    title: str
    test_images: int
    train: str = ""
    test: str = ""
    classes: int = 0
    scorer: str = ""
    differs: str = ""


@cache
def data_sets() -> Mapping[str, DataSet]:
    """By the first word of a recipe's name."""
    return {key: record(DataSet, said, where=f"data set {key}", key=key) for key, said in packaged("data.toml").items()}


def data_of(recipe: str) -> DataSet:
    """The data set of a recipe, by its name. InputError where the name begins with none."""
    key = recipe.partition("-")[0]
    if key not in data_sets():
        raise unknown(f"data set of the recipe {recipe}:", key, data_sets())
    return data_sets()[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the user has: folders of data sets, scorers of attributes, weight files. stand_in: pictures that stand in
    for every data set, so many of each part; 0 for the data itself. cache: where stand-ins are kept."""

    folders: Mapping[str, Path] = field(default_factory=dict)
    scorers: Mapping[str, str] = field(default_factory=dict)
    inception_weights: Path | None = None
    vgg_weights: Path | None = None
    stand_in: int = 0
    cache: Path = Path()

    def __post_init__(self) -> None:
        for name in (*self.folders, *self.scorers):
            if name not in data_sets():
                raise unknown("data set", name, data_sets())
        for name, folder in self.folders.items():
            _check_parts(name, folder)

    def lacks(self, data: DataSet) -> str:
        """What is missing of a data set, and what to do; "" where all of it is there."""
        if self.stand_in or data.key in self.folders:
            return ""
        if not data.train:
            return f"needs {data.title}: --data {data.key}=FOLDER, with folders train/ and test/ in it"
        if data.key == "cifar10":
            try:
                find_cifar10()
            except DataError as problem:
                return str(problem)
        return ""

    def lacks_scorer(self, data: DataSet) -> str:
        """What is missing to score the attributes of a data set's images; "" where nothing is."""
        if self.scorer(data):
            return ""
        return f"needs a scorer of the attributes of {data.title}: --scorer {data.key}=SCORER"

    def scorer(self, data: DataSet) -> str:
        """The scorer of a data set's attributes; "" where there is none."""
        return self.scorers.get(data.key) or data.scorer or ("toyfaces" if self.stand_in else "")

    def train(self, data: DataSet, resolution: int | None) -> str:
        """DATA to train on."""
        return self._part(data, "train", data.train, resolution)

    def test(self, data: DataSet, resolution: int | None) -> str:
        """DATA to measure against."""
        return self._part(data, "test", data.test, resolution)

    def test_images(self, data: DataSet) -> int:
        """How many test images there are to compare with, as far as the paper goes."""
        return self.stand_in or data.test_images

    def _part(self, data: DataSet, part: str, ref: str, resolution: int | None) -> str:
        if self.stand_in:
            return str(stand_in(self.cache, part, resolution or 32, self.stand_in, labels=bool(data.classes)))
        if folder := self.folders.get(data.key):
            return str(folder / part)
        if "{resolution}" in ref and resolution is None:
            raise InputError(f"the recipe of {data.title} must say its resolution (data.resolution)")
        return ref.format(resolution=resolution)


def _check_parts(name: str, folder: Path) -> None:
    for part in ("train", "test"):
        if not (folder / part).exists():
            raise DataError(
                f"{name}={folder} holds no {part}/; put the images to train on in train/, the others in test/"
            )


def stand_in(folder: Path, part: str, resolution: int, count: int, *, labels: bool) -> Path:
    """A file of `count` toy faces in the place of a data set that is not at hand, made where it is not there yet.
    labels: by quarters of the brightness of the background."""
    path = folder / f"stand-in-{part}-{resolution}-{count}{'-classes' if labels else ''}.npz"
    if path.is_file():
        return path
    index, seed = range(count), 0 if part == "train" else 1
    images = toyfaces.images(index, seed=seed, resolution=resolution)
    arrays: dict[str, NDArray[Any]] = {"images": images.transpose(0, 2, 3, 1)}
    if labels:
        shade = toyfaces.factors(index, seed=seed)[_FACTOR]
        arrays["labels"] = np.minimum((shade * STAND_IN_CLASSES).astype(np.int64), STAND_IN_CLASSES - 1)
    save_arrays(path, arrays)
    return path


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an .npz, whole or not at all."""
    with writing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def with_stand_ins(holdings: Holdings, count: int, folder: Path) -> Holdings:
    """The same with pictures that stand in for all data; itself where `count` is 0."""
    return replace(holdings, stand_in=count, cache=folder) if count else holdings
