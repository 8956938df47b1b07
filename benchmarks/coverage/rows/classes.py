"""Scores of class probabilities."""

from __future__ import annotations

from typing import Any

from benchmarks.coverage.distributions import class_logits, softmax
from benchmarks.coverage.row import Row
from benchmarks.coverage.twins import Draw, features, images

CS = ("cs",)
IS = ("is", "is@bias", "is@unshuffled")

_FEW = class_logits(10)
_MANY = class_logits(1008, sure=9.0, spread=1.5)
_SATURATED = class_logits(1008, sure=40.0, spread=1.0)
_LOGITS: dict[str, Draw] = {
    "10 classes, unequal": _FEW,
    "1,008 classes, unequal": _MANY,
    "1,008 classes, saturated": _SATURATED,
    "1,008 classes, equal, saturated": class_logits(1008, sure=40.0, spread=1.0, slope=0.0),
}


def _row(metrics: tuple[str, ...], what: str, n: int, **more: Any) -> Row:
    draw = softmax(_LOGITS[what]) if metrics == CS else _LOGITS[what]
    return Row(metrics=metrics, drawn=what, n=n, twins=images(features(draw), None, n), **more)


ROWS = (
    _row(CS, "10 classes, unequal", 200, suite=40),
    _row(CS, "10 classes, unequal", 1000),
    _row(CS, "10 classes, unequal", 5000),
    _row(CS, "1,008 classes, unequal", 500),
    _row(IS, "10 classes, unequal", 200, suite=40),
    *(
        _row(IS, what, n, replicates=100 if n == 1000 else 200)
        for what in _LOGITS
        if "1,008" in what
        for n in (200, 1000)
    ),
)
