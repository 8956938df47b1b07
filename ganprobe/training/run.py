"""`train_recipe`: from a recipe and images to a trained generator in a folder.

recipe = read_recipe("cifar10-sndcgan-lt")
path = train_recipe(recipe, open_data("cifar10"), Path("runs/lt"))
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ganprobe.core.calls.checking import plain
from ganprobe.core.errors import InputError
from ganprobe.core.files import write_text
from ganprobe.core.progress import Track
from ganprobe.generators import ARCHITECTURES
from ganprobe.generators.base import check_layers
from ganprobe.generators.building import Pair, build_pair
from ganprobe.training.data.batches import RealBatches
from ganprobe.training.data.real_images import RealImages
from ganprobe.training.data.source import Classes, DataFacts, ImageSource, examine, held_in_memory
from ganprobe.training.draws.requests import Host
from ganprobe.training.loop.books import Books
from ganprobe.training.loop.evaluation import Evaluate
from ganprobe.training.loop.folder import Folder
from ganprobe.training.loop.trainer import Trainer
from ganprobe.training.losses.adversarial import ADVERSARIAL
from ganprobe.training.parallel.processes import Processes
from ganprobe.training.reading import text_of
from ganprobe.training.recipe.records import FREE, Recipe, RunOptions
from ganprobe.training.step.generation import compiled_where, generation_of
from ganprobe.training.step.growing import check_growing
from ganprobe.training.step.task import Company, Task
from ganprobe.training.step.updates import Updates
from ganprobe.training.tasks import TASKS


def train_recipe(
    recipe: Recipe,
    source: ImageSource,
    out: Path,
    *,
    options: RunOptions = RunOptions(),  # noqa: B008 (frozen)
    evaluate: Evaluate | None = None,
    classes: Classes = Classes(),  # noqa: B008 (frozen)
) -> Path:
    """Train on `source` in the folder `out` and return the path of the averaged generator.

    evaluate: what measures the averaged generator, where the recipe asks for it. classes: of the images, for the books
    and the networks.
    Where `out` holds an unfinished run of the same recipe and data, it goes on; the weights at the end are those of a
    run that was never interrupted. InputError for a recipe that does not fit data, network or machine, DataError for
    unusable images, TrainingError where `out` belongs to another run, or where a loss stops being finite.
    """
    facts = examine(source, named=len(classes.names))
    check_options(options)
    _check_recipe(recipe, facts, options, classes, evaluates=evaluate is not None)
    with open_trainer(recipe, source, facts, out, options=options, classes=classes) as trainer:
        return _run(trainer, facts, evaluate)


@contextlib.contextmanager
def open_trainer(
    recipe: Recipe,
    source: ImageSource,
    facts: DataFacts,
    out: Path,
    *,
    options: RunOptions,
    classes: Classes,
) -> Iterator[Trainer]:
    """What trains, built as the recipe says and taken up from the state in the folder `out`, which it claims.

    Errors: as `train_recipe`.
    """
    device = _prepared(options)
    processes = Processes.join(device)
    pair = _built(recipe, facts)
    if pair.generator.spec.num_classes == len(classes.names):
        pair.generator.class_names = pair.discriminator.class_names = classes.names
    updates = _updates(recipe, pair, batch=processes.share(recipe.batch), compiled=options.compile)
    networks = [pair.generator, pair.discriminator, *(task.network for task in updates.tasks)]
    _place(networks, device, options.channels_last)
    folder = _claimed(recipe, facts, out, classes, processes)
    real = RealImages(
        held_in_memory(source, facts), seed=recipe.seed, flips=recipe.data.flips, resolution=facts.resolution
    )
    host = Host(recipe.seed, real, recipe.discriminator_steps, processes)
    with real:
        batches = RealBatches(
            real, device=device, channels_last=options.channels_last, labelled=pair.generator.spec.num_classes > 0
        )
        trainer = Trainer(
            pair.generator,
            pair.discriminator,
            updates,
            batches,
            host,
            recipe=recipe,
            options=options,
            folder=folder,
            resolution=facts.resolution,
        )
        trainer.resume()
        try:
            yield trainer
        finally:
            trainer.close()


def _claimed(recipe: Recipe, facts: DataFacts, out: Path, classes: Classes, processes: Processes) -> Folder:
    """The folder of the run, which is this run's from now on."""
    folder = Folder(out)
    if processes.first:
        folder.claim(_identity(recipe, facts), {"recipe": plain(recipe), "classes": list(classes.names)})
        write_text(folder.recipe, text_of(recipe))
    processes.barrier()
    return folder


def _prepared(options: RunOptions) -> torch.device:
    """The machine as the options want it, and its device."""
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    if device.type == "cuda":
        # Shapes stay as they are for thousands of steps: trying the kernels once pays.
        torch.backends.cudnn.benchmark = True
        if device.index is not None:
            torch.cuda.set_device(device)
    return device


