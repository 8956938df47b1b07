"""A report of directions as Markdown and LaTeX: the tables, and what each direction does in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from ganprobe.report.format import estimate_text
from ganprobe.report.grids import Grid, table_grid
from ganprobe.report.pages.latex import PREAMBLE, grid_lines
from ganprobe.report.pages.markdown import escaped, grid_parts, pairs_table, table
from ganprobe.report.records.directions import DirectionCard, DirectionsRecord, summary_table


def directions_markdown(record: DirectionsRecord, strips: Iterable[str] = ()) -> str:
    """report.md. strips: of every card, in order, the name of the picture in figures/."""
    facts = "; ".join(f"{key} {text}" for key, text in record.facts.items())
    parts = [f"# {escaped(record.generator)}: {escaped(record.kind)}", escaped(facts), escaped(record.note)]
    parts += grid_parts(table_grid(summary_table(record.cards), "What each direction does"), record.source)
    parts += [f"> No direction: {escaped(text)}" for text in record.untold.values()]
    for card, strip in zip(record.cards, strips, strict=False):
        parts += _card(card, strip)
    for grid in _grids(record):
        parts += grid_parts(grid, record.source)
    parts += ["## Where they come from", pairs_table(record.origin)] if record.origin else []
    return "\n\n".join(filter(None, parts)) + "\n"


def directions_latex(record: DirectionsRecord) -> str:
    """report.tex: the tables."""
    grids = [table_grid(summary_table(record.cards), "What each direction does"), *_grids(record)]
    return "\n".join([PREAMBLE, *(line for grid in grids for line in grid_lines(grid))]) + "\n"


def _grids(record: DirectionsRecord) -> list[Grid]:
    return [table_grid(each, each.title) for each in record.tables if len(each.rows) > 1]


def _card(card: DirectionCard, strip: str) -> list[str]:
    named = f"{card.name} in {card.space}"
    words = f"**{escaped(card.moved.headline)}.** {escaped(card.moved.words)}" if card.moved.words else ""
    parts = [f"## {escaped(named)}", words, escaped(card.about), f"![{escaped(named)}](figures/{strip}.png)"]
    if card.facts:
        rows = [(escaped(fact.name), escaped(estimate_text(fact.value)), escaped(fact.meaning)) for fact in card.facts]
        parts.append(table(["", "", ""], rows, "lrl"))
    if card.table is not None:
        parts += grid_parts(table_grid(card.table, card.table.title), "directions.json")
    if card.mended is not None:
        leans = ", ".join(f"{name} ({cosine:+.2f})" for name, cosine in card.mended.others.items())
        parts.append(
            escaped(f"Leans on {leans}. {card.mended.name} is orthogonal to them: {card.mended_words}")
            + f" `--condition` {escaped(card.mended.condition)}"
        )
    return parts
