"""`ganprobe rescore`: files of directions to one report with every method side by side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor

from ganprobe.checkpoints.native import save_network
from ganprobe.cli.main import run
from ganprobe.core.errors import InputError
from ganprobe.engine.directions import Search, find_directions
from ganprobe.engine.rescore import rescored
from ganprobe.features.embedded.resnet import ResNet, ResNetConfig
from ganprobe.features.embedded.weights import save_resnet


class Channels:
    """The mean of each colour, as scores."""

    fingerprint = "channels"
    provides = frozenset({"score.red", "score.green", "score.blue"})

    def observe(self, images: Tensor) -> dict[str, Tensor]:
        red, green, blue = images.mean((2, 3)).unbind(1)
        return {"score.red": red, "score.green": green, "score.blue": blue}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Directions of two methods in one small network."""
    folder = tmp_path_factory.mktemp("directions")
    sampler = small_networks.stylegan_sampler()
    for method in ("sefa", "ganspace"):
        find_directions(sampler, Search(method=method, samples=200, count=2)).save(folder / method)
    return [folder / method / "directions.safetensors" for method in ("sefa", "ganspace")]


class Specks:
    """What hardly follows any direction."""

    fingerprint = "specks"
    provides = frozenset({"score.a", "score.b"})

    def observe(self, images: Tensor) -> dict[str, Tensor]:
        whole = images.double().sum((1, 2, 3))
        return {"score.a": torch.sin(1e5 * whole).float(), "score.b": torch.cos(7e4 * whole).float()}


def test_the_interval_of_a_share_is_one_of_shares(files: list[Path]) -> None:
    (result,) = rescored(small_networks.stylegan_sampler(), files[:1], samples=20, scorer=Specks()).record.results
    assert result.estimate.variance is not None
    assert result.value + 1.96 * result.estimate.variance**0.5 > 1  # what the interval would be, uncut
    assert result.ci95[1] == 1
    assert result.ci95[0] >= 0


def test_methods_stand_side_by_side(files: list[Path], tmp_path: Path) -> None:
    found = rescored(small_networks.stylegan_sampler(), files, samples=30, scorer=Channels())
    assert [result.metric for result in found.record.results] == ["rescoring@sefa", "rescoring@ganspace"]
    for result in found.record.results:
        low, high = result.ci95
        assert 1 / 3 - 0.1 < low < result.value < high <= 1
        tables = {table.name: table for table in result.estimate.tables}
        effects = np.array(tables["effects"].values)
        assert effects.shape == (2, 3)
        best = np.abs(effects).argmax(axis=0)
        shares = np.abs(effects) / np.abs(effects).sum(axis=1, keepdims=True)
        assert result.value == pytest.approx(shares[best, range(3)].mean())
    methods = found.record.results[0].estimate.tables[0]
    assert methods.rows == ("blue", "green", "red")
    assert len(methods.columns) == 6
    assert (
        json.loads((found.save(tmp_path) / "results.json").read_text())["results"][0]["tables"][0]["name"] == "methods"
    )


def test_a_step_is_measured_in_deviations(files: list[Path]) -> None:
    """Halving the step of a nearly linear change leaves the change per deviation."""
    sampler = small_networks.stylegan_sampler()
    small, smaller = (
        rescored(sampler, files[:1], samples=30, scorer=Channels(), step=step).record.results[0].estimate.tables[0]
        for step in (0.02, 0.01)
    )
    np.testing.assert_allclose(small.values, smaller.values, rtol=0.05, atol=1e-3)


def test_the_command(files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = tmp_path / "g.safetensors"
    save_network(network, small_networks.stylegan_sampler().generator, role="generator")
    scorer = tmp_path / "scorer.safetensors"
    resnet = ResNet(ResNetConfig(widths=(4, 8), blocks=(1, 1), num_classes=2, resolution=16))
    with torch.no_grad():
        for parameter in resnet.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.3)
    save_resnet(scorer, resnet.eval(), kind="toyfaces-scorer", outputs=["smile", "yaw"])
    words = ["rescore", str(network), str(files[0]), "--scorer", str(scorer), "--samples", "20"]
    assert run([*words, "--out", str(tmp_path / "no")]) == 2
    assert "directions were found in" in capsys.readouterr().err
    assert run([*words, "--any-generator", "--out", str(tmp_path / "out")]) == 0
    assert "Re-scoring (sefa)" in capsys.readouterr().out
    assert "disentanglement" in (tmp_path / "out" / "report.md").read_text()


def test_bad_input(files: list[Path]) -> None:
    sampler = small_networks.stylegan_sampler()
    with pytest.raises(InputError, match="at least one file"):
        rescored(sampler, [])
    with pytest.raises(InputError, match="at least 20 samples, got 3"):
        rescored(sampler, files, samples=3)
