"""Tables of binary attributes of images, as CelebA's, and the images that they speak of.

>>> table = parse_attributes("image,smile,hat\\na.png,1,-1\\nb.png,-1,-1\\n")
>>> table.names, table.values.tolist()
(('smile', 'hat'), [[1, 0], [0, 0]])

CelebA's own file (list_attr_celeba.txt: a line with the number of images, a line of names, then whitespace-separated
rows) and comma-separated tables with a header are read; the first column names the image.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganprobe.core.calls.resizing import Resize
from ganprobe.core.errors import DataError, InputError
from ganprobe.core.registry import unknown
from ganprobe.data.datasets import ARCHIVE_SUFFIXES
from ganprobe.data.images import Images
from ganprobe.data.scan import file_images
from ganprobe.data.sources.listing import list_files

SHOWN = 3


@dataclass(frozen=True, slots=True, eq=False)
class AttributeTable:
    """files: of the images (N), each there once. names: of the attributes (K). values: (N, K) uint8, 1 where an image
    has the attribute and 0 where not."""

    files: tuple[str, ...]
    names: tuple[str, ...]
    values: NDArray[np.uint8]

    def only(self, names: Sequence[str]) -> AttributeTable:
        """The attributes `names` alone, in that order. InputError for unknown ones, and for one that is named twice."""
        for name in names:
            if name not in self.names:
                raise unknown("attribute", name, self.names)
        if len(set(names)) < len(names):
            raise InputError(f"attributes that differ were expected, got {', '.join(names)}")
        columns = [self.names.index(name) for name in names]
        return AttributeTable(self.files, tuple(names), self.values[:, columns])


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """images: those that both the table and the data have. values: (N, K) uint8, in the images' order, of the
    attributes `names`."""

    images: Images
    names: tuple[str, ...]
    values: NDArray[np.uint8]


def read_attributes(path: str | Path) -> AttributeTable:
    """The table in a file. InputError where it cannot be read or holds something else than -1 and 1, or 0 and 1."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(
            f"cannot read the table {path}: {problem}; a text file of attributes was expected"
        ) from problem
    try:
        return parse_attributes(text)
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from problem


def parse_attributes(text: str) -> AttributeTable:
    """The table that `text` holds; see `read_attributes`."""
    first = text.lstrip().partition("\n")[0].strip()
    frame = _celeba(text, int(first)) if first.isdecimal() else _comma_separated(text)
    if frame.shape[1] < 2 or not len(frame):
        raise InputError(f"rows of an image file and its attributes were expected, got a table of {frame.shape}")
    files = tuple(str(name).strip() for name in frame.iloc[:, 0])
    names = tuple(str(name).strip() for name in frame.columns[1:])
    for what, words in (("image", files), ("attribute", names)):
        word, times = Counter(words).most_common(1)[0]
        if times > 1:
            raise InputError(f"{what} {word} is there {times} times; keep one")
    columns = [_binary(frame.iloc[:, number + 1], name, files) for number, name in enumerate(names)]
    return AttributeTable(files, names, np.stack(columns, axis=1))


def labelled_images(
    data: str | Path, table: AttributeTable, *, resolution: int, skip_unreadable: bool = False
) -> LabelledImages:
    """The images of a folder, zip or tar that `table` speaks of, brought to `resolution`; images without a row are
    passed over. A row names an image by its file name, or by its path in the data where several have that name.

    InputError for data of another kind, DataError where an image of the table is not there or cannot be read.
    """
    path = Path(data)
    if not (path.is_dir() or path.name.lower().endswith(ARCHIVE_SUFFIXES)):
        raise InputError(f"a folder, .zip or .tar of image files was expected, with the names of the table; got {data}")
    if not path.exists():
        raise InputError(f"no file or folder {data}; a folder, .zip or .tar of image files was expected")
    files = list_files(path)
    places = files.places()
    missing = [name for name in table.files if name not in places]
    if missing:
        some = ", ".join(missing[:SHOWN]) + (", ..." if len(missing) > SHOWN else "")
        raise DataError(f"{len(missing)} of the table's {len(table.files)} images are not in {data} ({some})")
    chosen = files.select(np.array([places[name] for name in table.files], dtype=np.int64))
    images = file_images(chosen, size=Resize(resolution), skip_unreadable=skip_unreadable)
    left_out = set(images.skipped)
    kept = [number for number in range(len(chosen)) if chosen.where(number) not in left_out]
    return LabelledImages(images, table.names, table.values[kept])


def _comma_separated(text: str) -> pd.DataFrame:
    try:
        frame = pd.read_csv(io.StringIO(text), dtype=str, skipinitialspace=True)
    except ValueError as problem:
        raise InputError(f"no table with commas and a header: {str(problem).strip()}") from problem
    if not isinstance(frame.index, pd.RangeIndex):
        raise InputError("the header has fewer columns than the rows; name the first one too, that of the image files")
    # pandas calls a second "smile" smile.1.
    names = next(csv.reader(io.StringIO(text.lstrip()), skipinitialspace=True))
    return frame.set_axis(names, axis=1) if len(names) == frame.shape[1] else frame


def _celeba(text: str, count: int) -> pd.DataFrame:
    lines = text.strip().splitlines()[1:]
    names, rows = (lines[0].split() if lines else []), [line.split() for line in lines[1:] if line.strip()]
    if len(rows) != count:
        raise InputError(f"{count} rows were announced in the first line, and {len(rows)} are there; is it cut short?")
    for row in rows:
        if len(row) != len(names) + 1:
            raise InputError(f"{len(names)} values were expected after {row[0]}, got {len(row) - 1}")
    return pd.DataFrame(rows, columns=["image", *names])


def _binary(column: pd.Series[Any], name: str, files: Sequence[str]) -> NDArray[np.uint8]:
    numbers: NDArray[np.float64] = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isin(numbers, (-1.0, 0.0, 1.0)))
    if bad.size:
        row = int(bad[0])
        raise InputError(f"{name} of {files[row]} is {column.iloc[row]!r}; -1 and 1, or 0 and 1, were expected")
    if (numbers == -1).any() and (numbers == 0).any():
        raise InputError(f"{name} holds both -1 and 0; -1 and 1, or 0 and 1, were expected")
    return np.asarray(numbers == 1, dtype=np.uint8)