def _run(trainer: Trainer, facts: DataFacts, evaluate: Evaluate | None) -> Path:
    """Train to the end, or to the wall-clock limit."""
    recipe, options = trainer.recipe, trainer.options
    books = Books(trainer, facts, evaluate)
    with contextlib.closing(books), Track(f"training {_title(recipe)}", recipe.images, done=trainer.images) as track:
        while trainer.step < recipe.steps and not _out_of_time(trainer, options.max_hours):
            trainer.train_step()
            books.keep()
            track.advance(recipe.images_per_step)
        books.checkpoint()
    trainer.processes.barrier()
    return trainer.folder.generator


def _out_of_time(trainer: Trainer, limit: float | None) -> bool:
    if limit is None:
        return False
    return trainer.processes.any(trainer.seconds >= limit * 3600, trainer.device)


def _title(recipe: Recipe) -> str:
    return recipe.name or recipe.architecture


def _built(recipe: Recipe, facts: DataFacts) -> Pair:
    return build_pair(
        recipe.architecture,
        resolution=facts.resolution,
        num_classes=0 if recipe.data.conditional is False else facts.num_classes,
        network=recipe.network,
        discriminator_network=recipe.discriminator_network,
        seed=recipe.seed,
        progressive=recipe.growing is not None,
    )


def _updates(recipe: Recipe, pair: Pair, *, batch: int, compiled: bool) -> Updates:
    generator, discriminator = pair.generator, pair.discriminator
    generation = generation_of(generator, style_mixing=recipe.style_mixing, compiled=compiled)
    company = Company(
        generator=generator,
        discriminator=discriminator,
        generation=generation,
        batch=batch,
        seed=recipe.seed,
        head_optimiser=recipe.discriminator,
    )
    return Updates(
        generation=generation,
        discriminator=discriminator,
        judge=compiled_where(discriminator.judge, compiled),
        adversarial=ADVERSARIAL[recipe.loss],
        regulariser=recipe.regulariser,
        tasks=_tasks(recipe, company),
        batch=batch,
    )


def _tasks(recipe: Recipe, company: Company) -> list[Task]:
    """The recipe's tasks, in the order of their names."""
    tasks: list[Task] = []
    for name, settings in sorted(recipe.tasks.items()):
        kind = TASKS.task(name)
        for held in sorted(kind.holds & recipe.tasks.keys()):
            raise InputError(f"{name} holds what {held} does; leave one of them out")
        tasks.append(kind(settings, company))
        check_layers(company.discriminator, tasks[-1].layers)
    return tasks


def _place(networks: list[Any], device: torch.device, channels_last: bool) -> None:
    for network in networks:
        if network is not None:
            network.to(device)
            if channels_last:
                network.to(memory_format=torch.channels_last)


def _check_recipe(recipe: Recipe, facts: DataFacts, options: RunOptions, classes: Classes, *, evaluates: bool) -> None:
    if recipe.precision == "fp16" and not options.device.startswith("cuda"):
        raise InputError("fp16 is of CUDA devices; take bf16 or fp32")
    if recipe.evaluation.every and not evaluates:
        raise InputError("the recipe evaluates, and nothing that evaluates was handed in; set evaluation.every to 0")
    _check_data(recipe, facts, classes)


def _check_data(recipe: Recipe, facts: DataFacts, classes: Classes) -> None:
    wanted = recipe.data.resolution
    if wanted is not None and wanted != facts.resolution:
        raise InputError(
            f"the recipe is for images of {wanted} pixels and the data has {facts.resolution}; "
            "bring the images to it (--resolution), or set data.resolution"
        )
    if recipe.data.conditional and not facts.num_classes:
        raise InputError(
            f"the recipe is class-conditional and the data has {classes.said or 'no labels'}; give class folders, or a "
            "file of labels (--labels FILE)"
        )
    if recipe.data.conditional and ARCHITECTURES[recipe.architecture].labels == "never":
        raise InputError(f"{recipe.architecture} has no use for labels; leave data.conditional out")
    check_growing(recipe.growing, facts.resolution)


def check_options(options: RunOptions) -> None:
    """InputError for a device that is not there."""
    try:
        kind = torch.device(options.device).type
    except RuntimeError as problem:
        raise InputError(f"device {options.device!r} is not known; try cpu, cuda or cuda:0") from problem
    if kind == "cuda" and not torch.cuda.is_available():
        raise InputError("training on cuda was asked for and torch sees no CUDA device; use --device cpu")


def _identity(recipe: Recipe, facts: DataFacts) -> dict[str, Any]:
    """What decides the weights at every step."""
    decisive = {name: value for name, value in plain(recipe).items() if name not in FREE}
    # Where the data lies does not matter: what it holds does.
    decisive["data"] = plain(replace(recipe.data, name=None, resolution=None, limit=None))
    data = {"images": facts.images, "resolution": facts.resolution, "fingerprint": facts.fingerprint}
    return {"recipe": decisive, "data": data}
