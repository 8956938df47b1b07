"""Records side by side: which numbers may be compared, and which is the best.

A number is compared only with numbers of the same metric that have the same features, protocol and number of samples
and, where the metric depends on the reference, the same reference; where references are of different data, so are the
generators, and no number of one is compared with the other's. Where a row mixes several kinds, the commonest kind
(the first of them on a tie) is compared, and every other number carries a footnote that says how it differs.

The best of a row is in bold only where the 95% interval of its difference to every other number of its kind excludes
zero (`core.results.difference`, in which the noise of a shared reference cancels). A number without an interval is
never bold, and where it is one of those compared nothing is: its difference is not known. The intervals are of one
difference each, not widened for the number of comparisons; the table says how many rows chance alone would star, and
Holm's correction (`multiplicity`) takes bold type from those that the number of rows explains.
"""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ganprobe.core.errors import InputError
from ganprobe.core.results import Z95, Better, Estimate, Record, Result, difference, normal_estimate
from ganprobe.report.format import flat, half_width, short
from ganprobe.report.glossary import label_of, words_of
from ganprobe.report.records.multiplicity import CORRECTIONS, Correction, chance_of_star, holm, p_value


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of one generator. result: None where its run lacks the metric. leads: the lowest of its kind in the
    row, or the highest where higher is better. best: leads, and the differences to all others say so. marks: letters of
    footnotes, present where the number is not compared with the others of its row. to_best: this number minus the
    leading one; None for that one itself and for what is not compared."""

    result: Result | None
    best: bool = False
    leads: bool = False
    marks: tuple[str, ...] = ()
    to_best: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One metric: a cell for each generator. base: the result whose features and protocol the row goes by. p: of its
    star, the largest p-value of a difference to the leading number; None where no star could be."""

    metric: str
    base: Result
    cells: tuple[Cell, ...]
    p: float | None = None

    @property
    def label(self) -> str:
        return label_of(self.metric, self.base.features)

    @property
    def better(self) -> Better:
        return self.base.better


@dataclass(frozen=True, slots=True)
class Table:
    """Rows are metrics, columns generators. notes: the letter of each footnote to its text. correct: what was done for
    the number of rows."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: Mapping[str, str]
    correct: Correction = "none"

    @property
    def tested(self) -> int:
        """Rows that could have a star."""
        return sum(row.p is not None for row in self.rows)

    @property
    def chance_stars(self) -> float:
        """How many rows would have one, on average, were all generators alike; without a correction."""
        compared = [sum(cell.to_best is not None for cell in row.cells) + 1 for row in self.rows if row.p is not None]
        return sum(chance_of_star(generators) for generators in compared)


def compare_records(records: Sequence[Record], *, correct: Correction = "none") -> Table:
    """The table of two or more runs; metrics in the order in which they first appear. InputError for fewer runs, and
    for an unknown correction."""
    if correct not in CORRECTIONS:
        raise InputError(f"correct must be one of {', '.join(CORRECTIONS)}, got {correct!r}")
    if len(records) < 2:
        raise InputError(f"a comparison needs at least two runs, got {len(records)}; name another run or generator")
    metrics = dict.fromkeys(result.metric for record in records for result in record.results)
    notes: dict[str, str] = {}
    rows = tuple(_row(metric, records, notes) for metric in metrics)
    if correct == "holm":
        kept = holm([row.p for row in rows])
        rows = tuple(row if stays else _without_star(row) for row, stays in zip(rows, kept, strict=True))
    return Table(column_names(records), rows, {letter: text for text, letter in notes.items()}, correct)


def _without_star(row: Row) -> Row:
    return replace(row, cells=tuple(replace(cell, best=False) for cell in row.cells))


def column_names(records: Sequence[Record]) -> tuple[str, ...]:
    """The generators' names; those that share one are told apart by their number."""
    names = [record.generator.name for record in records]
    taken, columns = Counter(names), []
    for i, name in enumerate(names):
        columns.append(name if taken[name] == 1 else f"{name} ({names[: i + 1].count(name)})")
    return tuple(columns)


