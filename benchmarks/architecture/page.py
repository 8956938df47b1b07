"""The list of rooms and folders in docs/architecture.md, with the first sentence of each one's docstring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.architecture.imports import ROOT, Folder, rooms_from_above

PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
START, END = "<!-- what `make architecture` wrote -->", "<!-- end -->"


def with_list(page: str, folders: Sequence[Folder]) -> str:
    """The page with the list of `folders` between its marks. ValueError where it has none."""
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"the page needs the marks {START} and {END}")
    return f"{before}{START}\n\n{listed(folders)}\n\n{END}{after}"


def listed(folders: Sequence[Folder]) -> str:
    """A line a room, from above, and one for each folder in it."""
    known = {folder.name: folder for folder in folders}
    return "\n".join(line for room in rooms_from_above(folders[0]) for line in _lines(known, room, 0))


def _lines(known: dict[str, Folder], name: str, depth: int) -> Iterator[str]:
    folder = known[name]
    shown = f"**{name}**" if not depth else f"`{name.rpartition('.')[2]}/`"
    yield f"{'  ' * depth}- {shown}: {folder.about}"
    for part in folder.parts:
        if part.is_folder:
            yield from _lines(known, f"{name}.{part.name}", depth + 1)
