"""Real training and measuring, as small as it gets: the smoke budget, a killed run that goes on, what is packed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from benchmarks.reproduction import main as packed_run
from ganprobe.checkpoints.native import load_network, read_header
from ganprobe.core.calls.reproduction import ReproduceCall
from ganprobe.reproduce.plans.budget import budget_names, read_budget
from ganprobe.reproduce.plans.data import Holdings, with_stand_ins
from ganprobe.reproduce.plans.plan import make_plan
from ganprobe.reproduce.plans.recipes import differences, recipe_of
from ganprobe.reproduce.plans.target import read_target, target_names
from ganprobe.reproduce.run import reproduce

STYLE, STYLE_LT = "toyfaces-stylegan-baseline", "toyfaces-stylegan-lt"


@pytest.mark.parametrize("target", target_names())
@pytest.mark.parametrize("budget", budget_names())
def test_every_row_has_a_recipe_that_its_budget_fits(target: str, budget: str, tmp_path: Path) -> None:
    means = read_budget(budget)
    holdings = with_stand_ins(Holdings(), means.stand_in or 10, tmp_path)
    for run in make_plan(read_target(target), means, holdings, seeds=1).runs:
        recipe = recipe_of(run, means)
        assert recipe.name == run.recipe
        assert recipe.evaluation.every == 0 or means.weights == "best"
        said = differences(run, means)
        assert (said == ()) == (budget == "paper" or (run.reduction.steps is None and not means.set))
        longer = recipe_of(run, means, steps=2)
        assert longer.steps == 2
        assert longer.tasks == recipe.tasks, "a shorter run is the beginning of a longer one"


def test_settings_count_after_the_shortening() -> None:
    plan = make_plan(read_target("lt-gan"), read_budget("gpu"), Holdings(stand_in=10), rows=("cifar10-sndcgan-lt",))
    recipe = recipe_of(plan.runs[0], read_budget("gpu"))
    assert (recipe.steps, recipe.tasks["lt"].start) == (20_000, 16_000)
    assert "lt.start 16,000 in place of 640,000" in differences(plan.runs[0], read_budget("gpu"))


@pytest.mark.slow
def test_the_smoke_budget_passes_through(tmp_path: Path) -> None:
    rows = ("celebahq-stylegan-*", "cifar10-biggan-lt", "stl10-resnet-ss")
    found = reproduce("lt-gan", ReproduceCall(rows=rows, device="cpu"), out=tmp_path, say=lambda line: None)
    assert found.failures == {}
    for table in found.tables:
        for group in table.groups:
            for row in group.rows:
                wanted = row.row.recipe in ("celebahq-stylegan-baseline", "celebahq-stylegan-lt", "cifar10-biggan-lt")
                for cell, column in zip(row.cells, table.columns, strict=True):
                    known = column.key not in ("gender", "A-G", "E-G", "G-S")
                    assert (cell.found is not None) == (known and (wanted or row.row.recipe == "stl10-resnet-ss"))
    assert (tmp_path / "report" / "report.html").is_file()
    assert read_header(tmp_path / "runs" / "celebahq-stylegan-lt" / "G.safetensors").training["steps"] == 4


@pytest.mark.slow
def test_a_killed_run_goes_on_and_does_nothing_twice(tmp_path: Path) -> None:
    words = ["reproduce", "lt-gan", "--rows", f"{STYLE},{STYLE_LT}", "--tables", "1", "--device", "cpu"]
    command = [sys.executable, "-m", "ganprobe", *words, "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first = tmp_path / "measured" / STYLE / "images-fd" / "of.json"
    end = time.monotonic() + 120
    while not first.is_file() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert first.is_file()
    weights = tmp_path / "runs" / STYLE / "G.safetensors"
    before = (weights.stat().st_mtime_ns, first.stat().st_mtime_ns)
    call = ReproduceCall(rows=(STYLE, STYLE_LT), tables=("1",), device="cpu")
    found = reproduce("lt-gan", call, out=tmp_path, say=lambda line: None)
    assert (weights.stat().st_mtime_ns, first.stat().st_mtime_ns) == before
    cells = {each.row.recipe: each.cells[0] for group in found.tables[0].groups for each in group.rows}
    assert cells[STYLE].found is not None
    assert cells[STYLE_LT].found is not None


@pytest.mark.slow
def test_a_run_that_is_ended_leaves_what_it_has_packed(tmp_path: Path) -> None:
    words = ["--budget", "smoke", "--rows", STYLE, "--tables", "1", "--device", "cpu", "--work", str(tmp_path / "work")]
    assert packed_run([*words, "--out", str(tmp_path / "whole"), "--minutes", "5", "--limit", "240"]) == 0
    with tarfile.open(tmp_path / "whole" / "networks-1.tar") as tar:
        tar.extractall(tmp_path, filter="data")
    assert load_network(tmp_path / f"{STYLE}.safetensors")
    assert packed_run([*words, "--out", str(tmp_path / "ended"), "--limit", "0.01"]) == 124
    with tarfile.open(tmp_path / "ended" / "results.tar.gz") as tar:
        names = tar.getnames()
        said = json.load(tar.extractfile("report/reproduction.json"))  # type: ignore[arg-type]
    assert f"runs/{STYLE}/recipe.toml" in names
    rows = [row for group in said["tables"][0]["groups"] for row in group["rows"] if row["recipe"] == STYLE]
    assert rows[0]["cells"]["fid"]["ours"] is not None
    assert "status 124" in (tmp_path / "ended" / "run.log").read_text()
