"""train and train-scorer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ganprobe.cli import options
from ganprobe.core.calls.settings import TrainCall
from ganprobe.core.calls.shared import split_names
from ganprobe.core.errors import InputError


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(train)
    app.command("train-scorer")(train_scorer)


Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any setting, such as generator.rate=0.0001 or lt.sigma=0.25."),
]
Network = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A field of the generator's configuration, such as channel_max=128."),
]
Discriminator = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="A field of the discriminator's configuration.")
]


@options.taking(TrainCall, but=["seed"])
def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A recipe's name or file, an architecture (`ganprobe list recipes`), classifier (the embedded "
            "features) or scorer."
        ),
    ],
    call: TrainCall,
    data: Annotated[
        str | None,
        typer.Option(help="A folder, archive or array of images, or a data set's name; left out, the recipe's."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; left out, runs/RECIPE.")] = None,
    add: Annotated[
        str | None, typer.Option("--with", help="Auxiliary tasks to add, joined by commas: lt, cr, rotation, ...")
    ] = None,
    drop: Annotated[
        str | None, typer.Option("--without", help="Tasks of the recipe to leave out, joined by commas.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Decides weights, draws and order; left out, the recipe's.")] = None,
    images: Annotated[int | None, typer.Option(help="Real images to show before the run ends.")] = None,
    steps: Annotated[int | None, typer.Option(help="Updates of the generator before the run ends.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images in a batch.")] = None,
    resolution: Annotated[
        int | None, typer.Option(help="Side to which images are brought; left out, their own.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Only so many images of the data (of an endless set: how many).")
    ] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, bf16 or fp16 (CUDA).")] = None,
    flips: Annotated[bool | None, typer.Option("--flips/--no-flips", help="Mirror half of the images.")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; 0 for torch's choice.")] = None,
    compiled: Annotated[bool | None, typer.Option("--compile/--no-compile", help="torch.compile the networks.")] = None,
    graphs: Annotated[bool | None, typer.Option("--graphs/--no-graphs", help="Hold steps in CUDA graphs.")] = None,
    max_hours: Annotated[float | None, typer.Option(help="Stop with a checkpoint after so many hours.")] = None,
    settings: Settings = None,
    network: Network = None,
    discriminator_network: Discriminator = None,
) -> None:
    """Train a generator by a recipe, or one of the small networks that ship; started again, the command goes on."""
    from ganprobe.core.files import check_writable
    from ganprobe.engine.opening.names import check_reading
    from ganprobe.engine.ranks.shares import ranks_of
    from ganprobe.training.recipe.shipped import SMALL, tables_of

    if recipe not in SMALL:
        tables_of(recipe)  # refuses an unknown one
    check_reading(call)
    from ganprobe.engine.training.train import TrainCall as Words
    from ganprobe.engine.training.train import train as start

    added, dropped = split_names(add or ""), split_names(drop or "")
    folder = out or Path("runs") / "-".join([Path(recipe).stem, *added])
    check_writable(folder)
    chosen = {
        "seed": seed,
        "images": images,
        "steps": steps,
        "batch": batch,
        "resolution": resolution,
        "limit": limit,
        "precision": precision,
        "flips": flips,
        "device": call.device,
        "threads": threads,
        "compile": compiled,
        "graphs": graphs,
        "max_hours": max_hours,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    given |= {f"network.{name}": value for name, value in parse_pairs(network).items()}
    given |= {f"discriminator_network.{name}": value for name, value in parse_pairs(discriminator_network).items()}
    given |= parse_pairs(settings)
    words = Words(data=data, out=folder, given=given, add=added, drop=dropped, reading=call.reading)
    trained = start(recipe, words)
    options.say_skipped(data or recipe, len(trained.skipped), trained.skipped)
    if ranks_of(os.environ).lead:
        typer.echo(str(trained.path))


@options.taking(TrainCall, but=["labels", "class_order", "resize"])
def train_scorer(
    data: Annotated[str, typer.Argument(help="A folder, zip or tar of image files.")],
    attributes: Annotated[
        Path, typer.Option(help="A table of -1 and 1, or 0 and 1: CelebA's list_attr_celeba.txt, or a .csv like it.")
    ],
    out: Annotated[Path, typer.Option(help="File for the scorer (.safetensors).")],
    call: TrainCall,
    only: Annotated[str | None, typer.Option(help="These attributes alone, joined by commas.")] = None,
    resolution: Annotated[int, typer.Option(help="Side to which images are brought, a multiple of 32.")] = 64,
    epochs: Annotated[int, typer.Option(help="Times that every image is shown at most.")] = 20,
    patience: Annotated[
        int, typer.Option(help="Epochs without a better validation loss that end training, from half of all on.")
    ] = 5,
    batch: Annotated[int, typer.Option(help="Images in a batch.")] = 64,
    flips: Annotated[
        bool, typer.Option("--flips", help="Mirror half of the images: for attributes without left and right.")
    ] = False,
) -> None:
    """Train a scorer of attributes from a table of them; started again, the same command goes on."""
    from ganprobe.engine.training.train_scorer import train_scorer as start
    from ganprobe.training.supervised.attributes import AttributeSettings

    settings = AttributeSettings(
        epochs=epochs, patience=patience, batch_size=batch, seed=call.seed, resolution=resolution, flips=flips
    )
    names = None if only is None else split_names(only)
    report = start(
        data, attributes, out, settings=settings, only=names, device=call.device, skip_unreadable=call.skip_unreadable
    )
    options.say_skipped(data, len(report.skipped), report.skipped)
    _print_validation(report)
    typer.echo(str(report.path))


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


def _print_validation(report: Any) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    titles = ("accuracy", "95%", "balanced", "have it", "images")
    name = Column("attribute", no_wrap=True)
    table = Table(name, *(Column(title, justify="right") for title in titles), box=None, pad_edge=False)
    for attribute, found in report.validation.items():
        low, high = found.ci95
        shares = (f"{found.accuracy:.3f}", f"{low:.3f}-{high:.3f}", f"{found.balanced_accuracy:.3f}")
        table.add_row(attribute, *shares, f"{found.positives:.3f}", str(found.n))
    Console().print(table)
