"""The Frechet distance by class: the mean of the distances of each class alone, classes that collapse, and its
interval."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import MetricError
from ganprobe.core.results import difference, reference_variance
from ganprobe.core.streams import stream
from ganprobe.metrics import METRICS, FrechetDistance, IntraFrechet, frechet_distance
from ganprobe.metrics.frechet.intra import class_distance

COLUMN = "embedded.features"


def rows(seed, n, d=4, *, spread=1.0, shift=0.0):
    return (stream(seed, "intra test").standard_normal((n, d)) * spread + shift).astype(np.float32)


def labels_of(seed, n, classes):
    drawn = stream(seed, "intra labels").integers(0, classes, n)
    drawn[: 2 * classes] = np.repeat(np.arange(classes), 2)
    return drawn


def state_of(values, labels):
    metric = IntraFrechet(column=COLUMN, name="intra_fd")
    columns = {"index": torch.arange(len(values)), COLUMN: torch.from_numpy(values), "label": torch.from_numpy(labels)}
    return metric.update(metric.empty(), columns)


def read(fake, labels, real, real_labels):
    metric = IntraFrechet(column=COLUMN, name="intra_fd")
    return metric.compute(state_of(fake, labels), state_of(real, real_labels))["intra_fd"]


def distance(a, b):
    return frechet_distance(a.mean(0), np.cov(a, rowvar=False), b.mean(0), np.cov(b, rowvar=False))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(1, 5), n=st.integers(10, 80), d=st.integers(2, 12))
def test_it_is_the_mean_over_classes(seed, classes, n, d):
    """With fewer and with more features than rows."""
    fake, real = rows(seed, n, d).astype(np.float64), rows(seed + 1, n + 5, d, shift=0.5).astype(np.float64)
    labels, real_labels = labels_of(seed, n, classes), labels_of(seed + 1, n + 5, classes)
    expected = [distance(fake[labels == one], real[real_labels == one]) for one in range(classes)]
    estimate = read(fake.astype(np.float32), labels, real.astype(np.float32), real_labels)
    assert estimate.value == pytest.approx(np.mean(expected), rel=1e-6, abs=1e-6)
    table = estimate.tables[0]
    assert table.rows == tuple(f"class {one}" for one in range(classes))
    np.testing.assert_allclose([values[0] for values in table.values], expected, rtol=1e-6, atol=1e-6)
    assert [values[1:3] for values in table.values] == [
        ((labels == one).sum(), (real_labels == one).sum()) for one in range(classes)
    ]


def test_a_class_alone_has_the_interval_of_the_frechet_distance():
    fake, real = rows(0, 200, spread=1.3), rows(1, 300)
    metric = FrechetDistance(column=COLUMN, capacity=None)
    sides = [
        metric.update(metric.empty(), {"index": torch.arange(len(x)), COLUMN: torch.from_numpy(x)})
        for x in (fake, real)
    ]
    expected = metric.compute(*sides)["fd"]
    estimate = read(fake, np.zeros(200, np.int64), real, np.zeros(300, np.int64))
    np.testing.assert_allclose([estimate.value, *estimate.ci95], [expected.value, *expected.ci95], rtol=1e-6)
    assert estimate.variance == pytest.approx(expected.variance, rel=1e-6)


def test_in_the_span_of_few_rows_distance_and_influence_are_the_same():
    fake, real = rows(2, 12, 40).astype(np.float64), rows(3, 15, 40, shift=0.3).astype(np.float64)
    wide = class_distance(fake, real)
    rotated = [x @ np.linalg.qr(rows(4, 40, 40))[0] for x in (fake, real)]
    turned = class_distance(*rotated)
    assert wide.value == pytest.approx(distance(fake, real), rel=1e-8)
    assert turned.value == pytest.approx(wide.value, rel=1e-6)
    np.testing.assert_allclose(turned.ours, wide.ours, rtol=1e-5, atol=1e-7)
    assert wide.spread == pytest.approx(fake.var(0, ddof=1).sum() / real.var(0, ddof=1).sum())


def test_classes_apart_do_not_add_to_it():
    """What the distance of all images together cannot see: two classes that the generator has exchanged."""
    a, b = rows(5, 300), rows(6, 300, shift=5)
    both, labels = np.concatenate([a, b]), np.repeat([0, 1], 300)
    right, wrong = read(both, labels, both, labels), read(both, labels[::-1].copy(), both, labels)
    assert right.value == pytest.approx(0, abs=1e-6)
    assert wrong.value == pytest.approx(4 * 25, rel=0.05)


def test_the_classes_that_collapse_are_named():
    labels = np.repeat([0, 3, 8], 100)
    fake, real = rows(7, 300), rows(8, 300)
    fake[labels == 3] = fake[100] + 0.05 * fake[labels == 3]
    estimate = read(fake, labels, real, labels)
    assert "1 of 3 classes collapse (spread below 0.1 of the reference's): class 3" in estimate.notes
    spreads = [values[3] for values in estimate.tables[0].values]
    assert spreads[1] == pytest.approx(0.05**2, rel=0.5)
    assert all(0.7 < spread < 1.4 for spread in (spreads[0], spreads[2]))
    whole = read(real, labels, real, labels)
    assert not any("collapse" in note for note in whole.notes)


def test_a_healthy_class_of_few_images_is_not_called_collapsed():
    """300 classes of five images of the reference's own kind."""
    labels = np.repeat(np.arange(300), 5)
    estimate = read(rows(9, 1500, 10), labels, rows(10, 1500, 10), labels)
    assert not any("collapse" in note for note in estimate.notes)