def _row(metric: str, records: Sequence[Record], notes: dict[str, str]) -> Row:
    results = [next((r for r in record.results if r.metric == metric), None) for record in records]
    several = len({record.reference.name for record in records if record.reference is not None}) > 1
    kinds = [None if r is None else _kind(record, r, several) for record, r in zip(records, results, strict=True)]
    keys = [None if kind is None else json.dumps(kind, sort_keys=True) for kind in kinds]
    base = keys.index(Counter(key for key in keys if key is not None).most_common(1)[0][0])
    cells = [Cell(result) for result in results]
    for i, kind in enumerate(kinds):
        if kind is not None and keys[i] != keys[base]:
            cells[i] = replace(cells[i], marks=tuple(_mark(text, notes) for text in _differences(kind, kinds[base])))
    p = _judge(cells, [i for i, key in enumerate(keys) if key == keys[base]])
    chosen = results[base]
    assert chosen is not None
    return Row(metric, chosen, tuple(cells), p)


def _kind(record: Record, result: Result, several: bool) -> dict[str, str]:
    """What must agree for two numbers to be compared, as words. several: whether the runs have references of different
    data; then a number that needs no reference is of the data of its run's too."""
    kind = {"samples": str(result.n), "features": result.features or "none", "better": result.better}
    if record.reference is not None and words_of(result.metric, result.features).against_reference:
        kind["reference"] = f"{record.reference.name} {short(record.reference.fingerprint)}"
    elif record.reference is not None and several:
        kind["data"] = record.reference.name
    return {**kind, **flat(result.protocol, "protocol.")}


def _differences(kind: Mapping[str, str], base: Mapping[str, str] | None) -> list[str]:
    """What sets a number apart, a sentence each."""
    base = base or {}
    names = [name for name in dict.fromkeys([*kind, *base]) if kind.get(name) != base.get(name)]
    said = (
        f"not compared: {name.removeprefix('protocol.')} {kind.get(name, 'not given')}, "
        f"in the others {base.get(name, 'not given')}"
        for name in names
    )
    return list(dict.fromkeys(said))


def _mark(text: str, notes: dict[str, str]) -> str:
    """The letter of a footnote, the same for the same text: a to z, then aa, ab and so on."""
    letters = string.ascii_lowercase
    n = len(notes)
    return notes.setdefault(text, letters[n] if n < 26 else letters[n // 26 - 1] + letters[n % 26])


def _judge(cells: list[Cell], members: list[int]) -> float | None:
    """Find the best of the `members` of a row, and their differences to it; the p-value of its star."""
    results = {i: result for i in members if (result := cells[i].result) is not None}
    better = results[members[0]].better
    if len(results) < 2 or better == "neither":
        return None
    pick = min if better == "lower" else max
    leader = pick(results, key=lambda i: results[i].value)
    for i, result in results.items():
        if i != leader:
            cells[i] = replace(cells[i], to_best=gap(result.estimate, results[leader].estimate))
    gaps = [each for i in results if i != leader and (each := cells[i].to_best) is not None]
    known = results[leader].ci95 is not None and all(each.ci95 is not None for each in gaps)
    best = known and all(excludes_zero(each) for each in gaps)
    cells[leader] = replace(cells[leader], best=best, leads=True)
    return max(p_value(each) for each in gaps) if known else None


def gap(a: Estimate, b: Estimate) -> Estimate:
    """a - b of two generators against one reference. Where the reference's share of the noise cannot be told apart
    (`intervals.npz` is gone), both intervals count in full, which is too wide rather than too narrow."""
    lost = [_reference_share_lost(estimate) for estimate in (a, b)]
    if any(lost) and a.variance is not None and b.variance is not None:
        variance = sum(((half_width(estimate) or 0.0) / Z95) ** 2 for estimate in (a, b))
        return normal_estimate(a.value - b.value, min(a.n, b.n), variance)
    return difference(a, b)


def _reference_share_lost(estimate: Estimate) -> bool:
    half = half_width(estimate)
    if estimate.variance is None or half is None or estimate.reference_terms is not None:
        return False
    return (half / Z95) ** 2 > estimate.variance * (1 + 1e-6)


def excludes_zero(estimate: Estimate | None) -> bool:
    """Whether there is an interval and zero lies outside."""
    return estimate is not None and estimate.ci95 is not None and (estimate.ci95[0] > 0 or estimate.ci95[1] < 0)


def protocol_of(result: Result) -> dict[str, Any]:
    """The features and the protocol of a result as flat text, for the reader of a table."""
    return {"features": result.features or "none", **flat(result.protocol)}
