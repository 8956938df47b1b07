"""Re-scoring: planted effects come back, targets are told from the rest, and bad input is refused."""

import numpy as np
import pytest
import torch
from direction_fakes import DIM, Planted

from ganprobe.core.errors import InputError, MetricError
from ganprobe.directions.direction import Direction
from ganprobe.directions.rescoring import disentanglement, rescore, shares
from ganprobe.samplers.modules import ModuleSampler

NORMALS = np.zeros((3, DIM))
NORMALS[0, 0] = 2.0
NORMALS[1, :2] = 3.0, 4.0
NORMALS[2, 5] = 0.5
NAMES = ("age", "smile", "yaw")


def along(*indices: int, name: str = "age", scale: float = 1.0) -> Direction:
    vector = np.zeros(DIM)
    vector[list(indices)] = 1.0
    return Direction(name=name, space="z", vector=vector, scale=scale)


def scores(images: torch.Tensor) -> torch.Tensor:
    return images[:, :, 0, 0] * 10


def effects(directions, *, samples=400, step=1.0, attributes=NAMES, read=scores):
    embed = lambda images: torch.cat([images[:, :, 0, 0], torch.ones(len(images), 1)], dim=1)  # noqa: E731
    sampler = ModuleSampler(Planted(NORMALS), name="planted")
    return rescore(sampler, directions, read, embed, attributes=attributes, samples=samples, seed=0, step=step)


@pytest.mark.parametrize("step", [0.5, 2.0])
def test_planted_effects_come_back_whatever_the_step(step: float) -> None:
    found = effects([along(0), along(1, name="first"), along(5, name="yaw", scale=3.0)], step=step)
    got = np.array([[found.change(d, a).value for a in range(3)] for d in range(3)])
    # The scores' own deviations are 2, 5 and 0.5, each estimated from 400 samples.
    np.testing.assert_allclose(got, [[1, 0.6, 0], [0, 0.8, 0], [0, 0, 3]], rtol=0.12, atol=1e-5)


def test_targets_follow_names_and_otherwise_the_largest_change() -> None:
    found = effects([along(0, name="smile"), along(1, name="first"), along(5, name="yaw_c_age")])
    assert [found.target(d) for d in range(3)] == [1, 1, 2]
    assert [found.best(a) for a in range(3)] == [0, 0, 2]
    assert found.share(0, 1).value == pytest.approx(0.6 / 1.6, rel=0.1)
    assert found.share(2, 2).value == pytest.approx(1, abs=1e-6)


def test_of_directions_with_one_name_the_cleaner_is_best() -> None:
    found = effects([along(0, 5, name="yaw"), along(5, name="yaw_c_age")])
    assert found.best(2) == 1


def test_an_attribute_may_be_called_like_a_condition() -> None:
    found = effects([along(0, name="a_c_b"), along(5, name="a")], attributes=("a", "b", "a_c_b"))
    assert [found.target(d) for d in range(2)] == [2, 0]


def test_drift_is_of_the_embedding() -> None:
    still, moved = effects([along(7), along(1)]).drift.mean(axis=0)
    assert still == pytest.approx(0, abs=1e-7)
    assert moved > 1e-3


def test_disentanglement_between_one_and_all() -> None:
    assert disentanglement(np.array([0.0, -3.0, 0.0])) == pytest.approx(1)
    assert disentanglement(np.array([1.0, -1.0, 1.0])) == pytest.approx(0, abs=1e-12)
    assert disentanglement(np.array([1.0, 1.0, 0.0])) == pytest.approx(1 - np.log(2) / np.log(3))
    assert shares(np.zeros(4)).tolist() == [0.25] * 4
    with pytest.raises(MetricError, match="two attributes"):
        disentanglement(np.ones(1))


def test_intervals_carry_the_deviation_that_changes_are_measured_in() -> None:
    """Of linear scores every sample changes by the same, and all that varies is the scores' own deviation: by
    1 / sqrt(2 N) of it."""
    embed = lambda images: images[:, :, 0, 0]  # noqa: E731
    sampler = ModuleSampler(Planted(NORMALS), name="planted")
    found = [rescore(sampler, [along(0)], scores, embed, attributes=NAMES, samples=60, seed=seed) for seed in range(60)]
    changes, shared = [each.change(0, 0) for each in found], [each.share(0, 0) for each in found]
    for estimates in (changes, shared):
        values, stated = np.array([(each.value, each.variance) for each in estimates]).T
        assert np.sqrt(stated.mean()) == pytest.approx(values.std(ddof=1), rel=0.4)
        assert np.mean([each.ci95[0] <= values.mean() <= each.ci95[1] for each in estimates]) >= 0.85
    assert changes[0].value == pytest.approx(found[0].changes[:, 0, 0].mean())


def test_intervals_hold_the_truth() -> None:
    """A score with noise of its own: the change is 1 whatever the sample, its interval is of the mean."""

    def noisy(images: torch.Tensor) -> torch.Tensor:
        value = images[:, :1, 0, 0] * 10
        return torch.cat([value + torch.sin(1e4 * value), value, value], dim=1)

    found = effects([along(0)], read=noisy, samples=1000)
    low, high = found.change(0, 0).ci95
    assert low < found.change(0, 1).value * 2 / np.sqrt(4.5) < high
    assert 0 < high - low < 0.3


def test_bad_input() -> None:
    with pytest.raises(InputError, match="at least 20 samples, got 5"):
        effects([along(0)], samples=5)
    with pytest.raises(InputError, match="at least one direction"):
        effects([])
    with pytest.raises(InputError, match="a step above 0"):
        effects([along(0)], step=0.0)
    with pytest.raises(InputError, match="scores of 2 attributes were expected, got 3"):
        effects([along(0)], attributes=NAMES[:2])
    with pytest.raises(MetricError, match="scores of 'age' do not vary"):
        effects([along(0)], read=lambda images: scores(images) * 0)
