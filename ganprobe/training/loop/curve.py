"""The curves of a run as one picture: each metric that was taken during training against images shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganprobe.core.files import writing


def write_curve(path: Path, rows: Sequence[Mapping[str, Any]], metrics: Sequence[str]) -> None:
    """One panel a metric, of the log's rows that hold it, as PNG, whole or not at all."""
    # Here, since matplotlib takes as long to import as a step takes and most runs draw no curve.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5 * len(metrics), 3.2), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        points = [(row["images"] / 1000, row[metric]) for row in rows if row.get(metric) is not None]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, linewidth=1.2)
        axes.set(xlabel="thousand real images shown", ylabel=metric)
        axes.grid(alpha=0.3)
    with writing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
