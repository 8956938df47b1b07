"""The figures of one run: the sheet of samples, the interpolation strip, the histograms of path lengths."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from ganprobe.core.results import Record
from ganprobe.report.figures.canvas import DARK, FONT, LIGHT, Line, Theme, drawable, page, png
from ganprobe.report.figures.over import curves_of_run, over_chart
from ganprobe.report.figures.run_style import style as style
from ganprobe.report.format import value_text
from ganprobe.report.glossary import words_of
from ganprobe.report.records.pictures import SIDE, RunPictures, arranged, sheet

SAMPLES, INTERPOLATION, PATH_LENGTHS, CURVES = "samples", "interpolation", "path_lengths", "curves"
FIGURES = (SAMPLES, INTERPOLATION, PATH_LENGTHS, CURVES)
DARK_SUFFIX = "_dark"
_BINS = 72
_TAIL = 0.1


def run_figures(record: Record, pictures: RunPictures) -> dict[str, bytes]:
    """Name of each figure that the pictures allow ("samples", "interpolation", "path_lengths", and the last in the
    colours of a dark page under "path_lengths_dark") to its PNG."""
    figures: dict[str, bytes] = {}
    if pictures.samples is not None:
        figures[SAMPLES] = _samples(pictures.samples, pictures.sample_labels)
    if pictures.interpolation is not None:
        rows, steps = pictures.interpolation.shape[:2]
        strip = sheet(pictures.interpolation.reshape(rows * steps, *pictures.interpolation.shape[2:]), steps)
        figures[INTERPOLATION] = page(strip.shape[1], strip.shape[0], [(strip, 0, 0)], [])
    if lengths := _positive(pictures.distances or {}):
        figures[PATH_LENGTHS] = png(_histograms(record, lengths, LIGHT), LIGHT)
        figures[PATH_LENGTHS + DARK_SUFFIX] = png(_histograms(record, lengths, DARK), DARK)
    if curves := curves_of_run(record):
        figures[CURVES] = png(over_chart(curves, LIGHT), LIGHT)
        figures[CURVES + DARK_SUFFIX] = png(over_chart(curves, DARK), DARK)
    return figures


def captions(pictures: RunPictures) -> dict[str, str]:
    """The caption of each figure: the caller's, or the usual one."""
    n = 0 if pictures.samples is None else len(pictures.samples)
    one_class = ", one class a row" if pictures.sample_labels else ""
    usual = {
        SAMPLES: f"The first {n} samples of the run, not selected{one_class}.",
        INTERPOLATION: f"Walks through {pictures.interpolation_space.upper()}, each row from one sample to another.",
        PATH_LENGTHS: "Path lengths of single pairs on a logarithmic axis, 0.1% of each tail not shown. "
        "The line marks the reported value.",
        CURVES: "Values with their 95% intervals, as in the tables below.",
    }
    return {**usual, **pictures.captions}


def _samples(samples: NDArray[np.uint8], labels: tuple[str, ...] | None) -> bytes:
    images, columns = arranged(samples, len(labels) if labels else None)
    grid = sheet(images, columns)
    height, width = grid.shape[:2]
    if not labels:
        return page(width, height, [(grid, 0, 0)], [])
    names = [drawable(label, longest=16) for label in labels]
    margin = 14 + round(SIDE / 9 * max(len(name) for name in names))
    row = height / len(names)
    lines = [Line(name, margin - 12, (i + 0.5) * row, 18, "right") for i, name in enumerate(names)]
    return page(margin + width, height, [(grid, margin, 0)], lines)


def _positive(distances: Mapping[str, NDArray[np.floating]]) -> dict[str, NDArray[np.float64]]:
    """The positive finite lengths of each metric that has at least two of them."""
    kept = {}
    for metric, lengths in distances.items():
        values = np.asarray(lengths, np.float64).ravel()
        kept[metric] = values[np.isfinite(values) & (values > 0)]
    return {metric: values for metric, values in kept.items() if len(values) > 1}


def _histograms(record: Record, lengths: Mapping[str, NDArray[np.float64]], theme: Theme) -> Figure:
    ends = [np.percentile(values, (_TAIL, 100 - _TAIL)) for values in lengths.values()]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    bins = np.geomspace(low, max(high, low * 1.01), _BINS + 1)
    figure = Figure(figsize=(6.8, 0.5 + 0.78 * len(lengths)), layout="constrained")
    figure.get_layout_engine().set(hspace=0.08, h_pad=0.05)  # type: ignore[union-attr, call-arg]
    axes = figure.subplots(len(lengths), 1, sharex=True, squeeze=False)[:, 0]
    values = {result.metric: result for result in record.results}
    for ax, (metric, rows) in zip(axes, lengths.items(), strict=True):
        ax.hist(rows, bins=bins, color=theme.accent, alpha=0.45, linewidth=0)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        style(ax, theme)
        ax.set_yticks([])
        features = values[metric].features if metric in values else ""
        _side_label(ax, words_of(metric, features).label, metric.partition("@")[2], theme)
        if metric in values and low <= values[metric].value <= high:
            _mark(ax, values[metric].value, value_text(values[metric].estimate), theme)
    return figure


def _side_label(ax: Axes, text: str, protocol: str, theme: Theme) -> None:
    """The protocol has a line of its own: it tells variants of one metric apart."""
    ax.set_ylabel(
        "\n".join(drawable(line, longest=18) for line in (text, protocol) if line),
        rotation=0,
        ha="right",
        va="center",
        fontsize=9,
        color=theme.ink,
        family=FONT,
        parse_math=False,
    )


def _mark(ax: Axes, value: float, text: str, theme: Theme) -> None:
    ax.axvline(value, color=theme.accent, linewidth=1.6)
    ax.annotate(
        text,
        (value, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4, -3),
        textcoords="offset points",
        va="top",
        fontsize=8.5,
        color=theme.ink,
        family=FONT,
    )
