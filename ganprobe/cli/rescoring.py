"""rescore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.calls.directing import RescoreCall


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(rescore)


@options.taking(RescoreCall)
def rescore(
    generator: Annotated[str, typer.Argument(help="A checkpoint, a shipped name, or package.module:callable.")],
    files: Annotated[list[Path], typer.Argument(help="Files of `ganprobe directions`, of one method each.")],
    out: options.Out,
    call: RescoreCall,
    samples: Annotated[int, typer.Option(help="Samples to move along every direction, both ways.")] = 250,
    step: Annotated[float, typer.Option(help="How far, in standard deviations of the latents.")] = 1.0,
    any_generator: Annotated[
        bool, typer.Option("--any-generator", help="Take directions that were found in another generator.")
    ] = False,
    label: Annotated[
        str | None,
        typer.Option("--class", metavar="CLASS", help="Of all own latents (--latents): a number, or a name."),
    ] = None,
) -> None:
    """Compare directions of several methods by what they do to every attribute."""
    from ganprobe.engine.opening.names import check_words

    check_words(generator, call)
    from rich.console import Console

    from ganprobe.core.files import check_writable
    from ganprobe.engine.rescore import rescored
    from ganprobe.report import run_table
    from ganprobe.report.folders.together import RESULTS, check_owner

    check_writable(out)
    check_owner(out, RESULTS)
    run = rescored(
        generator,
        files,
        samples=samples,
        seed=call.seed,
        step=step,
        scorer=call.scorer,
        any_generator=any_generator,
        device=call.device,
        key=call.key,
        latents=call.latents,
        latent_space=call.latent_space,
        label=label,
        output_range=call.output_range,
    )
    run.save(out)
    Console().print(run_table(run.record))
    typer.echo(f"{out / 'report.html'}")
