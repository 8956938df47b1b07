"""Reading image files: one look at every file before any other work, then images by number.

The look decodes all files, so that a truncated one is found at once and not an hour later; it gives the fingerprint
on the way, and keeps the decoded images where the set is small.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.calls.resizing import LANCZOS, Resize
from ganprobe.core.errors import DataError
from ganprobe.core.progress import Track
from ganprobe.data.convert import PEERS, RULES, Planes, UnreadableError, decoded, strict_about_size
from ganprobe.data.files import Files
from ganprobe.data.images import Fetch, Images

CACHE_BYTES = 2**29
"""Sets up to this size, decoded, stay in memory: 170,000 images of 32 x 32, 10,000 of 128 x 128."""

SMALL_FILE = 4096
"""Mean file size in bytes up to which one thread decodes faster than several (measured: docs/data.md)."""

GROUP = 16
"""How many files a worker takes at a time."""

T = TypeVar("T")
R = TypeVar("R")


class _Look(NamedTuple):
    """What one file turned out to be: its sha256, pixels and the rules that applied, or why it cannot be read."""

    digest: bytes
    pixels: Planes | None
    problem: str = ""
    rules: tuple[str, ...] = ()


def file_images(files: Files, *, size: Resize | None = None, skip_unreadable: bool = False) -> Images:
    """Look through `files` and give their images.

    DataError naming the file that cannot be read (with skip_unreadable it is passed over and its name kept), or two
    files of different sizes where no size is given.
    """
    scan = _Scan(files, size, skip_unreadable)
    with strict_about_size(), Track(f"looking through {files.source.name}", total=len(files)) as track:
        for number, look in enumerate(_looks(files, size)):
            scan.add(number, look)
            track.advance(1)
    return scan.images()


class _Scan:
    def __init__(self, files: Files, size: Resize | None, skip_unreadable: bool) -> None:
        self._files, self._size, self._skip = files, size, skip_unreadable
        self._kept: list[int] = []
        self._skipped: list[int] = []
        self._problem = ""
        self._rules: Counter[str] = Counter()
        self._shape: tuple[int, ...] = ()
        self._cache: NDArray[np.uint8] | None = None
        self._digest = hashlib.sha256(f"files, {_said(size)}\n".encode())

    def add(self, number: int, look: _Look) -> None:
        if look.pixels is None:
            self._refuse(number, look.problem)
            return
        if not self._kept:
            self._begin(look.pixels.shape)
        elif look.pixels.shape != self._shape:
            raise self._mismatch(number, look.pixels.shape)
        if self._cache is not None:
            self._cache[len(self._kept)] = look.pixels
        self._kept.append(number)
        self._rules.update(look.rules)
        self._digest.update(look.digest)

    def images(self) -> Images:
        if not self._kept:
            raise DataError(
                f"none of the {len(self._files)} images of {self._files.source} can be read: {self._problem}"
            )
        kept = self._files.select(np.array(self._kept, dtype=np.int64))
        _, height, width = self._shape
        if kept.labelling.labels is not None:
            self._digest.update(b"labels" + kept.labelling.labels.astype("<i8").tobytes())
        return Images(
            name=self._files.source.name or str(self._files.source),
            fingerprint=self._digest.hexdigest(),
            shape=(3, height, width),
            length=len(kept),
            fetch=self._fetch(kept),
            labels=kept.labelling.labels,
            class_names=kept.labelling.names,
            facts=kept.labelling.facts,
            notes=(*kept.notes, *self._peculiar()),
            skipped=tuple(self._files.where(number) for number in self._skipped),
        )

    def _peculiar(self) -> list[str]:
        """What was done to some of the images that other packages do not do."""
        return [
            f"{self._rules[rule]} of {len(self._kept)} images {done}; torch-fidelity, pytorch-fid and clean-fid "
            f"{PEERS[rule]}, so that their numbers are others"
            for rule, done in RULES.items()
            if self._rules[rule]
        ]

    def _begin(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        if len(self._files) * int(np.prod(shape)) <= CACHE_BYTES:
            self._cache = np.empty((len(self._files), *shape), dtype=np.uint8)

    def _refuse(self, number: int, problem: str) -> None:
        self._problem = self._problem or f"{self._files.where(number)}: {problem}"
        if not self._skip:
            raise DataError(
                f"{self._files.where(number)} cannot be read: {problem}; mend or remove it, or skip such files "
                "(--skip-unreadable)"
            )
        self._skipped.append(number)

    def _mismatch(self, number: int, shape: tuple[int, ...]) -> DataError:
        first = self._files.where(self._kept[0])
        return DataError(
            f"images of one size were expected, but {first} has {_size(self._shape)} pixels and "
            f"{self._files.where(number)} has {_size(shape)}; crop and resize them all to one (--resize N, or "
            "N:method)"
        )

    def _fetch(self, kept: Files) -> Fetch:
        if self._cache is None:
            return _Decoding(kept, self._shape, self._size)
        cache = self._cache[: len(kept)]
        return lambda numbers: cache[numbers]


@dataclass(frozen=True, slots=True)
class _Decoding:
    """Decodes the asked images anew each time."""

    files: Files
    shape: tuple[int, ...]
    size: Resize | None

    def __call__(self, numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        chosen = self.files.select(numbers)
        out = np.empty((len(chosen), *self.shape), dtype=np.uint8)
        for number, look in enumerate(_looks(chosen, self.size)):
            if look.pixels is None or look.pixels.shape != self.shape:
                raise DataError(
                    f"{chosen.where(number)} changed while it was in use; leave the images alone during a run"
                )
            out[number] = look.pixels
        return out


def _looks(files: Files, size: Resize | None) -> Iterator[_Look]:
    def examine(numbers: range) -> list[_Look]:
        return [_examine(files, number, size) for number in numbers]

    groups = [range(start, min(start + GROUP, len(files))) for start in range(0, len(files), GROUP)]
    for looks in in_order(examine, groups, workers=_workers(files.sizes)):
        yield from looks


def _examine(files: Files, number: int, size: Resize | None) -> _Look:
    try:
        data = files.load(number)
        pixels, rules = decoded(data, size=size)
        return _Look(hashlib.sha256(data).digest(), pixels, rules=rules)
    except UnreadableError as problem:
        return _Look(b"", None, str(problem))


def _workers(sizes: Sequence[int]) -> int:
    if sum(sizes) <= SMALL_FILE * len(sizes):
        return 1
    return min(8, os.cpu_count() or 1)


def in_order(work: Callable[[T], R], items: Iterable[T], *, workers: int) -> Iterator[R]:
    """`work` of each item, in the items' order, by `workers` threads that run only a little ahead of the reader."""
    if workers == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[R]] = deque()
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > 2 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]} x {shape[1]}"


def _said(size: Resize | None) -> str:
    """A size, as fingerprints have it."""
    resolution = f"resolution {None if size is None else size.side}"
    return resolution if size is None or size.method == LANCZOS else f"{resolution}, {size.method}"
