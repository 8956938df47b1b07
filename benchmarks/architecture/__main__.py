"""Draws the architecture: `make architecture` or `python -m benchmarks.architecture`.

Writes docs/images/architecture.svg and the list of rooms in docs/architecture.md, both from the imports and the
packages' docstrings alone, so that the same tree gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.architecture.drawing import drawn
from benchmarks.architecture.imports import architecture
from benchmarks.architecture.page import PAGE, PICTURE, with_list


def main() -> None:
    """Write the picture and the page."""
    rooms = architecture()
    PICTURE.write_bytes(drawn(rooms))
    PAGE.write_text(with_list(PAGE.read_text(encoding="utf-8"), rooms), encoding="utf-8")
    for path in (PICTURE, PAGE):
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    main()
