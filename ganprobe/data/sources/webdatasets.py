"""Samples of a WebDataset: tars in which the files of one sample share their name up to the first dot.

`000017.jpg` and `000017.cls`, or `000017.png` and `000017.json` with a "label", are an image and its class. Which part
of a name is the sample's, the library says; members are read in place, by number, and nothing of them is unpickled.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from ganprobe.core.classes.order import in_order
from ganprobe.core.classes.words import few
from ganprobe.core.errors import DataError
from ganprobe.data.convert import SUFFIXES
from ganprobe.data.files import Files, is_image
from ganprobe.data.labels.labelling import MOST_CLASSES, LabelFacts, Labelling
from ganprobe.data.sources.extras import library
from ganprobe.data.sources.listing import Entry, Listing, in_tar

_KEYS: Final = ("label", "cls", "class")
_NUMBERED = re.compile(r"(.*?)[-_.]?\d{2,}")
_SAID_BY: Final = (".cls", ".json")
SHARD: Final = ".tar"
Class = int | str


@dataclass(slots=True)
class _Sample:
    images: list[Entry] = field(default_factory=list)
    said: dict[str, Entry] = field(default_factory=dict)


def is_of_samples(listing: Listing) -> bool:
    """Whether a tar is a WebDataset, by its content: the class of its first image stands beside it."""
    first = next((entry for entry in listing.entries if is_image(entry.path)), None)
    if first is None:
        return False
    beside = (entry for entry in listing.entries if _start(entry.path) == _start(first.path))
    return any(_class_of(entry) is not None for entry in beside if entry.path.endswith(_SAID_BY))


def _start(path: str) -> tuple[str, str]:
    """The folder, and the name to its first dot."""
    folder, _, name = path.rpartition("/")
    return folder, name.partition(".")[0]


def shards_of(folder: Path) -> list[Path]:
    """The tars of a folder that holds no images and no folders of its own; [] where it is no such folder."""
    shards = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name.lower()
                if not name.startswith(".") and (entry.is_dir() or name.endswith(SUFFIXES)):
                    return []
                if name.endswith(SHARD) and not name.startswith("."):
                    shards.append(Path(entry.path))
    except OSError:
        return []
    return sorted(shards)


def shard_files(folder: Path, shards: Sequence[Path], *, labelled: bool) -> Files:
    """The images of several tars in a row, with the labels of their samples where they shall be `labelled`; where these
    have none, tars that are not numbered are classes. DataError as for one tar."""
    listings = [in_tar(shard) for shard in shards]
    if labelled and any(is_of_samples(each) for each in listings):
        return _joined(folder, [samples_in(each) for each in listings])
    entries = [
        Entry(f"{shard.stem}/{entry.path}", entry.size, entry.load)
        for shard, listing in zip(shards, listings, strict=True)
        for entry in listing.entries
    ]
    files = Listing(folder, entries).images()
    prefixes = {match[1] if (match := _NUMBERED.fullmatch(shard.stem)) else shard.stem for shard in shards}
    if len(prefixes) > 1:
        return files
    why = f"the samples of {few([shard.name for shard in shards])} have no .cls, and no label in .json"
    return _with(files, Labelling(facts=LabelFacts(why=why)))


def samples_in(listing: Listing) -> Files:
    """The images of a WebDataset, sample by sample, with their labels. DataError for samples of several images or
    without a class."""
    split = library("webdataset.tariterators", f"{listing.source}, a WebDataset,").base_plus_ext
    found: dict[str, _Sample] = {}
    for entry in listing.entries:
        key, ending = split(entry.path)
        if key is None:
            continue
        sample = found.setdefault(key, _Sample())
        if is_image(entry.path):
            sample.images.append(entry)
        elif f".{ending}" in _SAID_BY:
            sample.said[f".{ending}"] = entry
    samples = {key: sample for key, sample in sorted(found.items()) if sample.images}
    if several := [key for key, sample in samples.items() if len(sample.images) > 1]:
        raise DataError(f"{listing.source}: the sample {several[0]} has several images; one a sample was expected")
    classes = {key: _said(sample) for key, sample in samples.items()}
    if missing := [key for key, value in classes.items() if value is None]:
        raise DataError(f"{listing.source} says no class of {few(missing)}; add them, or give --labels none")
    entries = [sample.images[0] for sample in samples.values()]
    files = Files(
        listing.source,
        tuple(entry.path for entry in entries),
        tuple(entry.path for entry in entries),
        tuple(entry.size for entry in entries),
        lambda number: entries[number].load(),
    )
    return _with(files, _labelling([value for value in classes.values() if value is not None], listing.source))


def _said(sample: _Sample) -> Class | None:
    values = (_class_of(sample.said[ending]) for ending in _SAID_BY if ending in sample.said)
    return next((value for value in values if value is not None), None)


def _class_of(entry: Entry) -> Class | None:
    """What a .cls or .json says; None where it says no class."""
    text = entry.load().decode("utf-8", "replace").strip()
    if entry.path.endswith(".cls"):
        return int(text) if text.isascii() and text.isdecimal() else text or None
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = next((said[key] for key in _KEYS if key in said), None) if isinstance(said, Mapping) else None
    return found if isinstance(found, int | str) and not isinstance(found, bool) else None


def _labelling(values: Sequence[Class], source: Path) -> Labelling:
    facts = LabelFacts("the samples' .cls or .json")
    if all(isinstance(value, int) and 0 <= value < MOST_CLASSES for value in values):
        labels = np.array(values, dtype=np.int64)
        return Labelling(labels, tuple(str(number) for number in range(int(labels.max()) + 1)), facts)
    if any(isinstance(value, int) for value in values):
        raise DataError(
            f"{source} has classes that are names and others that are numbers, or none from 0 on; mend them"
        )
    names = in_order({str(value) for value in values}, "names")
    return Labelling(np.array([names.index(str(value)) for value in values], dtype=np.int64), names, facts)


def _with(files: Files, labelling: Labelling) -> Files:
    return Files(files.source, files.paths, files.names, files.sizes, files.load, labelling)


def _joined(folder: Path, parts: Sequence[Files]) -> Files:
    """Shards one after another."""
    starts = np.cumsum([0, *(len(part) for part in parts)])
    values = [
        int(name) if name.isdecimal() else name
        for part in parts
        for name in (part.labelling.names[int(label)] for label in _labels(part))
    ]

    def load(number: int) -> bytes:
        shard = int(np.searchsorted(starts, number, side="right")) - 1
        return parts[shard].load(number - int(starts[shard]))

    return Files(
        folder,
        tuple(f"{part.source.name}/{path}" for part in parts for path in part.paths),
        tuple(f"{part.source.stem}/{name}" for part in parts for name in part.names),
        tuple(size for part in parts for size in part.sizes),
        load,
        _labelling(values, folder),
    )


def _labels(part: Files) -> np.ndarray[Any, np.dtype[np.int64]]:
    assert part.labelling.labels is not None, "samples_in gives labels"
    return part.labelling.labels
