"""Two processes of half the batch give the weights of one process, to rounding; a killed run of theirs resumes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from small_trainings import assert_same_run, log_of, small_recipe, small_source, state_of, train

from ganprobe.core.errors import InputError
from ganprobe.training import run
from ganprobe.training.data.source import examine
from ganprobe.training.parallel.processes import Processes
from ganprobe.training.recipe.records import Recipe

HERE = Path(__file__).parent
SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
import torch
torch.set_num_threads(1)
from small_trainings import train
from test_processes import shared_recipe
for job in sys.argv[3:]:
    architecture, tasks, steps, out = job.split(":")
    train(shared_recipe(architecture, tasks, int(steps)), Path(out))
"""
CASES = {"sndcgan": ("cr,lt,rotation", 3), "stylegan": ("lt", 4), "biggan": ("bcr,zcr,diffaugment", 2)}


def shared_recipe(architecture: str, tasks: str, steps: int) -> Recipe:
    """Adam with a large epsilon: with a small one a gradient that is nothing but rounding moves a weight as far as any
    other does. Of StyleGAN as many images as make groups of a minibatch deviation for both processes."""
    names = tasks.split(",")
    changes = {"lt__optimiser": {"rate": 0.01, "epsilon": 0.1}} if "lt" in names else {}
    changes |= {"batch": 16} if architecture == "stylegan" else {}
    rates = {"generator__rate": 0.01, "discriminator__rate": 0.01, "epsilon": 0.1}
    return small_recipe(architecture, names, steps=steps, data__flips=True, **rates, **changes)


def start(*jobs: str) -> subprocess.Popen[bytes]:
    """Two processes, as torchrun starts them."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    call = [sys.executable, "-c", SCRIPT, str(HERE.parents[1]), str(HERE), *jobs]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*launch, *call], env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def initial(name: str) -> dict[str, dict[str, torch.Tensor]]:
    """The tensors of each network before training."""
    recipe = shared_recipe(name, *CASES[name])
    pair = run._built(recipe, examine(small_source(name)))
    updates = run._updates(recipe, pair, batch=recipe.batch, compiled=False)
    heads = {task.name: task.network for task in updates.tasks if task.network is not None}
    networks = {"G": pair.generator, "D": pair.discriminator, **heads}
    return {key: network.state_dict() for key, network in networks.items()}


def ended(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said.decode()[-2000:]


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path: Path) -> None:
    both = start(*(f"{name}:{tasks}:{steps}:{tmp_path / name}" for name, (tasks, steps) in CASES.items()))
    for name, (tasks, steps) in CASES.items():
        train(shared_recipe(name, tasks, steps), tmp_path / f"{name} alone")
    ended(both)
    for name in CASES:
        a, b = state_of(tmp_path / f"{name} alone"), state_of(tmp_path / name)
        assert a.keys() == b.keys()
        for network, before in initial(name).items():
            keys = [key for key in before if before[key].is_floating_point()]
            apart, moved = (
                torch.cat([(a[f"{network}/{key}"] - other[key]).flatten() for key in keys])
                for other in ({key: b[f"{network}/{key}"] for key in keys}, before)
            )
            assert apart.norm() < 5e-3 * moved.norm(), (name, network, apart.norm(), moved.norm())
        for one, two in zip(log_of(tmp_path / f"{name} alone"), log_of(tmp_path / name), strict=True):
            assert one == pytest.approx(two, rel=1e-2, abs=1e-3)


@pytest.mark.slow
def test_a_killed_run_of_two_processes_goes_on(tmp_path: Path) -> None:
    process = start(f"sndcgan:lt:100000:{tmp_path / 'parts'}")
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "parts/state.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    steps = log_of(tmp_path / "parts")[-1]["step"] + 4
    ended(start(*(f"sndcgan:lt:{steps}:{tmp_path / name}" for name in ("parts", "whole"))))
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(InputError, match="a batch of 7 cannot be shared by 2 processes"):
        Processes(0, 2).share(7)


def test_one_process_alone_changes_nothing() -> None:
    alone, rows = Processes(), torch.arange(6.0).view(3, 2)
    assert alone.mean(rows) is rows
    assert alone.gathered(rows) is rows
    assert alone.shared_mean(rows) is rows
    assert alone.first
