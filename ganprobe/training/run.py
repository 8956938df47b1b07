"""`train_gan`: from a name, images and settings to a trained generator in a folder.

from dataclasses import replace
settings = replace(default_settings("stylegan"), images=200_000)
path = train_gan("stylegan", source, Path("runs/faces"), settings)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from ganprobe.core.errors import InputError, TrainingError
from ganprobe.core.files import write_text
from ganprobe.core.progress import Track
from ganprobe.core.registry import Registry
from ganprobe.generators.biggan.discriminator import BigGANDiscriminator
from ganprobe.generators.biggan.generator import BigGANGenerator
from ganprobe.generators.building import Pair, build_pair
from ganprobe.generators.stylegan.discriminator import StyleGANDiscriminator
from ganprobe.generators.stylegan.generator import StyleGANGenerator
from ganprobe.training.biggan import BigGANObjective
from ganprobe.training.data import DataFacts, ImageSource, RealImages, examine, held_in_memory
from ganprobe.training.growing import check_growing
from ganprobe.training.loop import Folder, Trainer
from ganprobe.training.objective import Objective
from ganprobe.training.settings import TrainSettings
from ganprobe.training.stylegan import StyleGANObjective

OBJECTIVES: Registry[Callable[[DataFacts, TrainSettings], Objective]] = Registry("architecture to train")
"""Name to what builds its objective, networks included, on the CPU."""


def train_gan(architecture: str, source: ImageSource, out: Path, settings: TrainSettings) -> Path:
    """Train `architecture` on `source` in the folder `out` and return the path of the averaged generator.

    Where `out` holds an unfinished run of the same settings and data, it goes on; the weights at the end are those of
    a run that was never interrupted. InputError for settings that do not fit, DataError for unusable images,
    TrainingError where `out` belongs to another run, or where a loss stops being finite.
    """
    build = OBJECTIVES[architecture]
    facts = examine(source)
    check_growing(settings.growing, facts.resolution)
    _check_device(settings.device)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    objective = build(facts, settings)
    _claim(out, {"architecture": architecture, "settings": settings.identity(), "data": _json(facts)})
    device = torch.device(settings.device)
    for network in (objective.generator, objective.discriminator):
        network.to(device)
        if settings.channels_last:
            network.to(memory_format=torch.channels_last)
    images = RealImages(
        held_in_memory(source, facts),
        seed=settings.seed,
        flips=settings.flips,
        resolution=facts.resolution,
        device=device,
    )
    trainer = Trainer(objective, images, facts, Folder(out), settings)
    trainer.resume()
    with images, Track(f"training {architecture}", settings.images, done=trainer.images) as track:
        return trainer.run(advance=track.advance)


def _build_stylegan(facts: DataFacts, settings: TrainSettings) -> Objective:
    pair = _pair("stylegan", facts, settings)
    assert isinstance(pair.generator, StyleGANGenerator)
    assert isinstance(pair.discriminator, StyleGANDiscriminator)
    return StyleGANObjective(pair.generator, pair.discriminator, settings)


def _build_biggan(facts: DataFacts, settings: TrainSettings) -> Objective:
    pair = _pair("biggan", facts, settings)
    assert isinstance(pair.generator, BigGANGenerator)
    assert isinstance(pair.discriminator, BigGANDiscriminator)
    return BigGANObjective(pair.generator, pair.discriminator, settings)


def _pair(architecture: str, facts: DataFacts, settings: TrainSettings) -> Pair:
    return build_pair(
        architecture,
        resolution=facts.resolution,
        num_classes=facts.num_classes,
        network=settings.network,
        discriminator_network=settings.discriminator_network,
        seed=settings.seed,
        progressive=settings.growing is not None,
    )


OBJECTIVES.add("stylegan", _build_stylegan)
OBJECTIVES.add("biggan", _build_biggan)


def _check_device(device: str) -> None:
    try:
        kind = torch.device(device).type
    except RuntimeError as problem:
        raise InputError(f"device {device!r} is not known; try cpu, cuda or cuda:0") from problem
    if kind == "cuda" and not torch.cuda.is_available():
        raise InputError("training on cuda was asked for and torch sees no CUDA device; use --device cpu")


def _json(facts: DataFacts) -> dict[str, Any]:
    return {"images": facts.images, "resolution": facts.resolution, "fingerprint": facts.fingerprint}


def _claim(out: Path, identity: Mapping[str, Any]) -> None:
    """Write run.json, or make sure that the one there is of the same run."""
    path = out / "run.json"
    if not path.is_file():
        if (out / "state.safetensors").exists():
            raise TrainingError(f"{out} holds a training state without run.json; train into a new folder")
        write_text(path, json.dumps(identity, indent=1, sort_keys=True) + "\n")
        return
    theirs, ours = _read(path), json.loads(json.dumps(identity))
    if theirs != ours:
        changed = ", ".join(_differences(theirs, ours))
        raise TrainingError(f"{out} holds another run (it differs in {changed}); train into a new folder")


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise TrainingError(f"{path} cannot be read ({problem}); train into a new folder") from problem
    return data if isinstance(data, dict) else {}


def _differences(theirs: Mapping[str, Any], ours: Mapping[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key in sorted({*theirs, *ours}):
        a, b = theirs.get(key), ours.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += _differences(a, b, f"{prefix}{key}.")
        elif a != b:
            found.append(f"{prefix}{key}")
    return found
