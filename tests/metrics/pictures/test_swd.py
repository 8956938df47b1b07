"""The sliced Wasserstein distance: SciPy along each direction, the published code's figures, its pyramid by brute
force, its derivatives by finite differences, and its interval."""

import numpy as np
import pytest
import scipy.ndimage
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from ganprobe.core.errors import MetricError
from ganprobe.core.results import difference, reference_variance
from ganprobe.core.streams import stream
from ganprobe.metrics import METRICS, SlicedWasserstein, sliced_wasserstein
from ganprobe.metrics.pictures import patches as kept_images
from ganprobe.metrics.pictures.patches import ImageKeeper, level_patches
from ganprobe.metrics.pictures.protocol import PATCH
from ganprobe.metrics.pictures.pyramid import laplacian_pyramid, level_sizes, patch_corners, patches, smoothed
from ganprobe.metrics.pictures.swd import sliced, unit_directions

BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def pictures(seed, n, size, *, tint=40, grain=15, height=None):
    """Smooth images of one colour cast each, with grain; uint8."""
    rng = stream(seed, "swd test")
    height = height or size
    y, x = np.mgrid[0:height, 0:size] / size
    turns = rng.uniform(0.5, 4, (n, 3, 2, 1, 1))
    waves = np.sin(2 * np.pi * (turns[:, :, 0] * x + turns[:, :, 1] * y))
    shade = 128 + tint * rng.standard_normal((n, 3, 1, 1))
    return np.clip(shade + 40 * waves + grain * rng.standard_normal(waves.shape), 0, 255).round().astype(np.uint8)


def state_of(images, *, metric=None, index=None):
    metric = metric or SlicedWasserstein()
    index = torch.arange(len(images)) if index is None else index
    return metric.update(metric.empty(), {"index": index, "pixels": torch.from_numpy(images)})


def read(fake, real, *, directions=512, **kept):
    metric = SlicedWasserstein(directions=directions, **kept)
    return metric.compute(state_of(fake, metric=metric), state_of(real, metric=metric))["swd"]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 40), m=st.integers(1, 40), ties=st.booleans())
def test_the_wasserstein_distance_along_each_direction(seed, n, m, ties):
    rng = stream(seed, "sliced")
    a, b = rng.standard_normal((n, 5)), rng.standard_normal((m, 5)) * 1.5 + 0.2
    if ties:
        a, b = a.round(), b.round()
    directions = unit_directions(5, 20)
    expected = np.mean([wasserstein_distance(a @ u, b @ u) for u in directions])
    assert sliced_wasserstein(a, b, directions=20) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_a_moved_set_is_as_far_as_it_was_moved():
    rows, move = stream(0, "moved").standard_normal((300, 4)), np.array([3.0, 0, -1, 0])
    expected = np.abs(unit_directions(4) @ move).mean()
    assert sliced_wasserstein(rows, rows + move) == pytest.approx(expected, rel=1e-5)


def test_directions_are_of_length_one_and_as_uniform_as_they_come():
    directions = unit_directions(147)
    np.testing.assert_allclose((directions**2).sum(1), 1, rtol=1e-5)
    assert np.abs(directions.mean(0)).max() < 5 / np.sqrt(147 * 512)
    assert (unit_directions(147) == directions).all()
    assert (unit_directions(147, seed=1) != directions).any()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), m=st.integers(3, 30).filter(lambda m: m % 7))
def test_influence_is_what_a_little_more_weight_changes(seed, m):
    """Row 0 of a counted 1001 times where every other one counts 1000 times. Where both distribution functions were at
    one height there would be no derivative: the sizes have no common divisor."""
    rng = stream(seed, "influence")
    a, b = (rng.standard_normal((n, 3)).astype(np.float32) for n in (7, m))
    directions = unit_directions(3, 10)
    times = 1000
    many = np.repeat(a, times, 0)
    heavier = sliced(np.concatenate([many, a[:1]]), b, directions).value
    change = (heavier - sliced(many, b, directions).value) * (len(many) + 1)
    influence = sliced(a, b, directions).a.influence
    assert change == pytest.approx(influence[0] - influence.mean(), rel=0.02, abs=2e-3)


