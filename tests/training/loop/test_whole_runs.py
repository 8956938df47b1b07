"""Whole runs at tiny sizes: resumption to the last bit, refusals, and what a run leaves."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from small_trainings import assert_same_run, log_of, small_recipe, small_source, state_of, train

from ganprobe.checkpoints.native import load_network, read_header
from ganprobe.core.errors import DataError, InputError, TrainingError
from ganprobe.training.data.source import ArraySource
from ganprobe.training.loop.trainer import Trainer
from ganprobe.training.reading import read_recipe
from ganprobe.training.recipe.records import Growing


def width_of(picture: Path) -> int:
    with Image.open(picture) as image:
        return image.size[0]


class Killed(BaseException):
    """Stands for a signal that nothing catches."""


@pytest.mark.parametrize(
    ("architecture", "precision"), [("stylegan", "bf16"), ("stylegan", "fp32"), ("biggan", "fp32"), ("biggan", "bf16")]
)
def test_killed_in_mid_step_it_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, architecture: str, precision: str
) -> None:
    recipe = small_recipe(architecture, precision=precision)
    train(recipe, tmp_path / "whole")
    update = Trainer._update_generator
    for stop in (2, 4, 7):

        def dying(self: Trainer, *args: Any, stop: int = stop) -> None:
            if self.step == stop:
                raise Killed
            update(self, *args)

        monkeypatch.setattr(Trainer, "_update_generator", dying)
        with pytest.raises(Killed):
            train(recipe, tmp_path / "killed")
    monkeypatch.undo()
    train(recipe, tmp_path / "killed")
    assert_same_run(tmp_path / "whole", tmp_path / "killed")
    for name in ("G.safetensors", "D.safetensors"):
        whole, killed = load_file(tmp_path / "whole" / name), load_file(tmp_path / "killed" / name)
        assert all(torch.equal(whole[key], killed[key]) for key in whole)


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small_trainings import small_recipe, train
train(small_recipe("stylegan", steps=25_000), Path(sys.argv[2]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX systems")
def test_after_sigkill_it_ends_the_same(tmp_path: Path) -> None:
    helpers = str(Path(__file__).parents[2])
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, helpers, str(tmp_path / "killed")])
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "killed/state.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = read_header(tmp_path / "killed/G.safetensors").training["steps"]
    recipe = small_recipe("stylegan", steps=done + 5)
    train(recipe, tmp_path / "killed")
    train(recipe, tmp_path / "whole")
    assert_same_run(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.parametrize("architecture", ["stylegan", "biggan"])
def test_what_a_run_leaves(tmp_path: Path, architecture: str) -> None:
    recipe = small_recipe(architecture, snapshots=[20, 31])
    path = train(recipe, tmp_path, grid_every=3)
    assert path == tmp_path / "G.safetensors"
    training = read_header(path).training
    assert (training["seed"], training["steps"], training["images"]) == (0, 8, recipe.images)
    assert training["data"]["images"] == 19
    assert training["hours"] > 0
    assert training["recipe"]["batch"] == 4
    assert read_recipe(str(tmp_path / "recipe.toml")) == recipe

    generator = load_network(path)
    labels = torch.tensor([0, 1]) if architecture == "biggan" else None
    images = generator.synthesize(torch.zeros(2, 8), space="z", labels=labels)  # type: ignore[operator]
    assert torch.isfinite(images).all()
    discriminator = load_network(tmp_path / "D.safetensors")
    assert discriminator(images, labels).shape == (2,)

    names = sorted(file.name for file in (tmp_path / "samples").iterdir())
    assert names == [f"{recipe.images_per_step * step:010d}.png" for step in (3, 6, 8)]
    assert width_of(tmp_path / "samples" / names[-1]) == 8 * images.shape[-1]
    snapshots = sorted(file.name for file in (tmp_path / "snapshots").iterdir())
    assert snapshots == [f"{role}-{n:010d}.safetensors" for role in "DG" for n in (20, 31)]
    for role in "DG":
        shown = read_header(tmp_path / f"snapshots/{role}-0000000020.safetensors").training["images"]
        assert 20 <= shown < 20 + recipe.images_per_step

    rows = log_of(tmp_path)
    assert [row["step"] for row in rows] == [2, 4, 6, 8]
    assert {"images", "lod", "loss_d", "loss_g", "real_logits", "fake_logits"} <= rows[0].keys()
    assert ("r1" in rows[0]) == (architecture == "stylegan")


def test_snapshots_come_at_regular_intervals(tmp_path: Path) -> None:
    train(small_recipe("sndcgan", snapshot_every=20), tmp_path)
    names = [file.name for file in sorted((tmp_path / "snapshots").glob("G*"))]
    assert names == ["G-0000000020.safetensors", "G-0000000040.safetensors"]


def test_the_level_of_detail_reaches_the_networks_and_the_log(tmp_path: Path) -> None:
    train(small_recipe("stylegan"), tmp_path, grid_every=1)
    assert [row["lod"] for row in log_of(tmp_path)] == pytest.approx([1.0, 1 - 8 / 12, 0.0, 0.0])
    sizes = {file.name: width_of(file) for file in (tmp_path / "samples").iterdir()}
    assert sizes["0000000004.png"] == 8 * 8
    assert sizes["0000000032.png"] == 8 * 16


def test_the_generator_is_the_average_not_the_last(tmp_path: Path) -> None:
    train(small_recipe("stylegan"), tmp_path)
    state, exported = state_of(tmp_path), load_file(tmp_path / "G.safetensors")
    assert all(torch.equal(exported[name], state[f"average/{name}"]) for name in exported)
    assert not torch.equal(exported["const"], state["G/const"])
    assert torch.equal(exported["w_avg"], state["G/w_avg"])
    assert exported["w_avg"].abs().max() > 0


def test_without_an_average_the_generator_is_the_last(tmp_path: Path) -> None:
    train(small_recipe("sndcgan"), tmp_path)
    state, exported = state_of(tmp_path), load_file(tmp_path / "G.safetensors")
    assert all(torch.equal(exported[name], state[f"G/{name}"]) for name in exported)


@pytest.mark.parametrize("architecture", ["biggan", "sndcgan"])
def test_averaged_weights_get_standing_statistics(tmp_path: Path, architecture: str) -> None:
    train(small_recipe(architecture, average__halflife=100.0), tmp_path)
    state, exported = state_of(tmp_path), load_file(tmp_path / "G.safetensors")
    statistics = [name for name in exported if "running" in name]
    assert statistics
    for name, value in exported.items():
        assert torch.equal(value, state[f"average/{name}"]) == (name not in statistics), name


@pytest.mark.parametrize("loss", ["hinge", "logistic", "wasserstein"])
def test_every_loss_trains_with_every_regulariser(tmp_path: Path, loss: str) -> None:
    for kind, name in (("r1", "r1"), ("gradient_penalty", "gradient_penalty")):
        train(small_recipe("sndcgan", loss=loss, regulariser__kind=kind, steps=2), tmp_path / kind)
        assert log_of(tmp_path / kind)[-1][name] > 0


@pytest.mark.parametrize("kind", ["none", "gradient_penalty"])
def test_drift_is_descended_in_every_update_beside_any_penalty(tmp_path: Path, kind: str) -> None:
    """Over a few steps from the same beginning, squared real logits become smaller than without it."""
    means = {}
    for drift in (0.0, 1000.0):
        words = {"regulariser__kind": kind, "regulariser__every": 2, "regulariser__drift": drift, "steps": 6}
        train(small_recipe("sndcgan", **words), tmp_path / str(drift), log_every=1)
        rows = log_of(tmp_path / str(drift))
        assert all(("drift" in row) == bool(drift) for row in rows)
        means[drift] = abs(rows[-1]["real_logits"])
    assert means[1000.0] < means[0.0]


def test_training_moves_both_networks(tmp_path: Path) -> None:
    train(small_recipe("biggan", steps=1), tmp_path / "one")
    train(small_recipe("biggan", steps=3), tmp_path / "more")
    before, after = state_of(tmp_path / "one"), state_of(tmp_path / "more")
    weights = {name for name in before if name.startswith(("G/", "D/")) and not name.endswith((".u", "mean", "var"))}
    assert [name for name in weights if torch.equal(before[name], after[name])] == []


def test_rates_fall_linearly_to_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    plain = Trainer.train_step

    def noted(self: Trainer) -> None:
        plain(self)
        rates.append(self.optimisers.adams["G"].param_groups[0]["lr"])

    monkeypatch.setattr(Trainer, "train_step", noted)
    train(small_recipe("sndcgan", rate_decay=32), tmp_path)
    assert rates == pytest.approx([2e-4, 1.5e-4, 1e-4, 0.5e-4, 0, 0])


def test_a_time_limit_stops_with_a_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    recipe = small_recipe("biggan")
    train(recipe, tmp_path / "whole")
    train(recipe, tmp_path / "short", max_hours=1e-9)
    assert read_header(tmp_path / "short/G.safetensors").training["steps"] < 8
    train(recipe, tmp_path / "short")
    assert_same_run(tmp_path / "whole", tmp_path / "short")


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    train(small_recipe("sndcgan"), tmp_path)
    before = state_of(tmp_path)
    train(small_recipe("sndcgan"), tmp_path)
    after = state_of(tmp_path)
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("fields", "named"),
    [({"seed": 1}, "recipe.seed"), ({"generator__rate": 0.5}, "generator.rate"), ({"network": {}}, "network")],
)
def test_another_runs_folder_is_refused(tmp_path: Path, fields: dict[str, Any], named: str) -> None:
    train(small_recipe("sndcgan", steps=1), tmp_path)
    with pytest.raises(TrainingError, match="another run") as caught:
        train(small_recipe("sndcgan", steps=1, **fields), tmp_path)
    assert named in str(caught.value)


def test_a_task_more_is_another_run(tmp_path: Path) -> None:
    train(small_recipe("sndcgan", steps=1), tmp_path)
    with pytest.raises(TrainingError, match=r"differs in recipe.tasks"):
        train(small_recipe("sndcgan", ["cr"], steps=1), tmp_path)


def test_names_and_lengths_may_change_when_a_run_goes_on(tmp_path: Path) -> None:
    train(small_recipe("sndcgan", steps=2), tmp_path)
    recipe = replace(small_recipe("sndcgan", steps=3, snapshots=[24]), name="other", summary="a longer run")
    train(recipe, tmp_path, log_every=1)
    assert read_header(tmp_path / "G.safetensors").training["steps"] == 3


def test_other_data_is_another_run(tmp_path: Path) -> None:
    source = small_source("sndcgan")
    train(small_recipe("sndcgan", steps=1), tmp_path, source=source)
    with pytest.raises(TrainingError, match="data"):
        train(small_recipe("sndcgan", steps=1), tmp_path, source=ArraySource(255 - source.images))


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    train(small_recipe("sndcgan", steps=1), tmp_path)
    state = tmp_path / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(TrainingError, match="not the state of this run") as caught:
        train(small_recipe("sndcgan", steps=1), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_damaged_run_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(TrainingError, match="cannot be read"):
        train(small_recipe("sndcgan"), tmp_path)


def test_a_folder_of_the_time_before_recipes_is_refused_by_name(tmp_path: Path) -> None:
    old = {"architecture": "stylegan", "settings": {"batch": 4}, "data": {"images": 19}}
    (tmp_path / "run.json").write_text(json.dumps(old))
    with pytest.raises(TrainingError, match="made by ganprobe before recipes; train into a new folder"):
        train(small_recipe("stylegan"), tmp_path)


def test_a_state_without_its_run_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.safetensors").write_bytes(b"")
    with pytest.raises(TrainingError, match="without run"):
        train(small_recipe("sndcgan"), tmp_path)


@pytest.mark.parametrize("architecture", ["stylegan", "sndcgan"])
def test_a_loss_that_is_not_finite_stops_the_run_and_spoils_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    descend = Trainer._descend

    def poisoned(self: Trainer, who: Any, terms: Any, scalars: Any) -> None:
        if self.step == 4 and who == "generator":
            terms = replace(terms, loss=terms.loss * torch.nan, scalars={"loss_g": terms.loss.detach() * torch.nan})
        descend(self, who, terms, scalars)

    monkeypatch.setattr(Trainer, "_descend", poisoned)
    with pytest.raises(TrainingError, match=r"loss_g became nan at step 5; last good .*state.safetensors of step 3"):
        train(small_recipe(architecture, steps=8), tmp_path, log_every=100)
    for file in ("G.safetensors", "state.safetensors"):
        assert all(torch.isfinite(value).all() for value in load_file(tmp_path / file).values())
    assert read_header(tmp_path / "G.safetensors").training["steps"] == 3


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"not finite after step|became"):
        train(small_recipe("biggan", generator__rate=1e38, steps=2), tmp_path)
    assert not (tmp_path / "state.safetensors").exists()


def test_refusals_come_before_any_work(tmp_path: Path) -> None:
    source = small_source("stylegan")
    with pytest.raises(InputError, match="needs labels"):
        train(small_recipe("biggan"), tmp_path, source=source)
    with pytest.raises(InputError, match="class-conditional and the data has no labels"):
        train(small_recipe("stylegan", data__conditional=True), tmp_path)
    with pytest.raises(InputError, match="sndcgan has no use for labels"):
        train(small_recipe("sndcgan", data__conditional=True), tmp_path, source=small_source("biggan"))
    with pytest.raises(InputError, match="unknown field of StyleGANConfig 'depth'"):
        train(small_recipe("stylegan", network__depth=3), tmp_path)
    with pytest.raises(InputError, match="power of two from 4 to 16"):
        train(replace(small_recipe("stylegan"), growing=Growing(start=32)), tmp_path)
    with pytest.raises(InputError, match="sndcgan does not grow"):
        train(replace(small_recipe("sndcgan"), growing=Growing(start=8)), tmp_path)
    with pytest.raises(InputError, match="the recipe is for images of 32 pixels and the data has 16"):
        train(small_recipe("sndcgan", data__resolution=32), tmp_path)
    with pytest.raises(InputError, match="fp16 is of CUDA devices"):
        train(small_recipe("sndcgan", precision="fp16"), tmp_path)
    with pytest.raises(InputError, match="nothing that evaluates was handed in"):
        train(small_recipe("sndcgan", evaluation__every=8), tmp_path)
    with pytest.raises(DataError, match="square"):
        train(small_recipe("stylegan"), tmp_path, source=ArraySource(np.ascontiguousarray(source.images[..., :8])))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute")
@pytest.mark.parametrize("architecture", ["sndcgan", "stylegan"])
def test_compiled_networks_train_the_same(architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As torch.compile sees them; what makes code of that is torch's."""
    recipe = small_recipe(architecture, growing=None, steps=3)
    train(recipe, tmp_path / "plain")
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    train(recipe, tmp_path / "compiled", compile=True)
    assert_same_run(tmp_path / "plain", tmp_path / "compiled")


def test_labels_that_a_network_does_not_know_are_left(tmp_path: Path) -> None:
    train(small_recipe("sndcgan", steps=1), tmp_path, source=ArraySource(small_source("sndcgan").images, np.arange(19)))
    assert read_header(tmp_path / "G.safetensors").training["steps"] == 1
