"""The auxiliary network of a run with lt, read back and probed."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ganprobe.checkpoints.native import save_network
from ganprobe.core.calls.probing import MovesCall, read_sigmas
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.probing.moves import probe_moves
from ganprobe.generators.building import build_pair
from ganprobe.probes.moves.auxiliary import auxiliary_of, told_aright
from ganprobe.samplers.moves import Moves
from ganprobe.training.tasks.lt import Settings, auxiliary_network, pooled_shape

SETTINGS = Settings(layer="conv5", sigma=0.3, grid=2, hidden=8)


@pytest.fixture
def run(tmp_path):
    pair = build_pair("sndcgan", resolution=32, num_classes=0, network={"channels": 4}, seed=0)
    save_network(tmp_path / "G.safetensors", pair.generator, role="generator")
    save_network(tmp_path / "D.safetensors", pair.discriminator, role="discriminator")
    network = auxiliary_network(pooled_shape(pair.discriminator.layers["conv5"], 2), SETTINGS, seed=1)
    said = {"layer": "conv5", "sigma": 0.3, "grid": 2, "auxiliary": "mlp", "hidden": 8, "difference": True}
    (tmp_path / "tasks").mkdir()
    save_file(network.state_dict(), tmp_path / "tasks" / "lt.safetensors", metadata={"settings": json.dumps(said)})
    return tmp_path


def test_it_is_asked_at_every_sigma_and_at_its_own(run, tmp_path):
    found = probe_moves(run, MovesCall(samples=64, sigmas=(0.1, 1.0), out=tmp_path / "out"))
    result = found["lt_probe@auxiliary"]
    (table,) = result.estimate.tables
    assert table.rows == ("0.1", "0.3", "1")
    assert result.value == table.values[1][0]
    assert result.n == 32
    assert (found.save(tmp_path / "out") / "figures" / "curves.png").is_file()


def test_pairs_are_told_by_a_slow_reading_of_the_same_networks(run):
    made, found = open_sampler(run / "G.safetensors"), auxiliary_of(run)
    moves = Moves(made, (0.5,))
    right = told_aright(found, moves, range(16), seed=0, device=torch.device("cpu"))[0]
    z, epsilon = made.draw(range(16), seed=0).z, moves.epsilon(range(16), seed=0)
    slow = []
    for pair in range(8):
        f = []
        for row in (2 * pair, 2 * pair + 1):
            images = [made.synthesize((z + s * epsilon)[row : row + 1], space="z") for s in (0, 0.5)]
            maps = [found.discriminator.judge(each, features=("conv5",)).features["conv5"] for each in images]
            f.append(torch.nn.functional.adaptive_avg_pool2d(maps[1] - maps[0], 2).flatten(1))
        says = bool(found.network.body(torch.cat(f, 1)) > 0)
        slow.append(says == torch.equal(epsilon[2 * pair], epsilon[2 * pair + 1]))
    assert np.mean(right == np.array(slow)) == 1


def test_what_cannot_be_probed_is_said_in_one_line(run):
    with pytest.raises(InputError, match="sigma"):
        probe_moves(run, MovesCall(sigmas=(0.0,)))
    with pytest.raises(InputError, match="joined by commas"):
        read_sigmas("0.1;0.5")
    (run / "tasks" / "lt.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="no auxiliary network"):
        probe_moves(run, MovesCall())
    (run / "tasks" / "lt.safetensors").unlink()
    with pytest.raises(InputError, match="train with lt"):
        probe_moves(run, MovesCall())
