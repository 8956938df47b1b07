"""What every registered metric satisfies: its state is a commutative monoid, its number depends neither on batches nor
on their order, and its state survives the way to named arrays and to a file."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import METRICS, FrechetDistance, SlicedWasserstein

N = 64
BUILD = {name: spec.build for name, spec in METRICS.items()}
BUILD["fd of 16 rows"] = lambda: FrechetDistance(column="embedded.features", capacity=16)
BUILD["swd"] = lambda: SlicedWasserstein(directions=8)  # the state is the same, and the laws ask for many readings
BUILD["swd of 16 images"] = lambda: SlicedWasserstein(directions=8, capacity=16)
MONOIDS = pytest.mark.parametrize("name", BUILD)
EVERY = pytest.mark.parametrize("name", METRICS)
few_examples = settings(max_examples=25, deadline=None)
orders = st.permutations(range(N))
cuts = st.lists(st.integers(0, N), max_size=6).map(sorted)


def columns_of(metric, seed, index):
    """Columns as the extractors give them, for samples `index`."""
    made = {"index": torch.tensor(index, dtype=torch.int64)}
    rng = stream(seed, "law columns")
    for column in sorted(metric.needs):
        if column == "label":
            made[column] = made["index"] % 2
            continue
        if column == "pixels":
            table = rng.integers(0, 256, (N, 3, 16, 16))
            made[column] = torch.from_numpy(table.astype(np.uint8))[made["index"]]
            continue
        if column.endswith(("features", "pool3", "fc2", "dinov2.cls", "clip.image")):
            table = rng.standard_normal((N, 7)) * np.arange(1, 8) + seed
        elif "logits" in column:
            table = rng.standard_normal((N, 10)) * 2
        elif column.endswith("probabilities"):
            table = rng.dirichlet(np.full(10, 0.4), N)
        else:
            table = rng.lognormal(3, 1, N)
        made[column] = torch.from_numpy(table.astype(np.float32))[made["index"]]
    return made


def state_of(metric, seed, index):
    return metric.update(metric.empty(), columns_of(metric, seed, list(index)))


def parts_of(metric, order, ends):
    return [state_of(metric, 0, order[a:b]) for a, b in zip([0, *ends], [*ends, N], strict=True)]


def read(metric, state):
    (estimate,) = metric.compute(state, state_of(metric, 1, range(N))).values()
    return estimate


def assert_alike(metric, a, b):
    """The same numbers, and the same state as packed, to rounding; kept rows exactly."""
    ours, theirs = metric.pack(a), metric.pack(b)
    assert ours.keys() == theirs.keys()
    for key in ours:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-11, atol=1e-9, err_msg=key)
        if key in ("index", "rows", "n"):
            assert (ours[key] == theirs[key]).all(), key
    x, y = read(metric, a), read(metric, b)
    assert x.n == y.n
    np.testing.assert_allclose([x.value, *x.ci95, x.variance], [y.value, *y.ci95, y.variance], rtol=1e-9, atol=1e-9)


@MONOIDS
def test_empty_is_a_unit(name):
    metric = BUILD[name]()
    state = state_of(metric, 0, range(N))
    assert_alike(metric, metric.merge(metric.empty(), state), state)
    assert_alike(metric, metric.merge(state, metric.empty()), state)
    none = metric.pack(metric.merge(metric.empty(), metric.empty()))
    assert all((none[key] == value).all() for key, value in metric.pack(metric.empty()).items())


@MONOIDS
@few_examples
@given(order=orders, ends=st.tuples(st.integers(0, N), st.integers(0, N)).map(sorted))
def test_merge_is_associative_and_commutative(name, order, ends):
    metric = BUILD[name]()
    a, b, c = parts_of(metric, order, ends)
    left = metric.merge(metric.merge(a, b), c)
    assert_alike(metric, left, metric.merge(a, metric.merge(b, c)))
    assert_alike(metric, left, metric.merge(c, metric.merge(b, a)))


@MONOIDS
@few_examples
@given(order=orders, ends=cuts)
def test_batches_and_their_order_do_not_matter(name, order, ends):
    metric = BUILD[name]()
    state = metric.empty()
    for a, b in zip([0, *ends], [*ends, N], strict=True):
        state = metric.update(state, columns_of(metric, 0, order[a:b]))
    assert_alike(metric, state, state_of(metric, 0, range(N)))


@MONOIDS
@few_examples
@given(ends=cuts)
def test_a_state_goes_on_after_a_round_trip_to_a_file(name, ends):
    metric = BUILD[name]()
    state = metric.empty()
    for part in parts_of(metric, list(range(N)), ends):
        file = io.BytesIO()
        np.savez(file, **metric.pack(metric.merge(state, part)))
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            state = metric.unpack(dict(arrays))
    assert_alike(metric, state, state_of(metric, 0, range(N)))


@MONOIDS
def test_update_leaves_the_old_state_as_it_was(name):
    metric = BUILD[name]()
    state = state_of(metric, 0, range(40))
    before = metric.pack(state)
    metric.update(state, columns_of(metric, 0, list(range(40, N))))
    after = metric.pack(state)
    assert all((before[key] == after[key]).all() for key in before)


@EVERY
def test_no_data_and_too_few_samples_raise(name):
    metric, least = METRICS[name].build(), METRICS[name].minimum_samples
    reference = state_of(metric, 1, range(N))
    for few in (0, least - 1):
        with pytest.raises(MetricError, match=f"at least {least}"):
            metric.compute(state_of(metric, 0, range(few)), reference)
    assert np.isfinite(next(iter(metric.compute(state_of(metric, 0, range(least)), reference).values())).value)


@EVERY
def test_values_that_are_not_finite_are_named(name):
    metric = METRICS[name].build()
    columns = columns_of(metric, 0, list(range(N)))
    floats = [column for column in metric.needs if columns[column].is_floating_point()]
    if not floats:
        pytest.skip("whole numbers are always finite")
    (column,) = floats
    columns[column][[11, 41]] = torch.tensor([torch.nan, torch.inf]).reshape(2, *[1] * (columns[column].ndim - 1))
    with pytest.raises(MetricError, match=f"{column}.* 11, 41"):
        metric.compute(metric.update(metric.empty(), columns), state_of(metric, 1, range(N)))


@EVERY
def test_a_reference_is_needed_where_the_registry_says_so(name):
    metric, state = METRICS[name].build(), state_of(METRICS[name].build(), 0, range(N))
    if METRICS[name].needs_reference:
        with pytest.raises(MetricError, match="reference"):
            metric.compute(state)
    else:
        assert metric.compute(state).keys() == {name}
