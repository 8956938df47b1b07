"""Moments and kept rows against NumPy; what the summary refuses; that it never waits for a device."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import priorities, stream
from ganprobe.metrics import FrechetDistance, KeptRows, KernelDistance, Moments, SummaryKeeper
from ganprobe.metrics.states import rows as kept_rows
from ganprobe.metrics.states.rows import MOST_CHUNKS, priority_keys
from ganprobe.metrics.states.values import ColumnKeeper

KEEPER = SummaryKeeper(column="f", capacity=20)


def features(seed, n, d=3):
    return torch.from_numpy(stream(seed, "summary test").standard_normal((n, d)).astype(np.float32))


def updated(rows, index=None, keeper=KEEPER):
    index = torch.arange(len(rows)) if index is None else index
    return keeper.update(keeper.empty(), {"index": index, "f": rows})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=40, unique=True))
def test_device_priorities_order_as_the_streams_do(index):
    expected = np.argsort(priorities(np.array(index)))
    assert torch.argsort(priority_keys(torch.tensor(index))).tolist() == expected.tolist()


def test_moments_agree_with_numpy_far_from_zero():
    rows = features(0, 500).double() + 1e6
    moments = Moments.of(rows[:100]).added(rows[100:300]).joined(Moments.of(rows[300:]))
    assert moments.n == 500
    np.testing.assert_allclose(moments.mean(), rows.numpy().mean(0), rtol=1e-14)
    np.testing.assert_allclose(moments.covariance(ddof=1), np.cov(rows.numpy().T), rtol=1e-9)
    np.testing.assert_allclose(moments.covariance(ddof=0), np.cov(rows.numpy().T, bias=True), rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(order=st.permutations(range(90)), cuts=st.lists(st.integers(0, 90), max_size=8))
def test_the_kept_sample_depends_on_the_indices_alone(order, cuts):
    index, rows = torch.tensor(order), torch.tensor(order, dtype=torch.float32)[:, None]
    kept = KeptRows(11)
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), 90], strict=True):
        kept = kept.joined(KeptRows(11).added(index[start:stop], rows[start:stop]))
    lowest = np.sort(np.argsort(priorities(np.arange(90)))[:11])
    got_index, got_rows = kept.whole()
    assert got_index.tolist() == lowest.tolist()
    assert got_rows[:, 0].tolist() == lowest.tolist()


def test_many_small_batches_are_kept_whole():
    kept = KeptRows()
    for i in range(200):
        kept = kept.added(torch.tensor([i]), torch.tensor([[float(i)]]))
    assert kept.index.tolist() == list(range(200))
    assert len(kept.chunks) <= 65


def test_kept_rows_are_copies():
    rows = torch.zeros(3, 1)
    kept = KeptRows().added(torch.arange(3), rows)
    rows += 1
    assert kept.whole()[1].sum() == 0


def test_a_sample_counted_twice_is_refused():
    twice = KEEPER.merge(updated(features(0, 5)), updated(features(1, 5), torch.arange(4, 9)))
    with pytest.raises(MetricError, match="samples 4 were counted twice"):
        twice.rows.whole()


def test_thinning_keeps_moments_and_takes_the_smaller_capacity():
    state = updated(features(0, 50))
    thin = state.thinned(7)
    assert (thin.n, thin.rows.stored) == (50, 7)
    assert set(thin.rows.index) <= set(state.rows.index)
    assert KEEPER.merge(thin, updated(features(1, 50), torch.arange(50, 100))).rows.whole()[0].shape == (7,)
    assert state.thinned(99).rows.stored == 20


def test_values_that_are_not_finite_are_named_on_either_side():
    metric = FrechetDistance(column="f")
    good, rows = updated(features(0, 40)), features(1, 40)
    rows[[3, 8, 9, 12, 30, 31, 32], 1] = torch.nan
    bad = KEEPER.merge(updated(rows[20:], torch.arange(20, 40)), updated(rows[:20]))
    for again in (bad, KEEPER.unpack(KEEPER.pack(bad))):
        with pytest.raises(MetricError, match="'f' is not finite at samples 3, 8, 9, 12, 30 of the generated side"):
            metric.compute(again, good)
        with pytest.raises(MetricError, match="30 of the reference side"):
            KernelDistance(column="f").compute(good, again)


def test_no_data_and_no_reference_raise():
    for metric in (FrechetDistance(column="f"), KernelDistance(column="f")):
        some = updated(features(0, 5))
        for few in (metric.empty(), updated(features(0, 1))):
            with pytest.raises(MetricError, match="at least 2 generated samples"):
                metric.compute(few, some)
            with pytest.raises(MetricError, match="at least 2 reference samples"):
                metric.compute(some, few)
        with pytest.raises(MetricError, match="--reference"):
            metric.compute(some)


def test_columns_are_checked():
    rows = features(0, 4)
    for columns, said in (
        ({"index": torch.arange(4)}, r"\['f'\] were expected"),
        ({"f": rows}, r"\['index'\] were expected"),
        ({"f": rows, "index": torch.arange(3)}, r"shape \(4, 3\)"),
        ({"f": rows, "index": torch.arange(4).int()}, "int32"),
        ({"f": rows[:, 0], "index": torch.arange(4)}, "2 axes"),
    ):
        with pytest.raises(MetricError, match=said):
            KEEPER.update(KEEPER.empty(), columns)
    with pytest.raises(MetricError, match="3 features"):
        KEEPER.update(updated(rows), {"index": torch.arange(4, 8), "f": rows[:, :2]})


def test_updates_and_merges_never_read_values():
    """Tensors of the meta device have no values: whatever would wait for a device fails on them."""
    state = KEEPER.empty()
    for _ in range(6):
        columns = {"index": torch.zeros(16, dtype=torch.int64, device="meta"), "f": torch.zeros(16, 3, device="meta")}
        state = KEEPER.update(state, columns)
    both = KEEPER.merge(state, state)
    assert both.n == 192
    assert both.rows.stored == 20


@pytest.mark.parametrize("keeper", [KEEPER, SummaryKeeper(column="f", capacity=None), ColumnKeeper(column="f", ndim=2)])
def test_what_comes_back_from_a_file_goes_on_where_the_rows_are(keeper):
    """Saved states come back on the host. Tensors of the meta device cannot be joined with the host's."""
    state = keeper.unpack(keeper.pack(updated(features(0, 30), keeper=keeper)))
    for _ in range(3):
        columns = {"index": torch.zeros(16, dtype=torch.int64), "f": torch.zeros(16, 3, device="meta")}
        state = keeper.update(state, columns)
    rows = state if isinstance(state, KeptRows) else state.rows
    assert {tensor.device.type for chunk in rows.chunks for tensor in chunk} == {"meta"}


