"""Every pure function takes the same forms of numbers, to the same result, and refuses the same others by one line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import isfunction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ganprobe.directions
import ganprobe.metrics
from ganprobe.core.errors import GanprobeError, MetricError
from ganprobe.directions import fit_boundary, project_boundary, wilson_interval
from ganprobe.directions.methods.boundary import Boundary
from ganprobe.directions.methods.sefa import factorise
from ganprobe.metrics.disentanglement.dci import completeness_scores, disentanglement_scores
from ganprobe.metrics.disentanglement.mig import discretised
from ganprobe.metrics.given import whole

NOT_PURE = {
    "resolve",
    *("edit", "compose", "import_boundary", "import_components", "imported_directions", "ganspace_components"),
    *("load_directions", "save_directions", "load_latents", "save_latents", "read_latents", "sefa_factors", "separate"),
}
"""What reads files, generators or names instead of numbers."""


@dataclass(frozen=True)
class Case:
    """A function, and valid numbers for its arguments: whole ones, or eighths, which half precision holds."""

    call: Callable[..., Any]
    arguments: Callable[[np.random.Generator], Mapping[str, np.ndarray]]
    counts: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    alike: tuple[str, ...] = ()
    """Arguments whose last axes must fit each other."""


def eighths(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.clip(np.round(rng.standard_normal(shape) * 8), -24, 24) / 8


def rows(*sizes: tuple[int, int], names: tuple[str, ...]) -> Callable[[np.random.Generator], dict[str, np.ndarray]]:
    return lambda rng: {name: eighths(rng, *size) for name, size in zip(names, sizes, strict=True)}


def gaussians(rng: np.random.Generator) -> dict[str, np.ndarray]:
    roots = rng.integers(-2, 3, (2, 3, 3))
    spreads = {f"cov_{side}": root @ root.T + np.eye(3) for side, root in zip("ab", roots, strict=True)}
    return {"mean_a": eighths(rng, 3), "mean_b": eighths(rng, 3), **spreads}


def spreads(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {name: value for name, value in gaussians(rng).items() if name.startswith("cov")}


def probabilities(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"probabilities": rng.permuted(np.tile([0.5, 0.25, 0.125, 0.125], (20, 1)), axis=1)}


def images(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {name: rng.integers(0, 256, (2, 3, 16, 17)).astype(float) for name in "ab"}


def latents_and(name: str) -> Callable[[np.random.Generator], dict[str, np.ndarray]]:
    def drawn(rng: np.random.Generator) -> dict[str, np.ndarray]:
        latents = eighths(rng, 90, 3)
        return {"latents": latents, name: latents[:, :2] + eighths(rng, 90, 2)}

    return drawn


def classes(rng: np.random.Generator) -> dict[str, np.ndarray]:
    latents = eighths(rng, 60, 3)
    return {"latents": latents, "labels": (latents[:, 0] > 0).astype(float)}


def confusions(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"confusions": rng.integers(1, 30, (3, 2, 2)).astype(float)}


def projected(primal: Any, condition_0: Any, condition_1: Any) -> Any:
    return project_boundary(primal, condition_0, condition_1)


TWO = partial(rows, (30, 3), (40, 3))
METRICS: dict[str, Case] = {
    "attribute_correlation": Case(ganprobe.metrics.attribute_correlation, rows((30, 3), names=("scores",))),
    "dci": Case(ganprobe.metrics.dci, latents_and("factors"), counts=("groups",)),
    "mutual_information_gap": Case(
        ganprobe.metrics.mutual_information_gap, latents_and("factors"), counts=("bins", "halves")
    ),
    "separated_predictability": Case(
        ganprobe.metrics.separated_predictability, latents_and("attributes"), counts=("groups",), fixed={"groups": 5}
    ),
    "separability_score": Case(ganprobe.metrics.separability_score, confusions),
    "frechet_distance": Case(ganprobe.metrics.frechet_distance, gaussians, alike=("mean_a", "mean_b")),
    "frechet_bias": Case(
        ganprobe.metrics.frechet_bias, spreads, counts=("n_a", "n_b"), fixed={"n_a": 10, "n_b": 20}, alike=("cov_a",)
    ),
    "kernel_distance": Case(
        ganprobe.metrics.kernel_distance,
        TWO(names=("a", "b")),
        counts=("subsets", "subset_size"),
        fixed={"subsets": 3},
        alike=("a", "b"),
    ),
    "gaussian_mmd": Case(ganprobe.metrics.gaussian_mmd, TWO(names=("a", "b")), alike=("a", "b")),
    "squared_mmd": Case(ganprobe.metrics.squared_mmd, TWO(names=("a", "b")), alike=("a", "b")),
    "authenticity": Case(ganprobe.metrics.authenticity, TWO(names=("real", "fake")), alike=("real", "fake")),
    "prdc": Case(ganprobe.metrics.prdc, TWO(names=("real", "fake")), counts=("k",), alike=("real", "fake")),
    "precision_recall": Case(
        ganprobe.metrics.precision_recall, TWO(names=("real", "fake")), counts=("k",), alike=("real", "fake")
    ),
    "trimmed_mean": Case(ganprobe.metrics.trimmed_mean, lambda rng: {"values": np.abs(eighths(rng, 50))}),
    "ms_ssim": Case(ganprobe.metrics.ms_ssim, images, alike=("a", "b")),
    "sliced_wasserstein": Case(
        ganprobe.metrics.sliced_wasserstein,
        TWO(names=("a", "b")),
        counts=("directions",),
        fixed={"directions": 8},
        alike=("a", "b"),
    ),
    "inception_score": Case(ganprobe.metrics.inception_score, probabilities, counts=("splits",)),
    "inception_score_splits": Case(ganprobe.metrics.inception_score_splits, probabilities, counts=("splits",)),
}
DIRECTIONS: dict[str, Case] = {
    "fit_boundary": Case(fit_boundary, classes),
    "project_boundary": Case(
        projected,
        rows((5,), (5,), (5,), names=("primal", "condition_0", "condition_1")),
        alike=("primal", "condition_0", "condition_1"),
    ),
    "factorise": Case(factorise, rows((9, 4), names=("weight",)), fixed={"count": 2}),
    "distance": Case(
        Boundary(np.array([0.6, 0.8]), 0.5, 1.0, 9).distance, rows((7, 2), names=("latents",)), alike=("latents",)
    ),
}
INNER: dict[str, Case] = {
    "discretised": Case(discretised, rows((40, 2), names=("values",)), counts=("bins",)),
    "disentanglement_scores": Case(disentanglement_scores, lambda rng: {"importances": np.abs(eighths(rng, 5, 3))}),
    "completeness_scores": Case(completeness_scores, lambda rng: {"importances": np.abs(eighths(rng, 5, 3))}),
}
CASES = METRICS | DIRECTIONS | INNER
UNBOUNDED = {"trimmed_mean", "project_boundary"}
"""Functions that take no powers, or bring their numbers to a scale first."""


def backwards(x: np.ndarray) -> np.ndarray:
    axes = tuple(range(x.ndim))
    return np.flip(np.flip(x, axes).copy(), axes)


def every_second(x: np.ndarray) -> np.ndarray:
    wide = np.zeros((2 * len(x), *x.shape[1:]))
    wide[::2] = x
    return wide[::2]


def framed(x: np.ndarray) -> Any:
    return pd.DataFrame(x) if x.ndim == 2 else pd.Series(x) if x.ndim == 1 else x


def mixed_frame(x: np.ndarray) -> Any:
    """Columns of several types, one of them nullable."""
    if x.ndim != 2:
        return framed(x)
    kinds = ["float32", "Float64", "float64"]
    return pd.DataFrame({str(k): pd.Series(column).astype(kinds[k % 3]) for k, column in enumerate(x.T)})


def read_only(x: np.ndarray) -> np.ndarray:
    copy = x.copy()
    copy.flags.writeable = False
    return copy


ACCEPTED: dict[str, Callable[[np.ndarray], Any]] = {
    "Fortran order": np.asfortranarray,
    "negative strides": backwards,
    "every second row": every_second,
    "read only": read_only,
    "big-endian": lambda x: x.astype(">f8"),
    "big-endian single": lambda x: x.astype(">f4"),
    "float16": lambda x: x.astype(np.float16),
    "float32": lambda x: x.astype(np.float32),
    "longdouble": lambda x: x.astype(np.longdouble),
    "list": lambda x: x.tolist(),
    "list of arrays": list,
    "tensor": torch.from_numpy,
    "tensor with gradient": lambda x: torch.tensor(x, requires_grad=True),
    "transposed tensor": lambda x: torch.from_numpy(np.ascontiguousarray(x.T)).permute(*reversed(range(x.ndim))),
    "half tensor": lambda x: torch.from_numpy(x).half(),
    "bfloat16 tensor": lambda x: torch.from_numpy(x).bfloat16(),
    "frame": framed,
    "mixed frame": mixed_frame,
}
INTEGERS: dict[str, Callable[[np.ndarray], Any]] = {
    **{name: (lambda x, name=name: x.astype(name)) for name in ("int8", "int64", ">i4")},
    "int tensor": lambda x: torch.from_numpy(x).int(),
    "frame of integers": lambda x: framed(x.astype(np.int32)),
    "nullable integers": lambda x: pd.DataFrame(x).astype("Int64") if x.ndim == 2 else framed(x.astype(int)),
}


def ragged(x: np.ndarray) -> Any:
    return [x.tolist(), [1.0]]


def with_hole(value: float) -> Callable[[np.ndarray], Any]:
    def holed(x: np.ndarray) -> Any:
        copy = x.copy()
        copy.flat[-1] = value
        return copy

    return holed


REFUSED: dict[str, Callable[[np.ndarray], Any]] = {
    "objects": lambda x: x.astype(object),
    "text": lambda x: x.astype(str),
    "complex": lambda x: x.astype(complex),
    "dates": lambda x: x.astype("int64").astype("datetime64[s]"),
    "records": lambda x: np.zeros(len(x), dtype=[("a", float), ("b", int)]),
    "ragged": ragged,
    "masked": np.ma.masked_array,
    "list of masked": lambda x: [np.ma.masked_array(row, mask=True) for row in x],
    "sparse": lambda x: scipy.sparse.csr_matrix(x.reshape(len(x), -1)),
    "frame of text": lambda x: pd.DataFrame({"a": ["1.5", "2"]}),
    "categories": lambda x: pd.DataFrame({"a": pd.Categorical([1, 2])}),
    "complex tensor": lambda x: torch.from_numpy(x).to(torch.complex64),
    "sparse tensor": lambda x: torch.from_numpy(x).to_sparse(),
    "meta tensor": lambda x: torch.from_numpy(x).to("meta"),
    "nothing": lambda x: None,
    "a word": lambda x: "numbers",
    "a mapping": lambda x: {"a": 1},
    "one number": lambda x: 1.0,
    "empty": lambda x: x[:0],
    "NaN": with_hole(np.nan),
    "infinity": with_hole(np.inf),
}


def flat(found: Any) -> np.ndarray:
    """All numbers of a result, in order."""
    if isinstance(found, torch.Tensor | np.ndarray | float | int):
        return np.asarray(found, dtype=np.float64).ravel()
    if isinstance(found, Mapping):
        return flat(tuple(found.values()))
    if isinstance(found, tuple):
        return np.concatenate([flat(part) for part in found])
    return flat(tuple(getattr(found, name) for name in found.__dataclass_fields__ if getattr(found, name) is not None))


def test_every_function_has_a_case():
    pure = {name for name in ganprobe.metrics.__all__ if isfunction(getattr(ganprobe.metrics, name))} - NOT_PURE
    assert pure == set(METRICS)
    here = {name for name in ganprobe.directions.__all__ if isfunction(getattr(ganprobe.directions, name))} - NOT_PURE
    assert here == {"fit_boundary", "project_boundary", "factorise", "wilson_interval"}


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(CASES)), form=st.sampled_from(sorted(ACCEPTED)), seed=st.integers(0, 99))
def test_every_form_of_the_same_numbers_gives_the_same_result(name, form, seed):
    case = CASES[name]
    plain = case.arguments(np.random.default_rng(seed))
    expected = flat(case.call(**plain, **case.fixed))
    shaped = {key: ACCEPTED[form](value) for key, value in plain.items()}
    single = "tensor" in form or form in ("float16", "float32", "big-endian single")
    np.testing.assert_allclose(
        flat(case.call(**shaped, **case.fixed)),
        expected,
        rtol=1e-9,
        atol=5e-3 if single and "boundary" in name else 1e-9,
    )


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(sorted(CASES)), form=st.sampled_from(sorted(INTEGERS)), seed=st.integers(0, 99))
def test_integers_are_the_numbers_that_they_are(name, form, seed):
    case = CASES[name]
    plain = {key: np.round(value) for key, value in case.arguments(np.random.default_rng(seed)).items()}
    if name.startswith("inception"):
        plain = {"probabilities": np.eye(4)[np.random.default_rng(seed).integers(0, 4, 20)]}
    if name == "ms_ssim":
        plain = {key: value // 4 for key, value in plain.items()}
    try:
        expected = flat(case.call(**plain, **case.fixed))
    except MetricError:
        return
    shaped = {key: INTEGERS[form](value) for key, value in plain.items()}
    tolerance = 1e-6 if name == "project_boundary" else 1e-9
    np.testing.assert_allclose(flat(case.call(**shaped, **case.fixed)), expected, rtol=1e-9, atol=tolerance)


@settings(max_examples=250, deadline=None)
@given(
    name=st.sampled_from(sorted(CASES)), form=st.sampled_from(sorted(REFUSED)), seed=st.integers(0, 99), data=st.data()
)
def test_what_holds_no_numbers_is_refused_by_name(name, form, seed, data):
    case = CASES[name]
    arguments = dict(case.arguments(np.random.default_rng(seed)))
    key = data.draw(st.sampled_from(sorted(arguments)))
    arguments[key] = REFUSED[form](arguments[key])
    if form == "one number" and name == "project_boundary":
        return
    with pytest.raises(MetricError) as caught:
        case.call(**arguments, **case.fixed)
    said = str(caught.value)
    assert "\n" not in said
    assert key.replace("_", " ") in said.replace("_", " ") or key == "weight"


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(sorted(set(CASES) - UNBOUNDED)), factor=st.sampled_from([1e160, 1e200, 1e300]), data=st.data()
)
def test_numbers_whose_squares_overflow_are_refused(name, factor, data):
    case = CASES[name]
    arguments = dict(case.arguments(np.random.default_rng(1)))
    key = data.draw(st.sampled_from(sorted(set(arguments) - {"labels"})))
    arguments[key] = arguments[key] * factor
    with pytest.raises(MetricError):
        case.call(**arguments, **case.fixed)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(CASES)),
    odd=st.sampled_from(["tiny", "constant", "zero", "one column tiny", "far away", "single", "1e38"]),
    data=st.data(),
)
def test_odd_numbers_give_a_number_or_one_line(name, odd, data):
    """Never a traceback of another kind, a warning or a NaN."""
    case = CASES[name]
    arguments = dict(case.arguments(np.random.default_rng(2)))
    key = data.draw(st.sampled_from(sorted(arguments)))
    x = arguments[key].copy()
    if odd == "one column tiny":
        x[..., 0] *= 1e-300
    arguments[key] = {
        "tiny": x * 1e-310,
        "constant": x * 0 + 1,
        "zero": x * 0,
        "one column tiny": x,
        "far away": x + 1e8,
        "single": x[:1],
        "1e38": x * 1e38,
    }[odd]
    try:
        found = case.call(**arguments, **case.fixed)
    except GanprobeError:
        return
    assert np.isfinite(flat(found)).all()


@pytest.mark.parametrize("name", sorted(name for name, case in CASES.items() if case.alike))
def test_widths_that_differ_are_refused(name):
    case = CASES[name]
    for key in case.alike:
        arguments = dict(case.arguments(np.random.default_rng(3)))
        x = arguments[key]
        arguments[key] = np.concatenate([x, x[..., :1]], axis=-1)
        with pytest.raises(MetricError):
            case.call(**arguments, **case.fixed)


@pytest.mark.parametrize(("name", "count"), [(name, count) for name, case in CASES.items() for count in case.counts])
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", None, True, 10**9])
def test_counts_are_whole_numbers_in_reach(name, count, value):
    case = CASES[name]
    arguments = {**case.arguments(np.random.default_rng(4)), **case.fixed, count: value}
    if value == 10**9 and count in ("subset_size", "n_a", "n_b", "subsets", "halves", "directions"):
        return
    with pytest.raises(MetricError):
        case.call(**arguments)


def test_whole_takes_any_integer_type():
    assert whole(np.int16(3), "k", 1) == 3
    with pytest.raises(MetricError, match="k must be a whole number from 1 to 4; got 5"):
        whole(5, "k", 1, 4)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (1, 0), (0.5, 2), ("1", 2)])
def test_wilson_intervals_are_of_counts(successes, n):
    with pytest.raises(MetricError):
        wilson_interval(successes, n)


def test_what_is_no_symmetric_covariance_is_refused():
    eye = np.eye(3)
    skew = eye.copy()
    skew[0, 1] = 0.1
    for cov_a, cov_b in ((skew, eye), (eye, skew), (-eye, eye)):
        with pytest.raises(MetricError, match="cov_"):
            ganprobe.metrics.frechet_distance(np.zeros(3), cov_a, np.zeros(3), cov_b)


def test_place_and_scale_cost_no_digits():
    rng = np.random.default_rng(5)
    latents = rng.standard_normal((300, 3))
    factors = latents[:, :2] + 0.3 * rng.standard_normal((300, 2))
    a, b = latents[:150], latents[150:] + 0.2
    wasserstein = ganprobe.metrics.sliced_wasserstein(a, b)
    assert ganprobe.metrics.sliced_wasserstein(a + 1e8, b + 1e8) == pytest.approx(wasserstein, rel=1e-6)
    assert ganprobe.metrics.sliced_wasserstein(a * 1e38, b * 1e38) == pytest.approx(wasserstein * 1e38, rel=1e-6)
    dci = ganprobe.metrics.dci(latents, factors)
    moved = ganprobe.metrics.dci(latents + 1e8, factors * 1e-3 + 1e5)
    assert flat((moved.disentanglement, moved.informativeness)) == pytest.approx(
        flat((dci.disentanglement, dci.informativeness)), rel=1e-5
    )
    sap = ganprobe.metrics.separated_predictability(latents, factors).value
    assert ganprobe.metrics.separated_predictability(latents + 1e8, factors + 1e8).value == pytest.approx(sap, rel=1e-6)


def test_more_bins_than_a_byte_counts():
    values = np.linspace(0, 1, 4096)[:, None] * [1.0, 2.0]
    assert discretised(values, bins=1000).max() == 999
    rng = np.random.default_rng(6)
    latents = rng.random((200_000, 2))
    gap = ganprobe.metrics.mutual_information_gap(latents, latents[:, :1], bins=300, halves=2)
    # A factor that is a latent is told by it in full; the other tells what its bins find by chance.
    chance = (300 - 1) ** 2 / (2 * len(latents))
    assert gap.information[0, 0] == pytest.approx(gap.entropies[0])
    assert gap.information[1, 0] == pytest.approx(chance, rel=0.2)
