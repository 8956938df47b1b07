"""Training a scorer from a table of attributes, on renders whose attributes are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from ganprobe.cli.main import run
from ganprobe.core.errors import DataError, InputError, OutputError, TrainingError
from ganprobe.core.files import sha256_of
from ganprobe.data import array_images, toyfaces
from ganprobe.data.attributes import LabelledImages
from ganprobe.engine.training.train_scorer import train_scorer
from ganprobe.features import open_scorer
from ganprobe.features.embedded.weights import header_of
from ganprobe.training.supervised import LoopSettings, Run, fit, initialised
from ganprobe.training.supervised import attributes as module
from ganprobe.training.supervised.attributes import AttributeSettings, quality, train_attribute_scorer
from ganprobe.training.supervised.best import BestSoFar

NAMES = ("eyeglasses", "dark", "old")
SMALL = AttributeSettings(epochs=6, batch_size=32, resolution=32, widths=(8, 16), blocks=(1, 1), bfloat16=False)


def _truth(index: range, seed: int = 0) -> NDArray[np.uint8]:
    found = toyfaces.factors(index, seed=seed)
    columns = (found["eyeglasses"] > 0.5, found["background"] < 0.4, found["age"] > 0.5)
    return np.stack(columns, 1).astype(np.uint8)


def _labelled(n: int = 400) -> LabelledImages:
    images = toyfaces.images(range(n), seed=0, resolution=32)
    return LabelledImages(array_images(images, name="renders"), NAMES, _truth(range(n)))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> module.AttributeReport:
    out = tmp_path_factory.mktemp("scorer") / "scorer.safetensors"
    return train_attribute_scorer(_labelled(), out=out, settings=SMALL)


def test_a_few_epochs_read_the_attributes_of_new_renders(trained: module.AttributeReport) -> None:
    scorer = open_scorer(trained.path)
    assert scorer.provides == {f"score.{name}" for name in NAMES}
    fresh = toyfaces.images(range(300), seed=77, resolution=32)
    columns = scorer.observe(torch.from_numpy(fresh).float() / 127.5 - 1)
    truth = _truth(range(300), seed=77)
    for number, name in enumerate(NAMES):
        found = quality(columns[f"score.{name}"].numpy(), truth[:, number])
        assert found.balanced_accuracy > 0.75, (name, found)


def test_the_file_says_how_well_it_does(trained: module.AttributeReport) -> None:
    about = header_of(trained.path)["about"]
    assert about["images"] == 400
    assert about["settings"]["seed"] == 0
    for name, found in trained.validation.items():
        said = about["validation"][name]
        assert (said["accuracy"], said["n"]) == (found.accuracy, 40)
        assert found.ci95[0] < found.accuracy <= found.ci95[1]
        assert 0 < found.positives < 1
    folder = trained.path.with_name("scorer-training")
    assert [path.name for path in folder.iterdir()] == ["log.jsonl"]
    looks = [row["validation_loss"] for row in _lines(folder / "log.jsonl") if "validation_loss" in row]
    assert len(looks) == 6
    assert trained.steps == 11 * (1 + int(np.argmin(looks)))


def test_quality_by_hand() -> None:
    scores = np.array([1.0, -1.0, 2.0, -2.0, -3.0], np.float32)
    found = quality(scores, np.array([1, 1, 0, 0, 0], np.uint8))
    assert found.accuracy == pytest.approx(3 / 5)
    assert found.balanced_accuracy == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert (found.positives, found.n) == (pytest.approx(0.4), 5)


def test_a_rare_attribute_weighs_as_much_as_a_common_one() -> None:
    values = np.zeros((100, 2), np.float32)
    values[:4, 0], values[:50, 1] = 1, 1
    weights = module._Loss.of(values).weights
    torch.testing.assert_close(weights[1] * torch.tensor([4.0, 50.0]), weights[0] * torch.tensor([96.0, 50.0]))
    torch.testing.assert_close((weights[1] * torch.tensor([4.0, 50.0])), torch.tensor([50.0, 50.0]))


class _Killed(Exception):
    pass


def test_a_killed_run_goes_on_to_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(SMALL, epochs=8)
    whole = train_attribute_scorer(_labelled(300), out=tmp_path / "whole.safetensors", settings=settings)
    batch = module._Batches.__call__

    def dying(self: module._Batches, step: int) -> Any:
        if step == 58:
            raise _Killed
        return batch(self, step)

    monkeypatch.setattr(module._Batches, "__call__", dying)
    with pytest.raises(_Killed):
        train_attribute_scorer(_labelled(300), out=tmp_path / "parts.safetensors", settings=settings)
    monkeypatch.undo()
    parts = train_attribute_scorer(_labelled(300), out=tmp_path / "parts.safetensors", settings=settings)
    assert _lines(tmp_path / "parts-training" / "log.jsonl")[0]["first_step"] == 0
    assert parts.validation == whole.validation
    assert sha256_of(parts.path) == sha256_of(whole.path)


def _fit(folder: Path, losses: list[float], *, patience: int, die_at: int | None = None) -> tuple[BestSoFar, nn.Module]:
    """80 steps, looked at every 10, whose validation losses are given."""

    def batch_at(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if step == die_at:
            raise _Killed
        return torch.ones(2, 2), torch.zeros(2, 1)

    network = initialised(nn.Linear(2, 1, device="meta"), seed=0)
    started = Run(folder, signature="best")
    looks = iter(losses[started.step // 10 :])
    best = BestSoFar(started, lambda _: next(looks), every=10, patience=patience, earliest=40)
    settings = LoopSettings(80, 2, peak=0.01, bfloat16=False)
    fit(network, batch_at, nn.functional.mse_loss, settings=settings, run=started, title="best", enough=best)
    return best, network


def test_training_stops_when_it_no_longer_helps(tmp_path: Path) -> None:
    best, network = _fit(tmp_path, [5, 4, 6, 7, 7, 7, 7, 7], patience=2)
    assert (best.step, best.loss, best.last_step) == (20, 4, 40)
    last = network.weight.detach().clone()  # type: ignore[union-attr, operator]
    best.restore(network)
    assert not torch.equal(network.weight, last)  # type: ignore[arg-type]
    assert _fit(tmp_path / "on", [5, 4, 6, 7, 3, 7, 7, 7], patience=3)[0].last_step == 80
    assert _fit(tmp_path / "better", [8, 7, 6, 5, 4, 3, 2, 1], patience=1)[0].step == 80


def test_stopping_survives_a_kill(tmp_path: Path) -> None:
    losses: list[float] = [5, 4, 6, 7, 7, 3, 7, 7]
    with pytest.raises(_Killed):
        _fit(tmp_path, losses, patience=4, die_at=67)
    assert Run(tmp_path, signature="best").step == 50
    best, _ = _fit(tmp_path, losses, patience=4)
    assert (best.step, best.loss, best.last_step) == (60, 3, 80)
    (tmp_path / "best.safetensors").write_bytes(b"no tensors")
    with pytest.raises(TrainingError, match="cannot read"):
        best.restore(nn.Linear(2, 1))


def test_a_validation_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="validation loss of step 10 is nan"):
        _fit(tmp_path, [float("nan")], patience=1)


def test_data_that_makes_no_scorer_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "s.safetensors"
    with pytest.raises(DataError, match="at least 100 images were expected to train a scorer, got 60"):
        train_attribute_scorer(_labelled(60), out=out, settings=SMALL)
    labelled = _labelled(200)
    constant = replace(labelled, values=labelled.values * np.array([1, 0, 1], np.uint8))
    with pytest.raises(DataError, match=r"dark: 0 of the 180 training images have it; both kinds"):
        train_attribute_scorer(constant, out=out, settings=SMALL)
    with pytest.raises(DataError, match="180 training images do not make one batch of 181"):
        train_attribute_scorer(labelled, out=out, settings=replace(SMALL, batch_size=181))
    assert list(tmp_path.iterdir()) == []
    for wrong in ({"epochs": 0}, {"batch_size": 0}, {"held_out": 1.0}, {"patience": 0}, {"resolution": 40}):
        with pytest.raises(InputError):
            AttributeSettings(**wrong)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 renders, and a table as CelebA's."""
    home = tmp_path_factory.mktemp("faces")
    (home / "photos").mkdir()
    for number, planes in enumerate(toyfaces.images(range(120), seed=0, resolution=32)):
        Image.fromarray(planes.transpose(1, 2, 0)).save(home / "photos" / f"{number:06d}.png")
    truth = _truth(range(120)).astype(int) * 2 - 1
    rows = "".join(f"{n:06d}.png {' '.join(map(str, row))}\n" for n, row in enumerate(truth.tolist()))
    (home / "list_attr.txt").write_text(f"120\n{' '.join(NAMES)}\n{rows}")
    return home


