"""project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.calls.directing import ProjectCall


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(project)


@options.taking(ProjectCall, but=("out",))
def project(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, or folders, .zip or .tar of them.")
    ],
    generator: Annotated[str, typer.Option(help="A checkpoint, a shipped name, or package.module:callable.")],
    out: Annotated[Path, typer.Option(help="The file of latents, .safetensors; a picture of them is put beside it.")],
    call: ProjectCall,
) -> None:
    """Find the latents of pictures, to edit them as samples are."""
    from ganprobe.engine.opening.names import check_words

    check_words(generator, call)
    from rich.console import Console

    from ganprobe.engine.project import PICTURE, projected
    from ganprobe.report import detail_table

    found = projected(generator, images, replace(call, out=out))
    file = found.save(out)
    Console().print(detail_table(found.table))
    typer.echo(f"{file}\n{file.with_suffix(PICTURE)}")
