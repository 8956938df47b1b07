"""Results to Markdown, HTML, LaTeX, CSV, JSON and figures. Never imports torch."""

from ganprobe.report.figures.run import run_figures
from ganprobe.report.folders.comparison import Comparison, read_comparison, write_comparison
from ganprobe.report.folders.run import read_run, write_run
from ganprobe.report.folders.sweep import Sweep, write_sweep
from ganprobe.report.format import estimate_text
from ganprobe.report.pages.terminal import comparison_table, detail_tables, run_table, sweep_table
from ganprobe.report.records.frames import to_frame
from ganprobe.report.records.pictures import RunPictures
from ganprobe.report.records.sweep import SweepPoint
from ganprobe.report.records.table import compare_records

__all__ = [
    "Comparison",
    "RunPictures",
    "Sweep",
    "SweepPoint",
    "compare_records",
    "comparison_table",
    "detail_tables",
    "estimate_text",
    "read_comparison",
    "read_run",
    "run_figures",
    "run_table",
    "sweep_table",
    "to_frame",
    "write_comparison",
    "write_run",
    "write_sweep",
]