def test_shift_and_stretch_are_derivatives():
    rng = stream(0, "shift")
    a, b = rng.standard_normal((400, 3)) + np.eye(3)[0], rng.standard_normal((500, 3)) * 2
    directions = unit_directions(3, 50)
    one = {"a": sliced(a, b, directions).a, "b": sliced(a, b, directions).b}
    for side in "ab":
        for axis in range(3):
            step = np.zeros(3)
            step[axis] = 1e-3
            for said, change in (
                (one[side].shift, lambda x, s=step: x + s),
                (one[side].stretch, lambda x, s=step: x * (1 + s)),
            ):
                up = sliced(change(a), b, directions) if side == "a" else sliced(a, change(b), directions)
                expected = (up.value - sliced(a, b, directions).value) / 1e-3
                assert said[axis] == pytest.approx(expected, abs=0.01)


def brute_pyramid(images):
    """By SciPy's convolution with the 5 x 5 kernel."""
    finer, levels = images.astype(np.float64), []
    for _ in level_sizes(*images.shape[2:])[1:]:
        kernel = BINOMIAL[None, None]
        coarser = scipy.ndimage.convolve(finer, kernel, mode="mirror")[:, :, ::2, ::2]
        spread = np.zeros_like(finer)
        spread[:, :, ::2, ::2] = coarser
        levels.append(finer - scipy.ndimage.convolve(spread, 4 * kernel, mode="mirror"))
        finer = coarser
    return [*levels, finer]


@pytest.mark.parametrize(("height", "width"), [(16, 16), (64, 64), (33, 50)])
def test_the_pyramid_by_brute_force(height, width):
    images = pictures(0, 2, width, height=height)
    ours = laplacian_pyramid(torch.from_numpy(images))
    for level, expected in zip(ours, brute_pyramid(images), strict=True):
        np.testing.assert_allclose(level.numpy(), expected, atol=1e-4)


def test_the_image_comes_back_from_its_pyramid():
    images = pictures(1, 2, 64)
    *details, found = laplacian_pyramid(torch.from_numpy(images))
    for detail in reversed(details):
        spread = torch.zeros_like(detail)
        spread[:, :, ::2, ::2] = found
        found = detail + 4 * smoothed(spread)
    np.testing.assert_allclose(found.numpy(), images, atol=1e-3)


def test_levels_go_down_to_16_pixels():
    assert level_sizes(64, 64) == [(64, 64), (32, 32), (16, 16)]
    assert level_sizes(31, 31) == [(31, 31), (16, 16)]
    assert level_sizes(32, 24) == [(32, 24)]
    with pytest.raises(MetricError, match=r"at least 16 x 16 .* 15 x 40"):
        level_sizes(15, 40)


def test_patches_are_cut_out_where_the_corners_say():
    level = torch.from_numpy(pictures(2, 3, 20)).float()
    corners = patch_corners(np.arange(3), (20, 20), seed=0)
    found = patches(level, corners)
    for i, j in ((0, 0), (1, 64), (2, 127)):
        y, x = corners[i, j]
        assert (found[i, j] == level[i, :, y : y + PATCH, x : x + PATCH]).all()


def test_corners_follow_from_the_sample_alone_and_reach_every_place():
    whole = patch_corners(np.arange(200), (16, 20), seed=0)
    some = np.array([130, 7, 64, 199])
    assert (patch_corners(some, (16, 20), seed=0) == whole[some]).all()
    assert (patch_corners(some, (16, 20), seed=1) != whole[some]).any()
    assert (whole[0] != whole[64]).any()
    for axis, places in ((0, 10), (1, 14)):
        counts = np.bincount(whole[:, :, axis].ravel(), minlength=places)
        assert len(counts) == places
        np.testing.assert_allclose(counts / counts.sum(), 1 / places, rtol=0.15)


