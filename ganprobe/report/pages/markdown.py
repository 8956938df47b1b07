"""Reports as Markdown (the dialect of GitHub), with names from outside escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ganprobe.core.results import Better, Record, Result
from ganprobe.report.figures.run import FIGURES
from ganprobe.report.format import (
    ARROWS,
    BETTER_WORDS,
    MISSING,
    count,
    flat,
    interval_text,
    short,
    signed_text,
    value_text,
)
from ganprobe.report.glossary import features_note, label_of, notes_of, title_of, words_of
from ganprobe.report.grids import Grid, GridCell
from ganprobe.report.records.details import run_grids, shared_grids
from ganprobe.report.records.links import DirectionsLink
from ganprobe.report.records.table import Cell, Table, protocol_of

if TYPE_CHECKING:
    from ganprobe.report.records.comparison import ComparisonRecord

HEADINGS = {"samples": "Samples", "interpolation": "Interpolation", "path_lengths": "Path lengths", "curves": "Curves"}
DETAILS_NOTE = (
    "The tables under the numbers that generators share. Nothing is bold: the intervals of these differences are not "
    "known."
)
_SPECIAL = re.compile(r"([\\`*_\[\]#|~$])")


def escaped(text: str) -> str:
    """`text` on one line, so that Markdown and the HTML within it show it letter for letter."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", line)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """A pipe table of cells that are Markdown already. align: 'l' or 'r' for each column."""
    rule = ["---" if side == "l" else "---:" for side in align]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows])


def run_markdown(
    record: Record, figures: Iterable[str], captions: Mapping[str, str], *, link: DirectionsLink | None = None
) -> str:
    """report.md of one run. figures: the names of those that lie in figures/. link: to the directions that its
    attribute metrics speak of."""
    drawn = set(figures)
    parts = [f"# {escaped(record.generator.name)}", escaped(lead(record)), _results(record.results)]
    parts += _remarks(record.results)
    parts += [] if link is None else [_see_directions(link)]
    for name in FIGURES:
        if name in drawn:
            parts += [f"## {HEADINGS[name]}", f"![{HEADINGS[name]}](figures/{name}.png)", escaped(captions[name])]
    for group, grids in run_grids(record).items():
        parts += [f"## {group} in detail", *(part for grid in grids for part in grid_parts(grid, "results.json"))]
    parts += ["## What the numbers mean", meanings(record.results)]
    parts += ["## Where they come from", pairs_table(origin(record))]
    return "\n\n".join(filter(None, parts)) + "\n"


def _see_directions(link: DirectionsLink) -> str:
    made = f"[the report of directions]({link.address})" if link.address else escaped(link.command)
    return f"What moves along these attributes: {made}."


def lead(record: Record) -> str:
    """One sentence: what was measured against what."""
    against = "" if record.reference is None else f", measured against {record.reference.name}"
    if record.reference is not None and record.reference.n is not None:
        against += f" ({count(record.reference.n)} images)"
    samples = sorted({result.n for result in record.results})
    n = " to ".join(count(end) for end in dict.fromkeys([samples[0], samples[-1]])) if samples else "no"
    return f"{n} samples of {record.generator.name}{against}."


def _results(results: Sequence[Result]) -> str:
    rows = [
        (
            f"{escaped(label_of(r.metric, r.features))} {ARROWS[r.better]}".rstrip(),
            f"**{value_text(r.estimate)}**",
            interval_text(r.estimate).replace("[", "\\[").replace("]", "\\]") or MISSING,
            count(r.n),
            escaped(r.features) or MISSING,
        )
        for r in results
    ]
    return table(["Metric", "Value", "95% interval", "n", "Features"], rows, "lrrrl")


def _remarks(results: Sequence[Result]) -> list[str]:
    notes = notes_of(results)
    return [f"> {escaped(line)}" for line in [features_note(results), *notes] if line]


def meanings(results: Iterable[Result]) -> str:
    """The table of what each number means."""
    rows = []
    for result in results:
        words = words_of(result.metric, result.features)
        way = BETTER_WORDS[result.better]
        meaning = escaped(f"{words.meaning} {way.capitalize()}.".strip(". ") + ".")
        protocol = "<br>".join(f"{escaped(key)}: {escaped(value)}" for key, value in protocol_of(result).items())
        rows.append((escaped(title_of(result.metric, result.features)), meaning, protocol))
    return table(["Metric", "What it is", "Protocol"], rows, "lll")


def pairs_table(pairs: Mapping[str, str]) -> str:
    """A table of names and texts."""
    return table(["", ""], [(escaped(key), escaped(text)) for key, text in pairs.items()], "ll")


def origin(record: Record) -> dict[str, str]:
    """The fingerprints and the provenance of a run as flat text."""
    rows = {"generator": f"{record.generator.name} {short(record.generator.fingerprint)}"}
    if record.reference is not None:
        rows["reference"] = f"{record.reference.name} {short(record.reference.fingerprint)}"
    return {**rows, **flat(record.provenance)}