def test_the_spread_is_the_squared_distance_between_images():
    fake, real = rows(11, 9).astype(np.float64), rows(12, 8, spread=2).astype(np.float64)
    squares = [((x[:, None] - x[None]) ** 2).sum(2)[~np.eye(len(x), dtype=bool)].mean() for x in (fake, real)]
    assert class_distance(fake, real).spread == pytest.approx(squares[0] / squares[1])
    alike = np.ones((4, 3))
    assert class_distance(rows(0, 5, 3).astype(np.float64), alike).spread is None


def test_a_class_of_one_image_over_and_over():
    real = rows(0, 50).astype(np.float64)
    found = class_distance(np.tile(real[:1], (20, 1)), real)
    assert found.collapsed
    assert found.value == pytest.approx(((real[0] - real.mean(0)) ** 2).sum() + real.var(0, ddof=1).sum())
    assert (found.ours == 0).all()


def test_few_images_a_class_are_said_to_be_few():
    labels = np.repeat([0, 1], [4, 50])
    estimate = read(rows(0, 54), labels, rows(1, 54), labels)
    assert "1 of 2 classes have at most 4 images on a side" in " ".join(estimate.notes)
    labels = np.repeat([0, 1], 27)
    assert read(rows(0, 54), labels, rows(1, 54), labels).notes == ()


def test_classes_that_do_not_match_are_refused():
    four, two = np.repeat([0, 1, 2, 3], 5), np.repeat([0, 1], 10)
    with pytest.raises(MetricError, match=r"have 4, the reference 2 \(class 2, class 3 of generated images alone\)"):
        read(rows(0, 20), four, rows(1, 20), two)
    single = two.copy()
    single[0] = 7
    with pytest.raises(MetricError, match=r"2 reference images of each class; there is 1 of class 7"):
        read(rows(0, 20), np.repeat([0, 1, 7], [9, 9, 2]), rows(1, 20), single)


def test_labels_are_needed():
    metric = METRICS["intra_fid"].build()
    assert metric.needs == {"inception.pool3", "label"}
    with pytest.raises(MetricError, match="label"):
        metric.update(metric.empty(), {"index": torch.arange(3), "inception.pool3": torch.zeros(3, 5)})


def test_reference_terms_follow_the_rows():
    """Two generators against one reference: what the reference does to both cancels, in whatever order classes lie."""
    labels = labels_of(0, 200, 4)
    real = rows(13, 200)
    a, b = rows(14, 200, shift=1), rows(15, 200, shift=1)
    one, other = read(a, labels, real, labels), read(b, labels, real, labels)
    both = difference(one, other)
    half = (both.ci95[1] - both.ci95[0]) / 2 / 1.959963984540054
    shared = reference_variance(one.reference_terms) + reference_variance(other.reference_terms)
    assert one.variance + other.variance < half**2 < one.variance + other.variance + shared / 10
    assert one.reference_terms.shape == (200,)
