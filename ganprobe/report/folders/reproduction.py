"""A reproduced paper on disk: reproduction.json, report.md, report.html, report.tex and figures/."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from ganprobe.report.figures.canvas import DARK, LIGHT, Theme, png
from ganprobe.report.figures.reproduction import curve_chart, has_numbers, table_chart
from ganprobe.report.figures.run import DARK_SUFFIX
from ganprobe.report.folders.run import json_bytes
from ganprobe.report.folders.together import write_together
from ganprobe.report.pages.reproduction import (
    file_name,
    reproduction_html,
    reproduction_latex,
    reproduction_markdown,
    sample_file,
)
from ganprobe.report.records.reproduction import Reproduction
from ganprobe.report.records.reproduction_json import reproduction_json

NUMBERS = "reproduction.json"


def write_reproduction(found: Reproduction, out: str | Path) -> Path:
    """Write the report to the folder `out`, all or none, and give the folder back. OutputError for a folder that cannot
    be written."""
    out = Path(out)
    figures = reproduction_figures(found)
    on_disk = {name: data for name, data in figures.items() if not name.endswith(DARK_SUFFIX)}
    files = {
        NUMBERS: json_bytes(reproduction_json(found)),
        "report.html": reproduction_html(found, figures).encode(),
        "report.md": reproduction_markdown(found, on_disk).encode(),
        "report.tex": reproduction_latex(found).encode(),
        **{f"figures/{name}.png": data for name, data in on_disk.items()},
    }
    write_together(out, files)
    return out


def reproduction_figures(found: Reproduction) -> dict[str, bytes]:
    """A chart of each table and curve that has numbers, with a dark twin, and the samples of the rows, as PNG."""
    figures: dict[str, bytes] = {}
    for table in found.tables:
        if has_numbers(table):
            figures |= _twins(file_name(table.id), partial(table_chart, table))
    for curve in found.figures:
        if any(line.points for line in curve.lines):
            figures |= _twins(file_name(curve.id), partial(curve_chart, curve))
    return figures | {sample_file(name): data for name, data in found.pictures.items()}


def _twins(name: str, draw: Callable[[Theme], Figure]) -> dict[str, bytes]:
    return {name + suffix: png(draw(theme), theme) for suffix, theme in (("", LIGHT), (DARK_SUFFIX, DARK))}
