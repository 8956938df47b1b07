"""Toyfaces: pure per index, drawn as declared, and every factor visible where it belongs and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import multivariate_normal, norm

from ganprobe.core.errors import InputError
from ganprobe.data import toyfaces
from ganprobe.data.toyfaces import canvas, shapes
from ganprobe.data.toyfaces.face import pose
from ganprobe.data.toyfaces.factors import SIGNED
from ganprobe.data.toyfaces.shapes import f32

CONTINUOUS = [name for name in toyfaces.FACTORS if name != "eyeglasses"]


@pytest.fixture(scope="module")
def faces() -> toyfaces.Factors:
    return toyfaces.factors(range(96), seed=7)


@pytest.fixture(scope="module")
def pictures(faces: toyfaces.Factors) -> NDArray[np.uint8]:
    return toyfaces.render(faces)


def sweep(name: str, n: int, **fixed: float) -> NDArray[np.int64]:
    """Pictures of the median face as one factor goes through its range."""
    values = np.linspace(-1.0 if name in SIGNED else 0.0, 1.0, n)
    return toyfaces.render(toyfaces.from_values(n, **{name: values}, **fixed)).astype(np.int64)


def changed(name: str) -> NDArray[np.int64]:
    """The pixels (H, W), by the largest channel, that differ between the two ends of a factor."""
    ends = sweep(name, 2)
    return np.asarray(np.abs(ends[1] - ends[0]).max(axis=0))


# Purity


@settings(max_examples=25, deadline=None)
@given(start=st.integers(0, 300), first=st.integers(0, 40), second=st.integers(1, 40), seed=st.integers(0, 2**40))
def test_ranges_join_bit_for_bit(start: int, first: int, second: int, seed: int) -> None:
    middle, stop = start + first, start + first + second
    whole = toyfaces.images(range(start, stop), seed=seed, resolution=16)
    parts = [toyfaces.images(part, seed=seed, resolution=16) for part in (range(start, middle), range(middle, stop))]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("size", [1, 7, 17])
def test_a_picture_does_not_depend_on_its_batch(
    faces: toyfaces.Factors, pictures: NDArray[np.uint8], size: int
) -> None:
    parts = [toyfaces.render(faces.rows(slice(i, i + size))) for i in range(0, len(faces), size)]
    assert np.array_equal(np.concatenate(parts), pictures)


def test_a_picture_does_not_depend_on_its_place(faces: toyfaces.Factors, pictures: NDArray[np.uint8]) -> None:
    order = np.random.default_rng(0).permutation(len(faces))
    shuffled = toyfaces.Factors(faces.values[order], faces.nuisances[order])
    assert np.array_equal(toyfaces.render(shuffled), pictures[order])


def test_seeds_and_indices_give_different_faces(pictures: NDArray[np.uint8]) -> None:
    assert len(np.unique(pictures.reshape(len(pictures), -1), axis=0)) == len(pictures)
    other = toyfaces.images(range(96), seed=8)
    assert (other != pictures).any(axis=(1, 2, 3)).all()


def test_images_are_the_renders_of_the_factors(pictures: NDArray[np.uint8]) -> None:
    assert np.array_equal(toyfaces.images(range(5, 20), seed=7), pictures[5:20])
    assert pictures.shape == (96, 3, 64, 64)
    assert pictures.dtype == np.uint8


def test_an_empty_range_is_an_empty_stack() -> None:
    assert toyfaces.images(range(3, 3), seed=0).shape == (0, 3, 64, 64)


def test_windows_are_wide_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Painting every shape over the whole canvas gives the same pixels, at the ends of the ranges too."""
    drawn = toyfaces.factors(range(200), seed=3)
    corners = np.random.default_rng(1).integers(0, 2, (200, 14)).astype(np.float32)
    signed = [name in SIGNED for name in toyfaces.FACTORS + toyfaces.NUISANCES]
    corners = np.where(signed, 2 * corners - 1, corners).astype(np.float32)
    extreme = toyfaces.Factors(corners[:, :8], corners[:, 8:])
    narrow = [toyfaces.render(faces, resolution=48) for faces in (drawn, extreme)]
    window = canvas.Canvas.window
    monkeypatch.setattr(canvas.Canvas, "window", lambda self, *bounds: window(self))
    for faces, expected in zip((drawn, extreme), narrow, strict=True):
        assert np.array_equal(toyfaces.render(faces, resolution=48), expected)


