"""Which network of a file is read: averages before what was trained, under any key and behind any wrapper."""

from __future__ import annotations

import argparse
import collections
import datetime
import functools
import json
import logging
import re
import typing
from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_files import ajbrock_like
from rosinality_files import Tensors, prefixed, rosinality2
from torch import nn

import ganprobe
from ganprobe.checkpoints import open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.checkpoints.native import read_header
from ganprobe.cli.main import run
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.samplers.generator import GeneratorSampler

RAW, EMA = rosinality2(1), rosinality2(2)


def file(folder: Path, content: object) -> Path:
    torch.save(content, folder / "file.pt")
    return folder / "file.pt"


def is_of(path: Path, tensors: Tensors, *, key: str | None = None) -> bool:
    return torch.equal(open_checkpoint(path, key=key).state_dict()["const"], tensors["input.input"][0])


@pytest.mark.parametrize(
    ("content", "key", "other"),
    [
        ({"g": RAW, "g_ema": EMA}, "g_ema", "g"),
        ({"generator": RAW, "generator_ema": EMA}, "generator_ema", "generator"),
        ({"state_dict": RAW, "ema_state_dict": EMA}, "ema_state_dict", "state_dict"),
        ({"params": RAW, "params_ema": EMA}, "params_ema", "params"),
        ({"G": RAW, "ema": {"G": EMA}}, "ema.G", "G"),
        ({"models": {"generator": RAW, "generator_smooth": EMA}}, "models.generator_smooth", "models.generator"),
        ({"netG": RAW, "netGAvg": EMA}, "netGAvg", "netG"),
        ({"state_dict": prefixed(RAW, "generator.") | prefixed(EMA, "ema_generator.")}, "state_dict.ema_generator", ""),
        (prefixed(RAW, "online_model.") | prefixed(EMA, "ema_model.") | {"step": torch.tensor(3)}, "ema_model", ""),
        (RAW | prefixed(EMA, "ema."), "ema", "(the file itself)"),
        ({"G": RAW, "G_copy": EMA}, "G_copy", "G"),
        ({"student": RAW, "teacher": EMA}, "teacher", "student"),
        ({"optim": {"exp_avg": RAW}, "g": EMA}, "g", "optim.exp_avg"),
        ({"nonema": RAW, "swa_model": prefixed(EMA, "module.")}, "swa_model", "nonema"),
    ],
)
def test_the_average_is_read_and_the_rest_is_named(tmp_path: Path, content: object, key: str, other: str) -> None:
    path = file(tmp_path, content)
    found = describe(path)
    assert found.key == key
    assert len(found.others) == 1
    assert other in ("", *found.others)
    assert is_of(path, EMA)
    assert is_of(path, RAW, key=next(iter(found.others))) or other == "(the file itself)"


@pytest.mark.parametrize(
    "content",
    [
        {"g_ema": prefixed(EMA, "_orig_mod.")},
        {"g_ema": {"n_averaged": torch.tensor(5), **prefixed(EMA, "module.")}},
        {"g_ema": prefixed(EMA, "module._orig_mod.")},
        {"g_ema": prefixed(EMA, "_orig_mod.module.")},
        prefixed(EMA, "module.ema_model._orig_mod."),
        {"state_dict": prefixed(EMA, "decoder.") | prefixed(RAW, "encoder.body."), "latent_avg": torch.zeros(16)},
        {"checkpoint": {"model": EMA, "epoch": 3}},
        {"model_state_dict": EMA | {"step": torch.tensor(7), "wrong": torch.ones(())}},
        [EMA, {"step": 3}],
        *({key: EMA, "epoch": 3} for key in ("g", "G", "netG", "model", "ema", "params_ema", "weights", "anything")),
    ],
)
def test_wrappers_keys_and_foreign_tensors_are_looked_through(tmp_path: Path, content: object) -> None:
    assert is_of(file(tmp_path, content), EMA)


