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
from small_trainings import log_of, small_recipe, state_of, train

from ganprobe.core.errors import InputError
from ganprobe.training.parallel.processes import Processes
from ganprobe.training.recipe.records import Recipe

HELPERS = Path(__file__).parents[2]
SCRIPT = """
import sys
from pathlib import Path
import os
sys.path[:0] = sys.argv[1].split(os.pathsep)
import torch
torch.set_num_threads(1)
from small_trainings import train
from test_processes import shared_recipe
train(shared_recipe(sys.argv[2], sys.argv[3], int(sys.argv[4])), Path(sys.argv[5]))
"""


def shared_recipe(architecture: str, tasks: str, steps: int) -> Recipe:
    """Adam with a large epsilon: with a small one a gradient that is nothing but rounding moves a weight as far as any
    other does."""
    names = tasks.split(",")
    changes = {"lt__optimiser": {"rate": 0.01, "epsilon": 0.1}} if "lt" in names else {}
    rates = {"generator__rate": 0.01, "discriminator__rate": 0.01, "epsilon": 0.1}
    return small_recipe(architecture, names, steps=steps, data__flips=True, **rates, **changes)


def start(architecture: str, tasks: str, steps: int, out: Path) -> subprocess.Popen[bytes]:
    """Two processes, as torchrun starts them."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    call = [
        sys.executable,
        "-c",
        SCRIPT,
        f"{HELPERS}{os.pathsep}{Path(__file__).parent}",
        architecture,
        tasks,
        str(steps),
        str(out),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*launch, *call], env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def assert_close(one: Path, two: Path) -> None:
    a, b = state_of(one), state_of(two)
    assert a.keys() == b.keys()
    for name, value in a.items():
        if "optimiser" not in name:
            torch.testing.assert_close(
                b[name], value, rtol=2e-3, atol=2e-5, msg=lambda said, name=name: f"{name}: {said}"
            )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "tasks"), [("sndcgan", "cr,lt,rotation"), ("stylegan", "lt"), ("biggan", "bcr,zcr,diffaugment")]
)
def test_two_processes_train_as_one(architecture: str, tasks: str, tmp_path: Path) -> None:
    steps = 9 if architecture == "stylegan" else 3
    process = start(architecture, tasks, steps, tmp_path / "two")
    train(shared_recipe(architecture, tasks, steps), tmp_path / "one")
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said.decode()[-2000:]
    assert_close(tmp_path / "one", tmp_path / "two")
    rows = zip(log_of(tmp_path / "one"), log_of(tmp_path / "two"), strict=True)
    for one, two in rows:
        assert one == pytest.approx(two, rel=1e-2, abs=1e-3)


@pytest.mark.slow
def test_a_killed_run_of_two_processes_goes_on(tmp_path: Path) -> None:
    process = start("sndcgan", "lt", 100_000, tmp_path / "parts")
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "parts/state.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    done = log_of(tmp_path / "parts")[-1]["step"]
    again = start("sndcgan", "lt", done + 4, tmp_path / "parts")
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0, said.decode()[-2000:]
    whole = start("sndcgan", "lt", done + 4, tmp_path / "whole")
    assert whole.communicate(timeout=300)[1] is not None
    a, b = state_of(tmp_path / "whole"), state_of(tmp_path / "parts")
    assert all(torch.equal(value, b[name]) for name, value in a.items())


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(InputError, match="a batch of 7 cannot be shared by 2 processes"):
        Processes(0, 2).share(7)


def test_one_process_alone_changes_nothing() -> None:
    alone, rows = Processes(), torch.arange(6.0).view(3, 2)
    assert alone.mean(rows) is rows
    assert alone.gathered(rows) is rows
    assert alone.shared_mean(rows) is rows
    assert alone.first