# The law of the factors


def test_the_declared_correlation_is_one() -> None:
    matrix = toyfaces.CORRELATION
    assert np.array_equal(matrix, matrix.T)
    assert (np.diag(matrix) == 1).all()
    assert np.linalg.eigvalsh(matrix).min() > 0.1
    assert matrix[toyfaces.FACTORS.index("eyeglasses"), toyfaces.FACTORS.index("age")] == 0.35


def test_drawn_factors_have_the_implied_correlation() -> None:
    """At n = 60,000 the standard error of a correlation is about 0.004; the bound is five of them."""
    drawn = toyfaces.factors(range(60_000), seed=11)
    measured = np.corrcoef(np.concatenate([drawn.values, drawn.nuisances], axis=1).T)
    implied = np.eye(14)
    implied[:8, :8] = toyfaces.factor_correlation()
    assert np.abs(measured - implied).max() < 0.021


def test_the_implied_correlation_agrees_with_the_bivariate_normal() -> None:
    """Independent route: P(g > t, Phi(h) > U) for U uniform is a bivariate normal probability with r / sqrt(2)."""
    rate, r = toyfaces.EYEGLASSES_RATE, 0.35
    covariance = [[1.0, r / np.sqrt(2)], [r / np.sqrt(2), 1.0]]
    joint = float(multivariate_normal(cov=covariance).cdf([norm.ppf(rate), 0.0]))
    expected = (joint - rate / 2) / np.sqrt(rate * (1 - rate) / 12)
    i, j = toyfaces.FACTORS.index("eyeglasses"), toyfaces.FACTORS.index("age")
    assert toyfaces.factor_correlation()[i, j] == pytest.approx(expected, abs=1e-6)


def test_marginals_are_uniform_and_eyeglasses_are_present_or_absent() -> None:
    drawn = toyfaces.factors(range(20_000), seed=2)
    for name in CONTINUOUS + list(toyfaces.NUISANCES):
        column = (drawn[name] + 1) / 2 if name in SIGNED else drawn[name]
        deciles = np.histogram(column, bins=10, range=(0, 1))[0]
        assert deciles.min() > 1800, name
        assert deciles.max() < 2200, name
    assert set(np.unique(drawn["eyeglasses"])) == {0.0, 1.0}
    assert drawn["eyeglasses"].mean() == pytest.approx(toyfaces.EYEGLASSES_RATE, abs=0.015)


# What each factor does to the picture


@pytest.mark.parametrize(
    ("name", "top", "bottom", "left", "right"),
    [
        ("smile", 22, 54, 18, 45),
        ("eyeglasses", 26, 42, 12, 51),
        ("skin_tone", 17, 63, 13, 50),
        ("eye_hue", 28, 40, 18, 45),
        ("shirt_hue", 52, 63, 6, 57),
        ("light", 8, 63, 6, 57),
        ("yaw", 7, 63, 6, 57),
        ("hair_length", 6, 62, 5, 58),
    ],
)
def test_a_factor_changes_its_own_region(name: str, top: int, bottom: int, left: int, right: int) -> None:
    difference = changed(name)
    inside = difference[top : bottom + 1, left : right + 1]
    assert inside.max() > 60
    difference[top : bottom + 1, left : right + 1] = 0
    assert difference.max() <= 4


def test_the_background_leaves_the_face_alone() -> None:
    difference = changed("background")
    assert difference[24:47, 20:44].max() == 0
    assert difference[:6].min() > 60


def test_a_smile_leaves_the_hair_alone_and_bends_the_mouth() -> None:
    assert changed("smile")[:20].max() == 0
    green = sweep("smile", 3, skin_tone=0.0, age=0.0)[:, 1, 42:54]
    rows = np.arange(42, 54)[:, None]

    def height_of_lips(picture: NDArray[np.int64], columns: slice) -> float:
        darkness = np.clip(195 - picture[:, columns], 0, None)
        return float((darkness * rows).sum() / darkness.sum())

    bend = [height_of_lips(picture, slice(31, 33)) - height_of_lips(picture, slice(27, 29)) for picture in green]
    assert bend[0] < -0.5 < bend[1] < bend[2]
    assert bend[2] > 0.5


