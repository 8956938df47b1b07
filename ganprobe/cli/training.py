"""train."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from ganprobe.cli import options
from ganprobe.core.errors import InputError


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(train)


Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any other setting of the architecture, such as r1_gamma=2."),
]
Network = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A field of the generator's configuration, such as channel_max=128."),
]
Discriminator = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="A field of the discriminator's configuration.")
]


def train(
    architecture: Annotated[str, typer.Argument(help="stylegan, biggan, classifier (embedded features) or scorer.")],
    data: Annotated[str, typer.Option(help="A folder, archive or array of images, or a data set's name.")],
    out: options.Out,
    seed: options.Seed = 0,
    images: Annotated[int | None, typer.Option(help="Real images to show before the run ends.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images in a batch.")] = None,
    resolution: Annotated[
        int | None, typer.Option(help="Side to which images are brought; left out, their own.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Only the first images of the data (of an endless set: how many).")
    ] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, bf16 or fp16 (CUDA).")] = None,
    flips: Annotated[bool | None, typer.Option("--flips/--no-flips", help="Mirror half of the images.")] = None,
    device: options.Device = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; 0 for torch's choice.")] = None,
    max_hours: Annotated[float | None, typer.Option(help="Stop with a checkpoint after so many hours.")] = None,
    skip_unreadable: options.SkipUnreadable = False,
    settings: Settings = None,
    network: Network = None,
    discriminator_network: Discriminator = None,
) -> None:
    """Train a generator, or one of the small networks that ship; started again, the same command goes on."""
    from ganprobe.core.files import check_writable
    from ganprobe.engine.train import TrainCall
    from ganprobe.engine.train import train as start

    check_writable(out)
    chosen = {
        "seed": seed,
        "images": images,
        "batch": batch,
        "precision": precision,
        "flips": flips,
        "device": device,
        "threads": threads,
        "max_hours": max_hours,
        "network": parse_pairs(network) or None,
        "discriminator_network": parse_pairs(discriminator_network) or None,
        **parse_pairs(settings),
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    call = TrainCall(
        data=data, out=out, given=given, resolution=resolution, limit=limit, skip_unreadable=skip_unreadable
    )
    trained = start(architecture, call)
    options.say_skipped(data, len(trained.skipped), trained.skipped)
    typer.echo(str(trained.path))


def parse_pairs(words: list[str] | None) -> dict[str, Any]:
    """["a=1", "b=[16,32]", "c=word"] to {"a": 1, "b": [16, 32], "c": "word"}: values are JSON, or else text."""
    pairs: dict[str, Any] = {}
    for word in words or []:
        name, equals, value = word.partition("=")
        if not equals:
            raise InputError(f"settings are given as name=value, got {word!r}")
        try:
            pairs[name] = json.loads(value)
        except json.JSONDecodeError:
            pairs[name] = value
    return pairs
