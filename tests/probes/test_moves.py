"""lt_probe against planted truths, and the laws of moved samples."""

import hashlib

import numpy as np
import pytest
import torch
from torch import nn

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.engine.columns.moves import MoveColumns
from ganprobe.engine.passes.one_pass import run_pass
from ganprobe.metrics.base import Surroundings
from ganprobe.probes.moves.detection import share_right
from ganprobe.probes.moves.metric import ONE_TRAINING, LtProbe
from ganprobe.probes.moves.protocol import COLUMN, SIGMAS
from ganprobe.samplers.modules import ModuleSampler
from ganprobe.samplers.moves import Moves, same_move

Z = 8
NAME = "embedded.features"


class Planted(nn.Module):
    """An image is a linear function of z, or one that turns about its axis thousands of times between two samples."""

    z_dim = Z

    def __init__(self, *, turning: bool) -> None:
        super().__init__()
        mix = torch.randn(Z, 48, generator=torch.Generator().manual_seed(0)) / Z**0.5
        self.mix, self.turning = nn.Parameter(mix), turning

    def forward(self, z):
        images = torch.sin(3e4 * z @ self.mix) if self.turning else 0.1 * z @ self.mix
        return images.reshape(-1, 3, 4, 4)


class Flat:
    provides = frozenset({NAME})
    fingerprint = hashlib.sha256(b"flat").hexdigest()

    def observe(self, images):
        return {NAME: images.flatten(1)}


def columns(sampler, *, sigmas=SIGMAS, seed=0):
    return MoveColumns(Moves(sampler, sigmas), Flat(), prefix=COLUMN, seed=seed, device=torch.device("cpu"))


def sampler(*, turning=False):
    return ModuleSampler(Planted(turning=turning), name="planted")


def estimate(made, n, *, batch_size=64, folder=None, steps=400):
    metric = LtProbe(features=NAME, steps=steps)
    states = run_pass(columns(made), [metric], samples=n, batch_size=batch_size)
    around = Surroundings(made, 0, folder=folder)
    return metric.measure(states[metric.state_key], around)["lt_probe"]


def test_a_translation_is_told_and_one_that_depends_on_z_is_not():
    linear = estimate(sampler(), 4096)
    assert linear.value > 0.95
    assert linear.n == 2048
    table = linear.tables[0]
    assert (table.name, table.over, table.rows) == ("sigma", "sigma", tuple(f"{s:g}" for s in SIGMAS))
    assert dict(zip(table.rows, table.values, strict=True))["0.5"][0] == linear.value
    turning = estimate(sampler(turning=True), 2048)
    assert 0.45 < turning.value < 0.55
    assert turning.ci95 is None
    assert turning.notes == ("not above chance, which is 0.5", ONE_TRAINING)


def test_numbers_do_not_depend_on_batches_or_on_an_interruption(tmp_path):
    one = estimate(sampler(), 512, batch_size=512, steps=60)
    other = estimate(sampler(), 512, batch_size=7, steps=60, folder=tmp_path)
    assert one == other
    assert estimate(sampler(), 512, steps=60, folder=tmp_path) == one  # goes on from what is finished


def test_pairs_share_their_move_or_do_not_and_half_of_them_do():
    moves = Moves(sampler(), (1.0,))
    epsilon = moves.epsilon(range(200), seed=3)
    equal = (epsilon[::2] == epsilon[1::2]).all(1)
    assert torch.equal(equal, same_move(range(200))[::2])
    assert int(equal.sum()) == 50
    assert torch.equal(moves.epsilon(range(128, 200), seed=3), epsilon[128:])
    assert len(np.unique(epsilon.numpy(), axis=0)) == 150


def test_a_row_is_the_difference_that_the_move_makes():
    made = sampler()
    given = columns(made, sigmas=(0.5, 2.0)).columns(range(5, 9))[COLUMN + NAME]
    moves = Moves(made, (0.5, 2.0))
    move = moves.epsilon(range(64), seed=0)[5:9] @ made.module.mix.detach() * 0.1
    torch.testing.assert_close(given[:, 0], 0.5 * move, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(given[:, 1], 2 * move, atol=1e-6, rtol=1e-4)


def test_wilson_of_a_share():
    found = share_right(np.array([True] * 9 + [False]))
    assert (found.value, found.n) == (0.9, 10)
    assert found.ci95 == pytest.approx(
        (0.5958, 0.9821), abs=1e-4
    )  # statsmodels' proportion_confint(9, 10, method="wilson")


@pytest.mark.parametrize("sigmas", [(), (0.0,), (-1.0,), (float("nan"),), (0.5, 0.5)])
def test_sigmas_that_are_none_are_refused(sigmas):
    with pytest.raises(InputError, match="sigma"):
        Moves(sampler(), sigmas)


def test_images_alone_cannot_be_moved():
    class Images:
        name = "images"
        spec = type("Spec", (), {"spaces": {}})()

    with pytest.raises(CapabilityError, match="no Z"):
        Moves(Images(), (0.5,))


def test_few_samples_and_rows_that_are_not_finite_are_refused():
    metric = LtProbe(features=NAME)
    rows = torch.ones(64, len(SIGMAS), 3)
    with pytest.raises(MetricError, match="at least 64"):
        metric.measure(metric.empty(), Surroundings(sampler(), 0))
    rows[3, 1, 2] = float("nan")
    state = metric.update(metric.empty(), {"index": torch.arange(64), COLUMN + NAME: rows})
    with pytest.raises(MetricError, match="not finite at samples 3"):
        metric.measure(state, Surroundings(sampler(), 0))
