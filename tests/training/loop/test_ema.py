"""The average of weights against its formula."""

import pytest
import torch
from torch import nn

from ganprobe.training.loop.ema import averaged_copy, decay_at, update_average


def test_decay_halves_a_share_in_a_half_life():
    decay = decay_at(10**9, 32, halflife=3200.0, rampup=0.05)
    assert decay**100 == pytest.approx(0.5)


def test_decay_is_short_at_the_start():
    assert decay_at(0, 32, halflife=1000.0, rampup=0.05) == 0.0
    assert decay_at(640, 32, halflife=1000.0, rampup=0.05) == pytest.approx(0.5)
    decays = [decay_at(n, 32, halflife=1000.0, rampup=0.05) for n in range(0, 40_000, 500)]
    assert decays == sorted(decays)
    assert decays[-1] == pytest.approx(0.5 ** (32 / 1000))


def test_weights_are_averaged_and_buffers_copied():
    network = nn.BatchNorm1d(3)
    average = averaged_copy(network)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([2.0, 4.0, 6.0]))
        network.running_mean.fill_(7.0)
    update_average(average, network, torch.tensor(0.25))
    torch.testing.assert_close(average.weight, torch.tensor([1.25, 1.75, 2.25]))
    assert average.running_mean.tolist() == [7.0, 7.0, 7.0]
    assert not average.weight.requires_grad
    assert not average.training


def test_the_copy_shares_nothing():
    network = nn.Linear(2, 2)
    average = averaged_copy(network)
    before = average.weight.clone()
    with torch.no_grad():
        network.weight.add_(1)
    assert torch.equal(average.weight, before)
