"""InterFaceGAN's protocol: planted truth, a plain reading of it by hand, scipy's intervals, bad scores."""

from __future__ import annotations

import numpy as np
import pytest
from direction_fakes import DIM, stylegan, unit
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.svm import LinearSVC

from ganprobe.core.errors import InputError, MetricError, UntoldError
from ganprobe.directions import separate, wilson_interval
from ganprobe.directions.latents import latents_of
from ganprobe.directions.methods.interfacegan import choose_extremes, default_extremes, standing_out
from ganprobe.directions.methods.search import check_conditions, interfacegan_directions

N = 6000
NORMALS = unit(*np.random.default_rng(2).standard_normal((2, DIM)))


def _latents(space: str) -> np.ndarray:
    return latents_of(stylegan(), range(N), seed=1, space=space).numpy().astype(np.float64)


def _scores(space: str, noise: float = 0.0) -> dict[str, np.ndarray]:
    latents = _latents(space)
    rng = np.random.default_rng(0)
    along = latents @ NORMALS.T
    along += noise * along.std(0) * rng.standard_normal(along.shape)
    return {"first": along[:, 0], "second": along[:, 1]}


@pytest.mark.parametrize(("space", "extremes"), [("z", None), ("w", N // 2)])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_planted_normals_come_back(space: str, extremes: int | None, noise: float) -> None:
    """In w, whose numbers are small and unevenly spread, extremes alone lie so far apart that a softer margin than the
    best one will do; with all samples the normal comes back there too."""
    found = separate(stylegan(), _scores(space, noise), space=space, seed=1, extremes=extremes)
    for each, normal in zip(found, NORMALS, strict=True):
        assert each.boundary.normal @ normal > 0.98
        assert each.validation.value > (0.97 if extremes is None else 0.88)
        assert each.spread == pytest.approx((_latents(space) @ each.boundary.normal).std(ddof=1))


def test_extremes_in_w_point_the_planted_way() -> None:
    for each, normal in zip(separate(stylegan(), _scores("w"), space="w", seed=1), NORMALS, strict=True):
        assert np.corrcoef(_latents("w") @ each.boundary.normal, _latents("w") @ normal)[0, 1] > 0.97
        assert each.validation.value > 0.99


def test_the_numbers_are_those_of_the_protocol_by_hand() -> None:
    scores = _scores("z", 1.0)["first"].astype(np.float32)
    (found,) = separate(stylegan(), {"first": scores}, space="z", seed=1, extremes=500)
    parts = choose_extremes(scores, 500, seed=1, name="first")
    latents = _latents("z")
    machine = LinearSVC(dual=False, tol=1e-10, max_iter=100_000).fit(latents[parts.train], parts.train_high)
    said = machine.predict(latents)
    assert found.train.value == pytest.approx((said[parts.train] == parts.train_high).mean())
    assert found.validation.value == pytest.approx((said[parts.validation] == parts.validation_high).mean())
    middle = np.sort(np.argsort(scores)[500:-500])
    cuts = {"midrange": (scores.max() + scores.min()) / 2, "median": np.median(scores), "zero": 0}
    for name, cut in cuts.items():
        truth = scores[middle] >= cut
        assert found.remaining[name].value == pytest.approx((said[middle] == truth).mean())
        assert found.positives[name] == pytest.approx(truth.mean())
        assert found.remaining[name].n == N - 1000
    assert found.extremes == 500
    assert (found.train.n, found.validation.n) == (700, 300)


def test_extremes_are_the_highest_and_lowest_and_split_70_to_30() -> None:
    scores = np.random.default_rng(0).permutation(1000).astype(float)
    parts = choose_extremes(scores, 100, seed=0, name="x")
    high = np.concatenate([parts.train[parts.train_high], parts.validation[parts.validation_high]])
    low = np.concatenate([parts.train[~parts.train_high], parts.validation[~parts.validation_high]])
    assert sorted(scores[high]) == list(range(900, 1000))
    assert sorted(scores[low]) == list(range(100))
    assert (parts.train_high.sum(), (~parts.train_high).sum(), len(parts.validation)) == (70, 70, 60)
    everything = np.concatenate([parts.train, parts.validation, parts.remaining])
    assert sorted(everything) == list(range(1000))
    other = choose_extremes(scores, 100, seed=1, name="x")
    assert set(other.train) != set(parts.train)
    np.testing.assert_array_equal(choose_extremes(scores, 100, seed=0, name="x").train, parts.train)


def test_noise_gives_chance() -> None:
    scores = {"noise": np.random.default_rng(9).standard_normal(N)}
    (found,) = separate(stylegan(), scores, space="z", seed=1)
    low, high = found.validation.ci95
    assert low <= 0.5 <= high
    assert found.remaining["median"].value == pytest.approx(0.5, abs=0.04)


def test_sizes_scale_down_from_the_papers() -> None:
    assert [default_extremes(n) for n in (500_000, 100_000, 20_000, 300)] == [10_000, 10_000, 2_000, 30]


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts: tuple[int, int]) -> None:
    expected = binomtest(*counts).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(wilson_interval(*counts), (expected.low, expected.high), atol=1e-9)


@pytest.mark.parametrize(
    ("scores", "extremes", "error", "said"),
    [
        (np.ones(1000), None, UntoldError, "never change"),
        (
            np.append(np.zeros(999), 1.0),
            None,
            UntoldError,
            "only 1 of 1000 samples stand out .* at least 10 are needed",
        ),
        (np.append(np.zeros(950), np.ones(50)), None, UntoldError, r"only 50 of 1000 .* and 100 were .*--extremes 50"),
        (np.append(np.zeros(30), np.ones(970)), 0.1, UntoldError, r"only 30 of 1000 .*--extremes 30"),
        (np.arange(1000.0), 0.005, InputError, "5 samples at each end"),
        (np.append(np.arange(999.0), np.nan), None, MetricError, "in rows 999"),
        (np.ones((100, 2)), None, MetricError, "1 axes"),
        (np.arange(50.0), None, InputError, "draw more"),
        (np.arange(50.0), 26, InputError, "draw more"),
    ],
)
def test_bad_scores_are_refused(scores: np.ndarray, extremes: int | None, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        choose_extremes(scores, extremes, seed=0, name="x")


@given(st.lists(st.integers(0, 4), min_size=40, max_size=80))
def test_as_many_stand_out_as_can_be_taken(values: list[int]) -> None:
    scores = np.array(values, dtype=np.float64)
    most = standing_out(scores)
    ordered = np.sort(scores)
    for each in range(1, len(scores) // 2 + 1):
        assert (ordered[-each] > ordered[each - 1]) == (each <= most)


def test_a_rare_attribute_is_separated_by_those_that_have_it() -> None:
    rare = (_scores("w")["first"] > np.quantile(_scores("w")["first"], 0.95)).astype(np.float64)
    with pytest.raises(UntoldError, match=f"--extremes {int(rare.sum())}"):
        separate(stylegan(), {"rare": rare}, space="w", seed=1)
    (found,) = separate(stylegan(), {"rare": rare}, space="w", seed=1, extremes=int(rare.sum()))
    assert found.extremes == int(rare.sum())
    assert abs(found.boundary.normal @ NORMALS[0]) > 0.7
    (share,) = separate(stylegan(), {"rare": rare}, space="w", seed=1, extremes=0.02)
    assert share.extremes == int(0.02 * len(rare))


def test_one_rare_attribute_leaves_the_others_their_directions() -> None:
    scores = {**_scores("z"), "rare": np.append(np.zeros(N - 40), np.ones(40)), "still": np.ones(N)}
    items, numbers = interfacegan_directions(stylegan(), scores, spaces=("z",), seed=1)
    assert [item.name for item in items] == ["first", "second"]
    assert set(numbers["untold"]) == {"rare", "still"}
    assert "--extremes 40" in numbers["untold"]["rare"]
    with pytest.raises(UntoldError, match=f"a condition names 'rare', and only 40 of {N}"):
        interfacegan_directions(stylegan(), scores, spaces=("z",), seed=1, conditions=[("first", ("rare",))])
    with pytest.raises(UntoldError, match="never change"):
        interfacegan_directions(stylegan(), {"still": np.ones(N)}, spaces=("z",), seed=1)


def test_all_samples_at_the_extremes_leave_none_remaining() -> None:
    scores = {"first": _scores("z")["first"][:1000]}
    (found,) = separate(stylegan(), scores, space="z", seed=1, extremes=500)
    assert found.remaining == {}


def test_directions_of_both_spaces_with_conditions() -> None:
    scores = _scores("z")
    scores["mixed"] = scores["first"] + scores["second"]
    items, numbers = interfacegan_directions(
        stylegan(), scores, spaces=("w", "z"), seed=1, conditions=[("mixed", ("first",))]
    )
    assert [(item.name, item.space) for item in items] == [
        *((name, space) for space in ("w", "z") for name in ("first", "second", "mixed")),
        ("mixed_c_first", "w"),
        ("mixed_c_first", "z"),
    ]
    by_key = {(item.name, item.space): item for item in items}
    freed = by_key["mixed_c_first", "z"]
    assert abs(freed.vector @ by_key["first", "z"].vector) < 1e-6
    second = NORMALS[1] - NORMALS[1] @ NORMALS[0] * NORMALS[0]
    assert freed.vector @ second / np.linalg.norm(second) > 0.98
    assert by_key["first", "z"].scale == 1.0
    assert numbers["score_correlation"]["names"] == ["first", "second", "mixed"]
    expected = np.corrcoef(np.stack(list(scores.values())))
    np.testing.assert_allclose(numbers["score_correlation"]["matrix"], expected, atol=1e-12)
    cosines = numbers["cosines"]["z"]
    assert cosines["names"] == ["first", "second", "mixed", "mixed_c_first"]
    assert cosines["matrix"][0][3] == pytest.approx(0, abs=1e-6)
    assert len(numbers["separations"]) == 6


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ([("smille", ("age",))], "did you mean 'smile'"),
        ([("smile", ("hat",))], "unknown attribute"),
        ([("smile", ("smile",))], "other attributes"),
        ([("smile", ())], "other attributes"),
        ([("smile", ("age",)), ("smile", ("age",))], "twice"),
    ],
)
def test_conditions_that_make_no_sense_are_refused(conditions: list[tuple[str, tuple[str, ...]]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_conditions(["smile", "age"], conditions)