def test_the_command_trains_and_prints_a_table(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = photos / "scorer.safetensors"
    words = ["train-scorer", str(photos / "photos"), "--attributes", str(photos / "list_attr.txt"), "--out", str(out)]
    more = ["--only", "dark,old", "--resolution", "32", "--epochs", "1", "--batch", "32", "--device", "cpu"]
    assert run([*words, *more]) == 0
    printed = capsys.readouterr().out
    assert "balanced" in printed
    assert [line.split()[0] for line in printed.splitlines()[1:3]] == ["dark", "old"]
    assert open_scorer(out).provides == {"score.dark", "score.old"}


def test_calls_that_cannot_succeed_fail_before_training(photos: Path, tmp_path: Path) -> None:
    data, table = photos / "photos", photos / "list_attr.txt"
    with pytest.raises(InputError, match=r"must end in .safetensors"):
        train_scorer(data, table, tmp_path / "scorer.pt", settings=SMALL)
    with pytest.raises(InputError, match="unknown attribute 'hat'"):
        train_scorer(data, table, tmp_path / "s.safetensors", settings=SMALL, only=["hat"])
    with pytest.raises(InputError, match="attributes that differ were expected, got dark, dark"):
        train_scorer(data, table, tmp_path / "s.safetensors", settings=SMALL, only=["dark", "dark"])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        train_scorer(data, table, tmp_path / "file" / "s.safetensors", settings=SMALL)
    with pytest.raises(InputError, match="device 'abacus' cannot be used"):
        train_scorer(data, table, tmp_path / "s.safetensors", settings=SMALL, device="abacus")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("image,smile\n000000.png,1\nnobody.png,0\n", "1 of the table's 2 images are not in"),
        ("image,smile\n000000.png,1\n000001.png,maybe\n", "smile of 000001.png is 'maybe'"),
        ("image,smile\n000000.png,1\n000001.png,0\n", "at least 100 images were expected to train a scorer, got 2"),
    ],
)
def test_bad_tables_are_one_line_on_standard_error(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, said: str
) -> None:
    (tmp_path / "t.csv").write_text(table)
    words = ["train-scorer", str(photos / "photos"), "--attributes", str(tmp_path / "t.csv")]
    assert run([*words, "--out", str(tmp_path / "s.safetensors"), "--device", "cpu"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert said in lines[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv"]
