"""Data sets of Hugging Face's `datasets` on disk, as `save_to_disk` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from ganprobe.core.classes.order import in_order
from ganprobe.core.errors import DataError, one_line
from ganprobe.data.convert import UnreadableError
from ganprobe.data.files import FileBytes, Files, bounded
from ganprobe.data.labels.labelling import MOST_CLASSES, LabelFacts, Labelling
from ganprobe.data.sources.extras import library

_DICT: Final = "dataset_dict.json"
_FILES: Final = ("dataset_info.json", "state.json")
_LABELS: Final = ("label", "labels", "class", "cls", "target")


def is_hugging_face(path: Path) -> bool:
    """Whether a folder was written by `save_to_disk`, by its files."""
    return path.is_dir() and ((path / _DICT).is_file() or all((path / name).is_file() for name in _FILES))


def hugging_face_files(path: Path) -> Files:
    """The images of the one column of images, with the labels of the column of labels. DataError for a data set of
    several parts, without such a column or with several, and for what cannot be read."""
    if (path / _DICT).is_file():
        parts = _parts(path)
        such = f", such as {path / parts[0]}" if parts else ""
        raise DataError(f"{path} holds the parts {', '.join(parts) or 'of none'} of a data set; give one of them{such}")
    datasets = library("datasets", f"{path}, a data set of Hugging Face,")
    try:
        table = datasets.load_from_disk(str(path))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DataError(f"{path} cannot be read as a data set of Hugging Face: {one_line(problem)}") from problem
    column = _column_of_images(table, datasets, path)
    rows = table.select_columns([column]).cast_column(column, datasets.Image(decode=False))
    count = len(rows)
    if not count:
        raise DataError(f"{path} is a data set without rows")
    names = tuple(f"{number:08d}" for number in range(count))
    size = len(rows[0][column]["bytes"] or b"")
    return Files(
        path,
        names,
        names,
        (size,) * count,
        lambda number: _bytes_of(rows[number][column], path),
        _labelling(table, datasets),
    )


def _parts(path: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads((path / _DICT).read_text(encoding="utf-8"))["splits"]]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DataError(f"{path / _DICT} cannot be read: {one_line(problem)}") from problem


def _column_of_images(table: Any, datasets: Any, path: Path) -> str:
    found = [name for name, kind in table.features.items() if isinstance(kind, datasets.Image)]
    if len(found) != 1:
        had = ", ".join(found) if found else f"none among {', '.join(table.features)}"
        raise DataError(f"{path}: one column of images was expected, and there is {had}; keep one (select_columns)")
    return str(found[0])


def _bytes_of(value: Any, path: Path) -> bytes:
    if value is None:
        raise UnreadableError("the row has no image")
    if value["bytes"] is not None:
        return bounded(value["bytes"])
    return FileBytes(str(path / value["path"]) if not Path(value["path"]).is_absolute() else value["path"])()


def _labelling(table: Any, datasets: Any) -> Labelling:
    classes = [name for name, kind in table.features.items() if isinstance(kind, datasets.ClassLabel)]
    column = next((name for name in _LABELS if name in table.features), classes[0] if len(classes) == 1 else None)
    if column is None:
        said = f"several columns of labels, {', '.join(classes)}" if classes else "no column of labels"
        return Labelling(facts=LabelFacts(why=f"the data set has {said}"))
    facts = LabelFacts(f"the column {column}")
    values = list(table[column])
    if all(isinstance(value, str) for value in values):
        names = in_order(set(values), "names")
        return Labelling(np.array([names.index(value) for value in values], dtype=np.int64), names, facts)
    if not all(isinstance(value, int) and 0 <= value < MOST_CLASSES for value in values):
        return Labelling(facts=LabelFacts(why=f"the column {column} holds something else than labels from 0 on"))
    kind = table.features[column]
    labels = np.array(values, dtype=np.int64)
    counted = tuple(str(number) for number in range(int(labels.max()) + 1))
    return Labelling(labels, tuple(kind.names) if isinstance(kind, datasets.ClassLabel) else counted, facts)
