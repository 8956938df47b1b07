"""The supervised loop and the training of the two small networks, on tiny data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

from ganprobe.core.errors import InputError, OutputError, TrainingError
from ganprobe.core.files import sha256_of
from ganprobe.core.streams import stream
from ganprobe.data import toyfaces
from ganprobe.features.attributes.toyfaces import read_scorer
from ganprobe.features.embedded.extractor import read_embedded
from ganprobe.training.supervised import LoopSettings, Run, fit, initialised, shift_and_flip, shuffled
from ganprobe.training.supervised.classifier import ClassifierSettings, accuracy_of, cut_out, train_classifier
from ganprobe.training.supervised.toyfaces_scorer import ScorerSettings, train_scorer, train_toyfaces_scorer

TINY_CLASSIFIER = ClassifierSettings(
    epochs=5, batch_size=16, peak=0.05, widths=(8, 16), blocks=(1, 1), bfloat16=False, label_smoothing=0.0
)
TINY_SCORER = ScorerSettings(
    epochs=5, samples=64, test_samples=16, batch_size=16, peak=0.02, widths=(8, 16), blocks=(1, 1), bfloat16=False
)


def _two_colours(n: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Noise on a red (0) or a blue (1) ground."""
    rng = stream(0, "test.colours", n)
    labels = np.arange(n, dtype=np.int64) % 2
    images = rng.integers(0, 100, (n, 3, 32, 32))
    images[np.arange(n), 2 * labels] += 120
    return images.astype(np.uint8), labels


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_twenty_steps_teach_the_classifier_two_colours(tmp_path: Path) -> None:
    images, labels = _two_colours(64)
    report = train_classifier(images, labels, images, labels, out=tmp_path, settings=TINY_CLASSIFIER)
    assert report.steps == 20
    assert report.accuracy > 0.95
    assert accuracy_of(read_embedded(report.path), images, labels) == report.accuracy
    rows = _lines(tmp_path / "log.jsonl")
    assert rows[0]["settings"]["peak"] == 0.05  # type: ignore[index]
    assert rows[-1]["accuracy"] == report.accuracy


def test_the_seed_determines_the_weights(tmp_path: Path) -> None:
    images, labels = _two_colours(32)

    def digest(folder: str, seed: int, disturb: int) -> str:
        torch.manual_seed(disturb)
        settings = ClassifierSettings(epochs=2, batch_size=16, seed=seed, widths=(8,), blocks=(1,), bfloat16=False)
        return sha256_of(
            train_classifier(images, labels, images, labels, out=tmp_path / folder, settings=settings).path
        )

    first = digest("a", 0, disturb=1)
    assert digest("b", 0, disturb=2) == first
    assert digest("c", 1, disturb=1) != first


def test_training_leaves_the_global_stream_alone(tmp_path: Path) -> None:
    images, labels = _two_colours(16)
    before = torch.get_rng_state()
    settings = ClassifierSettings(epochs=1, batch_size=16, widths=(8,), blocks=(1,), bfloat16=False)
    train_classifier(images, labels, images, labels, out=tmp_path, settings=settings)
    assert torch.equal(torch.get_rng_state(), before)


class _Killed(Exception):
    pass


