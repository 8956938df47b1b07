"""edit."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.calls.directing import EditCall


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(edit)


class MovedSpace(StrEnum):
    """The spaces in which a direction can lie."""

    Z = "z"
    W = "w"
    W_PLUS = "w+"
    S = "s"


@options.taking(EditCall)
def edit(
    generator: Annotated[str, typer.Argument(help="A checkpoint, a shipped name, or package.module:callable.")],
    call: EditCall,
    out: Annotated[Path, typer.Option(help="The picture: .png, or .gif or .mp4 for an animation.")],
    direction: Annotated[
        Path | None,
        typer.Option(
            help="A file of `ganprobe directions`, an InterFaceGAN boundary (.npy) or GANSpace's .npz; left out, the "
            "samples are drawn as they are."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Which direction of the file; left out, its first.")] = None,
    space: Annotated[
        MovedSpace | None, typer.Option(help="Which, where a name is there in several; for a .npy, that of the vector.")
    ] = None,
    start: Annotated[
        float, typer.Option("--from", help="Strength of the first column, in standard deviations of the latents.")
    ] = -3.0,
    end: Annotated[float, typer.Option("--to", help="Strength of the last column.")] = 3.0,
    steps: Annotated[int, typer.Option(help="Columns.")] = 7,
    rows: Annotated[int | None, typer.Option(help="Samples, one a row; left out, 4, of own latents all.")] = None,
    index: Annotated[int, typer.Option(help="The number of the first sample, or of the first of own latents.")] = 0,
    label: Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="Of all samples: a number, or a name.")
    ] = None,
    grid: Annotated[
        str | None, typer.Option(metavar="NAME", help="A second direction, for the rows, of the first sample alone.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME=STRENGTH[:LAYERS]", help="Another direction in every cell; repeatable."),
    ] = None,
    absolute: Annotated[
        bool, typer.Option("--absolute", help="Move to that signed distance from the boundary, not by it.")
    ] = False,
    scores: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Attributes to write under every cell, such as smile,age; or all."),
    ] = None,
    layers: Annotated[
        str | None, typer.Option(help="Layers to move, such as 0-3, in w, w+ and s; left out, the direction's own.")
    ] = None,
    any_generator: Annotated[
        bool, typer.Option("--any-generator", help="Take a direction that was found in another generator.")
    ] = False,
) -> None:
    """Move samples along directions and draw what comes out."""
    from ganprobe.engine.opening.names import check_words

    check_words(generator, call)
    from ganprobe.directions.layers import parse_layers
    from ganprobe.engine.edit import Edit, edit_format, edited, even_strengths, parse_also, write_edit

    edit_format(out)
    what = Edit(
        name=name,
        space=None if space is None else space.value,
        strengths=even_strengths(start, end, steps),
        rows=rows,
        index=index,
        grid=grid,
        also=tuple(parse_also(text) for text in also or ()),
        layers=None if layers is None else parse_layers(layers),
        absolute=absolute,
        scores=None if scores == "all" else tuple(options.split_names(scores or "")),
        label=label,
        latents=call.latents,
        latent_space=call.latent_space,
    )
    found = edited(
        generator,
        direction,
        what,
        seed=call.seed,
        truncation=call.truncation,
        any_generator=any_generator,
        scorer=call.scorer,
        device=call.device,
        key=call.key,
        output_range=call.output_range,
    )
    write_edit(out, found)
    typer.echo(str(out))
