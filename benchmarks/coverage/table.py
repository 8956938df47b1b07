"""The table of outcomes in Markdown, and its place in docs/precision.md."""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.coverage.measuring import Outcome, Share
from benchmarks.coverage.row import Row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "precision.md"
START, END = "<!-- what `python -m benchmarks.coverage --write` wrote -->", "<!-- end -->"
HEAD = (
    "| metric | drawn | n | reference n | truth | coverage | stated / true deviation | told apart | unpaired "
    "| replicates |",
    "| --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
)


_HARDLY = 0.02
"""Of so few intervals nothing can be said."""


def line(row: Row, found: Outcome) -> str:
    """One row of the table."""
    cells = [
        row.called or ", ".join(row.metrics),
        row.drawn,
        str(row.n),
        str(row.m or "-"),
        _truth(found),
        _coverage(row, found),
        _with_error(found.ratio, 1, 2),
        _percent(found.told),
        _percent(found.told_unpaired) if row.m else "-",
        str(found.replicates),
    ]
    return f"| {' | '.join(cells)} |"


def write(lines: list[str], words: str) -> None:
    """Put the table in its place."""
    before, _, rest = PAGE.read_text().partition(START)
    _, _, after = rest.partition(END)
    table = "\n".join((*HEAD, *lines))
    PAGE.write_text(f"{before}{START}\n\n{words}\n\n{table}\n\n{END}{after}")


def _truth(found: Outcome) -> str:
    value, error = found.truth.value, found.truth.error
    if not error:
        return f"{value:.4g}"
    decimals = max(0, 1 - math.floor(math.log10(error))) if math.isfinite(error) else 3
    said = f"{value:.{min(decimals, 7)}f} ± {error:.1g}"
    return f"{said} (mean)" if found.own_mean else said


def _coverage(row: Row, found: Outcome) -> str:
    if found.stated == 0:
        return f"none stated: {row.unstated}" if row.unstated else "none stated"
    if found.stated < _HARDLY:
        return f"stated by {100 * found.stated:.1f}% alone"
    said = _percent(found.covered)
    return said if found.stated == 1 else f"{said}, of the {100 * found.stated:.0f}% that state one"


def _percent(share: Share) -> str:
    return _with_error(share, 100, 1, "%")


def _with_error(share: Share, factor: float, decimals: int, unit: str = "") -> str:
    if math.isnan(share.value):
        return "-"
    return f"{factor * share.value:.{decimals}f}{unit} ± {factor * share.error:.{decimals}f}"
