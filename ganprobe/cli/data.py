"""reference and list."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ganprobe.cli import options


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(reference)
    app.command("list")(list_names)


class Kind(StrEnum):
    """What can be listed."""

    METRICS = "metrics"
    GENERATORS = "generators"
    DATASETS = "datasets"
    FEATURES = "features"
    DIRECTIONS = "directions"
    LAYOUTS = "layouts"


def reference(
    data: Annotated[str, typer.Argument(help="A folder, archive or array of images, or a data set's name.")],
    out: Annotated[Path, typer.Option(help="File for the statistics (safetensors).")],
    features: options.Features = "embedded",
    samples: Annotated[int | None, typer.Option(help="Only the first images; left out, all of them.")] = None,
    batch_size: options.BatchSize = 64,
    device: options.Device = None,
    skip_unreadable: options.SkipUnreadable = False,
) -> None:
    """Measure a data set once, to compare generators with it later."""
    from ganprobe.core.files import check_writable
    from ganprobe.engine.reference import make_reference

    check_writable(out.parent)
    subject = make_reference(
        data,
        out,
        features=features,
        samples=samples,
        batch_size=batch_size,
        device=device,
        skip_unreadable=skip_unreadable,
    )
    typer.echo(f"{out}: {subject.n} images of {subject.name}")


def list_names(kind: Annotated[Kind, typer.Argument(help="What to list.")]) -> None:
    """The names that the other commands take."""
    from rich.console import Console
    from rich.table import Table

    from ganprobe.engine.listing import listing

    columns, rows = listing(kind.value)
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
