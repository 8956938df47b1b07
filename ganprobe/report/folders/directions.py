"""A report of directions on disk: report.html, report.md and report.tex, as files to be written with the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ganprobe.report.figures.frames import MOST_CARDS
from ganprobe.report.pages.directions import directions_html
from ganprobe.report.pages.directions_text import directions_latex, directions_markdown
from ganprobe.report.records.directions import DirectionsRecord, Frames, Key
from ganprobe.report.records.found import found_record

EDIT: Final = "edit"
_HEAD: Final = 2000


def found_report(
    numbers: Mapping[str, Any], frames: Mapping[Key, Frames], strips: Mapping[Key, str]
) -> dict[str, bytes]:
    """The report of what `Found.to_json` says, by file. strips: the names of the pictures in figures/. No page holds
    more than MOST_CARDS directions."""
    some = dict(list(frames.items())[:MOST_CARDS])
    record = found_record(numbers, some)
    return directions_report(record, [strips[card.key] for card in record.cards])


def directions_report(record: DirectionsRecord, strips: Iterable[str]) -> dict[str, bytes]:
    """report.html, report.md and report.tex."""
    return {
        "report.html": directions_html(record).encode(),
        "report.md": directions_markdown(record, strips).encode(),
        "report.tex": directions_latex(record).encode(),
    }


def edit_html(record: DirectionsRecord) -> str:
    """The page beside the picture of an edit."""
    return directions_html(record, made_by=EDIT)


def is_edit_page(path: Path) -> bool:
    """Whether a file is such a page."""
    try:
        with path.open("rb") as file:
            return f'content="ganprobe {EDIT}"'.encode() in file.read(_HEAD)
    except OSError:
        return False
