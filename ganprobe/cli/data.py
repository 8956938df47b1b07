"""reference, list and cache."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.calls.settings import ReferenceCall


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(reference)
    app.command("list")(list_names)
    app.command("cache")(kept)


class Kind(StrEnum):
    """What can be listed."""

    METRICS = "metrics"
    GENERATORS = "generators"
    DATASETS = "datasets"
    FEATURES = "features"
    DIRECTIONS = "directions"
    LAYOUTS = "layouts"
    SCORERS = "scorers"
    RECIPES = "recipes"
    TASKS = "tasks"


@options.taking(ReferenceCall)
def reference(
    data: Annotated[str, typer.Argument(help="A folder, archive or array of images, or a data set's name.")],
    out: Annotated[Path, typer.Option(help="File for the statistics (safetensors).")],
    call: ReferenceCall,
) -> None:
    """Measure a data set once, to compare generators with it later."""
    from ganprobe.engine.opening.names import check_reading, check_reference

    check_reading(call)
    check_reference(data)
    from ganprobe.engine.ranks.joining import this_process
    from ganprobe.engine.reference import make_reference

    ranks = this_process()
    made = make_reference(data, out, replace(call, device=ranks.device(call.device)), ranks=ranks)
    options.say_skipped(made.subject.name, len(made.skipped), made.skipped)
    typer.echo(f"{out}: {made.subject.n} images of {made.subject.name}")


def list_names(kind: Annotated[Kind, typer.Argument(help="What to list.")]) -> None:
    """The names that the other commands take."""
    from rich.console import Console
    from rich.table import Table

    from ganprobe.engine.listing import listing

    columns, rows = listing(kind.value)
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(markup=False).print(table)


class Deed(StrEnum):
    """What can be done with the cache."""

    LIST = "list"
    CLEAR = "clear"


def kept(deed: Annotated[Deed, typer.Argument(help="list or clear.")]) -> None:
    """What was kept of measured references, in the folder GANPROBE_CACHE or the platform's for caches."""
    from datetime import datetime

    from ganprobe.core.cache import cache_folder, clear, entries

    found = clear() if deed is Deed.CLEAR else entries()
    for entry in found if deed is Deed.LIST else ():
        used = datetime.fromtimestamp(entry.used).astimezone()
        typer.echo(f"{entry.path.stem[:16]}  {entry.size / 2**20:.1f} MiB  last used {used:%Y-%m-%d %H:%M}")
    done = "kept" if deed is Deed.LIST else "removed"
    size = sum(entry.size for entry in found) / 2**20
    typer.echo(f"{len(found)} measured references {done}, {size:.1f} MiB, in {cache_folder()}")
