"""reproduce."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.calls.reproduction import ReproduceCall


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(reproduce)


@options.taking(ReproduceCall, but=["features"])
def reproduce(
    target: Annotated[str, typer.Argument(help="The paper: lt-gan or ss-gan.")],
    out: options.Out,
    call: ReproduceCall,
) -> None:
    """Train a paper's rows, measure them, and print its tables beside its own numbers; given again, it goes on."""
    from ganprobe.reproduce.run import reproduce as start

    command = shlex.join(["ganprobe", *sys.argv[1:]])
    found = start(target, call, out=out, command=command, say=lambda line: typer.echo(line, err=True))
    for row, said in found.failures.items():
        typer.echo(f"{row} failed: {said}", err=True)
    typer.echo(str(out / "report" / "report.html"))
