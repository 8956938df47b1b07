"""A comparison as a LaTeX table for a paper (packages: booktabs)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ganprobe.core.results import Better, Record
from ganprobe.report.format import MISSING, interval_text, value_text
from ganprobe.report.glossary import features_note
from ganprobe.report.grids import Grid, GridCell
from ganprobe.report.pages.markdown import bold_words
from ganprobe.report.records.details import run_grids
from ganprobe.report.records.table import Cell, Row, Table

PREAMBLE = r"% \usepackage{booktabs}"
_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': "{''}",
        "[": "{[}",
        "]": "{]}",
        "—": "---",
        "→": r"$\rightarrow$",
        "↓": r"$\downarrow$",
        "↑": r"$\uparrow$",
        "∞": r"$_\infty$",
    }
)
_ARROWS: dict[Better, str] = {"lower": r" $\downarrow$", "higher": r" $\uparrow$", "neither": ""}
_MOST_COLUMNS = 6


def escaped(text: str) -> str:
    """`text` on one line, so that LaTeX sets it letter for letter."""
    return " ".join(text.split()).translate(_ESCAPES)


def comparison_latex(table: Table, details: Iterable[Grid] = ()) -> str:
    """report.tex: a table environment with a caption that explains the brackets, the bold type and the footnotes, and
    one for each of the `details` that fits a page."""
    head = " & ".join(["Metric", *map(escaped, table.columns)])
    results = [cell.result for row in table.rows for cell in row.cells if cell.result is not None]
    legend = escaped(f"In brackets the 95% interval. Bold: the best of its row, where {bold_words(table)}")
    notes = [f"$^{{{letter}}}$ {escaped(note)}." for letter, note in table.notes.items()]
    caption = " ".join(filter(None, [legend, escaped(features_note(results)), *notes]))
    lines = [
        PREAMBLE,
        *_environment(caption, [head], [_row(row) for row in table.rows], len(table.columns)),
        *(line for grid in details if not grid.shaded for line in grid_lines(grid)),
    ]
    return "\n".join(lines) + "\n"


def run_latex(record: Record) -> str:
    """report.tex of one run: the tables under its numbers."""
    grids = [grid for each in run_grids(record).values() for grid in each]
    return "\n".join([PREAMBLE, *(line for grid in grids for line in grid_lines(grid))]) + "\n"


def grid_lines(grid: Grid) -> list[str]:
    """A detail table as a table environment; a long one shortened, of a wide one the first group of columns."""
    width = len(grid.columns)
    if width > _MOST_COLUMNS and grid.groups:
        grid = replace(grid, groups=grid.groups[:1])
        width = grid.groups[0][1]
    above = " & ".join(["", *(f"\\multicolumn{{{span}}}{{c}}{{{escaped(name)}}}" for name, span in grid.groups)])
    head = " & ".join(["", *map(escaped, grid.columns[:width])])
    rows = [" & ".join([escaped(line.name), *map(_grid_cell, line.cells[:width])]) for line in grid.short]
    sure = any(cell.interval for line in grid.short for cell in line.cells)
    said = filter(
        None, [f"{grid.heading}.", grid.few_words, grid.note, "In brackets the 95% interval." if sure else ""]
    )
    return _environment(escaped(" ".join(said)), [above, head] if grid.groups else [head], rows, width)


def _environment(caption: str, heads: Sequence[str], rows: Sequence[str], columns: int) -> list[str]:
    return [
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{caption}}}",
        f"  \\begin{{tabular}}{{l{'r' * columns}}}",
        r"    \toprule",
        *(f"    {head} \\\\" for head in heads),
        r"    \midrule",
        *(f"    {row} \\\\" for row in rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]


def _grid_cell(cell: GridCell) -> str:
    return _number(_digits(cell.value), cell.interval)


def _row(row: Row) -> str:
    return " & ".join([escaped(row.label) + _ARROWS[row.better], *(_cell(cell) for cell in row.cells)])


def _cell(cell: Cell) -> str:
    if cell.result is None:
        return "---"
    value, interval = value_text(cell.result.estimate), interval_text(cell.result.estimate)
    number = f"\\textbf{{{_digits(value)}}}" if cell.best else _digits(value)
    marks = f"$^{{{','.join(cell.marks)}}}$" if cell.marks else ""
    return _number(f"{number}{marks}", interval)


def _number(value: str, interval: str) -> str:
    return value + (f" {{\\footnotesize {_digits(interval)}}}" if interval else "")


def _digits(text: str) -> str:
    """A true minus sign before negative numbers."""
    return text.replace("-", "$-$").replace(MISSING, "---")