def _train_line(folder: Path, *, die_at: int | None = None) -> nn.Module:
    """80 steps on points of a stream, cut short by _Killed at `die_at`."""

    def batch_at(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if step == die_at:
            raise _Killed
        points = torch.from_numpy(stream(0, "test.line", step).standard_normal((8, 4), dtype=np.float32))
        return points, points.sum(1, keepdim=True)

    network = initialised(nn.Linear(4, 1, device="meta"), seed=0)
    settings, run = LoopSettings(80, 8, peak=0.01, bfloat16=False), Run(folder, signature="line")
    fit(network, batch_at, nn.functional.mse_loss, settings=settings, run=run, title="line")
    return network


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = _train_line(tmp_path / "whole")
    with pytest.raises(_Killed):
        _train_line(tmp_path / "parts", die_at=63)
    assert Run(tmp_path / "parts", signature="line").step == 50
    resumed = _train_line(tmp_path / "parts")
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name
    assert [row["step"] for row in _lines(tmp_path / "parts" / "log.jsonl")] == [50, 80]


def test_the_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(_Killed):
        _train_line(tmp_path, die_at=63)
    with pytest.raises(TrainingError, match="other settings or images"):
        Run(tmp_path, signature="curve")
    (tmp_path / "state.safetensors").write_bytes(b"not a state")
    with pytest.raises(TrainingError, match="not the state of this run"):
        Run(tmp_path, signature="line")


def test_the_scorer_learns_and_reports_its_file(tmp_path: Path) -> None:
    report = train_toyfaces_scorer(out=tmp_path, settings=TINY_SCORER)
    assert set(report.correlations) == set(toyfaces.FACTORS)
    assert abs(report.correlations["background"]) > 0.5
    scorer = read_scorer(report.path)
    images = torch.from_numpy(toyfaces.images(range(64, 80), seed=0)).float() / 127.5 - 1
    truth = toyfaces.factors(range(64, 80), seed=0)["background"]
    found = np.corrcoef(scorer.observe(images)["score.background"], truth)[0, 1]
    assert found == pytest.approx(report.correlations["background"], abs=1e-4)


def test_fit_reduces_the_loss(tmp_path: Path) -> None:
    points = torch.from_numpy(stream(0, "test.points").standard_normal((64, 4), dtype=np.float32))
    targets = points @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]])
    network = initialised(nn.Linear(4, 1, device="meta"), seed=0)
    start = nn.functional.mse_loss(network(points), targets).item()
    settings = LoopSettings(20, 64, peak=0.1, weight_decay=0.0, bfloat16=False)
    run = Run(tmp_path, signature="line")
    fit(network, lambda step: (points, targets), nn.functional.mse_loss, settings=settings, run=run, title="line")
    assert nn.functional.mse_loss(network(points), targets).item() < 0.2 * start
    assert _lines(run.log_path)[-1]["step"] == 20


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    network = initialised(nn.Linear(2, 1, device="meta"), seed=0)

    def batch_at(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.full((2, 2), float("nan") if step == 6 else 1.0), torch.zeros(2, 1)

    with pytest.raises(TrainingError, match="loss became nan at step 7; last good checkpoint: step 0"):
        fit(
            network,
            batch_at,
            nn.functional.mse_loss,
            settings=LoopSettings(10, 2, peak=0.01, bfloat16=False),
            run=Run(tmp_path, signature="nan"),
            title="nan",
        )


@given(st.integers(1, 500), st.floats(0, 0.9))
def test_the_learning_rate_rises_and_falls(steps: int, warmup: float) -> None:
    settings = LoopSettings(steps, peak=0.3, warmup=warmup)
    rates = [settings.rate(step) for step in range(steps)]
    top = int(np.argmax(rates))
    assert all(0 < rate <= 0.3 + 1e-12 for rate in rates)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_an_epoch_visits_every_row_once() -> None:
    epoch = np.concatenate([shuffled(96, 16, seed=3, step=step) for step in range(6)])
    following = np.concatenate([shuffled(96, 16, seed=3, step=step) for step in range(6, 12)])
    assert sorted(epoch) == sorted(following) == list(range(96))
    assert (epoch != following).any()


def test_shifts_and_flips_move_pixels_only() -> None:
    images = torch.from_numpy(stream(0, "test.pixels").integers(0, 256, (5, 3, 8, 8)).astype(np.uint8))
    assert torch.equal(shift_and_flip(images, rng=stream(0, "a"), pad=0, flip=False), images.float())
    mirrored = shift_and_flip(images, rng=stream(0, "a"), pad=0)
    kept = [torch.equal(row, image.float()) for row, image in zip(mirrored, images, strict=True)]
    turned = [torch.equal(row.flip(2), image.float()) for row, image in zip(mirrored, images, strict=True)]
    assert [a != b for a, b in zip(kept, turned, strict=True)] == [True] * 5
    shifted = shift_and_flip(images, rng=stream(0, "a"), pad=2, flip=False)
    assert shifted.shape == images.shape
    assert not torch.equal(shifted, images.float())


def test_cutout_greys_one_square_of_each_image() -> None:
    images = torch.ones(50, 3, 12, 12)
    cut = cut_out(images, rng=stream(0, "cut"), side=4) == 0
    areas = cut[:, 0].sum((1, 2))
    assert areas.max() == 16
    assert areas.min() >= 4
    assert torch.equal(cut[:, 0], cut[:, 2])
    assert torch.equal(cut_out(images, rng=stream(0, "cut"), side=0), images)


def test_wrong_data_is_refused_before_training(tmp_path: Path) -> None:
    images, labels = _two_colours(16)
    with pytest.raises(InputError, match="expected uint8 images"):
        train_classifier(images[:, :, :16], labels, images, labels, out=tmp_path, settings=TINY_CLASSIFIER)
    with pytest.raises(InputError, match="one label per image"):
        train_classifier(images, labels[:3], images, labels, out=tmp_path, settings=TINY_CLASSIFIER)
    with pytest.raises(InputError, match="one batch"):
        train_classifier(images[:4], labels[:4], images, labels, out=tmp_path, settings=TINY_CLASSIFIER)
    faces, values = toyfaces.images(range(16), seed=0), toyfaces.factors(range(16), seed=0).values
    names = toyfaces.FACTORS
    with pytest.raises(InputError, match="expected float32 factors"):
        train_scorer(faces, values[:, :2], faces, values, names=names, out=tmp_path, settings=TINY_SCORER)
    with pytest.raises(InputError, match="expected uint8 images"):
        train_scorer(images, values, faces, values, names=names, out=tmp_path, settings=TINY_SCORER)
    with pytest.raises(InputError, match="constant"):
        train_scorer(faces, np.zeros_like(values), faces, values, names=names, out=tmp_path, settings=TINY_SCORER)


def test_a_log_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        Run(tmp_path / "file" / "run", signature="")


def test_loop_settings_are_checked() -> None:
    with pytest.raises(InputError):
        LoopSettings(0)
    with pytest.raises(InputError):
        LoopSettings(10, peak=0.0)
