"""directions and edit."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ganprobe.cli import options
from ganprobe.core.errors import InputError


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(directions)
    app.command()(edit)


class LatentSpace(StrEnum):
    """The spaces whose latents can be drawn."""

    Z = "z"
    W = "w"


class MovedSpace(StrEnum):
    """The spaces in which a direction can lie."""

    Z = "z"
    W = "w"
    W_PLUS = "w+"


Generator = Annotated[str, typer.Argument(help="A checkpoint, a shipped name, or package.module:callable.")]


def directions(
    generator: Generator,
    method: Annotated[str, typer.Option(help="interfacegan, sefa or ganspace; see `ganprobe list directions`.")],
    out: options.Out,
    space: Annotated[
        LatentSpace | None, typer.Option(help="Left out: for interfacegan all that there are, else the method's own.")
    ] = None,
    samples: Annotated[int, typer.Option(help="Latents to draw, and for interfacegan images to score.")] = 20_000,
    seed: options.Seed = 0,
    count: Annotated[int | None, typer.Option(help="How many directions, for sefa and ganspace; left out, 10.")] = None,
    layers: Annotated[str | None, typer.Option(help="Whose weights sefa reads, such as 0-3; left out, all.")] = None,
    scorer: Annotated[
        Path | None, typer.Option(help="A trained scorer for interfacegan; left out, the one of toyfaces.")
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:OTHER,...", help="interfacegan: NAME with the OTHERs left alone; may be repeated."),
    ] = None,
    device: options.Device = None,
) -> None:
    """Find directions in a latent space, and draw a strip of each."""
    from ganprobe.core.files import check_writable
    from ganprobe.directions.direction import parse_layers
    from ganprobe.engine.directions import Search, find_directions

    search = Search(
        method=method,
        space=None if space is None else space.value,
        samples=samples,
        seed=seed,
        count=count,
        layers=None if layers is None else parse_layers(layers),
        conditions=tuple(parse_condition(text) for text in condition or ()),
        scorer=scorer,
        device=device,
    )
    check_writable(out)
    found = find_directions(generator, search)
    found.save(out)
    _print_found(found.directions)
    typer.echo(f"{out / 'directions.safetensors'}")


def edit(
    generator: Generator,
    direction: Annotated[
        Path, typer.Option(help="A file of `ganprobe directions`, or an InterFaceGAN boundary (.npy).")
    ],
    out: Annotated[Path, typer.Option(help="The picture: .png, or .gif for an animation.")],
    name: Annotated[str | None, typer.Option(help="Which direction of the file; left out, its first.")] = None,
    space: Annotated[
        MovedSpace | None, typer.Option(help="Which, where a name is there in several; for a .npy, that of the vector.")
    ] = None,
    start: Annotated[
        float, typer.Option("--from", help="Strength of the first column, in standard deviations of the latents.")
    ] = -3.0,
    end: Annotated[float, typer.Option("--to", help="Strength of the last column.")] = 3.0,
    steps: Annotated[int, typer.Option(help="Columns.")] = 7,
    rows: Annotated[int, typer.Option(help="Samples, one a row.")] = 4,
    seed: options.Seed = 0,
    layers: Annotated[
        str | None, typer.Option(help="Layers to move, such as 0-3, in w and w+; left out, the direction's own.")
    ] = None,
    truncation: options.Psi = "1",
    any_generator: Annotated[
        bool, typer.Option("--any-generator", help="Take a direction that was found in another generator.")
    ] = False,
    device: options.Device = None,
) -> None:
    """Move samples along a direction and draw what comes out."""
    from ganprobe.directions.direction import parse_layers
    from ganprobe.engine.directions import edited, even_strengths, strip_format, write_strip

    strip_format(out)
    strengths = even_strengths(start, end, steps)
    images = edited(
        generator,
        direction,
        name=name,
        space=None if space is None else space.value,
        strengths=strengths,
        rows=rows,
        seed=seed,
        layers=None if layers is None else parse_layers(layers),
        truncation=options.parse_truncation(truncation),
        any_generator=any_generator,
        device=device,
    )
    write_strip(out, images, strengths)
    typer.echo(str(out))


def parse_condition(text: str) -> tuple[str, tuple[str, ...]]:
    """ "age:gender,eyeglasses" to ("age", ("gender", "eyeglasses")). InputError for anything else."""
    primal, colon, others = text.partition(":")
    names = tuple(options.split_names(others) or ())
    if not (primal.strip() and colon and names):
        raise InputError(f"a condition is like age:gender,eyeglasses, got {text!r}")
    return primal.strip(), names


def _print_found(found: Any) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    scores = list(dict.fromkeys(name for item in found for name in item.scores))
    titles = (name.replace("remaining", "rest").replace("_", " ") for name in scores)
    name_column = Column("direction", no_wrap=True, min_width=max(len(item.name) for item in found))
    table = Table(name_column, "space", "scale", *titles, box=None, header_style="bold", pad_edge=False)
    for item in found:
        numbers = (f"{item.scores[name]:.4g}" if name in item.scores else "" for name in scores)
        table.add_row(item.name, item.space, f"{item.scale:.4g}", *numbers)
    Console().print(table)