def test_hair_turns_grey_with_age() -> None:
    crown = sweep("age", 5, hair_hue=0.75)[:, :, 12:15, 26:38].mean(axis=(2, 3))
    saturation = crown.max(axis=1) - crown.min(axis=1)
    assert (np.diff(saturation) < 0).all()
    assert saturation[0] > 80
    assert saturation[-1] < 15


def test_longer_hair_covers_more_rows() -> None:
    """In the columns beside the face, against the bright backdrop, dark hair reaches lower and lower."""
    strip = sweep("hair_length", 6, hair_hue=0.0, background=1.0, age=0.0)[:, :, :, 9:15].mean(axis=(1, 3))
    dark = (strip < 128).sum(axis=1)
    assert (np.diff(dark) >= 0).all()
    assert dark[-1] > dark[0] + 12


@pytest.mark.parametrize("name", toyfaces.FACTORS)
def test_a_small_step_of_a_factor_is_a_small_step_of_the_picture(name: str) -> None:
    """A step of 1/200 of the range moves no edge by more than a quarter of a pixel, and no pixel by more than that."""
    assert np.abs(np.diff(sweep(name, 201), axis=0)).max() < 64


@pytest.mark.parametrize("name", toyfaces.FACTORS)
def test_equal_steps_are_all_visible(name: str) -> None:
    steps = np.abs(np.diff(sweep(name, 6), axis=0)).max(axis=(1, 2, 3))
    assert steps.min() >= 10


def test_every_factor_can_be_read_back_by_a_linear_map() -> None:
    """Ridge regression on the pixels of 1500 faces predicts each factor of 400 others."""
    drawn = toyfaces.factors(range(1900), seed=21)
    pixels = toyfaces.render(drawn, resolution=32).reshape(1900, -1).astype(np.float64) / 255
    train, held = pixels[:1500], pixels[1500:]
    mean, target = train.mean(axis=0), drawn.values[:1500]
    kernel = (train - mean) @ (train - mean).T
    dual = np.linalg.solve(kernel + 30 * np.eye(1500), target - target.mean(axis=0))
    predicted = (held - mean) @ (train - mean).T @ dual
    for i, name in enumerate(toyfaces.FACTORS):
        assert np.corrcoef(predicted[:, i], drawn.values[1500:, i])[0, 1] > 0.8, name


def test_a_mirrored_face_looks_from_the_other_side() -> None:
    """Without eyeglasses, whose glare always slants one way, the drawing is symmetric in yaw, light and parting."""
    rng = np.random.default_rng(5)
    yaw, light, parting = rng.uniform(-1, 1, (3, 40))
    age, smile, hair_length = rng.uniform(0, 1, (3, 40))
    faces = [
        toyfaces.from_values(
            40, yaw=s * yaw, light=s * light, parting=s * parting, age=age, smile=smile, hair_length=hair_length
        )
        for s in (1, -1)
    ]
    left, right = (toyfaces.render(face).astype(int) for face in faces)
    assert np.abs(left[..., ::-1] - right).max() <= 1
    assert np.abs(left - right).max() > 60


def test_eyes_and_nose_follow_the_yaw() -> None:
    """The whites of the eyes move right with the yaw, and the far eye looks narrower than the near one."""
    pictures = sweep("yaw", 5, skin_tone=1.0, age=0.0).max(axis=1)
    bright = pictures[:, 30:38, 14:50] > 225
    columns = np.arange(14, 50)
    centre = [float((b.sum(axis=0) * columns).sum() / b.sum()) for b in bright]
    assert (np.diff(centre) > 0.3).all()
    turned = pose(toyfaces.from_values(1, yaw=0.8))
    assert turned.place(0.44)[1] < 0.8 * turned.place(-0.44)[1]


# Resolution


@pytest.mark.parametrize("resolution", [48, 64, 128])
def test_a_fourfold_render_averages_to_the_render(faces: toyfaces.Factors, resolution: int) -> None:
    some = faces.rows(slice(0, 12))
    fine = toyfaces.render(some, resolution=4 * resolution).astype(np.float64)
    coarse = fine.reshape(12, 3, resolution, 4, resolution, 4).mean(axis=(3, 5))
    difference = np.abs(coarse - toyfaces.render(some, resolution=resolution))
    assert difference.mean() < 1.5
    assert np.percentile(difference, 99) < 20


