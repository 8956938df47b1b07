"""directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganprobe.cli import options
from ganprobe.core.calls.directing import DirectionsCall
from ganprobe.core.errors import InputError

if TYPE_CHECKING:
    from ganprobe.directions.methods.steering.search import Steering


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(directions)


class LatentSpace(StrEnum):
    """The spaces whose latents can be drawn."""

    Z = "z"
    W = "w"


class Approach(StrEnum):
    """The ways to steer."""

    JAHANIAN = "jahanian"
    PLUMERAULT = "plumerault"


class WalkKind(StrEnum):
    """The shapes of a walk."""

    LINEAR = "linear"
    NONLINEAR = "nonlinear"


_WIDE = 10_000
Generator = Annotated[str, typer.Argument(help="A checkpoint, a shipped name, or package.module:callable.")]


@options.taking(DirectionsCall)
def directions(
    generator: Generator,
    method: Annotated[
        str, typer.Option(help="interfacegan, sefa, ganspace, stylespace or steer; see `ganprobe list directions`.")
    ],
    out: options.Out,
    call: DirectionsCall,
    space: Annotated[
        LatentSpace | None, typer.Option(help="Left out: for interfacegan all that there are, else the method's own.")
    ] = None,
    samples: Annotated[
        int, typer.Option(help="Latents to draw, and for interfacegan and stylespace images to score.")
    ] = 20_000,
    count: Annotated[
        int | None, typer.Option(help="How many: sefa and ganspace 10, stylespace 3 an attribute.")
    ] = None,
    layers: Annotated[str | None, typer.Option(help="Whose weights sefa reads, such as 0-3; left out, all.")] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:OTHER,...", help="interfacegan: NAME with the OTHERs left alone; may be repeated."),
    ] = None,
    factors: Annotated[
        str | None, typer.Option(metavar="NAMES", help="What to steer, such as zoom,shift_x; left out, all.")
    ] = None,
    approach: Annotated[Approach | None, typer.Option(help="How to steer; left out, jahanian.")] = None,
    walk: Annotated[WalkKind | None, typer.Option(help="Along a line or a curve; left out, linear.")] = None,
) -> None:
    """Find directions in a latent space, and draw a strip of each."""
    from ganprobe.core.files import check_writable
    from ganprobe.directions.methods.catalogue import METHODS
    from ganprobe.engine.opening.names import check_words

    check_words(generator, call)
    METHODS[method]  # refuses an unknown one
    from ganprobe.directions.layers import parse_layers
    from ganprobe.engine.directions import NUMBERS, Search, find_directions
    from ganprobe.engine.ranks.joining import this_process
    from ganprobe.report.folders.together import check_owner

    ranks = this_process()
    search = Search(
        method=method,
        space=None if space is None else space.value,
        samples=samples,
        seed=call.seed,
        count=count,
        layers=None if layers is None else parse_layers(layers),
        conditions=tuple(parse_condition(text) for text in condition or ()),
        scorer=call.scorer,
        steering=_steering(factors, approach, walk),
        device=ranks.device(call.device),
        key=call.key,
        output_range=call.output_range,
        extremes=call.extremes,
    )
    if ranks.lead:
        check_writable(out)
        check_owner(out, NUMBERS)
    found = find_directions(generator, search, out=out, resume=call.resume, ranks=ranks)
    found.save(out)
    _print_found(found.directions)
    for reason in found.numbers.get("untold", {}).values():
        typer.echo(f"ganprobe: no direction: {reason}", err=True)
    _print_entangled(found.numbers.get("entangled", {}))
    typer.echo(f"{out / 'directions.safetensors'}")
    typer.echo(f"{out / 'report.html'}")


def _steering(factors: str | None, approach: Approach | None, walk: WalkKind | None) -> Steering | None:
    """What the options say; None where none is given."""
    from ganprobe.directions.methods.steering.search import Steering

    given: dict[str, Any] = {
        "factors": None if factors is None else tuple(options.split_names(factors)),
        "approach": None if approach is None else approach.value,
        "walk": None if walk is None else walk.value,
    }
    said = {name: value for name, value in given.items() if value is not None}
    return replace(Steering(), **said) if said else None


def parse_condition(text: str) -> tuple[str, tuple[str, ...]]:
    """ "age:gender,eyeglasses" to ("age", ("gender", "eyeglasses")). InputError for anything else."""
    primal, colon, others = text.partition(":")
    names = tuple(options.split_names(others))
    if not (primal.strip() and colon and names):
        raise InputError(f"a condition is like age:gender,eyeglasses, got {text!r}")
    return primal.strip(), names


def _print_entangled(spaces: Mapping[str, Any]) -> None:
    for space, rows in spaces.items():
        for row in rows:
            others = ", ".join(f"{name} ({cosine:+.2f})" for name, cosine in row["others"].items())
            typer.echo(
                f"{space} {row['attribute']} leans on {others}; to leave them alone: --condition {row['condition']}"
            )


def _print_found(found: Any) -> None:
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Column, Table

    scores = list(dict.fromkeys(name for item in found for name in item.scores))
    titles = (Column(name.replace("remaining", "rest").replace("_", "\n"), no_wrap=True) for name in scores)
    name_column = Column("direction", no_wrap=True, min_width=max(len(item.name) for item in found))
    table = Table(name_column, "space", "scale", *titles, box=None, header_style="bold", pad_edge=False)
    for item in found:
        numbers = (f"{item.scores[name]:.4g}" if name in item.scores else "" for name in scores)
        table.add_row(item.name, item.space, f"{item.scale:.4g}", *numbers)
    # A number that is cut would be read as another one: where the table is too wide, the terminal breaks its lines.
    wide = Console(width=_WIDE)
    needed = Measurement.get(wide, wide.options, table).maximum
    Console(width=max(Console().width, needed)).print(table)
