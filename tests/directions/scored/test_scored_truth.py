"""The metrics of latents and scores on generators whose attributes are known: they must rank right, find what was
planted, and say chance of noise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from planted_scores import (
    CONTINUOUS,
    NAMES,
    WIDTH,
    Faces,
    FirstPixels,
    Warped,
    column_of,
    kept,
    measured,
    mixed,
    scores_of,
    table_of,
    unmixed,
)

import ganprobe
from ganprobe.core.results import Estimate
from ganprobe.directions.scored.base import ScoredSamples
from ganprobe.directions.scored.specs import SPECS
from ganprobe.features.attributes.toyfaces import load_toyfaces_scorer
from ganprobe.features.scores import continuous_of
from ganprobe.samplers.modules import ModuleSampler

N = 8000
BUILD = {spec.name: spec.build for spec in SPECS}
SAMPLERS = {"unmixed": Warped(unmixed()), "mixed": Warped(mixed())}


@cache
def _of(metric: str, sampler: str) -> Estimate:
    return measured(BUILD[metric](), SAMPLERS[sampler], scores_of(SAMPLERS[sampler], N))


@cache
def _of_noise(metric: str) -> Estimate:
    scores = np.random.default_rng(6).standard_normal((N, 4))
    return measured(BUILD[metric](), SAMPLERS["unmixed"], scores)


def _tells_apart(better: Estimate, worse: Estimate) -> bool:
    """Higher is better, and the intervals do not meet."""
    return better.ci95[0] > worse.ci95[1]


@pytest.mark.parametrize("metric", ["dci", "mig", "sap"])
def test_axes_rank_one_number_an_attribute_above_a_mixture_and_another_space(metric: str) -> None:
    assert _tells_apart(_of(f"{metric}_w", "unmixed"), _of(f"{metric}_w", "mixed"))
    if metric != "dci":
        # Two numbers tell equally much of a mixed attribute; of z each number tells the size alone, not the sign.
        assert _of(f"{metric}_w", "mixed").value < 0.03
        assert _tells_apart(_of(f"{metric}_w", "unmixed"), _of(f"{metric}_z", "unmixed"))
    else:
        # Of what z does not tell there is nothing to disentangle: its informativeness says so.
        assert column_of(_of("dci_z", "unmixed"), "scores", "value")[2] < 0.05


def test_separability_is_near_perfect_in_w_and_near_chance_in_z() -> None:
    in_w, in_z = _of("ls_w", "unmixed"), _of("ls_z", "unmixed")
    assert 1 <= in_w.value < 1.2
    assert in_z.value > 15
    assert in_z.ci95[0] > in_w.ci95[1]
    assert column_of(in_w, "attributes", "accuracy, held out") == pytest.approx(1, abs=0.01)
    assert column_of(in_z, "attributes", "accuracy, held out") == pytest.approx(0.5, abs=0.03)
    # A plane does not care along which axes it lies.
    assert _of("ls_w", "mixed").value < 1.2


def test_disentanglement_is_near_one_for_one_number_an_attribute() -> None:
    found = _of("dci_w", "unmixed")
    assert found.value > 0.99
    assert column_of(found, "scores", "value") == pytest.approx(1, abs=0.01)
    assert column_of(found, "attributes", "most important latent") == pytest.approx([0, 1, 2, 3])
    assert column_of(_of("mig_w", "unmixed"), "attributes", "best latent") == pytest.approx([0, 1, 2, 3])


def test_a_dense_map_is_hardly_disentangled() -> None:
    turned = np.linalg.qr(np.random.default_rng(1).standard_normal((WIDTH, WIDTH)))[0][:4]
    sampler = Warped(turned)
    found = measured(BUILD["dci_w"](), sampler, scores_of(sampler, N))
    assert found.value < 0.35
    assert column_of(found, "scores", "value")[2] > 0.97
    assert measured(BUILD["mig_w"](), sampler, scores_of(sampler, N)).value < 0.3


def test_boundaries_lie_as_planted() -> None:
    """In W, where the first four numbers are independent standard normals."""
    in_mixed = _of("boundary_accuracy", "mixed")
    expected = (mixed() @ mixed().T) / np.linalg.norm(mixed(), axis=1) ** 2
    np.testing.assert_allclose(np.array(table_of(in_mixed, "cosines_w").values), expected, atol=0.04)
    free = np.linalg.inv(expected)
    free /= np.sqrt(np.outer(np.diag(free), np.diag(free)))
    conditioned = np.array(table_of(in_mixed, "conditioned_w").values)
    assert conditioned[:, :4] == pytest.approx(free, abs=0.25)
    accuracy = column_of(_of("boundary_accuracy", "unmixed"), "accuracy_w", "remaining (median)")
    assert (accuracy > 0.97).all()
    in_z = column_of(_of("boundary_accuracy", "unmixed"), "accuracy_z", "remaining (median)")
    assert in_z == pytest.approx(0.5, abs=0.03)
    assert _of("boundary_accuracy", "unmixed").value > 0.9


def test_zero_is_no_boundary_of_a_quantity() -> None:
    at_zero = column_of(_of("boundary_accuracy", "unmixed"), "accuracy_w", "remaining (zero)")
    assert np.isnan(at_zero).tolist() == [True, False, False, True]


@pytest.mark.parametrize("sampler", ["unmixed", "mixed"])
def test_planted_correlations_lie_within_their_intervals(sampler: str) -> None:
    """In 95% of draws, up to what 40 draws of six pairs can tell."""
    planted = SAMPLERS[sampler].mix @ SAMPLERS[sampler].mix.T
    inside, single = [], []
    for seed in range(40):
        scores = scores_of(SAMPLERS[sampler], 500, seed)
        found = measured(BUILD["attribute_correlation"](), SAMPLERS[sampler], scores, seed=seed)
        ends = table_of(found, "correlation").ci95
        pairs = [(i, j) for i in range(4) for j in range(i)]
        inside += [ends[i][j][0] <= planted[i, j] <= ends[i][j][1] for i, j in pairs]
        single.append(found.ci95[0] <= 1 / 3 <= found.ci95[1])
    assert 0.9 < np.mean(inside) <= 0.99
    assert np.mean(single) > 0.85 if sampler == "mixed" else not any(single)


def test_noise_is_chance() -> None:
    assert 2.0 ** column_of(_of_noise("ls_w"), "attributes", "H(Y|X), held out").sum() == pytest.approx(16, rel=0.01)
    assert column_of(_of_noise("ls_z"), "attributes", "accuracy, held out") == pytest.approx(0.5, abs=0.03)
    assert _of_noise("boundary_accuracy").value == pytest.approx(0.5, abs=0.02)
    # 0.8 standard errors is what the absolute value of a correlation that is zero comes to.
    assert _of_noise("attribute_correlation").value == pytest.approx(0.8 / np.sqrt(N), abs=0.008)
    for space in ("z", "w"):
        assert column_of(_of_noise(f"dci_{space}"), "scores", "value")[2] == pytest.approx(0, abs=0.01)
        assert _of_noise(f"mig_{space}").value < 0.01
        assert _of_noise(f"sap_{space}").value < 0.03


def test_faces_drawn_from_known_latents_rank_right_from_end_to_end() -> None:
    """Rendered, scored by the shipped network, measured by a run: one number an attribute against a dense map."""
    turned = np.linalg.qr(np.random.default_rng(2).standard_normal((6, 6)))[0][:4]
    turned[1] = (turned[0] + turned[1]) / np.sqrt(2)
    metrics = ["dci_z", "mig_z", "sap_z", "attribute_correlation", "boundary_accuracy"]
    runs = []
    for mix in (np.eye(4, 6), turned):
        sampler = ModuleSampler(Faces(mix), name="faces")
        runs.append(ganprobe.evaluate(sampler, metrics=metrics, scorer="toyfaces", samples=1200, seed=0))
    straight, dense = runs
    for name in metrics[:3]:
        assert straight[name].value > dense[name].value + 0.1
    names = table_of(straight["boundary_accuracy"].estimate, "accuracy_z").rows
    chosen = [names.index(name) for name in ("yaw", "smile", "age", "skin_tone")]
    for run, mix in zip(runs, (np.eye(4, 6), turned), strict=True):
        accuracy = column_of(run["boundary_accuracy"].estimate, "accuracy_z", "validation")
        assert (accuracy[chosen] > 0.9).all()
        cosines = np.array(table_of(run["boundary_accuracy"].estimate, "cosines_z").values)
        np.testing.assert_allclose(cosines[np.ix_(chosen, chosen)], mix @ mix.T, atol=0.2)


def test_scorers_say_which_scores_are_quantities() -> None:
    assert continuous_of(FirstPixels()) == frozenset({"age", "yaw"})
    assert "eyeglasses" not in continuous_of(load_toyfaces_scorer())
    assert len(continuous_of(load_toyfaces_scorer())) == 7
    assert continuous_of(None) == frozenset()


def test_names_are_those_of_the_specifications() -> None:
    sampler = SAMPLERS["unmixed"]
    state, samples = kept(scores_of(sampler, 400)), ScoredSamples(sampler, 0, NAMES, CONTINUOUS)
    for spec in SPECS:
        if spec.latents != ("s",):
            assert {name.partition("@")[0] for name in spec.build().measure(state, samples)} == {spec.name}
