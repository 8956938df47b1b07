"""Folders that hold images and are no sets of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import small_networks
from PIL import Image

import ganprobe
from ganprobe.checkpoints.native import save_network
from ganprobe.cli.main import run
from ganprobe.core.errors import InputError
from ganprobe.core.files import sha256_of
from ganprobe.engine.opening.names import check_generator, check_reference
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.images import ImageSampler


def with_images(folder: Path, n: int = 3) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        Image.fromarray(np.full((16, 16, 3), 60 * number, np.uint8)).save(folder / f"{number:010d}.png")
    return folder


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """As `ganprobe train` leaves it."""
    folder = tmp_path / "mine"
    with_images(folder / "samples")
    for name in ("run.json", "recipe.toml"):
        (folder / name).write_text("")
    save_network(folder / "G.safetensors", small_networks.stylegan(), role="generator")
    return folder


def test_the_folder_of_a_training_stands_for_its_generator(training: Path) -> None:
    check_generator(str(training))
    for given in (training, str(training), f"{training}/"):
        sampler = ganprobe.load(given)
        assert isinstance(sampler, GeneratorSampler)
        assert sampler.name == "mine"
        assert sha256_of(training / "G.safetensors") in sampler.known_fingerprints


def test_a_training_without_a_generator_yet_is_refused_with_the_path(training: Path) -> None:
    (training / "G.safetensors").unlink()
    for call in (lambda: ganprobe.load(training), lambda: check_generator(str(training))):
        with pytest.raises(InputError, match=r"mine/G.safetensors yet"):
            call()


def test_sample_grids_are_no_images(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", str(training / "samples"), "--reference", "toyfaces", "--out", str(training / "out")]
    assert run(words) == 2
    said = capsys.readouterr().err
    assert "sample grids" in said
    assert str(training / "G.safetensors") in said
    assert said.count("\n") == 1
    for reference in (training, training / "samples"):
        with pytest.raises(InputError, match=r"G.safetensors"):
            check_reference(str(reference))


@pytest.mark.parametrize("name", ["results.json", "sweep.json", "directions.json"])
def test_results_are_no_images(tmp_path: Path, name: str) -> None:
    folder = with_images(tmp_path / "run")
    (folder / name).write_text("{}")
    with pytest.raises(InputError, match="holds results"):
        ganprobe.load(folder)
    with pytest.raises(InputError, match="holds results"):
        check_reference(str(folder))
    check_generator(str(folder))  # which `compare` asks about runs, too


@pytest.mark.parametrize("name", ["network-snapshot-000200.pkl", "G_ema.pth", "last.ckpt"])
def test_runs_of_other_projects_are_no_images(tmp_path: Path, name: str) -> None:
    folder = with_images(tmp_path / "run")
    assert isinstance(ganprobe.load(folder), ImageSampler)
    (folder / name).write_bytes(b"")
    for call in (
        lambda: ganprobe.load(folder),
        lambda: check_generator(str(folder)),
        lambda: check_reference(str(folder)),
    ):
        with pytest.raises(InputError, match=rf"give the file, .*{name}"):
            call()