def test_moments_alone_give_an_interval_of_the_other_side_or_none():
    bare, full = SummaryKeeper(column="f", capacity=0), SummaryKeeper(column="f")
    metric = FrechetDistance(column="f")
    a, b = features(0, 50), features(1, 60)
    whole = metric.compute(updated(a, keeper=full), updated(b, keeper=full))["fd"]
    alone = metric.compute(updated(a, keeper=full), updated(b, keeper=bare))["fd"]
    neither = metric.compute(updated(a, keeper=bare), updated(b, keeper=bare))["fd"]
    assert whole.value == alone.value == neither.value
    assert whole.ci95 is not None
    assert alone.ci95[0] < alone.value < alone.ci95[1]
    assert "of the generated images alone" in alone.notes[-1]
    assert neither.ci95 is None
    assert neither.variance is None
    with pytest.raises(MetricError, match="moments alone"):
        KernelDistance(column="f").compute(updated(a, keeper=full), updated(b, keeper=bare))


def test_reference_terms_sum_to_the_variance_of_the_reference_side():
    metric = FrechetDistance(column="f", capacity=None)
    keeper = SummaryKeeper(column="f", capacity=None)
    a, b = features(0, 400), 1.3 * features(1, 300) + 0.2
    there = metric.compute(updated(a, keeper=keeper), updated(b, keeper=keeper))["fd"]
    back = metric.compute(updated(b, keeper=keeper), updated(a, keeper=keeper))["fd"]
    terms = there.reference_terms
    assert ((terms - terms.mean()) ** 2).sum() == pytest.approx(back.variance, rel=1e-9)
    thin = metric.compute(updated(a, keeper=keeper), updated(b, keeper=keeper).thinned(100))["fd"].reference_terms
    assert ((thin - thin.mean()) ** 2).sum() == pytest.approx(back.variance, rel=0.5)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_device_is_never_waited_for():
    rows, index = features(0, 64).cuda(), torch.arange(64)
    state = KEEPER.update(KEEPER.empty(), {"index": index, "f": rows})
    torch.cuda.set_sync_debug_mode("error")
    try:
        state = KEEPER.merge(state, KEEPER.update(state, {"index": index + 64, "f": rows}))
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert state.n == 192


@pytest.mark.parametrize("capacity", [None, 70])
def test_large_chunks_stay_where_they_are(monkeypatch, capacity):
    """Small ones are joined when there are many; what is kept is the same."""
    rows, index = torch.from_numpy(stream(3, "chunks").standard_normal((400, 3))).float(), torch.arange(400)
    found = []
    for large in (0, 13, 2**26):
        monkeypatch.setattr(kept_rows, "LARGE", large)
        kept = KeptRows(capacity)
        for i in range(400):
            kept = kept.added(index[i : i + 1], rows[i : i + 1])
        found.append(kept.whole())
        if capacity is None:
            assert len(kept.chunks) == 400 if large == 0 else len(kept.chunks) <= MOST_CHUNKS + 400 // MOST_CHUNKS
    for numbers, values in found:
        assert torch.equal(values, rows[numbers])
        assert torch.equal(numbers, found[0][0])
        lowest = np.argsort(priorities(np.arange(400)))[:capacity]
        assert numbers.tolist() == sorted(lowest.tolist())


def test_joining_and_thinning_do_not_touch_what_others_hold():
    first = KeptRows(5).added(torch.arange(5), torch.arange(5.0)[:, None])
    before = [rows.clone() for _, rows in first.chunks]
    first.added(torch.arange(5, 30), torch.arange(5.0, 30)[:, None]).whole()[1].zero_()
    first.whole()[1].zero_()
    assert all(torch.equal(a, b) for a, (_, b) in zip(before, first.chunks, strict=True))
