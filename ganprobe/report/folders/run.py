"""A run on disk: results.json, intervals.npz, report.md, report.html and figures/, and the way back."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import InputError, MetricError
from ganprobe.core.results import Record
from ganprobe.report.figures.run import DARK_SUFFIX, FIGURES, captions, run_figures
from ganprobe.report.folders.together import DIRECTIONS, RESULTS, check_owner, write_together
from ganprobe.report.pages.directions import directions_view
from ganprobe.report.pages.html import run_html
from ganprobe.report.pages.latex import run_latex
from ganprobe.report.pages.markdown import run_markdown
from ganprobe.report.records.directions import DirectionCard
from ganprobe.report.records.links import FOLDER, directions_link
from ganprobe.report.records.pictures import RunPictures

INTERVALS = "intervals.npz"
Terms = Mapping[str, NDArray[np.float64]]


def write_run(
    record: Record,
    pictures: RunPictures,
    out: str | Path,
    *,
    figures: Mapping[str, bytes] | None = None,
    terms: Terms | None = None,
    directions: Sequence[DirectionCard] = (),
) -> Path:
    """Write a run to the folder `out` (made where it is missing) and give the folder back.

    figures: what `run_figures` gave for the two; None draws them. terms: metric name to its reference_terms (m,), from
    which the intervals of differences between runs are told; those of the record's own estimates where None.
    directions: to be shown with their strips; the tables go into report.tex then. Everything is there in the end,
    results.json last, or nothing new is: files of an earlier run are replaced, foreign files are left alone. InputError
    for a value that is not finite and for a folder of directions; OutputError for a folder that cannot be written or a
    full disk.
    """
    out = Path(out)
    results = json_bytes(record.to_json())
    check_owner(out, RESULTS)
    link = directions_link(record, str(out), known=_has_directions(out / FOLDER, record.generator.name))
    figures = run_figures(record, pictures) if figures is None else figures
    shown = captions(pictures)
    on_disk = {name: data for name, data in figures.items() if not name.endswith(DARK_SUFFIX)}
    files = {
        RESULTS: results,
        INTERVALS: _npz(_own_terms(record) if terms is None else terms),
        "report.html": run_html(record, figures, shown, view=directions_view(directions), link=link).encode(),
        "report.md": run_markdown(record, on_disk, shown, link=link).encode(),
        **({"report.tex": run_latex(record).encode()} if directions else {}),
        **{f"figures/{name}.png": data for name, data in on_disk.items()},
    }
    had_run = (out / RESULTS).is_file()
    write_together(out, files)
    if had_run:
        for name in set(FIGURES) - set(on_disk):
            (out / "figures" / f"{name}.png").unlink(missing_ok=True)
    return out


def read_run(folder: str | Path) -> tuple[Record, dict[str, Path]]:
    """The record of a run's folder, and the paths of its pictures by name ("samples", "interpolation",
    "path_lengths"; those that are there). InputError where it holds no results.json, or one that is broken or of
    another schema."""
    folder = Path(folder)
    path = folder / RESULTS
    if not path.is_file():
        raise InputError(f"{folder} holds no {RESULTS}; give the folder that `ganprobe evaluate --out` wrote")
    try:
        data = json.loads(path.read_bytes())
        record = Record.from_json(data, _read_terms(folder / INTERVALS))
    except (InputError, MetricError) as problem:
        raise InputError(f"{folder}: {problem}") from problem
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as problem:
        raise InputError(f"{path} is not the results of a run ({_said(problem)}); evaluate again") from problem
    found = {name: folder / "figures" / f"{name}.png" for name in FIGURES}
    return record, {name: path for name, path in found.items() if path.is_file()}


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """JSON, indented. InputError where a number is not finite or a value is none that JSON knows."""
    for row in data.get("results", ()):
        numbers = [row["value"], *(row["ci95"] or ())]
        if not all(math.isfinite(number) for number in numbers):
            raise InputError(f"{row['metric']} must be finite, got {row['value']} in {row['ci95']}; measure it again")
    try:
        return (json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as problem:
        raise InputError(f"results must be plain JSON values: {problem}") from problem


def _has_directions(folder: Path, generator: str) -> bool:
    """Whether a folder holds the report of directions of a generator of that name."""
    try:
        said = json.loads((folder / DIRECTIONS).read_bytes())
        return (folder / "report.html").is_file() and bool(said["generator"]["name"] == generator)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _own_terms(record: Record) -> Terms:
    found = {result.metric: result.estimate.reference_terms for result in record.results}
    return {metric: terms for metric, terms in found.items() if terms is not None}


def _npz(terms: Terms) -> bytes:
    """An .npz of the arrays under their names, whatever these are, so np.savez's own keywords are not in the way."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for metric, rows in terms.items():
            array = io.BytesIO()
            np.lib.format.write_array(array, np.asarray(rows, np.float64), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{metric}.npy"), array.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _read_terms(path: Path) -> Terms:
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {metric: np.asarray(arrays[metric], np.float64) for metric in arrays.files}
    except (OSError, ValueError, zipfile.BadZipFile) as problem:
        raise InputError(f"{path} is not an archive of arrays ({problem}); evaluate again or remove it") from problem


def _said(problem: Exception) -> str:
    return f"it lacks {problem}" if isinstance(problem, KeyError) else " ".join(str(problem).split())
