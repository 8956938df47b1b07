"""Weights that do not ship: where they come from, what they must hash to, and where they are kept.

>>> INCEPTION.sha256[:8], INCEPTION.size
('6726825d', 95628359)

They are kept in the folder GANPROBE_CACHE, else in the platform's cache folder. A file is there whole or not at all,
also when several processes want it at once: each writes beside it and moves what it wrote into place, and where the
system has file locks only one of them fetches.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.error import URLError
from urllib.request import urlopen

from ganprobe.core.cache import cache_folder
from ganprobe.core.errors import CheckpointError
from ganprobe.core.files import sha256_of, writing
from ganprobe.core.progress import Track

_TIMEOUT = 30.0
_PIECE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRecord:
    """A file of weights. name: what numbers from them are marked with, the network first. urls: where it can be had,
    tried in this order. size: in bytes. option: how a user names another file instead."""

    name: str
    file: str
    urls: tuple[str, ...]
    sha256: str
    size: int
    licence: str
    origin: str
    option: str


INCEPTION = WeightRecord(
    name="inception-2015-12-05",
    file="pt_inception-2015-12-05-6726825d.pth",
    urls=(
        "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    ),
    sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    size=95_628_359,
    licence="Apache-2.0",
    origin="the TensorFlow release inception-2015-12-05, ported by the pytorch-fid project",
    option="--inception-weights",
)


VGG16 = WeightRecord(
    name="vgg16-397923af",
    file="vgg16-397923af.pth",
    urls=("https://download.pytorch.org/models/vgg16-397923af.pth",),
    sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    size=553_433_881,
    licence="BSD-3-Clause",
    origin="torchvision's VGG16, trained on ImageNet (IMAGENET1K_V1)",
    option="--vgg-weights",
)


DINOV2 = WeightRecord(
    name="dinov2-vitl14",
    file="dinov2_vitl14_pretrain.pth",
    urls=("https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth",),
    sha256="d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428",
    size=1_217_586_395,
    licence="Apache-2.0",
    origin="DINOv2's ViT-L/14 without registers",
    option="--dinov2-weights",
)


CLIP = WeightRecord(
    name="clip-vitl14-336",
    file="ViT-L-14-336px.pt",
    urls=(
        "https://openaipublic.azureedge.net/clip/models/"
        "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02/ViT-L-14-336px.pt",
    ),
    sha256="3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02",
    size=934_088_680,
    licence="MIT",
    origin="OpenAI's CLIP, ViT-L/14 at 336 pixels",
    option="--clip-weights",
)


def fetched(record: WeightRecord, folder: Path | None = None) -> Path:
    """The path of the weights in `folder` (None: the cache), fetched if they are not there, their hash checked.

    CheckpointError where they cannot be had: it names file, hash, address and folder. OutputError where the folder
    cannot be written.
    """
    path = (cache_folder() if folder is None else folder) / record.file
    if _is_there(record, path):
        return path
    with _locked(path):
        if not _is_there(record, path):
            _fetch(record, path)
    return path


def _is_there(record: WeightRecord, path: Path) -> bool:
    return path.is_file() and path.stat().st_size == record.size and sha256_of(path) == record.sha256


def _fetch(record: WeightRecord, path: Path) -> None:
    reasons = []
    for url in record.urls:
        # Only what has the right hash takes its place: an exception inside `writing` leaves nothing.
        with contextlib.suppress(_Refused), writing(path) as temporary:
            if (reason := _download(record, url, temporary)) is None:
                return
            reasons.append(f"{url}: {reason}")
            raise _Refused
    raise CheckpointError(
        f"cannot fetch {record.file} ({'; '.join(reasons)}); put a file of that name with sha256 {record.sha256} "
        f"into {path.parent}, or name one with {record.option}"
    )


class _Refused(Exception):
    """What came is not what was wanted."""


def _download(record: WeightRecord, url: str, path: Path) -> str | None:
    """None where `path` now holds the file; else why not. A full disk is not the address's fault and is raised."""
    try:
        response = urlopen(url, timeout=_TIMEOUT)
    except (URLError, HTTPException, OSError, ValueError) as problem:
        return " ".join(str(problem).split())
    with response, path.open("wb") as file:
        return _copied(record, response, file)


def _copied(record: WeightRecord, response: BinaryIO, file: BinaryIO) -> str | None:
    digest = hashlib.sha256()
    with Track(f"fetching {record.file}", record.size, unit="bytes") as track:
        while True:
            try:
                piece = response.read(_PIECE)
            except (HTTPException, OSError) as problem:
                return f"the connection broke ({problem})"
            if not piece:
                break
            digest.update(piece)
            file.write(piece)
            track.advance(len(piece))
    return None if digest.hexdigest() == record.sha256 else f"what came has sha256 {digest.hexdigest()}"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time, where the system has `flock`, which a process that dies gives back."""
    try:
        fcntl = importlib.import_module("fcntl")
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = (path.parent / f".{path.name}.lock").open("ab")
    except (ImportError, OSError):
        # Without a lock two processes may fetch the same file, and the later one takes its place: no harm but time.
        yield
        return
    with lock:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
