"""Whole runs at tiny sizes: resumption to the last bit, refusals, and what a run leaves."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from ganprobe.checkpoints.native import load_network, read_header
from ganprobe.core.errors import DataError, InputError, TrainingError
from ganprobe.training.biggan import BigGANObjective
from ganprobe.training.data import ArraySource, RealBatch, examine
from ganprobe.training.draws import Draws
from ganprobe.training.objective import Moment
from ganprobe.training.run import OBJECTIVES, train_gan
from ganprobe.training.settings import Growing, default_settings
from ganprobe.training.stylegan import StyleGANObjective

OBJECTIVE_CLASSES = {"stylegan": StyleGANObjective, "biggan": BigGANObjective}


def source_for(architecture):
    rng = np.random.default_rng(3)
    if architecture == "stylegan":
        return ArraySource(rng.integers(0, 256, (19, 3, 16, 16), dtype=np.uint8))
    return ArraySource(rng.integers(0, 256, (19, 3, 32, 32), dtype=np.uint8), np.arange(19) % 3)


def settings_for(architecture, **fields):
    books = {"log_every": 2, "grid_every": 100, "checkpoint_every": 3, "batch": 4, "tensorboard": False}
    if architecture == "stylegan":
        network = {"z_dim": 8, "w_dim": 8, "mapping_layers": 2, "channel_base": 64, "channel_max": 8}
        growing = Growing(start=8, stabilise=8, fade=12)
        own = {"network": network, "growing": growing, "r1_every": 2, "images": 32, "flips": True}
    else:
        network = {"channels": 2, "attention": (16,), "shared_embedding": True, "hierarchical": True, "z_dim": 8}
        own = {"network": network, "discriminator_steps": 2, "images": 64}
    return replace(default_settings(architecture), **{**books, **own, **fields})


def log_of(folder):
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in ("images_per_second", "seconds")} for row in rows]


def width_of(picture):
    with Image.open(picture) as image:
        return image.size[0]


def assert_same_run(a, b):
    """Networks, averages and optimiser moments bit for bit, and the same log."""
    left, right = load_file(a / "state.safetensors"), load_file(b / "state.safetensors")
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert torch.equal(value, right[name]), name
    assert log_of(a) == log_of(b)


class Killed(BaseException):
    """Stands for a signal that nothing catches."""


@pytest.mark.parametrize(
    ("architecture", "precision"), [("stylegan", "bf16"), ("stylegan", "fp32"), ("biggan", "fp32"), ("biggan", "bf16")]
)
def test_killed_in_mid_step_it_ends_the_same(tmp_path, monkeypatch, architecture, precision):
    source, settings = source_for(architecture), settings_for(architecture, precision=precision)
    train_gan(architecture, source, tmp_path / "whole", settings)

    kind = OBJECTIVE_CLASSES[architecture]
    original = kind.generator_loss
    for stop in (2, 4, 7):

        def dying(self, at, stop=stop):
            if at.draws.update == stop:
                raise Killed
            return original(self, at)

        monkeypatch.setattr(kind, "generator_loss", dying)
        with pytest.raises(Killed):
            train_gan(architecture, source, tmp_path / "killed", settings)
    monkeypatch.setattr(kind, "generator_loss", original)
    train_gan(architecture, source, tmp_path / "killed", settings)
    assert_same_run(tmp_path / "whole", tmp_path / "killed")
    for name in ("G.safetensors", "D.safetensors"):
        whole, killed = load_file(tmp_path / "whole" / name), load_file(tmp_path / "killed" / name)
        assert all(torch.equal(whole[key], killed[key]) for key in whole)


SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_train_gan import settings_for, source_for
from ganprobe.training.run import train_gan
train_gan("stylegan", source_for("stylegan"), Path(sys.argv[2]), settings_for("stylegan", images=100_000))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX systems")
def test_after_sigkill_it_ends_the_same(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path / "killed")])
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "killed/state.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = read_header(tmp_path / "killed/G.safetensors").training["steps"]
    settings = settings_for("stylegan", images=4 * (done + 5))
    train_gan("stylegan", source_for("stylegan"), tmp_path / "killed", settings)
    train_gan("stylegan", source_for("stylegan"), tmp_path / "whole", settings)
    assert_same_run(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.parametrize("architecture", ["stylegan", "biggan"])
def test_what_a_run_leaves(tmp_path, architecture):
    settings = settings_for(architecture, snapshots=(20, 31), grid_every=3)
    path = train_gan(architecture, source_for(architecture), tmp_path, settings)
    assert path == tmp_path / "G.safetensors"
    training = read_header(path).training
    assert (training["seed"], training["steps"], training["images"]) == (0, 8, settings.images)
    assert training["data"]["images"] == 19
    assert training["hours"] > 0
    assert training["settings"]["batch"] == 4

    generator = load_network(path)
    labels = torch.tensor([0, 1]) if architecture == "biggan" else None
    images = generator.synthesize(torch.zeros(2, 8), space="z", labels=labels)
    assert torch.isfinite(images).all()
    discriminator = load_network(tmp_path / "D.safetensors")
    assert discriminator(images, labels).shape == (2,)

    names = sorted(file.name for file in (tmp_path / "samples").iterdir())
    assert names == [f"{settings.images_per_step * step:010d}.png" for step in (3, 6, 8)]
    assert width_of(tmp_path / "samples" / names[-1]) == 8 * images.shape[-1]
    snapshots = sorted((tmp_path / "snapshots").iterdir())
    assert [file.name for file in snapshots] == ["G-0000000020.safetensors", "G-0000000031.safetensors"]
    assert 20 <= read_header(snapshots[0]).training["images"] < 20 + settings.images_per_step

    rows = log_of(tmp_path)
    assert [row["step"] for row in rows] == [2, 4, 6, 8]
    assert {"images", "lod", "loss_d", "loss_g", "real_logits", "fake_logits"} <= rows[0].keys()
    assert ("r1" in rows[0]) == (architecture == "stylegan")


def test_the_level_of_detail_reaches_the_networks_and_the_log(tmp_path):
    train_gan("stylegan", source_for("stylegan"), tmp_path, settings_for("stylegan", grid_every=1))
    assert [row["lod"] for row in log_of(tmp_path)] == pytest.approx([1.0, 1 - 8 / 12, 0.0, 0.0])
    sizes = {file.name: width_of(file) for file in (tmp_path / "samples").iterdir()}
    assert sizes["0000000004.png"] == 8 * 8
    assert sizes["0000000032.png"] == 8 * 16


def test_the_generator_is_the_average_not_the_last(tmp_path):
    train_gan("stylegan", source_for("stylegan"), tmp_path, settings_for("stylegan"))
    state, exported = load_file(tmp_path / "state.safetensors"), load_file(tmp_path / "G.safetensors")
    assert all(torch.equal(exported[name], state[f"average/{name}"]) for name in exported)
    assert not torch.equal(exported["const"], state["G/const"])
    assert torch.equal(exported["w_avg"], state["G/w_avg"])
    assert exported["w_avg"].abs().max() > 0


def test_biggan_exports_standing_statistics(tmp_path):
    train_gan("biggan", source_for("biggan"), tmp_path, settings_for("biggan"))
    state, exported = load_file(tmp_path / "state.safetensors"), load_file(tmp_path / "G.safetensors")
    statistics = [name for name in exported if "running" in name]
    assert statistics
    for name, value in exported.items():
        assert torch.equal(value, state[f"average/{name}"]) == (name not in statistics), name


def test_training_moves_both_networks(tmp_path):
    settings = settings_for("biggan")
    train_gan("biggan", source_for("biggan"), tmp_path, settings)
    state = load_file(tmp_path / "state.safetensors")
    start = OBJECTIVES["biggan"](examine(source_for("biggan")), settings)
    for name, network in (("G", start.generator), ("D", start.discriminator)):
        still = [key for key, value in network.named_parameters() if torch.equal(value, state[f"{name}/{key}"])]
        assert still == []


def test_a_time_limit_stops_with_a_checkpoint_to_go_on_from(tmp_path):
    source = source_for("biggan")
    train_gan("biggan", source, tmp_path / "whole", settings_for("biggan"))
    train_gan("biggan", source, tmp_path / "short", settings_for("biggan", max_hours=1e-9))
    assert read_header(tmp_path / "short/G.safetensors").training["steps"] < 8
    train_gan("biggan", source, tmp_path / "short", settings_for("biggan"))
    assert_same_run(tmp_path / "whole", tmp_path / "short")


def test_a_finished_run_is_left_as_it_is(tmp_path):
    settings = settings_for("biggan")
    train_gan("biggan", source_for("biggan"), tmp_path, settings)
    before = load_file(tmp_path / "state.safetensors")
    train_gan("biggan", source_for("biggan"), tmp_path, settings)
    after = load_file(tmp_path / "state.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("fields", "named"),
    [({"seed": 1}, "settings.seed"), ({"generator_rate": 0.5}, "generator_rate"), ({"network": {}}, "network")],
)
def test_another_runs_folder_is_refused(tmp_path, fields, named):
    train_gan("biggan", source_for("biggan"), tmp_path, settings_for("biggan", images=8))
    with pytest.raises(TrainingError, match="another run") as caught:
        train_gan("biggan", source_for("biggan"), tmp_path, settings_for("biggan", images=8, **fields))
    assert named in str(caught.value)


def test_other_data_is_another_run(tmp_path):
    source = source_for("biggan")
    train_gan("biggan", source, tmp_path, settings_for("biggan", images=8))
    with pytest.raises(TrainingError, match="data"):
        train_gan("biggan", ArraySource(255 - source.images, source.labels), tmp_path, settings_for("biggan", images=8))


def test_a_damaged_state_is_refused(tmp_path):
    settings = settings_for("biggan", images=8)
    train_gan("biggan", source_for("biggan"), tmp_path, settings)
    state = tmp_path / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(TrainingError, match="not the state of this run") as caught:
        train_gan("biggan", source_for("biggan"), tmp_path, settings)
    assert "\n" not in str(caught.value)


def test_a_damaged_run_file_is_refused(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(TrainingError, match="cannot be read"):
        train_gan("biggan", source_for("biggan"), tmp_path, settings_for("biggan", images=8))


def test_a_state_without_its_run_file_is_refused(tmp_path):
    (tmp_path / "state.safetensors").write_bytes(b"")
    with pytest.raises(TrainingError, match="without run"):
        train_gan("biggan", source_for("biggan"), tmp_path, settings_for("biggan", images=8))


@pytest.mark.parametrize("architecture", ["stylegan", "biggan"])
def test_a_loss_that_is_not_finite_stops_the_run_and_spoils_no_checkpoint(tmp_path, monkeypatch, architecture):
    kind = OBJECTIVE_CLASSES[architecture]
    original = kind.generator_loss

    def poisoned(self, at):
        terms = original(self, at)
        factor = float("nan") if at.draws.update == 4 else 1.0
        loss = terms.loss * factor
        return replace(terms, loss=loss, scalars={"loss_g": loss})

    monkeypatch.setattr(kind, "generator_loss", poisoned)
    with pytest.raises(TrainingError, match=r"loss_g became nan at step 5; last good .*state.safetensors of step 3"):
        train_gan(architecture, source_for(architecture), tmp_path, settings_for(architecture, log_every=100))
    for file in ("G.safetensors", "state.safetensors"):
        assert all(torch.isfinite(value).all() for value in load_file(tmp_path / file).values())
    assert read_header(tmp_path / "G.safetensors").training["steps"] == 3


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    with pytest.raises(TrainingError, match=r"not finite after step|became"):
        train_gan("biggan", source_for("biggan"), tmp_path, settings_for("biggan", generator_rate=1e38, images=8))
    assert not (tmp_path / "state.safetensors").exists()


def test_lazy_r1_has_the_weight_of_r1_at_every_step():
    source, settings = source_for("stylegan"), settings_for("stylegan", r1_every=4, growing=None, r1_gamma=3.0)
    objective = OBJECTIVES["stylegan"](examine(source), settings)
    real = RealBatch(torch.from_numpy(source.images[:4]) / 127.5 - 1, None)
    moments = [Moment(0, 0.0, Draws(0, "discriminator", update, torch.device("cpu"))) for update in range(8)]
    terms = [objective.discriminator_penalty(real, at) for at in moments]
    assert [term is not None for term in terms] == [True, False, False, False] * 2
    mean = sum(float(term.loss.detach()) for term in terms if term is not None) / 8
    assert mean == pytest.approx(3.0 / 2 * float(terms[0].scalars["r1"].detach()), rel=1e-5)


def test_the_discriminator_loss_sends_nothing_to_the_generator():
    for architecture in OBJECTIVES:
        source = source_for(architecture)
        objective = OBJECTIVES[architecture](examine(source), settings_for(architecture, growing=None))
        labels = None if source.labels is None else torch.from_numpy(source.labels[:4])
        real = RealBatch(torch.from_numpy(source.images[:4]) / 127.5 - 1, labels)
        at = Moment(0, 0.0, Draws(0, "discriminator", 0, torch.device("cpu")))
        objective.discriminator_loss(real, at).loss.backward()
        assert all(weight.grad is None for weight in objective.generator.parameters())
        assert all(weight.grad is not None for weight in objective.discriminator.parameters())


def test_the_same_update_draws_the_same_whoever_drew_before():
    first, second = (Draws(5, "generator", 3, torch.device("cpu")) for _ in range(2))
    first.normal("z.mixed", (4, 2))
    assert torch.equal(first.normal("z", (4, 2)), second.normal("z", (4, 2)))
    assert torch.equal(first.noise(2, ((4, 4), (8, 8)))[1], second.noise(2, ((4, 4), (8, 8)))[1])
    other = Draws(5, "discriminator", 3, torch.device("cpu"))
    assert not torch.equal(other.normal("z", (4, 2)), second.normal("z", (4, 2)))


def test_refusals_come_before_any_work(tmp_path):
    source = source_for("stylegan")
    with pytest.raises(InputError, match="needs labels"):
        train_gan("biggan", source, tmp_path, settings_for("biggan"))
    with pytest.raises(InputError, match="did you mean 'stylegan'"):
        train_gan("styelgan", source, tmp_path, settings_for("stylegan"))
    with pytest.raises(InputError, match="StyleGANConfig"):
        train_gan("stylegan", source, tmp_path, settings_for("stylegan", network={"depth": 3}))
    with pytest.raises(InputError, match="power of two"):
        train_gan("stylegan", source, tmp_path, settings_for("stylegan", growing=Growing(start=32)))
    with pytest.raises(DataError, match="square"):
        train_gan("stylegan", ArraySource(source.images[..., :8]), tmp_path, settings_for("stylegan"))
    assert list(tmp_path.iterdir()) == []
