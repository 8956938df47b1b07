"""Any DATA: a folder, an archive or an array of images, or a data set by name.

>>> open_data("toyfaces:32", limit=100).shape
(3, 32, 32)
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.calls.resizing import Resize, resize_of
from ganprobe.core.errors import DataError, InputError
from ganprobe.core.registry import Registry, unknown
from ganprobe.data import toyfaces
from ganprobe.data.arrays import open_npy, open_npz
from ganprobe.data.convert import SUFFIXES
from ganprobe.data.files import Files
from ganprobe.data.images import Images, spread
from ganprobe.data.labelled import AS_THEY_ARE, LabelChoice, in_another_order, labelled
from ganprobe.data.labels.labelling import FOLDERS, NONE, LabelFacts
from ganprobe.data.labels.order_files import order_of
from ganprobe.data.scan import file_images
from ganprobe.data.sources.cifar_batches import batches_at, cifar_images
from ganprobe.data.sources.hugging_face import hugging_face_files, is_hugging_face
from ganprobe.data.sources.listing import in_tar, list_files
from ganprobe.data.sources.lmdb_files import is_lmdb, lmdb_files
from ganprobe.data.sources.webdatasets import is_of_samples, samples_in, shard_files, shards_of

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
ARCHIVE_SUFFIXES = (".zip", *TAR_SUFFIXES)
ARRAY_SUFFIXES = (".npy", ".npz")
TOYFACES_RESOLUTION = 64
TOYFACES_VERSION = 1
"""Part of the fingerprint: counted up when the pictures change."""

CIFAR10_FILE = "cifar10-jpeg.tar.xz"

_EXPECTED = "a folder, .zip, .tar (.gz, .xz, .bz2), .npy, .npz, LMDB, WebDataset or data set on disk of images"
_LOOKS_LIKE_A_PATH = re.compile(r"[/\\]|\.\w{1,5}$")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a data set is read. size: crop and resize to it; None leaves the images as they are. skip_unreadable: pass
    over broken files and keep their names. limit: at most so many images, evenly spread over the set. choice: of their
    labels."""

    size: Resize | None = None
    skip_unreadable: bool = False
    limit: int | None = None
    choice: LabelChoice = AS_THEY_ARE

    @property
    def resolution(self) -> int | None:
        return None if self.size is None else self.size.side


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set by name. open: what follows the name after a colon ("" for nothing), and how to read, to images. test:
    what follows it for the test images; "" where there are none."""

    summary: str
    open: Callable[[str, Reading], Images]
    test: str = ""


def open_data(
    ref: str | Path,
    *,
    resolution: int | None = None,
    resize: str | int | Resize | None = None,
    skip_unreadable: bool = False,
    limit: int | None = None,
    labels: str | Path | None = None,
    class_order: str | Path | Sequence[str] | None = None,
) -> Images:
    """The images of any DATA: a path, or a data set's name (a folder of the same name is told from it by "./").

    resolution: the side to which images are cropped and resized; resize: the same as N or N:method. labels: "none",
    "folders", a file that says them, or None for those that the data have. class_order: "names", "numbers", a file or
    the names themselves, in the order of the labels. Every file is decoded once before this returns. InputError for an
    unknown name or an option out of range; DataError where the data is missing, cannot be read, or holds fewer than two
    images, and for folders that are the parts of a data set and no classes.
    """
    choice = LabelChoice(labels, order_of(class_order))
    reading = Reading(_size(resolution, resize_of(resize)), skip_unreadable, _checked("limit", limit), choice)
    name, _, variant = str(ref).partition(":")
    if isinstance(ref, str) and name in DATASETS:
        return DATASETS[name].open(variant, reading)
    path = Path(ref)
    if path.exists():
        return _open_path(path, reading)
    if _LOOKS_LIKE_A_PATH.search(str(ref)):
        raise InputError(f"no file or folder {ref}; {_EXPECTED} was expected, or one of: {', '.join(sorted(DATASETS))}")
    raise unknown("data set", name, DATASETS)


def _size(resolution: int | None, resize: Resize | None) -> Resize | None:
    side = _checked("resolution", resolution)
    if side is not None and resize is not None and side != resize.side:
        raise InputError(f"resolution {side} and resize {resize} contradict each other; give one")
    return resize if side is None or resize is not None else Resize(side)


def _chosen(images: Images, choice: LabelChoice) -> Images:
    """Images whose labels come with them, as a call wants these."""
    if choice.labels == NONE:
        why = "its labels were left out (--labels none)"
        return replace(images, labels=None, class_names=(), facts=LabelFacts(why=why))
    if choice.labels is not None and not (choice.labels == FOLDERS and images.facts.source == FOLDERS):
        raise InputError(
            f"{images.name} has no files whose labels could be said otherwise (labels {choice.labels}); leave labels "
            f"out, or give {NONE}"
        )
    return in_another_order(images, choice)


def is_image_data(path: Path) -> bool:
    """Whether `open_data` is the one to read an existing path, by its kind and ending (or to say why it cannot)."""
    named = path.name.lower().endswith((*ARCHIVE_SUFFIXES, *ARRAY_SUFFIXES, *SUFFIXES))
    return path.is_dir() or named or is_lmdb(path) or bool(batches_at(path))


def open_toyfaces(*, resolution: int = TOYFACES_RESOLUTION, seed: int = 0, limit: int | None = None) -> Images:
    """The procedural data set, without end unless `limit` says where: image i under `seed` at `resolution`.
    InputError for a resolution that is too small."""
    nothing = toyfaces.images(range(0), seed=seed, resolution=resolution)

    def fetch(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        parts = [toyfaces.images(run, seed=seed, resolution=resolution) for run in _runs(numbers)]
        return np.concatenate([nothing, *parts])

    words = f"toyfaces {TOYFACES_VERSION}, resolution {resolution}, seed {seed}, images {limit or 'without end'}"
    name = "toyfaces" if (resolution, seed) == (TOYFACES_RESOLUTION, 0) else f"toyfaces:{resolution}:{seed}"
    return Images(name, hashlib.sha256(words.encode()).hexdigest(), (3, resolution, resolution), limit, fetch)


def find_cifar10() -> Path:
    """The archive of CIFAR-10 (JPEG). DataError that says where to put it if it is nowhere."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folders = [Path(os.environ["GANPROBE_DATA"])] if os.environ.get("GANPROBE_DATA") else []
    for folder in (*folders, beside):
        if (folder / CIFAR10_FILE).is_file():
            return folder / CIFAR10_FILE
    looked = ", ".join(str(folder) for folder in (*folders, beside))
    raise DataError(
        f"cifar10 needs {CIFAR10_FILE}, which is not in {looked}; put it into a folder and name that in GANPROBE_DATA"
    )