def brute_swd(fake, real):
    """The whole metric, as the paper and its code describe it, on equally many images."""
    values = []
    for level, size in enumerate(level_sizes(*fake.shape[2:])):
        sets = []
        for images in (fake, real):
            where = patch_corners(np.arange(len(images)), size, seed=0)
            table = brute_pyramid(images)[level]
            cut = [table[i, :, y : y + 7, x : x + 7] for i in range(len(images)) for y, x in where[i]]
            cut = np.stack(cut)
            cut = (cut - cut.mean((0, 2, 3), keepdims=True)) / cut.std((0, 2, 3), keepdims=True)
            sets.append(np.sort(cut.reshape(len(cut), -1) @ unit_directions(147).T, axis=0))
        values.append(1000 * np.abs(sets[0] - sets[1]).mean())
    return values


def test_the_whole_metric_by_brute_force():
    fake, real = pictures(3, 12, 32, tint=60, grain=25), pictures(4, 12, 32)
    estimate = read(fake, real)
    expected = brute_swd(fake, real)
    (table,) = estimate.tables
    assert table.rows == ("32 x 32", "16 x 16")
    np.testing.assert_allclose([value for (value,) in table.values], expected, rtol=1e-4)
    assert estimate.value == pytest.approx(np.mean(expected), rel=1e-4)
    assert estimate.n == 12


PUBLISHED = {
    32: (50.54399871826172, 136.74560546875, 93.64480590820312),
    64: (33.47920608520508, 58.97833251953125, 141.2187957763672, 77.8921127319336),
}


@pytest.mark.parametrize("size", PUBLISHED)
def test_the_figures_of_the_published_code(size):
    """What the metric of github.com/tkarras/progressive_growing_of_gans gave on these images, with numpy's random
    positions and directions replaced by ours: each level from the finest, and their mean."""
    estimate = read(pictures(5, 24, size, tint=60, grain=25), pictures(6, 24, size))
    levels = [value for (value,) in estimate.tables[0].values]
    np.testing.assert_allclose([*levels, estimate.value], PUBLISHED[size], rtol=5e-5)


def test_a_set_and_itself_and_its_own_order():
    images = pictures(7, 10, 16)
    assert read(images, images).value == 0
    mixed = torch.from_numpy(stream(0, "mixed").permutation(10))
    a = state_of(images)
    b = state_of(images[mixed.numpy()], index=mixed)
    metric = SlicedWasserstein()
    real = state_of(pictures(8, 10, 16))
    assert metric.compute(a, real)["swd"].value == metric.compute(b, real)["swd"].value


def test_images_of_one_colour_are_no_fault():
    flat = np.full((4, 3, 16, 16), 200, np.uint8)
    assert read(flat, flat).value == 0
    assert np.isfinite(read(flat, pictures(9, 4, 16)).value)


def test_blurred_images_are_told_apart_at_the_finest_level_most():
    """Normalisation hides a level's contrast; what blur does to the shape of the patches stays."""
    real, other = pictures(10, 40, 64, grain=25), pictures(11, 40, 64, grain=25)
    blurred = smoothed(torch.from_numpy(other).float()).round().to(torch.uint8).numpy()
    plain, soft = ([v for (v,) in read(fake, real, directions=64).tables[0].values] for fake in (other, blurred))
    assert soft[0] > 3 * plain[0]
    assert soft[0] / plain[0] > 2 * soft[2] / plain[2]


