"""One row's training run: started, gone on with, or found finished."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ganprobe.checkpoints.native import read_header
from ganprobe.data import open_data
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.training.evaluation import EngineEvaluate
from ganprobe.reproduce.plans.data import save_arrays
from ganprobe.reproduce.rows.clock import Clock
from ganprobe.training.data.source import ArraySource, ImageSource
from ganprobe.training.recipe.records import Recipe, RunOptions
from ganprobe.training.run import train_recipe

HELD_BYTES = 2**30
"""Sets of images up to this size stay in a process's memory from one row to the next."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. rate: steps a second, of the last stretch, or of all of it where its log does not tell."""

    steps: int
    images: int
    seconds: float
    rate: float = 0.0


def generator_of(folder: Path, weights: str) -> Path:
    """The generator to measure: "last", of the end of training, or "best"."""
    best = folder / "best.safetensors"
    return best if weights == "best" and best.is_file() else folder / "G.safetensors"


def progress_of(folder: Path) -> Progress | None:
    """How far the run in `folder` is; None where it has not begun. CheckpointError where its network is damaged."""
    path = folder / "G.safetensors"
    if not path.is_file():
        return None
    said = read_header(path).training
    steps, seconds = int(said["steps"]), 3600 * float(said["hours"])
    return Progress(steps, int(said["images"]), seconds, _rate(folder) or (steps / seconds if seconds else 0.0))


def _rate(folder: Path) -> float:
    """Steps a second of the last stretch that the log tells of; 0 where it tells of none."""
    rows = [row for row in _log(folder) if row.get("images_per_second") and row.get("images")]
    if not rows:
        return 0.0
    last = rows[-1]
    return float(last["images_per_second"] * last["step"] / last["images"])


def _log(folder: Path) -> list[dict[str, Any]]:
    path = folder / "log.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return found


@lru_cache(maxsize=2)
def _source(data: str, resolution: int | None, limit: int | None, cache: Path) -> ImageSource:
    """The images of DATA; small sets in memory, and decoded in `cache`, for the other rows and processes."""
    path = cache / f"{_digest(data, resolution, limit)}.npz"
    if not path.is_file():
        images = open_data(data, resolution=resolution, limit=limit)
        if len(images) * math.prod(images.shape) > HELD_BYTES:
            return images
        labels = {} if images.labels is None else {"labels": images.labels}
        save_arrays(path, {"images": images.read(range(len(images))), **labels})
    with np.load(path, allow_pickle=False) as arrays:
        return ArraySource(arrays["images"], arrays["labels"] if "labels" in arrays.files else None)


def _digest(*words: object) -> str:
    """Of what a set of images is made from; a file that was changed since is another one."""
    path = Path(str(words[0]))
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    return hashlib.sha256(repr((*words, stamp)).encode()).hexdigest()[:16]


def train_row(
    recipe: Recipe,
    data: str,
    folder: Path,
    *,
    against: str,
    cache: Path,
    options: dict[str, Any],
    device: str | None,
    until: Clock,
    seconds: float,
) -> Progress:
    """Train `recipe` on DATA in `folder`, as far as it goes until the clock ends, and for at most so many seconds; how
    far that was. A run that is as far as it shall be is left alone. against: DATA that a recipe which
    evaluates is measured with. cache: for decoded images. Errors as `train_recipe`."""
    done = progress_of(folder)
    if done is not None and done.steps >= recipe.steps:
        return done
    source = _source(data, recipe.data.resolution, recipe.data.limit, cache)
    time = min(seconds, until.left) + (0.0 if done is None else done.seconds)
    limit = None if math.isinf(time) else max(time, 1e-3) / 3600
    place = str(open_device(device))
    settings = RunOptions(**{"tensorboard": False, **options, "device": place, "max_hours": limit})
    train_recipe(recipe, source, folder, options=settings, evaluate=_evaluate(recipe, against, place))
    found = progress_of(folder)
    assert found is not None, "train_recipe leaves a generator"
    return found


def _evaluate(recipe: Recipe, against: str, device: str) -> EngineEvaluate | None:
    if not recipe.evaluation.every:
        return None
    return EngineEvaluate(recipe.evaluation, data=against, seed=recipe.seed, device=device)
