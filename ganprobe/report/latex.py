"""A comparison as a LaTeX table for a paper (packages: booktabs)."""

from __future__ import annotations

from ganprobe.core.results import Better
from ganprobe.report.format import interval_text, value_text
from ganprobe.report.table import Cell, Row, Table
from ganprobe.report.words import features_note

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
        "∞": r"$_\infty$",
    }
)
_ARROWS: dict[Better, str] = {"lower": r" $\downarrow$", "higher": r" $\uparrow$", "neither": ""}
_LEGEND = (
    "In brackets the 95\\% interval. Bold: the best of its row, where the 95\\% interval of its difference to every "
    "other number compared excludes zero."
)


def escaped(text: str) -> str:
    """`text` on one line, so that LaTeX sets it letter for letter."""
    return " ".join(text.split()).translate(_ESCAPES)


def comparison_latex(table: Table) -> str:
    """report.tex: a table environment with a caption that explains the brackets, the bold type and the footnotes."""
    head = " & ".join(["Metric", *map(escaped, table.columns)])
    results = [cell.result for row in table.rows for cell in row.cells if cell.result is not None]
    notes = [f"$^{{{letter}}}$ {escaped(note)}." for letter, note in table.notes.items()]
    caption = " ".join(filter(None, [_LEGEND, escaped(features_note(results)), *notes]))
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{caption}}}",
        f"  \\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        r"    \toprule",
        f"    {head} \\\\",
        r"    \midrule",
        *(f"    {_row(row)} \\\\" for row in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _row(row: Row) -> str:
    return " & ".join([escaped(row.label) + _ARROWS[row.better], *(_cell(cell) for cell in row.cells)])


def _cell(cell: Cell) -> str:
    if cell.result is None:
        return "---"
    value, interval = value_text(cell.result.estimate), interval_text(cell.result.estimate)
    number = f"\\textbf{{{_digits(value)}}}" if cell.best else _digits(value)
    marks = f"$^{{{','.join(cell.marks)}}}$" if cell.marks else ""
    return f"{number}{marks}" + (f" {{\\footnotesize {_digits(interval)}}}" if interval else "")


def _digits(text: str) -> str:
    """A true minus sign before negative numbers."""
    return text.replace("-", "$-$")
