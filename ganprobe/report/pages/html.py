"""Reports as one HTML file each that needs nothing beside it: styles inline, figures as data URIs, no script."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2

from ganprobe.core.results import Estimate, Record, Result
from ganprobe.report.figures.run import DARK_SUFFIX, FIGURES, INTERPOLATION, SAMPLES
from ganprobe.report.format import (
    ARROWS,
    BETTER_WORDS,
    MISSING,
    count,
    flat,
    interval_text,
    value_text,
)
from ganprobe.report.glossary import features_note, label_of, title_of, words_of
from ganprobe.report.pages.markdown import DETAILS_NOTE, HEADINGS, bold_words, gap_text, headline, origin
from ganprobe.report.records.details import by_group, run_grids, shared_grids
from ganprobe.report.records.links import DirectionsLink
from ganprobe.report.records.table import Cell, Row, protocol_of

if TYPE_CHECKING:
    from ganprobe.report.records.comparison import ComparisonRecord


@dataclass(frozen=True, slots=True)
class Whisker:
    """Where a value and its interval lie on an axis from `start` to `end`, in percent of its length."""

    value: float
    low: float
    high: float
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as data URIs, the second for a dark page (empty: the first serves both)."""

    light: str
    dark: str = ""


def run_html(
    record: Record,
    figures: Mapping[str, bytes],
    captions: Mapping[str, str],
    *,
    view: Mapping[str, Any] | None = None,
    link: DirectionsLink | None = None,
) -> str:
    """report.html of one run. figures: PNG by name, with a dark one beside some. view: `directions_view`. link: to the
    directions that its attribute metrics speak of."""
    return template("run.html.j2").render(
        title=record.generator.name,
        record=record,
        groups=by_group(record.results),
        details=run_grids(record),
        note=features_note(record.results),
        figures=[(name, HEADINGS[name], picture(figures, name), captions[name]) for name in FIGURES if name in figures],
        facts=_facts(record),
        origin=origin(record),
        link=link,
        **(view or {"cards": ()}),
    )


def comparison_html(comparison: ComparisonRecord, charts: Mapping[str, bytes]) -> str:
    """report.html of a comparison. charts: PNG by name, with a dark one beside each."""
    compared = comparison.table
    results = [cell.result for row in compared.rows for cell in row.cells if cell.result is not None]
    origins = [origin(record) for record in comparison.runs]
    return template("comparison.html.j2").render(
        title=headline(compared.columns),
        table=compared,
        bold=bold_words(compared),
        note=features_note(results),
        facts=_shared_facts(comparison.runs),
        charts=[picture(charts, name) for name in charts if not name.endswith(DARK_SUFFIX)],
        shown=[(HEADINGS[name], name, _pictures_of(comparison, name)) for name in (SAMPLES, INTERPOLATION)],
        with_gaps=any(cell.to_best is not None for row in compared.rows for cell in row.cells),
        details=shared_grids(comparison.runs, compared),
        details_note=DETAILS_NOTE,
        origins=origins,
        origin_keys=list(dict.fromkeys(key for each in origins for key in each)),
    )


def _pictures_of(comparison: ComparisonRecord, name: str) -> list[tuple[str, Picture]]:
    pairs = zip(comparison.table.columns, comparison.figures, strict=False)
    return [(column, picture(figures, name)) for column, figures in pairs if name in figures]


def picture(figures: Mapping[str, bytes], name: str) -> Picture:
    """The figure `name`, and its dark twin where there is one."""
    dark = figures.get(name + DARK_SUFFIX)
    return Picture(_uri(figures[name]), "" if dark is None else _uri(dark))


def _uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def card_whisker(result: Result) -> Whisker:
    """A result's interval on an axis between the metric's limits or, where it has none, from zero to a round number
    beyond the interval, so that its width is seen in proportion to the value."""
    low, high = result.ci95 or (result.value, result.value)
    start, end = words_of(result.metric, result.features).limits or (0.0, 0.0)
    if not start <= low <= high <= end:
        start, end = 0.0 - round_above(-low), round_above(1.05 * high)
    return _whisker(result.estimate, start, end)


def round_above(value: float) -> float:
    """The least of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that is not below `value`; 0 up to 0."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8) if step * power >= value), 10 * power)


def row_whisker(cell: Cell, row: Row) -> Whisker | None:
    """A cell's interval on the axis that the cells of its row share."""
    if cell.result is None:
        return None
    ends = [end for each in row.cells if each.result is not None for end in (each.result.ci95 or (each.result.value,))]
    room = 0.04 * (max(ends) - min(ends))
    return _whisker(cell.result.estimate, min(ends) - room, max(ends) + room)


def _whisker(estimate: Estimate, start: float, end: float) -> Whisker:
    low, high = estimate.ci95 or (estimate.value, estimate.value)
    length = (end - start) or 1.0
    value, low, high = (round(100 * (point - start) / length, 2) for point in (estimate.value, low, high))
    return Whisker(value, low, high, f"{start:.4g}", f"{end:.4g}")


def zero_whisker(estimate: Estimate, farthest: float) -> Whisker:
    """An interval on an axis from -farthest to farthest."""
    return _whisker(estimate, -farthest, farthest)


def _facts(record: Record) -> list[tuple[str, str]]:
    """The line under the headline."""
    facts = []
    samples = sorted({result.n for result in record.results})
    if samples:
        facts.append(("samples", " to ".join(count(n) for n in dict.fromkeys([samples[0], samples[-1]]))))
    if record.reference is not None:
        n = "" if record.reference.n is None else f", {count(record.reference.n)} images"
        facts.append(("reference", record.reference.name + n))
    shown = flat(record.provenance)
    return facts + [(key, shown[key]) for key in ("seed", "device", "started") if key in shown]


def _shared_facts(runs: Sequence[Record]) -> list[tuple[str, str]]:
    """The facts in which all the runs agree."""
    facts = [_facts(record) for record in runs]
    return [fact for fact in facts[0] if all(fact in each for each in facts[1:])]


def _protocol_lines(result: Result) -> Iterable[tuple[str, str]]:
    return [("n", count(result.n)), *protocol_of(result).items(), ("seconds", f"{result.seconds:.1f}")]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ganprobe.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(value=value_text, interval=interval_text, count=count, protocol=_protocol_lines)
    environment.globals.update(
        label_of=label_of,
        title_of=title_of,
        words_of=words_of,
        arrows=ARROWS,
        better_words=BETTER_WORDS,
        missing=MISSING,
        card_whisker=card_whisker,
        gap_text=gap_text,
        row_whisker=row_whisker,
    )
    return environment


def template(name: str) -> jinja2.Template:
    """The page called `name`, with what all pages can call."""
    return _environment().get_template(name)
