"""The Frechet distance of 2048 features, from moments: whole calls of every side."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.duel import MISSING, Options, Row, in_turns, median_of, peer, seconds
from benchmarks.inputs import WIDTH, moments, relu_rows
from ganprobe.metrics import frechet_distance

ROWS = 5000
FEW = 1000
Moments = tuple[Any, Any]


def rows(options: Options) -> Iterator[Row]:
    a, b = (moments(relu_rows(side, ROWS)) for side in (0, 1))
    thin_a, thin_b = (moments(relu_rows(side, FEW)) for side in (0, 1))
    for name, wanted, theirs in (
        ("pytorch-fid (scipy's sqrtm)", "15", _pytorch_fid()),
        ("torch-fidelity (eigenvalues)", "3", _torch_fidelity()),
    ):
        what = f"Frechet distance, {WIDTH} features"
        if theirs is None:
            own, _ = median_of(lambda: frechet_distance(*a, *b), options)
            yield Row(what=what, peer=name, ours=seconds(own), theirs=MISSING, wanted=wanted)
            continue
        got = in_turns(lambda: frechet_distance(*a, *b), lambda call=theirs: call(a, b), options)
        yield Row(
            what=what,
            peer=name,
            ours=seconds(got.ours),
            theirs=seconds(got.theirs),
            ratio=got.ratio,
            wanted=wanted,
            agreement=got.apart,
        )
    yield from _singular(thin_a, thin_b, replace(options, runs=1))


def _singular(a: Moments, b: Moments, options: Options) -> Iterator[Row]:
    what = f"the same, singular ({FEW} rows); of a set with itself"
    own, apart = median_of(lambda: (frechet_distance(*a, *b), frechet_distance(*a, *a)), options)
    for name, theirs in (("pytorch-fid", _pytorch_fid()), ("torch-fidelity", _torch_fidelity())):
        if theirs is None:
            continue
        took, found = median_of(lambda call=theirs: (call(a, b), call(a, a)), options)
        off = abs(found[0] - apart[0]) / apart[0]
        yield Row(
            what=what,
            peer=name,
            ours=seconds(own),
            theirs=seconds(took),
            ratio=took / own,
            agreement=f"apart by {off:.0e}; with itself {apart[1]:.0e}, the peer {found[1]:.0e}",
        )


def _pytorch_fid() -> Callable[[Moments, Moments], float] | None:
    module = peer("pytorch_fid.fid_score")
    if module is None:
        return None

    def distance(a: Moments, b: Moments) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(np.real(module.calculate_frechet_distance(*a, *b)))

    return distance


def _torch_fidelity() -> Callable[[Moments, Moments], float] | None:
    module = peer("torch_fidelity.metric_fid")
    if module is None:
        return None

    def distance(a: Moments, b: Moments) -> float:
        sides = ({"mu": mean, "sigma": cov} for mean, cov in (a, b))
        return float(module.fid_statistics_to_metric(*sides, False)["frechet_inception_distance"])

    return distance
