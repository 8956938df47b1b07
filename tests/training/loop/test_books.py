"""Meters, log and grid of a run."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from ganprobe.core.errors import TrainingError
from ganprobe.training.loop.grid import grid_latents, tile, write_grid
from ganprobe.training.loop.log import Log
from ganprobe.training.loop.meters import Meters, stacked


def test_meters_give_means_once():
    meters = Meters()
    for step in range(4):
        meters.add(step, *stacked({"loss": torch.tensor(float(step))}))
    meters.add(4, *stacked({"r1": torch.tensor(5.0)}))
    meters.check("none")
    assert meters.take() == {"loss": 1.5, "r1": 5.0}
    assert meters.take() == {}


def test_meters_survive_packing():
    meters, other = Meters(), Meters()
    meters.add(1, *stacked({"loss": torch.tensor(0.1)}))
    meters.check("none")
    other.unpack(json.loads(json.dumps(meters.pack())))
    assert other.take() == meters.take() == {"loss": float(np.float32(0.1))}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_meters_name_the_first_bad_step(value):
    meters = Meters()
    meters.add(6, *stacked({"loss_d": torch.tensor(1.0)}))
    meters.add(7, *stacked({"loss_d": torch.tensor(value)}))
    meters.add(8, *stacked({"loss_d": torch.tensor(value)}))
    with pytest.raises(TrainingError, match=r"loss_d became .* at step 7; last good checkpoint: step 5") as caught:
        meters.check("step 5")
    assert "\n" not in str(caught.value)


def test_the_log_forgets_later_steps_and_half_lines(tmp_path):
    log = Log(tmp_path, step=0, tensorboard=False)
    for step in (10, 20, 30):
        log.write({"step": step, "images": step * 2})
    with log.path.open("a") as file:
        file.write('{"step": 40, "ima')
    Log(tmp_path, step=20, tensorboard=False)
    assert [json.loads(line)["step"] for line in log.path.read_text().splitlines()] == [10, 20]
    Log(tmp_path, step=0, tensorboard=False)
    assert log.path.read_text() == ""


def test_scalars_reach_tensorboard(tmp_path):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = Log(tmp_path, step=0, tensorboard=True)
    log.write({"step": 10, "images": 20, "loss_d": 0.5})
    log.close()
    events = accumulators.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss_d")] == [(10, 0.5)]


def test_tiles_run_row_by_row():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 2, 2), dtype=np.uint8) + 1
    picture = tile(images, 3)
    assert picture.shape == (4, 6, 3)
    assert picture[::2, ::2, 0].tolist() == [[1, 2, 3], [4, 5, 0]]


def test_a_grid_is_a_png(tmp_path):
    images = torch.linspace(-1, 1, 4).view(4, 1, 1, 1).expand(4, 3, 8, 8)
    write_grid(tmp_path / "grid.png", images, columns=2)
    with Image.open(tmp_path / "grid.png") as image:
        pixels = np.asarray(image)
    assert pixels[::8, ::8, 1].tolist() == [[0, 85], [170, 255]]
    assert [path.name for path in tmp_path.iterdir()] == ["grid.png"]


def test_grid_latents_run_through_the_classes():
    z, labels = grid_latents(0, 12, 5, 10)
    assert z.shape == (12, 5)
    assert labels.tolist() == [*range(10), 0, 1]
    assert torch.equal(grid_latents(0, 3, 5, 0)[0], z[:3])
