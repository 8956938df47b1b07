"""Image folders: images a second through our reader, beside bare Pillow and torchvision's decoders.

Ours lists the folder, reads and hashes every file, decodes it, minds orientation, transparency and 16 bits, checks its
size and keeps the planes, with threads where files are large; bare Pillow reads and converts the files one after the
other and does no more. What other decoders and threads do is said of bytes in memory.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.duel import Options, Row, in_turns, median_of, peer
from ganprobe.data import open_data
from ganprobe.data.scan import in_order

CASES = ((32, 2000, "JPEG"), (32, 2000, "PNG"), (256, 300, "JPEG"), (256, 300, "PNG"))
_ENDINGS = {"JPEG": "jpg", "PNG": "png"}


def rows(options: Options) -> Iterator[Row]:
    for side, count, kind in CASES:
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), side, count, kind)
            yield from _case(Path(folder), f"{side} x {side} {kind}", options)


def _case(folder: Path, what: str, options: Options) -> Iterator[Row]:
    paths = sorted(folder.iterdir())
    files = [path.read_bytes() for path in paths]
    got = in_turns(lambda: len(open_data(folder)), lambda: [_pillow(path.read_bytes()) for path in paths], options)
    workers = os.cpu_count() or 1
    many, _ = median_of(lambda: list(in_order(_pillow, files, workers=workers)), options)
    yield Row(
        what=f"a folder of {what}, images a second",
        peer="bare Pillow, one thread",
        ours=f"{len(files) / got.ours:,.0f}",
        theirs=f"{len(files) / got.theirs:,.0f}",
        ratio=got.ratio,
        agreement=f"{_torchvision(files, options)}; bare Pillow with {workers} threads {len(files) / many:,.0f}",
    )


def _torchvision(files: list[bytes], options: Options) -> str:
    module = peer("torchvision.io")
    decode: Callable[..., Any] = module.decode_image
    took, _ = median_of(lambda: _all(lambda data: decode(_tensor(data), mode="RGB"), files), options)
    off = max(
        np.abs(decode(_tensor(data), mode="RGB").permute(1, 2, 0).numpy().astype(int) - _pillow(data)).max()
        for data in files[:50]
    )
    return f"torchvision {len(files) / took:,.0f}, {off} grey levels apart at most"


def _pillow(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def _tensor(data: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)


def _all(decode: Callable[[bytes], Any], files: list[bytes]) -> int:
    return sum(decode(data) is not None for data in files)


def _write(folder: Path, side: int, count: int, kind: str) -> None:
    pictures = open_data(f"toyfaces:{side}", limit=min(count, 100)).read(range(min(count, 100)))
    for number in range(count):
        planes = pictures[number % len(pictures)]
        picture = Image.fromarray(np.ascontiguousarray(planes.transpose(1, 2, 0)))
        picture.save(folder / f"{number:05}.{_ENDINGS[kind]}", kind)
