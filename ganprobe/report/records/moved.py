"""What moving along a direction changes, in numbers and in words: a direction that moves nothing is said to.

>>> from ganprobe.core.results import Estimate
>>> yaw, age = Estimate(0.1, (-0.1, 0.3), 32), Estimate(-2.0, (-2.2, -1.8), 32)
>>> moved = Moved(target="yaw", changes={"yaw": yaw, "age": age})
>>> moved.headline
'Does not move yaw'
>>> moved.words.partition("deviations. ")[2]
'What changes most is age, by -2.00 [-2.20, -1.80].'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ganprobe.core.results import Estimate
from ganprobe.report.format import estimate_text

Verdict = Literal["moves", "little", "nothing", "against", "unknown", "unmeasured"]
LEAST_CHANGE: Final = 0.25 / 6
"""Standard deviations of a score for a strength of 1: a quarter of one from -3 to 3. What lies within is nothing."""
LITTLE_CHANGE: Final = 1 / 6
LEAST_DRIFT: Final = 0.02
"""Of the distance between two samples."""
LITTLE_DRIFT: Final = 0.1
_TOLD: Final = (
    (0.5, "Does as it is told"),
    (0.1, "Does little of what it is told"),
    (float("-inf"), "Does not do as it is told"),
)
VERDICT_WORDS: Final[Mapping[Verdict, str]] = {
    "moves": "moves",
    "little": "moves little",
    "nothing": "moves nothing",
    "against": "moves it the other way",
    "unknown": "not known to move",
    "unmeasured": "not measured",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """target: the attribute that the direction is for, if any. changes: of every score from `start` to `end`, in
    standard deviations of the score. drift: of embedded features at both ends, where no scorer is at hand; apart: the
    same between different samples. told: of a steered factor, how much of what is asked for comes about (the slope)."""

    target: str | None = None
    changes: Mapping[str, Estimate] = field(default_factory=dict)
    drift: Estimate | None = None
    apart: float = 0.0
    told: float | None = None
    start: float = -3.0
    end: float = 3.0

    @property
    def own(self) -> Estimate | None:
        """The change of its own attribute; without one, the largest."""
        if self.target is not None and self.target in self.changes:
            return self.changes[self.target]
        return max(self.changes.values(), key=lambda each: abs(each.value), default=None)

    @property
    def ordered(self) -> list[tuple[str, Estimate]]:
        """The changes, its own first, then the largest."""
        return sorted(self.changes.items(), key=lambda each: (each[0] != self.target, -abs(each[1].value)))

    @property
    def beside(self) -> tuple[str, Estimate] | None:
        """The largest change of another attribute."""
        others = [each for each in self.ordered if each[0] != self.target and each[1] is not self.own]
        return others[0] if others else None

    @property
    def share(self) -> Estimate | None:
        """The drift as a share of the distance between two samples."""
        if self.drift is None or self.apart <= 0:
            return None
        low, high = self.drift.ci95 or (self.drift.value, self.drift.value)
        return Estimate(self.drift.value / self.apart, (low / self.apart, high / self.apart), self.drift.n)

    @property
    def verdict(self) -> Verdict:
        if self.own is not None:
            return self._of_change(self.own, named=self.target is not None)
        if self.share is not None:
            return _of_share(self.share)
        return "unmeasured"

    @property
    def headline(self) -> str:
        """What it does in a few words."""
        verdict = self.verdict
        if self.told is not None and verdict != "nothing":
            does = next(words for least, words in _TOLD if self.told >= least)
            return f"{does} (slope {self.told:.2f})"
        if self.own is None or verdict == "unmeasured":
            return f"It {VERDICT_WORDS[verdict]}" if verdict != "unmeasured" else ""
        return {
            "moves": f"Moves {self._own_name}",
            "little": f"Moves {self._own_name} little",
            "nothing": f"Does not move {self._own_name}",
            "unknown": f"Not known to move {self._own_name}",
            "against": f"Moves {self._own_name} the other way",
        }[verdict]

    @property
    def words(self) -> str:
        """The same in numbers: one or two sentences."""
        return f"{self.own_words} {self._of_others()}".rstrip()

    @property
    def own_words(self) -> str:
        """The first of them."""
        if self.own is not None:
            change = estimate_text(self.own)
            way = f"From {self.start:g} to {self.end:g}"
            return f"{way} the score of {self._own_name} changes by {change} standard deviations."
        if self.share is None:
            return ""
        share = _percent(self.share)
        ends = f"At {self.start:g} and {self.end:g}"
        return f"{ends} pictures are {share} as far from where they were as two samples are."

    @property
    def _own_name(self) -> str:
        return next(name for name, each in self.changes.items() if each is self.own)

    def _of_others(self) -> str:
        if self.beside is None or self.own is None:
            return ""
        (name, change), still = self.beside, self.verdict in ("nothing", "unknown")
        if self._of_change(change, named=False) in ("nothing", "unknown"):
            return "Nor does any other score change." if self.verdict == "nothing" else ""
        if not still and 2 * abs(change.value) < abs(self.own.value):
            return ""
        return f"{'What changes most is' if still else 'So does'} {name}, by {estimate_text(change)}."

    def _of_change(self, change: Estimate, *, named: bool) -> Verdict:
        low, high = change.ci95 or (change.value, change.value)
        farthest, length = max(abs(low), abs(high)), self.end - self.start
        if low <= 0 <= high:
            return "unknown" if farthest >= LITTLE_CHANGE * length else "nothing"
        if farthest < LEAST_CHANGE * length:
            return "nothing"
        if named and change.value < 0:
            return "against"
        return "little" if abs(change.value) < LITTLE_CHANGE * length else "moves"

    def _of_features(self, share: Estimate) -> str:
        ends = f"at {self.start:g} and {self.end:g} pictures are {_percent(share)} as far from where they were as two"
        said = {"nothing": "It moves next to nothing: ", "little": "It moves little: ", "moves": "It moves: "}
        return f"{said[self.verdict]}{ends} samples are from one another."


def _of_share(share: Estimate) -> Verdict:
    high = share.value if share.ci95 is None else share.ci95[1]
    if high < LEAST_DRIFT:
        return "nothing"
    return "little" if share.value < LITTLE_DRIFT else "moves"


def _percent(share: Estimate) -> str:
    low, high = share.ci95 or (share.value, share.value)
    digits = 0 if high >= 0.1 else 1
    return f"{100 * share.value:.{digits}f}% [{100 * low:.{digits}f}%, {100 * high:.{digits}f}%]"
