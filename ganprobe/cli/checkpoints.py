"""inspect and convert."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ganprobe.cli import options
from ganprobe.core.calls.shared import Picking


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(inspect)
    app.command()(convert)


class Dtype(StrEnum):
    """How floating-point numbers are stored."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


Checkpoint = Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A file of any of `ganprobe list layouts`.")]
BNEpsilon = Annotated[
    float | None,
    typer.Option(help="Batch normalisation's epsilon, where the file does not tell it (BigGAN and BigGAN-deep)."),
]
SNEpsilon = Annotated[
    float | None,
    typer.Option(help="Spectral normalisation's epsilon, where the file does not tell it (ajbrock's layouts)."),
]

ConvClamp = Annotated[
    float | None,
    typer.Option(help="The range of activations, where the file does not tell it (nvlabs-stylegan2-ada state dicts)."),
]

Compat = Annotated[
    bool,
    typer.Option(
        "--compat", help="Reproduce the original's known fault: swapped interpolation weights (huggingface-biggan)."
    ),
]


@options.taking(Picking)
def inspect(
    checkpoint: Checkpoint,
    call: Picking,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    bn_epsilon: BNEpsilon = None,
    sn_epsilon: SNEpsilon = None,
    conv_clamp: ConvClamp = None,
    compat: Compat = False,
) -> None:
    """Say what a checkpoint is: layout, architecture, sizes, what was inferred and what was assumed."""
    from ganprobe.engine.opening.names import check_checkpoint

    check_checkpoint(checkpoint)
    from rich.console import Console
    from rich.table import Table

    from ganprobe.engine.inspection import inspect_checkpoint, inspection_rows

    found = inspect_checkpoint(
        checkpoint, bn_epsilon=bn_epsilon, sn_epsilon=sn_epsilon, conv_clamp=conv_clamp, compat=compat, key=call.key
    )
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("what", "value", "from"):
        table.add_column(title, overflow="fold")
    for row in inspection_rows(found):
        table.add_row(*row)
    Console().print(table, markup=False)


@options.taking(Picking)
def convert(
    checkpoint: Checkpoint,
    out: Annotated[Path, typer.Argument(metavar="OUT.safetensors", help="The native file to write.")],
    call: Picking,
    dtype: Annotated[Dtype, typer.Option(help="How weights are stored; float16 halves the file.")] = Dtype.FLOAT32,
    bn_epsilon: BNEpsilon = None,
    sn_epsilon: SNEpsilon = None,
    conv_clamp: ConvClamp = None,
    compat: Compat = False,
) -> None:
    """Write a checkpoint of any layout as a native file, with the original's sha256 in its metadata."""
    from ganprobe.engine.opening.names import check_checkpoint

    check_checkpoint(checkpoint)
    from ganprobe.core.files import check_writable
    from ganprobe.engine.inspection import convert as convert_file

    check_writable(out.parent)
    convert_file(
        checkpoint,
        out,
        dtype=dtype.value,
        bn_epsilon=bn_epsilon,
        sn_epsilon=sn_epsilon,
        conv_clamp=conv_clamp,
        compat=compat,
        key=call.key,
    )
    typer.echo(str(out))
