"""sweep: one generator at several strengths of truncation."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.calls.settings import SweepCall


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(sweep)


@options.taking(SweepCall, but=["out"])
def sweep(
    generator: Annotated[str, typer.Argument(help="A generator's checkpoint or a shipped name.")],
    out: options.Out,
    call: SweepCall,
    truncation: Annotated[
        str,
        typer.Option(
            help="psi, or psi:layers for the first layers, joined by commas; for BigGAN thresholds on z. 1 is none."
        ),
    ] = "1,0.9,0.8,0.7,0.6,0.5,0.4",
) -> None:
    """Measure a generator over a list of truncations: fidelity against variety."""
    truncations = [options.parse_truncation(text) for text in options.split_names(truncation)]
    from ganprobe.engine.opening.names import check_words

    check_words(generator, call)
    from rich.console import Console

    from ganprobe.engine.sweep import run_sweep
    from ganprobe.report import sweep_table

    found = run_sweep(generator, truncations, replace(call, out=out))
    found.save(out)
    Console().print(sweep_table(found.record))
    typer.echo(f"{out / 'report.html'}")