def test_a_capacity_keeps_a_sample_of_the_images():
    fake, real = pictures(12, 40, 16), pictures(13, 40, 16)
    estimate = read(fake, real, directions=32, capacity=16)
    assert estimate.n == 16
    kept = ImageKeeper(capacity=16)
    index = kept.update(kept.empty(), {"index": torch.arange(40), "pixels": torch.from_numpy(fake)}).kept.index
    metric = SlicedWasserstein(directions=32)
    a, b = (state_of(side[index], index=torch.from_numpy(index)) for side in (fake, real))
    assert metric.compute(a, b)["swd"].value == estimate.value


def test_large_images_are_kept_as_patches(monkeypatch):
    images = pictures(14, 6, 64)
    whole = state_of(images)
    monkeypatch.setattr(kept_images, "LARGEST_WHOLE", 0)
    packed = state_of(images)
    assert whole.kept.chunks[0][1].shape == (6, 3, 64, 64)
    assert packed.kept.chunks[0][1].shape == (6, 3, 128, 147, 2)
    for number in range(3):
        a, b = level_patches(whole, number), level_patches(packed, number)
        np.testing.assert_allclose(b, a, rtol=1 / 2048, atol=1e-4)
    real = pictures(15, 6, 64)
    theirs = state_of(real)
    value = SlicedWasserstein().compute(packed, theirs)["swd"].value
    monkeypatch.undo()
    assert value == pytest.approx(read(images, real).value, rel=1e-3)


def test_what_does_not_fit_is_refused():
    images = pictures(16, 4, 32)
    with pytest.raises(MetricError, match=r"must be uint8, it is torch\.float32"):
        state_of(images.astype(np.float32))
    with pytest.raises(MetricError, match="at least 16 x 16"):
        state_of(images[:, :, :8])
    metric = METRICS["swd"].build()
    with pytest.raises(MetricError, match=r"some are 32 x 32, some 16 x 16"):
        metric.merge(state_of(images), state_of(pictures(16, 4, 16)))
    with pytest.raises(MetricError, match=r"generated ones are 32 x 32, the reference's 16 x 16"):
        metric.compute(state_of(images), state_of(pictures(16, 4, 16)))
    with pytest.raises(MetricError, match="one length"):
        sliced_wasserstein(np.zeros((2, 3)), np.zeros((2, 4)))


def test_sides_of_unequal_size_are_noted():
    fake, real = pictures(17, 6, 16), pictures(18, 9, 16)
    assert read(fake, real, directions=8).notes == (
        "6 generated images against 9 of the reference; compare at the same numbers",
    )
    assert read(fake, real[:6], directions=8).notes == ()


def test_the_interval_agrees_with_a_jackknife_over_images():
    """Leaving out each image in turn, normalisation and all; both sides far apart."""
    fake, real = pictures(19, 40, 16, tint=80, grain=40), pictures(20, 40, 16, tint=10, grain=5)
    estimate = read(fake, real, directions=32)

    def left_out(side):
        values = []
        for i in range(40):
            kept = torch.tensor([j for j in range(40) if j != i])
            metric = SlicedWasserstein(directions=32)
            pair = [state_of(images[kept], index=kept) if own else state_of(images) for images, own in side]
            values.append(metric.compute(*pair)["swd"].value)
        return 39 / 40 * ((np.array(values) - np.mean(values)) ** 2).sum()

    assert estimate.variance == pytest.approx(left_out(((fake, True), (real, False))), rel=0.2)
    expected = left_out(((fake, False), (real, True)))
    assert reference_variance(estimate.reference_terms) == pytest.approx(expected, rel=0.2)


def test_the_difference_of_two_generators_leaves_out_what_the_reference_does_to_both():
    real, a, b = pictures(21, 40, 16), pictures(22, 40, 16, tint=80), pictures(23, 40, 16, tint=80)
    one, other = read(a, real, directions=32), read(b, real, directions=32)
    both = difference(one, other)
    shared = reference_variance(one.reference_terms) + reference_variance(other.reference_terms)
    half = (both.ci95[1] - both.ci95[0]) / 2 / 1.959963984540054
    assert one.variance + other.variance < half**2 < one.variance + other.variance + shared
