"""Directions by scorers of every form, from the engine and from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from foreign_networks import write_torchscript
from torch import Tensor, nn

from ganprobe.checkpoints.native import save_network
from ganprobe.cli.main import run
from ganprobe.core.errors import InputError
from ganprobe.engine.directions import Search, find_directions
from ganprobe.engine.listing import listing
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.samplers.generator import GeneratorSampler

CODE = """
def colours(images):
    red, green, _ = images.mean((2, 3)).unbind(1)
    return {"red": red, "green": green}
"""


class Red(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images[:, 0].mean((1, 2))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    generator = StyleGANGenerator(
        StyleGANConfig(resolution=8, z_dim=10, w_dim=10, mapping_layers=2, channel_base=32, channel_max=8)
    )
    with torch.no_grad():
        generator.w_avg.fill_(0.1)
    save_network(tmp_path / "g.safetensors", generator, role="generator")
    (tmp_path / "classifiers").mkdir()
    write_torchscript(tmp_path / "classifiers" / "red.pt", Red())
    (tmp_path / "colour_scorer.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_function_and_a_file_that_score_alike_find_the_same_direction(home: Path) -> None:
    def red(scorer: str) -> torch.Tensor:
        search = Search(method="interfacegan", samples=400, scorer=scorer, space="z")
        return torch.as_tensor(find_directions(home / "g.safetensors", search).directions.named("red").vector)

    torch.testing.assert_close(red("colour_scorer:colours"), red(str(home / "classifiers")), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(red("colour_scorer:colours"), red(str(home / "classifiers" / "red.pt")))


def test_the_command_takes_every_form(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["directions", str(home / "g.safetensors"), "--method", "interfacegan", "--samples", "400"]
    assert run([*words, "--out", str(home / "out"), "--scorer", "colour_scorer:colours"]) == 0
    found = json.loads((home / "out" / "directions.json").read_text())["directions"]
    assert {item["name"] for item in found} == {"red", "green"}
    capsys.readouterr()
    assert run([*words, "--out", str(home / "no"), "--scorer", "colour_scorer:colors"]) == 2
    assert "did you mean 'colours'" in capsys.readouterr().err
    assert run([*words, "--out", str(home / "no"), "--scorer", "toyface"]) == 2
    assert "unknown scorer 'toyface'" in capsys.readouterr().err
    assert not (home / "no").exists()


@pytest.mark.parametrize("metric", ["attribute_correlation", "dci_z"])
def test_one_attribute_is_too_few_before_any_image(
    home: Path, metric: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GeneratorSampler, "batch", lambda *_, **__: pytest.fail("an image was made"))
    words = ["evaluate", str(home / "g.safetensors"), "--scorer", str(home / "classifiers"), "--samples", "100"]
    assert run([*words, "--metrics", f"ls_z,{metric}", "--out", str(home / "no")]) == 2
    said = f"{metric} needs scores of at least 2 attributes, and the scorer gives red alone; leave {metric} out"
    assert said in capsys.readouterr().err
    assert not (home / "no").exists()


def test_a_scorer_that_fails_is_refused_before_any_image(home: Path) -> None:
    (home / "empty").mkdir()
    search = Search(method="interfacegan", samples=400, scorer=str(home / "empty"))
    with pytest.raises(InputError, match="no classifiers in"):
        find_directions(home / "g.safetensors", search)


def test_the_forms_are_listed() -> None:
    titles, rows = listing("scorers")
    assert titles[0] == "--scorer"
    assert {"toyfaces", "FOLDER", "package.module:callable"} <= {row[0] for row in rows}


def test_what_nobody_knows_is_not_scored_as_toyfaces(home: Path) -> None:
    with pytest.raises(InputError, match="nobody knows what g draws; say whose scores: --scorer toyfaces"):
        find_directions(home / "g.safetensors", Search(method="interfacegan", samples=200))