def _toyfaces(variant: str, reading: Reading) -> Images:
    parts = variant.split(":") if variant else []
    if len(parts) > 2 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise InputError(
            f"toyfaces:{variant} is not understood; toyfaces, toyfaces:RESOLUTION or toyfaces:RESOLUTION:SEED"
        )
    named = int(parts[0]) if parts else None
    if named is not None and reading.resolution not in (None, named):
        raise InputError(f"toyfaces:{variant} and resolution {reading.resolution} contradict each other; give one")
    asked = reading.resolution if named is None else named
    resolution = TOYFACES_RESOLUTION if asked is None else asked
    images = open_toyfaces(resolution=resolution, seed=int(parts[1]) if len(parts) > 1 else 0, limit=reading.limit)
    return _chosen(images, replace(reading.choice, order=None))


def _cifar10(variant: str, reading: Reading) -> Images:
    split = variant or "train"
    if split not in ("train", "test"):
        raise unknown("split of cifar10", split, ("train", "test"))
    images = _scanned(list_files(find_cifar10(), under=f"{split}/"), reading)
    return replace(images, name="cifar10" if split == "train" else "cifar10:test")


DATASETS: Registry[DataSet] = Registry("data set")
DATASETS.add("toyfaces", DataSet("procedural cartoon faces, toyfaces[:RESOLUTION[:SEED]], without end", _toyfaces))
DATASETS.add(
    "cifar10", DataSet("CIFAR-10 (JPEG), cifar10[:train|:test]; needs its archive at hand", _cifar10, test="test")
)


def _open_path(path: Path, reading: Reading) -> Images:
    low = path.name.lower()
    if not path.is_dir() and low.endswith(ARRAY_SUFFIXES):
        read = open_npy if low.endswith(".npy") else open_npz
        return _plural(_chosen(read(path, size=reading.size, limit=reading.limit), reading.choice), path, reading)
    if batches_at(path):
        images = cifar_images(path, size=reading.size, limit=reading.limit)
        return _plural(_chosen(images, reading.choice), path, reading)
    if path.is_dir() or is_lmdb(path) or low.endswith(ARCHIVE_SUFFIXES):
        return _scanned(_files_at(path, reading), reading)
    what = "is one image" if low.endswith(SUFFIXES) else "is of no known kind"
    raise DataError(f"{path} {what}; {_EXPECTED} was expected")


def _files_at(path: Path, reading: Reading) -> Files:
    """The encoded images at a path, by what is there."""
    if is_lmdb(path):
        return lmdb_files(path, reading.resolution)
    if is_hugging_face(path):
        return hugging_face_files(path)
    if path.is_dir() and (shards := shards_of(path)):
        return shard_files(path, shards, labelled=reading.choice.labels is None)
    if path.name.lower().endswith(TAR_SUFFIXES):
        listing, own = in_tar(path), reading.choice.labels is None
        return samples_in(listing) if own and is_of_samples(listing) else listing.images()
    return list_files(path)


def _scanned(files: Files, reading: Reading) -> Images:
    chosen = labelled(files, reading.choice).select(spread(len(files), reading.limit))
    images = file_images(chosen, size=reading.size, skip_unreadable=reading.skip_unreadable)
    return _plural(images, files.source, reading)


def _plural(images: Images, path: Path, reading: Reading) -> Images:
    if images.length == 1 and reading.limit != 1:
        raise DataError(f"{path} holds one image that can be read; at least two are needed, and thousands to be of use")
    return images


def _runs(numbers: NDArray[np.int64]) -> list[range]:
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    return [range(int(run[0]), int(run[-1]) + 1) for run in np.split(numbers, breaks) if len(run)]


def _checked(option: str, value: int | None) -> int | None:
    if value is not None and value < 1:
        raise InputError(f"{option} must be at least 1, got {value}")
    return value
