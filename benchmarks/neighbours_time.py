"""Precision, recall, density and coverage beside the prdc package, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.apart import Measured, measured
from benchmarks.duel import MISSING, Options, Row, median_of, peer
from benchmarks.inputs import WIDTH, relu_rows
from ganprobe.metrics.neighbours.squared_distances import products

ROWS = 10_000
FULL = 50_000
_TILE = 2048


def rows(options: Options) -> Iterator[Row]:
    what = f"precision, recall, density, coverage, {ROWS:,} x {ROWS:,} x {WIDTH}"
    ours = measured("prdc", "ours", ROWS, options)
    if peer("prdc") is None:
        yield Row(what=what, peer="prdc", ours=_said(ours), theirs=MISSING, wanted="2.5, a tenth of the memory")
    else:
        theirs = measured("prdc", "peer", ROWS, options)
        yield Row(
            what=what,
            peer="prdc",
            ours=_said(ours),
            theirs=_said(theirs),
            ratio=theirs.seconds / ours.seconds,
            wanted="2.5, a tenth of the memory",
            agreement=f"{_alike(ours, theirs)}; 1/{theirs.megabytes / ours.megabytes:.0f} of the memory",
        )
    bound = _products(options)
    yield Row(
        what="the same beside the float32 products that it needs, alone",
        peer="NumPy's matmul",
        ours=f"{ours.seconds:.3g} s",
        theirs=f"{bound:.3g} s",
        ratio=bound / ours.seconds,
        agreement=f"{100 * bound / ours.seconds:.0f}% of the time is products",
    )


def at_full_size(options: Options) -> Iterator[Row]:
    """50,000 x 50,000; asked for by name, for it takes minutes."""
    ours = measured("prdc", "ours", FULL, options)
    what = f"precision, recall, density, coverage, {FULL:,} x {FULL:,} x {WIDTH}"
    yield Row(what=what, peer="-", ours=_said(ours), wanted="under 3,000 MB")


def _products(options: Options) -> float:
    """Seconds of all tiles of one side with the other, and twice those up to the diagonal of a side with itself."""
    a, b = ([torch.from_numpy(part) for part in _tiles(side)] for side in (0, 1))
    pairs = [(x, y) for x in a for y in b]
    pairs += [(side[i], side[j]) for side in (a, b) for i in range(len(side)) for j in range(i + 1)]
    return median_of(lambda: sum(len(products(x, y)) for x, y in pairs), replace(options, runs=min(options.runs, 2)))[0]


def _tiles(side: int) -> list[NDArray[np.float32]]:
    rows = relu_rows(side, ROWS)
    return [rows[start : start + _TILE] for start in range(0, ROWS, _TILE)]


def _said(found: Measured) -> str:
    return f"{found.seconds:.3g} s, {found.megabytes:,.0f} MB"


def _alike(ours: Measured, theirs: Measured) -> str:
    off = max(abs(ours.values[name] - theirs.values[name]) for name in ours.values)
    return f"all four within {off:.0e}"