# Shapes


@settings(max_examples=60, deadline=None)
@given(x=st.floats(-2, 2), y=st.floats(-2, 2), hx=st.floats(0.2, 1), hy=st.floats(0.2, 1), share=st.floats(0, 1))
def test_rounded_box_is_the_distance_to_its_outline(x: float, y: float, hx: float, hy: float, share: float) -> None:
    radius = share * min(hx, hy)
    got = float(shapes.rounded_box(f32(x), f32(y), f32(hx), f32(hy), f32(radius)))
    core = np.hypot(max(abs(x) - hx + radius, 0), max(abs(y) - hy + radius, 0))
    expected = core - radius if core > 0 else max(abs(x) - hx, abs(y) - hy)
    assert got == pytest.approx(expected, abs=1e-5)


def test_ellipse_and_egg_are_first_order_at_the_outline() -> None:
    angle = np.linspace(0.1, 2 * np.pi, 50)
    rx, ry, step = 0.5, 0.8, 1e-3
    x, y = rx * np.cos(angle), ry * np.sin(angle)
    normal = np.stack([x / rx**2, y / ry**2]) / np.hypot(x / rx**2, y / ry**2)
    out = [np.asarray(v, np.float32) for v in (x + step * normal[0], y + step * normal[1])]
    assert shapes.ellipse(*out, f32(rx), f32(ry)) == pytest.approx(step, rel=0.02)
    assert shapes.egg(*out, f32(rx), f32(ry), f32(0.0)) == pytest.approx(step, rel=0.02)


def test_segment_and_arc_are_distances_to_their_curves() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-1, 1, (2, 200)).astype(np.float32)
    t = np.linspace(0, 1, 4001)[:, None]
    brute = np.hypot(x - (-0.4 + 0.9 * t), y - (0.3 - 0.5 * t)).min(axis=0)
    got = shapes.segment(x, y, f32(-0.4), f32(0.3), f32(0.5), f32(-0.2))
    assert got == pytest.approx(brute, abs=1e-3)
    flat = np.hypot(x - (2 * t - 1) * 0.5, y).min(axis=0)
    assert shapes.arc(x, y, f32(0.5), f32(0.0)) == pytest.approx(flat, abs=1e-3)
    on_curve = 0.2 * (1 - (x / 2) ** 2 / 0.25)
    assert shapes.arc(x / 2, on_curve, f32(0.5), f32(0.2)) == pytest.approx(0, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(offset=st.floats(-0.5, 0.5), half_width=st.floats(0.005, 0.3), resolution=st.integers(8, 200))
def test_a_line_covers_its_own_width(offset: float, half_width: float, resolution: int) -> None:
    """The coverages of a row of pixels add up to the width of the line, however thin it is."""
    x = ((2 * np.arange(resolution) + 1) / resolution - 1).astype(np.float32)
    pixel = 2 / resolution
    total = shapes.stroke(x - f32(offset), half_width, pixel).sum() * pixel
    assert total == pytest.approx(2 * half_width, abs=1e-4)


# Bad input


@pytest.mark.parametrize("values", [{"smile": 1.5}, {"age": -0.1}, {"light": float("nan")}, {"parting": -2.0}])
def test_values_outside_their_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(values))):
        toyfaces.from_values(2, **values)


def test_wrong_shapes_names_and_resolutions_are_refused(faces: toyfaces.Factors) -> None:
    with pytest.raises(InputError, match="3 numbers"):
        toyfaces.from_values(3, yaw=[0.0, 0.1])
    with pytest.raises(InputError, match="from_values"):
        toyfaces.Factors(faces.values[:, :3], faces.nuisances)
    with pytest.raises(InputError, match="beard"):
        faces["beard"]
    with pytest.raises(InputError, match="resolution"):
        toyfaces.render(faces, resolution=4)


def test_from_values_defaults_to_the_median() -> None:
    median = toyfaces.from_values(1)
    for name in toyfaces.FACTORS + toyfaces.NUISANCES:
        expected = 0.0 if name in SIGNED or name == "eyeglasses" else 0.5
        assert median[name][0] == expected, name
