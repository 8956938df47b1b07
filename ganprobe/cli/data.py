"""reference and list."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.settings import DEFAULTS


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
    SCORERS = "scorers"
    RECIPES = "recipes"
    TASKS = "tasks"


def reference(
    data: Annotated[str, typer.Argument(help="A folder, archive or array of images, or a data set's name.")],
    out: Annotated[Path, typer.Option(help="File for the statistics (safetensors).")],
    metrics: Annotated[
        str | None,
        typer.Option(help="Which metrics it is for, joined by commas; left out, the default ones of these features."),
    ] = None,
    features: options.Features = DEFAULTS.features,
    inception_weights: options.InceptionWeights = None,
    vgg_weights: options.VggWeights = None,
    samples: Annotated[
        int | None, typer.Option(help="So many images, evenly spread over the set; left out, all of them.")
    ] = None,
    resolution: Annotated[
        int | None, typer.Option(help="Side to which images are cropped and resized; left out, their own.")
    ] = None,
    batch_size: options.BatchSize = DEFAULTS.batch_size,
    device: options.Device = DEFAULTS.device,
    skip_unreadable: options.SkipUnreadable = DEFAULTS.skip_unreadable,
) -> None:
    """Measure a data set once, to compare generators with it later."""
    from ganprobe.engine.ranks.joining import this_process
    from ganprobe.engine.reference import make_reference

    ranks = this_process()
    made = make_reference(
        data,
        out,
        features=features,
        metrics=options.split_names(metrics),
        samples=samples,
        resolution=resolution,
        batch_size=batch_size,
        device=ranks.device(device),
        skip_unreadable=skip_unreadable,
        inception_weights=inception_weights,
        vgg_weights=vgg_weights,
        ranks=ranks,
    )
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
