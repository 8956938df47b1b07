"""The weights of a task as a training leaves them, in `tasks/<task>.safetensors`, beside the settings that it had."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import safetensors
from torch import Tensor

from ganprobe.core.errors import CheckpointError, InputError

T = TypeVar("T")
Build = Callable[[dict[str, Any], dict[str, Tensor]], T]


def check_run(run: Path) -> None:
    """InputError unless `run` is the folder of a training that has left a generator."""
    if not (run / "G.safetensors").is_file():
        said = "holds no G.safetensors" if run.is_dir() else "is a file" if run.exists() else "is not there"
        raise InputError(f"{run} {said}; give the folder of a training, such as runs/mine")


def read_task_file(run: Path, task: str, what: str, build: Build[T], *, otherwise: str = "") -> T:
    """What `build` makes of the settings and the tensors that the training in the folder `run` left of `task`.

    what: what the file holds, for messages; otherwise: what else can be done. InputError where the run was trained
    without the task, CheckpointError where the file is damaged, or another's.
    """
    check_run(run)
    path = run / "tasks" / f"{task}.safetensors"
    if not path.is_file():
        raise InputError(f"{run} holds no {what} (tasks/{path.name}); train with {task}{otherwise}")
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            said = json.loads((file.metadata() or {})["settings"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return build(said, tensors)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as problem:
        reason = (str(problem).splitlines() or [""])[0]
        raise CheckpointError(f"{path} is no {what} of this run ({reason}); train again") from problem
