"""Trainings of seconds: recipes of tiny networks, random images for them, and looking at what a run left."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from ganprobe.training.data.source import ArraySource
from ganprobe.training.reading import read_recipe
from ganprobe.training.recipe.records import Recipe, RunOptions
from ganprobe.training.run import train_recipe

TASKS = ("bcr", "cr", "diffaugment", "lt", "rotation", "zcr")

_SMALL: Mapping[str, Mapping[str, Any]] = {
    "sndcgan": {"network.channels": 2, "network.z_dim": 6, "batch": 8, "steps": 6},
    "stylegan": {
        "network": {"z_dim": 8, "w_dim": 8, "mapping_layers": 2, "channel_base": 64, "channel_max": 8},
        "growing": {"start": 8, "stabilise": 8, "fade": 12},
        "regulariser.every": 2,
        "batch": 4,
        "steps": 8,
        "data.flips": True,
    },
    "biggan": {
        "network": {"channels": 2, "attention": [16], "shared_embedding": True, "hierarchical": True, "z_dim": 8},
        "discriminator_steps": 2,
        "batch": 4,
        "steps": 8,
    },
}
SIDES = {"sndcgan": 16, "stylegan": 16, "biggan": 32, "infogan": 32}


def small_recipe(architecture: str, add: Iterable[str] = (), **changes: Any) -> Recipe:
    """A recipe of a tiny network; tasks begin at once. Dots of names are written as double underscores."""
    given = {name.replace("__", "."): value for name, value in changes.items()}
    tasks: dict[str, Any] = {f"{task}.start": 0 for task in add}
    if "lt" in add:
        tasks |= {"lt.grid": 2, "lt.hidden": 8}
        tasks |= {"lt.layer": "8x8"} if architecture == "stylegan" else {}
    return read_recipe(architecture, add=add, changes={**_SMALL.get(architecture, {}), **tasks, **given})


def small_source(architecture: str, n: int = 19) -> ArraySource:
    """Random images; with classes for an architecture that needs them."""
    side = SIDES[architecture]
    images = np.random.default_rng(3).integers(0, 256, (n, 3, side, side), dtype=np.uint8)
    return ArraySource(images, np.arange(n) % 3 if architecture == "biggan" else None)


def train(recipe: Recipe, out: Path, *, evaluate: Any = None, source: Any = None, **options: Any) -> Path:
    """Train without grids or TensorBoard, with a state every three steps."""
    books = {"log_every": 2, "grid_every": 0, "checkpoint_every": 3, "tensorboard": False, **options}
    data = source or small_source(recipe.architecture)
    return train_recipe(recipe, data, out, options=RunOptions(**books), evaluate=evaluate)


def log_of(folder: Path) -> list[dict[str, Any]]:
    """The rows of a run's log without what depends on the clock."""
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in ("images_per_second", "seconds")} for row in rows]


def state_of(folder: Path) -> dict[str, torch.Tensor]:
    """Every tensor of a run's state."""
    return load_file(folder / "state.safetensors")


def assert_same_run(a: Path, b: Path) -> None:
    """Networks, averages and optimiser moments bit for bit, and the same log."""
    left, right = state_of(a), state_of(b)
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert torch.equal(value, right[name]), name
    assert log_of(a) == log_of(b)
