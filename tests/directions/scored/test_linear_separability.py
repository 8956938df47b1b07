"""Linear separability: the original's protocol by hand with scikit-learn, its interval by bootstrap, bad scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direction_fakes import DIM, planted, stylegan
from planted_scores import Warped, column_of, kept, measured, scores_of, table_of, unmixed
from sklearn.metrics import mutual_info_score
from sklearn.svm import LinearSVC

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.core.spaces import Latents, SamplerSpec
from ganprobe.core.streams import normal, stream
from ganprobe.directions.latents import latents_of
from ganprobe.directions.scored.base import ScoredSamples
from ganprobe.directions.scored.rows import all_latents, score_rows
from ganprobe.directions.scored.separability import (
    LinearSeparability,
    chosen_samples,
    predicted_sides,
)
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.samplers.callables import FunctionSampler

N = 1500
NAMES = ("bald", "old", "smile")
OLD = frozenset({"old"})


def _latents(space: str = "w") -> np.ndarray:
    return latents_of(stylegan(), range(N), seed=3, space=space).numpy().astype(np.float64)


def _scores() -> np.ndarray:
    """A rare logit, a quantity far from zero, and one that latents hardly tell."""
    rng = np.random.default_rng(1)
    along = _latents("z") @ rng.standard_normal((DIM, 3)) + rng.standard_normal((N, 3)) * [1, 2, 9]
    return (along * [1, 3, 1] + [-4, 40, 0]).astype(np.float32)


def _by_hand(latents: np.ndarray, scores: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the original does: the most confident half, labels, a machine fitted to and predicting the same."""
    pruned = sorted(range(N), key=lambda i: -abs(float(scores[i]) - threshold))[: N // 2]
    labels = scores[pruned] - threshold > 0
    machine = LinearSVC(dual=False, tol=1e-10, max_iter=100_000).fit(latents[pruned], labels)
    return machine.predict(latents[pruned]), labels, np.array(pruned)


def _entropy(said: np.ndarray, labels: np.ndarray) -> float:
    return (mutual_info_score(labels, labels) - mutual_info_score(said, labels)) / np.log(2)


@pytest.mark.parametrize("space", ["z", "w"])
def test_the_score_is_the_originals_by_hand(space: str) -> None:
    scores = _scores()
    found = measured(LinearSeparability(space=space), stylegan(), scores, names=NAMES, continuous=OLD, seed=3)
    thresholds = [0.0, float(np.median(scores[:, 1])), 0.0]
    hands = [_by_hand(_latents(space), scores[:, a], thresholds[a])[:2] for a in range(3)]
    entropies = [_entropy(*hand) for hand in hands]
    assert found.value == pytest.approx(2 ** sum(entropies), rel=1e-9)
    assert found.n == N
    np.testing.assert_allclose(column_of(found, "attributes", "H(Y|X)"), entropies, atol=1e-9)
    right = [(said == labels).mean() for said, labels in hands]
    np.testing.assert_allclose(column_of(found, "attributes", "accuracy"), right, atol=1e-12)
    np.testing.assert_allclose(column_of(found, "attributes", "threshold"), thresholds, rtol=1e-6)
    np.testing.assert_allclose(column_of(found, "attributes", "share of class 1"), [y.mean() for _, y in hands])
    assert (column_of(found, "attributes", "kept") == N // 2).all()


def test_held_out_halves_are_predicted_by_the_other() -> None:
    scores = score_rows(kept(_scores()), ScoredSamples(stylegan(), 3, NAMES, OLD), least=2, name="ls")
    chosen, _ = chosen_samples(scores)
    sides, _ = predicted_sides(all_latents(stylegan(), N, seed=3, space="w"), chosen, 3)
    latents = _latents()
    for each, side in zip(chosen, sides, strict=True):
        halves = np.array_split(stream(3, "ls.halves", each.attribute).permutation(N // 2), 2)
        expected = np.empty(N // 2, dtype=bool)
        for train, test in (halves, halves[::-1]):
            machine = LinearSVC(dual=False, tol=1e-10, max_iter=100_000)
            machine.fit(latents[each.index[train]], each.positive[train])
            expected[test] = machine.predict(latents[each.index[test]])
        assert (side.held_out == expected).all()


def test_held_out_is_worse_than_what_was_fitted() -> None:
    scores = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    found = measured(LinearSeparability(space="z"), stylegan(), scores, names=NAMES)
    fitted, held_out = (row[0] for row in table_of(found, "scores").values)
    assert fitted == found.value
    assert held_out > fitted + 0.5
    assert found.notes[0] == f"predicted by planes that were not fitted to them, the samples score {held_out:.4g}"


def test_at_most_so_many_samples_are_read() -> None:
    scores = _scores()
    metric = LinearSeparability(space="z", samples=400)
    found = measured(metric, stylegan(), scores, names=NAMES, continuous=frozenset(), seed=3)
    alone = measured(metric, stylegan(), scores[:400], names=NAMES, continuous=frozenset(), seed=3)
    assert (found.n, found.value) == (400, alone.value)


def _planted(n: int, seed: int) -> np.ndarray:
    """Three attributes of six latents: a plane's, one that bends, so that planes of two samples differ, and noise."""
    z = normal(seed, "z", range(n), (6,))
    noise = np.random.default_rng(seed).standard_normal((n, 3))
    along = z[:, :3] + z[:, 3:] / 2
    return np.column_stack([along[:, 0] + noise[:, 0] / 2, along[:, 1] + 0.7 * along[:, 1] ** 2, noise[:, 2]])


class SixNumbers:
    """Latents of six numbers, and no images."""

    name = fingerprint = "six numbers"
    spec = SamplerSpec((3, 4, 4), 0, {"z": (6,)})

    def draw(self, index: range, *, seed: int) -> Latents:
        return Latents(index, torch.from_numpy(normal(seed, "z", index, (6,))), None, seed)

    def map(self, *_: object, **__: object) -> torch.Tensor:
        raise NotImplementedError

    synthesize = batch = map


def test_the_interval_carries_what_is_fitted() -> None:
    """Its deviation is that of new samples; with the plane and the median as they were it was half of it."""
    every = frozenset(NAMES)
    runs = [
        measured(LinearSeparability(space="z"), SixNumbers(), _planted(600, s), names=NAMES, continuous=every, seed=s)
        for s in range(16)
    ]
    values, stated = np.array([run.value for run in runs]), np.array([run.variance for run in runs])
    assert np.sqrt(stated.mean()) == pytest.approx(values.std(ddof=1), rel=0.5)
    covered = np.mean([run.ci95[0] <= values.mean() <= run.ci95[1] for run in runs])
    assert covered >= 0.75


def test_planes_of_few_samples_have_no_interval() -> None:
    every = frozenset(NAMES)
    few = measured(LinearSeparability(space="z"), SixNumbers(), _planted(138, 0), names=NAMES, continuous=every)
    assert (few.ci95, few.variance) == (None, None)
    assert table_of(few, "attributes").ci95 is None
    assert few.notes[1].startswith("no interval: planes of 7 numbers")
    assert few.notes[1].endswith("from 140 samples on there is one")
    enough = measured(LinearSeparability(space="z"), SixNumbers(), _planted(140, 0), names=NAMES, continuous=every)
    assert enough.ci95 is not None
    assert len(enough.notes) == 1


def test_planes_that_never_err_still_have_an_interval_of_some_width() -> None:
    scores = normal(0, "z", range(600), (6,))[:, :1]
    found = measured(LinearSeparability(space="z"), SixNumbers(), scores, names=("a",), continuous=frozenset("a"))
    assert found.value == 1.0
    assert found.ci95[0] == 1.0
    assert 1.0 < found.ci95[1] < 1.1
    assert found.variance > 0


def test_an_attribute_of_one_class_is_excluded_and_named() -> None:
    scores = _scores()
    scores[:, 0] = 5 + scores[:, 0].clip(-4, 4)
    found = measured(LinearSeparability(space="z"), stylegan(), scores, names=NAMES, continuous=OLD, seed=3)
    assert found.notes[1:] == ("excluded, since one class alone is left: bald",)
    assert table_of(found, "attributes").rows == ("old", "smile")
    only = measured(LinearSeparability(space="z"), stylegan(), scores[:, 1:], names=NAMES[1:], continuous=OLD, seed=3)
    assert found.value == only.value


def test_a_class_too_rare_to_split_has_no_held_out_value() -> None:
    scores = _scores()[:, [0, 2]]
    scores[:, 0] = -20 - np.abs(scores[:, 0]).clip(0, 3)
    scores[7, 0] = 50
    found = measured(LinearSeparability(space="z"), stylegan(), scores, names=("bald", "smile"), seed=3)
    assert np.isnan(column_of(found, "attributes", "H(Y|X), held out")).tolist() == [True, False]
    assert table_of(found, "scores").values[1] == (None,)


def _changed(column: int, value: float, rows: slice = slice(None)) -> np.ndarray:
    scores = _scores()
    scores[rows, column] = value
    return scores


def test_an_attribute_that_never_changes_is_left_out() -> None:
    found = measured(LinearSeparability(space="z"), stylegan(), _changed(1, 7.0), names=NAMES, seed=3)
    assert table_of(found, "attributes").rows == ("bald", "smile")
    assert any("old" in note for note in found.notes)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (_scores()[:39], "at least 40"),
        (np.zeros((0, 3)), "at least 40"),
        (_changed(2, np.nan, slice(3, 5)), "not finite at samples 3, 4"),
        (_scores()[:, :2], "2 columns for bald, old, smile"),
        (np.abs(_scores()) + 1, r"of every attribute \(bald, old, smile\) one class"),
    ],
)
def test_bad_scores_are_refused(scores: np.ndarray, said: str) -> None:
    with pytest.raises(MetricError, match=said):
        measured(LinearSeparability(space="z"), stylegan(), scores, names=NAMES)


def test_missing_samples_are_named() -> None:
    index = torch.tensor([*range(30), *range(31, 61)])
    state = KeptRows().added(index, torch.from_numpy(_scores()[:60]))
    with pytest.raises(MetricError, match="sample 30 is missing"):
        LinearSeparability(space="z").measure(state, ScoredSamples(stylegan(), 0, NAMES))


def test_what_has_no_such_latents_is_refused() -> None:
    grey = FunctionSampler(lambda n, seed: torch.zeros(n, 3, 4, 4), name="grey")
    with pytest.raises(CapabilityError, match="images only"):
        measured(LinearSeparability(space="z"), grey, _scores(), names=NAMES)
    with pytest.raises((CapabilityError, InputError), match="no space 'w'"):
        measured(LinearSeparability(space="w"), planted(), _scores(), names=NAMES)
    sampler = Warped(unmixed())
    with pytest.raises(CapabilityError, match="no space 's'"):
        measured(LinearSeparability(space="s"), sampler, scores_of(sampler, 100))


def test_styles_are_a_space_too() -> None:
    found = measured(LinearSeparability(space="s"), stylegan(), _scores()[:600], names=NAMES, continuous=OLD, seed=3)
    assert 1 <= found.value <= 8
