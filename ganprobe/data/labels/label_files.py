"""Files that say the class of each image.

>>> classes_in(b'{"labels": [["a.png", 1], ["b.png", 0]]}', "dataset.json")
{'a.png': 1, 'b.png': 0}
>>> classes_in(b"file,class\\na.png,cat\\nb.png,dog\\n", "classes.csv")
{'a.png': 'cat', 'b.png': 'dog'}

Read are: NVIDIA's dataset.json (`{"labels": [[file, number], ...]}`, where null means none); a JSON mapping of files to
numbers or names, or of class folders to them, as torchvision's class_to_idx is; and tables with commas, tabs or spaces
between file and class, with a header or without.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ganprobe.core.errors import DataError, one_line

Class = int | str
DATASET_JSON: Final = "dataset.json"
FORMATS: Final = (
    "dataset.json of NVIDIA's dataset_tool, a JSON mapping of files or class folders to numbers or names, or a table "
    "(.csv, .tsv) with a column of files and one of classes"
)
_HEADERS: Final = ("label", "class", "category", "target", "labels", "classes", "class_name", "class_id", "label_id")


def classes_in(data: bytes, name: str) -> dict[str, Class] | None:
    """File (or class folder) to its class, a label or a name; None where a dataset.json says that there are none.
    DataError for any other file, and for classes that are vectors or fractions."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise _unreadable(name, "it is no text") from problem
    if not text.lstrip().startswith(("{", "[")):
        return _table(text, name)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise _unreadable(name, one_line(problem)) from problem
    if isinstance(said, Mapping) and "labels" in said and isinstance(said["labels"], list | type(None)):
        said = said["labels"]
        if said is None:
            return None
    pairs = list(said.items()) if isinstance(said, Mapping) else said
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise _unreadable(name, "it holds no pairs of a file and its class")
    return _checked([(str(file), value) for file, value in pairs], name)


def is_labels_json(data: bytes) -> bool:
    """Whether a file called dataset.json is one of NVIDIA's, with labels or with null for none."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, Mapping) and isinstance(said.get("labels", 0), list | type(None))


def _table(text: str, name: str) -> dict[str, Class]:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise _unreadable(name, "it is empty")
    mark = next((mark for mark in "\t,;" if mark in lines[0]), None)
    rows = list(csv.reader(lines, delimiter=mark)) if mark else [line.split() for line in lines]
    rows = [[cell.strip() for cell in row] for row in rows]
    named = any(cell.casefold() in _HEADERS for cell in rows[0][1:])
    header = rows[0] if named or "." not in rows[0][0] else None
    column = _column(header, len(rows[0]), name)
    body = rows[1:] if header is not None else rows
    if short := next((row for row in body if len(row) <= column or not row[column]), None):
        raise _unreadable(name, f"the row {one_line(' '.join(short))!r} has no class")
    return _checked([(row[0], _word(row[column])) for row in body], name)


def _column(header: Sequence[str] | None, width: int, name: str) -> int:
    if width == 2:
        return 1
    words = [] if header is None else [word.casefold() for word in header]
    found = [words.index(word) for word in _HEADERS if word in words[1:]]
    if not found:
        had = ", ".join(header) if header else f"{width} columns without a header"
        raise _unreadable(name, f"none of its columns is called label or class (it has {one_line(had)})")
    return found[0]


def _word(text: str) -> Class:
    """A whole number, "3.0" too, as tables with a gap are written; else a name."""
    whole = text[:-2] if text.endswith(".0") else text
    return int(whole) if whole.isascii() and whole.isdecimal() else text


def _checked(pairs: Sequence[tuple[str, Any]], name: str) -> dict[str, Class]:
    found: dict[str, Class] = {}
    for file, given in pairs:
        value = int(given) if isinstance(given, float) and given.is_integer() else given
        if isinstance(value, list):
            raise DataError(
                f"{name} gives {file} a vector of {len(value)} numbers, and a class is one whole number or a name; "
                "--labels none leaves the labels out"
            )
        if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, int) and value < 0):
            raise DataError(
                f"{name} gives {file} the class {one_line(repr(given))}; a whole number from 0 on or a name was "
                "expected; --labels none leaves the labels out"
            )
        file = file.replace("\\", "/")
        if found.setdefault(file, value) != value:
            raise DataError(f"{name} gives {file} two classes, {found[file]} and {value}; keep one")
    if not found:
        raise _unreadable(name, "it names no image")
    if len({type(value) for value in found.values()}) > 1:
        return {file: str(value) for file, value in found.items()}
    return found


def _unreadable(name: str, why: str) -> DataError:
    return DataError(f"{name} holds no labels that can be read: {why}; expected is {FORMATS}")
