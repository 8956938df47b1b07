"""References measured before: what was kept of a folder, archive or array of images that has not changed since.

Wrong reuse would be worse than none. A key holds every file's path, size, number (inode) and times of change, of which
no program can set the last (ctime); the networks and their weights; what was measured; the device, the number of
threads, and the versions of the code: where any of them differs, nothing is found. Files that are younger than the
clock of a file system can tell apart are not trusted, nor is what other packages bring, whose code cannot be told to be
the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import torch

from ganprobe.core.cache import forget, keep, mark_used, place_of
from ganprobe.core.errors import InputError
from ganprobe.core.progress import tell
from ganprobe.core.protocols import Accumulator
from ganprobe.core.version import __version__
from ganprobe.data import DATASETS
from ganprobe.data.datasets import ARCHIVE_SUFFIXES, ARRAY_SUFFIXES
from ganprobe.engine.opening.features import FeatureSet
from ganprobe.engine.passes.plan import columns_of
from ganprobe.engine.passes.statistics import Reference, load_reference, reference_bytes

SETTLED: Final = 2.0
"""Seconds after which a file that is changed again shows it by its times, on any file system."""
OURS: Final = frozenset({"embedded", "inception", "vgg16", "pixels"})
"""Networks whose fingerprints tell all that they compute."""

WHOLE: Final = (*ARCHIVE_SUFFIXES, *ARRAY_SUFFIXES)
"""Endings of files that hold a set of images on their own."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A set of images as the file system tells of it: a digest, and when any of it changed last (seconds)."""

    digest: str
    changed: float


def remembered(
    ref: str,
    metrics: Sequence[Accumulator[Any]],
    features: FeatureSet,
    *,
    reading: Mapping[str, Any],
    like: Sequence[str],
    measure: Callable[[], Reference],
) -> Reference:
    """What was kept of `ref` under the same circumstances, else what `measure` gives, which is kept. reading, like: as
    `measure` has them; files that they name count as the images do."""
    started, needs = time.time(), columns_of(metrics)
    networks = features.networks_of(needs)
    known = _all_facts(ref, reading) if _told(metrics, networks.keys()) else None
    if known is None:
        return measure()
    words = {
        "images": known.digest,
        "reading": {name: str(value) for name, value in reading.items()},
        "like": list(like),
        "networks": {kind: network.fingerprint for kind, network in networks.items()},
        "columns": sorted(needs),
        "states": sorted(metric.state_key for metric in metrics),
        "computed": [features.device.type, torch.get_num_threads(), torch.__version__, _code()],
    }
    key = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()
    found = _kept(place_of(key))
    if found is not None:
        tell(f"{ref} is as it was when it was measured: that is used (--no-cache measures it again)")
        return found
    reference = measure()
    if known.changed < started - SETTLED and _all_facts(ref, reading) == known:
        keep(key, reference_bytes(reference))
    return reference


def _all_facts(ref: str, reading: Mapping[str, Any]) -> Facts | None:
    """Of the images and of the files that `reading` names; None where what they are cannot be told."""
    images = facts_of(ref)
    if images is None:
        return None
    named = [Path(value) for value in reading.values() if isinstance(value, str | Path)]
    digest, changed = hashlib.sha256(images.digest.encode()), images.changed
    for path in named:
        if path.is_dir():
            return None
        if path.is_file():
            status = path.stat()
            digest.update(_words(str(path), status))
            changed = max(changed, status.st_mtime, status.st_ctime)
    return Facts(digest.hexdigest(), changed)


def facts_of(ref: str) -> Facts | None:
    """Of a folder, archive or array of images; None for anything else, such as a data set's name or one of several
    files that belong together."""
    root = Path(ref)
    if ref.partition(":")[0] in DATASETS or not (root.is_dir() or root.name.lower().endswith(WHOLE)):
        return None
    digest, changed = hashlib.sha256(str(root.resolve()).encode()), 0.0
    try:
        for path in _files(root):
            status = os.stat(path)
            digest.update(_words(path, status))
            changed = max(changed, status.st_mtime, status.st_ctime)
    except OSError:
        return None
    return Facts(digest.hexdigest(), changed)


def _words(path: str, status: os.stat_result) -> bytes:
    facts = (path, status.st_size, status.st_ino, status.st_dev, status.st_mtime_ns, status.st_ctime_ns)
    return f"{facts}\n".encode("utf-8", "surrogateescape")


def _files(root: Path) -> Iterator[str]:
    """Every file of a folder and of those below, whatever its ending, and the folders themselves."""
    yield str(root)
    seen: set[str] = set()
    for folder, inner, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            inner.clear()
            continue
        seen.add(real)
        inner.sort()
        yield from (os.path.join(folder, name) for name in (*inner, *sorted(names)))


def _told(metrics: Sequence[Accumulator[Any]], networks: Collection[str]) -> bool:
    """Whether keys tell all that the numbers come from."""
    ours = all(type(metric).__module__.startswith("ganprobe.") for metric in metrics)
    return ours and OURS.issuperset(networks)


@cache
def _code() -> str:
    """A digest of this package's version and of its files as they are: whoever works on it wants no old numbers."""
    home = Path(__file__).resolve().parents[2]
    found = sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in home.rglob("*.py"))
    return hashlib.sha256(repr((__version__, found)).encode()).hexdigest()


def _kept(path: Path) -> Reference | None:
    if not path.is_file():
        return None
    try:
        reference = load_reference(path)
    except InputError:
        forget(path)
        return None
    mark_used(path)
    return reference