def comparison_markdown(comparison: ComparisonRecord, figures: Iterable[str]) -> str:
    """report.md of a comparison. figures: the names of those that lie in figures/, in order."""
    compared = comparison.table
    parts = [f"# {escaped(headline(compared.columns))}", *_leads(comparison.runs), _comparison_rows(compared)]
    parts += _legend(compared)
    for name in figures:
        heading = HEADINGS.get(name, "Values with their intervals")
        parts += [] if f"## {heading}" in parts else [f"## {heading}"]
        parts.append(f"![{heading}](figures/{name}.png)")
    if gaps := _gap_rows(compared):
        parts += [
            "## Differences",
            "Each number minus the lowest of its row (the highest, where higher is better), with the 95% interval.",
            gaps,
        ]
    if grids := shared_grids(comparison.runs, compared):
        parts += ["## In detail", DETAILS_NOTE]
        parts += [part for grid in grids for part in grid_parts(grid, "comparison.json")]
    parts += ["## What the numbers mean", meanings([row.base for row in compared.rows])]
    parts += ["## Where they come from", _origins(comparison)]
    return "\n\n".join(filter(None, parts)) + "\n"


def grid_parts(grid: Grid, source: str) -> list[str]:
    """A detail table under its heading, a long one shortened. source: the file that holds all of it."""
    names = [_cell_head(grid, i) for i in range(len(grid.columns))]
    rows = [
        (escaped(line.name), *(_grid_cell(cell, intervals=grid.with_intervals) for cell in line.cells))
        for line in grid.short
    ]
    few = f"{escaped(grid.few_words)} All of them are in {source}." if grid.few else ""
    return [
        f"### {escaped(grid.heading)}",
        table(["", *names], rows, "l" + "r" * len(names)),
        " ".join(filter(None, [few, escaped(grid.note)])),
    ]


def _cell_head(grid: Grid, place: int) -> str:
    """A column's head, after its group's."""
    groups = [name for name, span in grid.groups for _ in range(span)]
    return "<br>".join(escaped(name) for name in (*groups[place : place + 1], grid.columns[place]) if name)


def _grid_cell(cell: GridCell, *, intervals: bool) -> str:
    return f"{cell.value} {escaped(cell.interval) if intervals else ''}".rstrip()


def headline(columns: Sequence[str]) -> str:
    """'A, B and C'."""
    return " and ".join(filter(None, [", ".join(columns[:-1]), columns[-1]]))


def _leads(runs: Sequence[Record]) -> list[str]:
    return ["\n".join(f"- {escaped(lead(record))}" for record in runs)]


def _comparison_rows(compared: Table) -> str:
    rows = [
        (f"{escaped(row.label)} {ARROWS[row.better]}".rstrip(), *(_cell(cell) for cell in row.cells))
        for row in compared.rows
    ]
    return table(["Metric", *map(escaped, compared.columns)], rows, "l" + "r" * len(compared.columns))


def _cell(cell: Cell) -> str:
    if cell.result is None:
        return MISSING
    value, interval = value_text(cell.result.estimate), interval_text(cell.result.estimate)
    marks = f" <sup>{', '.join(cell.marks)}</sup>" if cell.marks else ""
    return f"{f'**{value}**' if cell.best else value} {escaped(interval)}".rstrip() + marks


def _legend(compared: Table) -> list[str]:
    lines = [f"<sup>{letter}</sup> {escaped(note)}" for letter, note in compared.notes.items()]
    results = [cell.result for row in compared.rows for cell in row.cells if cell.result is not None]
    bold = f"In brackets the 95% interval. Bold: the best of its row, where {bold_words(compared)}"
    note = features_note(results)
    return [bold, "<br>\n".join(lines), f"> {escaped(note)}" if note else ""]


def bold_words(compared: Table) -> str:
    """When the best of a row is bold, and what chance has to do with it."""
    rows = f"{compared.tested} row{'' if compared.tested == 1 else 's'}"
    excludes = "the 95% interval of its difference to every other number compared excludes zero"
    if compared.correct == "holm":
        return (
            f"{excludes}, at a level that Holm's procedure sets for {rows}: were all generators alike, the chance of "
            "any bold number would be 5% at most."
        )
    if not compared.tested:
        return f"{excludes}."
    return (
        f"{excludes}. Were all generators alike, chance would set about {compared.chance_stars:.2g} of {rows} in bold."
    )


def _gap_rows(compared: Table) -> str:
    rows = [
        (escaped(row.label), *(escaped(gap_text(cell, row.better)) for cell in row.cells))
        for row in compared.rows
        if any(cell.to_best is not None for cell in row.cells)
    ]
    head = ["Metric", *map(escaped, compared.columns)]
    return table(head, rows, "l" + "r" * len(compared.columns)) if rows else ""


def gap_text(cell: Cell, better: Better) -> str:
    """A cell of the table of differences: the difference to the leading number, or that it is the leading one."""
    if cell.leads:
        return "lowest" if better == "lower" else "highest"
    return MISSING if cell.to_best is None else signed_text(cell.to_best)


def _origins(comparison: ComparisonRecord) -> str:
    origins = [origin(record) for record in comparison.runs]
    keys = dict.fromkeys(key for each in origins for key in each)
    rows = [(escaped(key), *(escaped(each.get(key, "")) or MISSING for each in origins)) for key in keys]
    return table(["", *map(escaped, comparison.table.columns)], rows, "l" * (1 + len(origins)))
