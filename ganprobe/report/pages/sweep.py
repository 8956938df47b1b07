"""A truncation sweep as Markdown, HTML and LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ganprobe.report.figures.run import DARK_SUFFIX, SAMPLES
from ganprobe.report.figures.sweep import PANEL, TRADE_OFF
from ganprobe.report.format import count
from ganprobe.report.glossary import features_note
from ganprobe.report.grids import Grid
from ganprobe.report.pages.html import picture, template
from ganprobe.report.pages.latex import PREAMBLE, grid_lines
from ganprobe.report.pages.markdown import escaped, grid_parts, meanings, origin, pairs_table

if TYPE_CHECKING:
    from ganprobe.report.records.sweep import SweepRecord

CHART_CAPTION = "Each point is one truncation, named beside it; the bars are 95% intervals."
SAMPLES_CAPTION = "The same indices at each truncation, not selected; one of each class where there are classes."


def sweep_html(sweep: SweepRecord, grid: Grid, figures: Mapping[str, bytes]) -> str:
    """report.html. figures: PNG by name, the chart by its panels with a dark one beside each."""
    panels = [name for name in figures if name.startswith(PANEL) and not name.endswith(DARK_SUFFIX)]
    return template("sweep.html.j2").render(
        title=sweep.name,
        facts=_facts(sweep),
        note=features_note(sweep.base),
        panels=[picture(figures, name) for name in panels],
        chart_caption=CHART_CAPTION,
        grid=grid,
        samples=picture(figures, SAMPLES) if SAMPLES in figures else None,
        samples_caption=SAMPLES_CAPTION,
        results=sweep.base,
        origin=shared_origin(sweep),
    )


def sweep_markdown(sweep: SweepRecord, grid: Grid, figures: Iterable[str]) -> str:
    """report.md. figures: the names of those that lie in figures/."""
    facts = "; ".join(f"{key} {text}" for key, text in _facts(sweep))
    note = features_note(sweep.base)
    parts = [f"# {escaped(sweep.name)}: truncation sweep", escaped(facts), *grid_parts(grid, "sweep.json")]
    parts += [f"> {escaped(note)}"] if note else []
    parts += ["## Fidelity against variety", f"![Trade-off](figures/{TRADE_OFF}.png)", CHART_CAPTION]
    if SAMPLES in set(figures):
        parts += ["## Samples", f"![Samples](figures/{SAMPLES}.png)", SAMPLES_CAPTION]
    parts += ["## What the numbers mean", meanings(sweep.base)]
    parts += ["## Where they come from", pairs_table(shared_origin(sweep))]
    return "\n\n".join(filter(None, parts)) + "\n"


def sweep_latex(grid: Grid) -> str:
    """report.tex: the table."""
    return "\n".join([PREAMBLE, *grid_lines(grid)]) + "\n"


def shared_origin(sweep: SweepRecord) -> dict[str, str]:
    """The origin of the runs as far as they agree."""
    origins = [{**origin(point.record), "generator": point.record.generator.name} for point in sweep.points]
    return {key: text for key, text in origins[0].items() if all(each.get(key) == text for each in origins[1:])}


def _facts(sweep: SweepRecord) -> list[tuple[str, str]]:
    """The line under the headline."""
    first, labels = sweep.points[0].record, sweep.labels
    facts: list[tuple[str, str]] = [(sweep.kind, f"{labels[0]} to {labels[-1]}")]
    facts += [("samples", count(max(result.n for result in first.results)) + " at each")] if first.results else []
    facts += [("reference", first.reference.name)] if first.reference is not None else []
    shown = shared_origin(sweep)
    return facts + [(key, shown[key]) for key in ("seed", "device") if key in shown]
