"""Steering and style channels from the command line and in Python: files, numbers and figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_networks import feature_network

from ganprobe.checkpoints.native import save_network
from ganprobe.cli.main import run
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.directions import Steering, load_directions
from ganprobe.directions.styles import place_of, style_generator, styles_of
from ganprobe.engine.directions import Found, Search, find_directions
from ganprobe.features.embedded.extractor import EmbeddedExtractor
from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.samplers.generator import GeneratorSampler

QUICK = Steering(factors=("zoom", "red"), iterations=3, batch=2, measured=3, compared=6)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small random network in place of the embedded features."""
    network = feature_network()
    monkeypatch.setattr(
        "ganprobe.engine.methods.steering.load_embedded", lambda device: EmbeddedExtractor(network, device)
    )


def _network() -> StyleGANGenerator:
    return StyleGANGenerator(
        StyleGANConfig(resolution=8, z_dim=10, w_dim=10, mapping_layers=2, channel_base=32, channel_max=8)
    )


class Pixels:
    """Reads the mean square of a channel of the image: a score that styles change."""

    fingerprint = "pixels"

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"score.red", "score.blue"})

    def observe(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        means = images.square().mean((2, 3))
        return {"score.red": means[:, 0], "score.blue": means[:, 2]}


def _styled(count: int = 2) -> Found:
    return find_directions(_network(), Search(method="stylespace", samples=400, scorer=Pixels(), count=count))


def test_steering_gives_directions_numbers_and_figures(tmp_path: Path) -> None:
    big = BigGANGenerator(BigGANConfig(resolution=32, num_classes=3, channels=2, z_dim=8))
    found = find_directions(big, Search(method="steer", samples=50, steering=QUICK))
    found.save(tmp_path)
    again = load_directions(tmp_path / "directions.safetensors")
    assert [(item.name, item.space) for item in again] == [("zoom", "z"), ("red", "z")]
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "steer_red.png",
        "steer_zoom.png",
        "z_red.png",
        "z_zoom.png",
    ]
    with Image.open(tmp_path / "figures/steer_zoom.png") as picture:
        assert picture.width > 600
    numbers = json.loads((tmp_path / "directions.json").read_text())["steering"]
    zoom = numbers["factors"]["zoom"]
    assert (numbers["approach"], numbers["iterations"]) == ("jahanian", 3)
    assert zoom["requested"] == pytest.approx(np.linspace(-0.8, 0.8, 9))
    assert zoom["fd"][4] == pytest.approx(0, abs=1e-6)
    assert zoom["fd_floor"] > 0
    assert zoom["achieved"]["low"] <= zoom["achieved"]["median"] <= zoom["achieved"]["high"]
    assert again.named("zoom").scores["fd_high"] == pytest.approx(zoom["fd"][-1])


def test_inversions_report_their_map() -> None:
    steering = Steering(factors=("red",), approach="plumerault", iterations=16, measured=2, compared=4)
    found = find_directions(_network(), Search(method="steer", space="w", samples=200, steering=steering))
    table = found.numbers["steering"]["factors"]["red"]["response"]
    assert len(table["slopes"]) == len(table["knots"]) + 1
    assert min(table["slopes"]) >= 0
    assert found.directions.named("red").space == "w"


def test_steering_and_editing_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_network("g.safetensors", _network(), role="generator")
    words = [
        "directions",
        "g.safetensors",
        "--method",
        "steer",
        "--out",
        "o",
        "--factors",
        "shift_x",
        "--samples",
        "20",
    ]
    assert run([*words, "--walk", "nonlinear"]) == 0
    item = load_directions("o/directions.safetensors").named("shift_x")
    assert item.walk is not None
    assert run(["edit", "g.safetensors", "--direction", "o/directions.safetensors", "--out", "x.png"]) == 0
    with Image.open("x.png") as picture:
        assert picture.width > picture.height


def test_style_channels_do_what_is_said_of_them() -> None:
    found = _styled()
    sampler = GeneratorSampler(_network(), name="g", fingerprint="")
    rows = found.numbers["stylespace"]["channels"]
    assert [row["direction"] for row in rows] == [item.name for item in found.directions]
    assert len(found.directions) == 4
    s = styles_of(sampler, sampler.map(sampler.draw(range(400), seed=0).z))
    for item, row in zip(found.directions, rows, strict=True):
        channel = row["channel"]
        assert (row["layer"], row["number"]) == place_of(channel, style_generator(sampler).style_sizes)
        assert item.scale == pytest.approx(float(s[:, channel].std()), rel=1e-4)
        step = 3 * item.scale * torch.from_numpy(item.vector)
        images = [sampler.synthesize(s[:32] + sense * step, space="s") for sense in (-1, 1)]
        name = item.name.partition("_")[0]
        before, after = (Pixels().observe(each)[f"score.{name}"].mean() for each in images)
        everyone = Pixels().observe(sampler.batch(range(400), seed=0).images)[f"score.{name}"]
        expected = float((after - before) / 6 / everyone.std(correction=0))
        assert item.scores["effect"] == pytest.approx(expected, rel=1e-3, abs=1e-6)
        assert 1 / 16 <= item.scores["localisation"] <= 1
    best, second = (item.scores["effect"] for item in list(found.directions)[:2])
    assert best >= second
    assert best > 1e-3


def test_style_channels_are_drawn(tmp_path: Path) -> None:
    _styled(count=1).save(tmp_path)
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"stylespace_red.png", "stylespace_blue.png"} < names
    item = load_directions(tmp_path / "directions.safetensors").named(space="s")
    assert f"s_{item.name}.png" in names
    save_network(tmp_path / "g.safetensors", _network(), role="generator")
    words = ["edit", str(tmp_path / "g.safetensors"), "--direction", str(tmp_path / "directions.safetensors")]
    assert (
        run([*words, "--space", "s", "--truncation", "0.7", "--any-generator", "--out", str(tmp_path / "x.png")]) == 0
    )
    with Image.open(tmp_path / "x.png") as picture:
        assert len(np.unique(np.asarray(picture))) > 8


def test_searches_that_make_no_sense_are_refused() -> None:
    big = BigGANGenerator(BigGANConfig(resolution=32, num_classes=3, channels=2, z_dim=8))
    with pytest.raises(CapabilityError, match="stylegan, stylegan2 and stylegan3"):
        find_directions(big, Search(method="stylespace", scorer=Pixels()))
    with pytest.raises(InputError, match="leave the space out"):
        find_directions(_network(), Search(method="stylespace", scorer=Pixels(), space="w"))
    with pytest.raises(InputError, match="steering: for steer alone"):
        find_directions(_network(), Search(method="sefa", steering=Steering()))
    with pytest.raises(CapabilityError, match="no space 'w'"):
        find_directions(big, Search(method="steer", space="w"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--factors", "zoon"], "did you mean 'zoom'"),
        (["--approach", "plumerault", "--walk", "nonlinear"], "finds lines"),
        (["--walk", "round"], "not one of"),
        (["--count", "3"], "leave the count out"),
    ],
)
def test_steering_that_cannot_be_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    save_network(tmp_path / "g.safetensors", _network(), role="generator")
    call = ["directions", str(tmp_path / "g.safetensors"), "--method", "steer", "--out", str(tmp_path / "o"), *words]
    assert run(call) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "o").exists()
