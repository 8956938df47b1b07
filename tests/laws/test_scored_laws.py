"""What every metric of attribute scores satisfies: its state is a commutative monoid, its number depends neither on
batches nor on their order, its state survives the way to a file, and it says what it may not be given."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ganprobe.core.errors import MetricError, UntoldError
from ganprobe.core.streams import normal
from ganprobe.directions.scored.base import SCORES, ScoredMetric, ScoredSamples
from ganprobe.engine.opening.metrics import CATALOGUE
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.samplers.generator import GeneratorSampler

SCORED = {name: spec for name, spec in CATALOGUE.items() if isinstance(spec.build(), ScoredMetric)}
EVERY = pytest.mark.parametrize("name", SCORED)
N = 160
few_examples = settings(max_examples=8, deadline=None)
orders = st.permutations(range(N))
cuts = st.lists(st.integers(0, N), max_size=5).map(sorted)


def _sampler():
    config = StyleGANConfig(resolution=8, z_dim=6, w_dim=6, mapping_layers=2, channel_base=32, channel_max=8)
    generator = StyleGANGenerator(config, seed=0)
    assert isinstance(generator, nn.Module)
    return GeneratorSampler(generator, name="tiny", fingerprint="tiny")


SAMPLES = ScoredSamples(_sampler(), 0, ("age", "glasses", "smile"), frozenset({"age"}))
SCORES_OF_ALL = torch.from_numpy(normal(0, "law scores", range(N), (3,)))


def columns_of(index):
    numbers = torch.tensor(list(index), dtype=torch.int64)
    return {"index": numbers, SCORES: SCORES_OF_ALL[numbers]}


def state_of(metric, index):
    return metric.update(metric.empty(), columns_of(index))


def read(metric, state):
    """The estimate that the metric is called after; variants may stand beside it."""
    return next(iter(metric.measure(state, SAMPLES).values()))


def assert_alike(metric, a, b):
    """The same rows, bit for bit, and so the same numbers."""
    ours, theirs = metric.pack(a), metric.pack(b)
    assert ours.keys() == theirs.keys()
    assert all((ours[key] == theirs[key]).all() for key in ours)


def test_there_are_scored_metrics():
    assert {"ls_z", "ls_w", "boundary_accuracy", "attribute_correlation", "dci_w", "mig_w", "sap_w"} <= SCORED.keys()


@EVERY
def test_all_share_one_state(name):
    metric = SCORED[name].build()
    assert metric.needs == {SCORES}
    assert metric.state_key == SCORED["ls_z"].build().state_key
    assert SCORED[name].features == SCORES


@EVERY
def test_empty_is_a_unit(name):
    metric = SCORED[name].build()
    state = state_of(metric, range(N))
    assert_alike(metric, metric.merge(metric.empty(), state), state)
    assert_alike(metric, metric.merge(state, metric.empty()), state)


@EVERY
@few_examples
@given(order=orders, ends=cuts)
def test_merging_is_associative_and_commutative_and_survives_a_file(name, order, ends):
    metric = SCORED[name].build()
    state = metric.empty()
    for a, b in zip([0, *ends], [*ends, N], strict=True):
        file = io.BytesIO()
        np.savez(file, **metric.pack(metric.merge(state_of(metric, order[a:b]), state)))
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            state = metric.unpack(dict(arrays))
    assert_alike(metric, state, state_of(metric, range(N)))
    reverse = metric.empty()
    for a, b in reversed(list(zip([0, *ends], [*ends, N], strict=True))):
        reverse = metric.update(reverse, columns_of(order[a:b]))
    assert_alike(metric, reverse, state)


@EVERY
def test_the_number_is_the_same_whatever_the_order(name):
    metric = SCORED[name].build()
    shuffled = list(np.random.default_rng(0).permutation(N))
    parts = metric.merge(state_of(metric, shuffled[:50]), state_of(metric, shuffled[50:]))
    whole, mixed = read(metric, state_of(metric, range(N))), read(metric, parts)
    assert (whole.value, whole.ci95, whole.n, whole.tables) == (mixed.value, mixed.ci95, mixed.n, mixed.tables)
    assert {said.partition("@")[0] for said in metric.measure(parts, SAMPLES)} == {name}


@EVERY
def test_an_estimate_has_its_interval_and_finite_tables(name):
    found = read(SCORED[name].build(), state_of(SCORED[name].build(), range(N)))
    if found.ci95 is None:
        assert any("no interval" in note for note in found.notes)
    else:
        assert found.ci95[0] <= found.value <= found.ci95[1]
        assert found.variance >= 0
    assert found.n == N
    assert found.tables


@EVERY
def test_no_data_and_too_few_samples_raise(name):
    spec = SCORED[name]
    metric = spec.build()
    for few in (0, spec.minimum_samples - 1):
        with pytest.raises(MetricError, match=f"at least {spec.minimum_samples}"):
            metric.measure(state_of(metric, range(few)), SAMPLES)
    found = read(metric, state_of(metric, range(spec.minimum_samples)))
    assert np.isfinite(found.value)


@EVERY
def test_scores_that_are_not_finite_are_named(name):
    metric = SCORED[name].build()
    columns = columns_of(range(N))
    columns[SCORES] = columns[SCORES].clone()
    columns[SCORES][[11, 41], 1] = torch.tensor([torch.nan, torch.inf])
    with pytest.raises(MetricError, match=r"scores.* 11, 41"):
        metric.measure(metric.update(metric.empty(), columns), SAMPLES)


@EVERY
def test_constant_scores_are_named_and_the_others_measured(name):
    metric = SCORED[name].build()
    columns = columns_of(range(N))
    columns[SCORES] = columns[SCORES].clone()
    columns[SCORES][:, 2] = 1.0
    found = read(metric, metric.update(metric.empty(), columns))
    assert any("smile" in note for note in found.notes)
    columns[SCORES][:] = 1.0
    with pytest.raises(UntoldError, match="smile"):
        metric.measure(metric.update(metric.empty(), columns), SAMPLES)


@EVERY
def test_samples_that_came_twice_or_are_missing_raise(name):
    metric = SCORED[name].build()
    with pytest.raises(MetricError, match="twice"):
        metric.measure(metric.merge(state_of(metric, range(N)), state_of(metric, [3])), SAMPLES)
    with pytest.raises(MetricError, match="sample 5 is missing"):
        metric.measure(state_of(metric, [i for i in range(N) if i != 5]), SAMPLES)
