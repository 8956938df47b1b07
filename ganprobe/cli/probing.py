"""probe forgetting, probe lt and probe codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ganprobe.cli import options
from ganprobe.core.calls.probing import CodesCall, ForgettingCall, MovesCall

probes = typer.Typer(no_args_is_help=True, help="What the discriminators of a training know, and what they forget.")


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.add_typer(probes, name="probe")


@probes.command()
@options.taking(ForgettingCall, but=["out"])
def forgetting(
    run: Annotated[Path, typer.Argument(help="The folder of a training with snapshots, or a discriminator's file.")],
    data: Annotated[str, typer.Option(help="Labelled images: a data set's name, class folders, or an archive.")],
    out: options.Out,
    call: ForgettingCall,
) -> None:
    """Logistic regression on the features of each discriminator: accuracy over training, and what is forgotten."""
    from ganprobe.engine.probing.linear import probe_forgetting

    _written(probe_forgetting(run, data, replace(call, out=out)), out)


@probes.command()
@options.taking(MovesCall, but=["out"])
def lt(
    run: Annotated[Path, typer.Argument(help="The folder of a training with lt.")],
    out: options.Out,
    call: MovesCall,
) -> None:
    """How often the auxiliary network of a training with lt is right, over sigma."""
    from ganprobe.engine.probing.moves import probe_moves

    _written(probe_moves(run, replace(call, out=out)), out)


@probes.command()
@options.taking(CodesCall, but=["out"])
def codes(
    run: Annotated[Path, typer.Argument(help="The folder of a training with info, such as infogan's.")],
    out: options.Out,
    call: CodesCall,
) -> None:
    """How well the head of a training with codes reads them from generated images, and the information in them."""
    from ganprobe.engine.probing.codes import probe_codes

    _written(probe_codes(run, replace(call, out=out)), out)


def _written(run: Any, out: Path) -> None:
    from rich.console import Console

    from ganprobe.report import detail_tables, run_table

    run.save(out)
    console = Console()
    console.print(run_table(run.record))
    for table in detail_tables(run.record):
        console.print()
        console.print(table)
    typer.echo(f"{out / 'report.html'}")
