"""DCI, MIG and SAP of a generator: the pure functions on its latents, groups and parts, what is left out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direction_fakes import stylegan
from planted_scores import NAMES, Warped, column_of, measured, mixed, scores_of, table_of

from ganprobe.core.errors import CapabilityError, MetricError, UntoldError
from ganprobe.directions.scored.disentanglement import DciMetric, MigMetric, SapMetric
from ganprobe.directions.scored.rows import affordable, all_latents
from ganprobe.metrics.disentanglement.dci import dci
from ganprobe.metrics.disentanglement.mig import mutual_information_gap
from ganprobe.metrics.disentanglement.sap import separated_predictability
from ganprobe.samplers.callables import FunctionSampler

N = 5003
SAMPLER = Warped(mixed())
METRICS = (DciMetric, MigMetric, SapMetric)


def _latents(space: str, n: int = N) -> np.ndarray:
    z = SAMPLER.draw(range(n), seed=0).z
    return (z if space == "z" else SAMPLER.map(z)).numpy()


def _scores(n: int = N) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal((n, 4)) * 0.3
    return (scores_of(SAMPLER, n) + noise).astype(np.float32)


@pytest.mark.parametrize("space", ["z", "w"])
def test_dci_is_that_of_all_latents_at_once(space: str) -> None:
    scores = _scores()
    found = measured(DciMetric(space=space), SAMPLER, scores)
    # 5003 samples fall into parts and groups that end at different places.
    order = [np.arange(N * g // 10, N * (g + 1) // 10) for g in range(10)]
    assert sum(map(len, order)) == N
    expected = dci(_latents(space)[:5000], scores[:5000])
    assert found.value == pytest.approx(expected.disentanglement, abs=0.02)
    assert column_of(found, "scores", "value")[1:] == pytest.approx(
        [expected.completeness, expected.informativeness], abs=0.02
    )
    assert found.ci95 == table_of(found, "scores").ci95[0][0]
    scores, names = _scores(4990), table_of(found, "attributes").rows
    exact = dci(_latents(space, 4990), scores)
    even = measured(DciMetric(space=space), SAMPLER, scores)
    assert even.value == pytest.approx(exact.disentanglement, abs=1e-9)
    np.testing.assert_allclose(column_of(even, "attributes", "R^2, held out"), exact.r_squared, atol=1e-9)
    assert names == NAMES


def test_styles_are_read_by_way_of_w() -> None:
    sampler, scores = stylegan(), _scores(1000)
    found = measured(DciMetric(space="s"), sampler, scores)
    expected = dci(all_latents(sampler, 1000, seed=0, space="s"), scores)
    assert found.value == pytest.approx(expected.disentanglement, abs=0.02)
    np.testing.assert_allclose(column_of(found, "attributes", "R^2, held out"), expected.r_squared, atol=1e-3)


def test_large_spaces_are_read_for_fewer_samples() -> None:
    assert affordable(SAMPLER, "w", 200_000) == 200_000
    assert affordable(SAMPLER, "w", 2**30) == 2**27 // 8


def test_mig_is_of_signs_and_quantities() -> None:
    scores = _scores()
    found = measured(MigMetric(space="w"), SAMPLER, scores)
    factors = np.where([True, False, False, True], scores, scores > 0)
    expected = mutual_information_gap(_latents("w"), factors)
    assert found.value == pytest.approx(expected.value, abs=1e-12)
    np.testing.assert_allclose(column_of(found, "attributes", "gap"), expected.gaps, atol=1e-12)
    assert column_of(found, "attributes", "entropy (nats)")[1] == pytest.approx(np.log(2), abs=0.01)


def test_sap_is_of_machines_and_lines() -> None:
    scores = _scores()
    found = measured(SapMetric(space="w"), SAMPLER, scores)
    expected = separated_predictability(_latents("w"), scores, continuous=[True, False, False, True])
    assert found.value == pytest.approx(expected.value, abs=1e-12)
    np.testing.assert_allclose(column_of(found, "attributes", "gap"), expected.gaps, atol=1e-12)


@pytest.mark.parametrize("metric", [MigMetric(space="w", samples=900), SapMetric(space="w", samples=900)])
def test_at_most_so_many_samples_are_read(metric: MigMetric | SapMetric) -> None:
    quantities = frozenset(NAMES)
    found = measured(metric, SAMPLER, _scores(), continuous=quantities)
    assert (found.n, found.value) == (900, measured(metric, SAMPLER, _scores()[:900], continuous=quantities).value)


@pytest.mark.parametrize("metric", [MigMetric(space="w"), SapMetric(space="w")])
def test_logits_of_one_sign_are_left_out_and_named(metric: MigMetric | SapMetric) -> None:
    scores = _scores(900)
    scores[:, 1] = np.abs(scores[:, 1]) + 1
    found = measured(metric, SAMPLER, scores)
    assert found.notes == ("excluded, since one class alone is left: glasses",)
    assert table_of(found, "attributes").rows == ("age", "smile", "yaw")
    with pytest.raises(MetricError, match="of every attribute"):
        measured(metric, SAMPLER, np.abs(scores), continuous=frozenset())


@pytest.mark.parametrize("kind", METRICS)
def test_intervals_hold_the_value_and_stay_in_range(kind: type[DciMetric]) -> None:
    for n in (120, N):
        found = measured(kind(space="w"), SAMPLER, _scores(n))
        low, high = found.ci95
        assert 0 <= low <= found.value <= high <= 1
        assert found.variance > 0


@pytest.mark.parametrize("kind", METRICS)
@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (_scores(59), "at least 60"),
        (np.zeros((0, 4)), "at least 60"),
        (np.where(np.arange(100)[:, None] == 4, np.nan, _scores(100)), "not finite at samples 4"),
        (_scores(100)[:, :3], "3 columns for age, glasses"),
    ],
)
def test_bad_scores_are_refused(kind: type[DciMetric], scores: np.ndarray, said: str) -> None:
    with pytest.raises(MetricError, match=said):
        measured(kind(space="z"), SAMPLER, scores)


@pytest.mark.parametrize("kind", METRICS)
def test_an_attribute_that_never_changes_is_left_out(kind: type[DciMetric]) -> None:
    found = measured(kind(space="z"), SAMPLER, _scores() * [1, 0, 1, 1])
    assert "glasses" not in table_of(found, "attributes").rows
    assert any("glasses" in note for note in found.notes)
    with pytest.raises(UntoldError):
        measured(kind(space="z"), SAMPLER, _scores() * [0, 0, 0, 0])


@pytest.mark.parametrize("kind", METRICS)
def test_images_alone_have_no_latents(kind: type[DciMetric]) -> None:
    grey = FunctionSampler(lambda n, seed: torch.zeros(n, 3, 4, 4), name="grey")
    with pytest.raises(CapabilityError, match="images only"):
        measured(kind(space="z"), grey, _scores(100))