def test_counters_beside_bare_tensors_are_left_alone(tmp_path: Path) -> None:
    path = file(tmp_path, ajbrock_like() | {"n_averaged": torch.tensor(3), "step": torch.tensor(9)})
    assert describe(path).layout == "ajbrock-biggan"
    open_checkpoint(path)


def test_an_average_that_cannot_be_read_is_no_reason_to_read_the_raw_one(tmp_path: Path) -> None:
    shadow = {"shadow_params": list(EMA.values()), "decay": 0.999}
    path = file(tmp_path, {"generator": RAW, "ema": shadow, "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}}})
    with pytest.raises(CheckpointError, match=r"average .* under 'ema.shadow_params' .*copy_to.*--key generator"):
        open_checkpoint(path)
    assert is_of(path, RAW, key="generator")


def test_an_average_of_another_network_hinders_nothing(tmp_path: Path) -> None:
    other = {f"convs.{number}.weight": torch.ones(3) for number in range(5)}
    path = file(tmp_path, {"g": EMA, "d_ema": other, "state_dict": prefixed(other, "encoder_ema.")})
    assert describe(path).key == "g"


@pytest.mark.parametrize("content", [list(EMA.values()), {"shadow_params": tuple(EMA.values()), "decay": 0.9}])
def test_tensors_without_names_are_said_to_be_so(tmp_path: Path, content: object) -> None:
    with pytest.raises(CheckpointError, match=rf"list of {len(EMA)} tensors without names, as torch-ema and diffusers"):
        open_checkpoint(file(tmp_path, content))


def test_another_key_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file(tmp_path, {"g": RAW, "g_ema": EMA, "d": {"a": torch.ones(2)}, "e": rosinality2(3)})
    sampler = ganprobe.load(path, key="g")
    assert isinstance(sampler, GeneratorSampler)
    assert sampler.origin["key"] == "g"
    assert sampler.origin["others"] == ["g_ema", "e"]
    assert sampler.fingerprint != ganprobe.load(path).fingerprint
    with pytest.raises(InputError, match=r"nothing under the key 'h'; its networks: g \(rosinality-stylegan2\), g_ema"):
        open_checkpoint(path, key="h")
    with pytest.raises(CheckpointError, match="no network of a known layout under 'd'"):
        open_checkpoint(path, key="d")
    assert run(["inspect", str(path), "--key", "g"]) == 0
    table = capsys.readouterr().out
    assert "other keys" in table
    assert run(["inspect", str(path), "--key", "g", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["key"], list(said["others"])) == ("g", ["g_ema", "e"])
    convert_checkpoint(path, tmp_path / "raw.safetensors", key="g")
    assert read_header(tmp_path / "raw.safetensors").source["key"] == "g"
    for words in (["inspect", str(tmp_path / "raw.safetensors"), "--key", "g"], ["inspect", str(path), "--key", "x"]):
        assert run(words) == 2
        assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(InputError, match="holds one network"):
        ganprobe.load(tmp_path / "raw.safetensors", key="g")
    with pytest.raises(InputError, match="leave the key out"):
        ganprobe.load(open_checkpoint(path), key="g")


def test_results_name_what_was_read_and_assumed(tmp_path: Path) -> None:
    from ganprobe.engine.provenance import sampling_of

    path = file(tmp_path, {"g": RAW, "g_ema": EMA})
    said = sampling_of(ganprobe.load(path))["checkpoint"]
    assert (said["layout"], said["key"], said["others"]) == ("rosinality-stylegan2", "g_ema", ["g"])
    assert "seed 0" in said["assumed"]["w_avg"]
    convert_checkpoint(path, tmp_path / "G.safetensors")
    native = sampling_of(ganprobe.load(tmp_path / "G.safetensors"))["checkpoint"]
    assert native == {"layout": "native", "assumed": said["assumed"]}


def test_where_nothing_fits_the_nearest_is_named(tmp_path: Path) -> None:
    part = {name: value for name, value in EMA.items() if not name.startswith("to_rgb1")}
    with pytest.raises(
        CheckpointError, match=r"nearest is rosinality-stylegan2 under 'net', .* lacks to_rgb1.conv.weight"
    ):
        open_checkpoint(file(tmp_path, {"a": {"x": torch.ones(1)}, "net": prefixed(part, "module.")}))
    lacking = {name: value for name, value in EMA.items() if name != "convs.1.activate.bias"}
    with pytest.raises(CheckpointError, match=r"under 'g_ema'.*convs.1.activate.bias"):
        open_checkpoint(file(tmp_path, {"g_ema": lacking}))


class Config:
    """A class of somebody's training script."""

    def __init__(self) -> None:
        self.size = 16


class Whole(nn.Module):
    """A network that is pickled whole."""

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()
        for name, value in tensors.items():
            *path, last = name.split(".")
            owner: nn.Module = self
            for word in path:
                if word not in dict(owner.named_children()):
                    owner.add_module(word, nn.Module())
                owner = owner.get_submodule(word)
            owner.register_buffer(last, value)


def test_objects_beside_the_generator_stay_inert(tmp_path: Path) -> None:
    beside = {
        "when": datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
        "losses": collections.deque([1.0, 2.0], maxlen=9),
        "counts": collections.Counter("abc"),
        "config": Config(),
        "args": argparse.Namespace(path=Path("x"), betas=(0, 0.99)),
        "shapes": {(4, 4): 1, torch.float32: 2},
        "range": range(3),
        "slice": slice(1, 2),
        "complex": 1j,
        "scheduler": torch.optim.lr_scheduler.LambdaLR,
        "random": torch.get_rng_state(),
    }
    assert is_of(file(tmp_path, {**beside, "g_ema": EMA}), EMA)


NUMBERLESS: dict[str, object] = {
    "text": np.array(["cat", "dog"]),
    "one word": np.str_("cat"),
    "objects": np.array([1, "a", None], dtype=object),
    "records": np.zeros(2, dtype=[("a", "f4")]),
    "a date": np.datetime64("2020-01-01"),
    "masked": np.ma.array([1.0, 2.0], mask=[0, 1]),
    "its own generator": np.random.default_rng(0),
    "numbers of a type": np.float32,
    "an exception": ValueError("x"),
    "an expression": re.compile("x"),
    "a logger": logging.getLogger("training"),
    "a partial": functools.partial(Config),
    "an activation": torch.nn.functional.relu,
    "an ellipsis": ...,
    "anything, as configurations of omegaconf say": typing.Any,
    "a type of several": typing.Optional[int],  # noqa: UP045
    "a type of lists": list[int],
    "sparse": torch.zeros(2).to_sparse(),
    "without memory": torch.zeros(2, device="meta"),
    "complex": torch.zeros(2, dtype=torch.complex64),
    "of eight bits": torch.zeros(2, dtype=torch.float8_e4m3fn),
    "unsigned": torch.zeros(2, dtype=torch.uint16),
}


@pytest.mark.parametrize("name", NUMBERLESS)
@pytest.mark.parametrize("protocol", [2, 4])
def test_what_is_no_plain_tensor_hinders_nothing(tmp_path: Path, name: str, protocol: int) -> None:
    path = tmp_path / "file.pt"
    torch.save({"thing": NUMBERLESS[name], "g_ema": EMA}, path, pickle_protocol=protocol)
    assert is_of(path, EMA)
    assert describe(path).key == "g_ema"


def test_networks_that_were_pickled_whole_are_read_without_their_code(tmp_path: Path) -> None:
    assert is_of(file(tmp_path, Whole(EMA)), EMA)
    assert is_of(file(tmp_path, {"netG": Whole(RAW), "netG_ema": nn.DataParallel(Whole(EMA))}), EMA)
    with pytest.raises(CheckpointError, match="pickled whole"):
        open_checkpoint(file(tmp_path, nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))))
