"""The resize of clean-FID beside its own, which resizes every channel of an image by Pillow in float."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from benchmarks.duel import MISSING, Options, Row, in_turns, median_of, peer
from ganprobe.core.streams import stream
from ganprobe.features.images.resize import bicubic_pil

BATCH = 16
CASES = ((32, 160, "4"), (512, 48, "1.3"))


def rows(options: Options) -> Iterator[Row]:
    for size, count, wanted in CASES:
        yield _case(size, count, wanted, options)


def _case(size: int, count: int, wanted: str, options: Options) -> Row:
    planes = torch.from_numpy(stream(0, "resizing").integers(0, 256, (count, 3, size, size), dtype=np.uint8))
    pictures = planes.permute(0, 2, 3, 1).contiguous().numpy()

    def ours() -> torch.Tensor:
        for part in torch.split(planes, BATCH):
            last = bicubic_pil(part.float(), 299, within=(0, 255))
        return last

    what = f"clean resize, {size} to 299, an image"
    module = peer("cleanfid.resize")
    if module is None:
        own, _ = median_of(ours, options)
        return Row(what=what, peer="clean-fid", ours=_said(own / count), theirs=MISSING, wanted=wanted)
    resize = module.build_resizer("clean")

    def theirs() -> np.ndarray:
        for picture in pictures:
            last = resize(picture)
        return last

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = in_turns(ours, theirs, replace(options, runs=max(5, options.runs)))
    off = np.abs(got.value[-1].permute(1, 2, 0).numpy() - got.peers_value).max()
    return Row(
        what=what,
        peer="clean-fid",
        ours=_said(got.ours / count),
        theirs=_said(got.theirs / count),
        ratio=got.ratio,
        wanted=wanted,
        agreement=f"{off:.0e} grey levels at most",
    )


def _said(seconds: float) -> str:
    return f"{1e3 * seconds:.3g} ms"
