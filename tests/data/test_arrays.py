"""Arrays of images: every layout and type against its meaning, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from ganprobe.core.calls.resizing import Resize
from ganprobe.core.errors import DataError, InputError
from ganprobe.data import array_images, arrays, open_data

RNG = np.random.default_rng(11)
PLANES = RNG.integers(0, 256, (5, 3, 8, 6), dtype=np.uint8)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_layouts_of_uint8(tmp_path: Path, suffix: str) -> None:
    layouts = {"first": PLANES, "last": PLANES.transpose(0, 2, 3, 1)}
    prints = set()
    for name, array in layouts.items():
        path = tmp_path / f"{name}.{suffix}"
        np.save(path, array) if suffix == "npy" else np.savez(path, array)
        images = open_data(path)
        assert (images.name, len(images), images.shape, images.labels) == (path.name, 5, (3, 8, 6), None)
        assert np.array_equal(images.read(np.array([4, 0])), PLANES[[4, 0]])
        assert images.read(range(0)).shape == (0, 3, 8, 6)
        prints.add(images.fingerprint)
    assert len(prints) == 1
    assert array_images(PLANES[::-1], name="reversed").fingerprint not in prints


def test_npy_is_mapped_and_not_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PLANES)
    assert isinstance(arrays._load(tmp_path / "x.npy", mmap_mode="r"), np.memmap)


@pytest.mark.parametrize("shape", [(4, 8, 6), (4, 1, 8, 6), (4, 8, 6, 1)])
def test_grey_is_repeated(shape: tuple[int, ...]) -> None:
    grey = RNG.integers(0, 256, (4, 8, 6), dtype=np.uint8)
    images = array_images(grey.reshape(shape), name="grey")
    assert np.array_equal(images.read(range(4)), np.stack([grey] * 3, axis=1))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_from_minus_one_come_back_exactly(dtype: type) -> None:
    floats = (PLANES.astype(np.float64) / 127.5 - 1).astype(dtype)
    assert np.array_equal(array_images(floats, name="x").read(range(5)), PLANES)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_from_zero_come_back_exactly(dtype: type) -> None:
    assert np.array_equal(array_images((PLANES / 255).astype(dtype), name="x").read(range(5)), PLANES)


def test_one_value_below_zero_decides_for_the_whole_array(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 1)
    floats = np.full((3, 3, 4, 4), 0.5, dtype=np.float32)
    assert int(array_images(floats, name="x").read(range(1))[0, 0, 0, 0]) == 128
    floats[2, 0, 0, 0] = -0.3
    assert int(array_images(floats, name="x").read(range(1))[0, 0, 0, 0]) == 191


def test_half_levels_round_up_and_strays_are_clamped() -> None:
    floats = np.array([-1.005, 1.005, 0.0, 1 / 127.5 - 1]).reshape(1, 1, 2, 2).repeat(3, axis=1)
    assert array_images(floats, name="x").read(range(1))[0, 0].tolist() == [[0, 255], [128, 1]]


def test_uint16_is_scaled() -> None:
    wide = PLANES.astype(np.uint16) * 257
    assert np.array_equal(array_images(wide, name="x").read(range(5)), PLANES)


def test_resolution_and_limit() -> None:
    images = array_images(PLANES, name="x", size=Resize(3), limit=2)
    assert images.read(range(2)).shape == (2, 3, 3, 3)
    assert np.array_equal(array_images(PLANES, name="x", limit=2).read(range(2)), PLANES[[0, 2]])
    with pytest.raises(InputError, match="image 2 was asked"):
        images.read(range(3))


def test_labels_of_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=PLANES, labels=np.array([2, 0, 1, 2, 0], dtype=np.uint8))
    np.savez(tmp_path / "b.npz", PLANES, np.array([2, 0, 1, 2, 0]))
    for name in ("a.npz", "b.npz"):
        images = open_data(tmp_path / name)
        assert images.class_names == ("0", "1", "2")
        labels = images.labels_of(range(1, 4))
        assert labels is not None
        assert labels.tolist() == [0, 1, 2]
    assert open_data(tmp_path / "a.npz").fingerprint != array_images(PLANES, name="x").fingerprint


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 8), dtype=np.uint8), "shape"),
        (np.zeros((0, 3, 8, 8), dtype=np.uint8), "shape"),
        (np.zeros((4, 8, 8, 4), dtype=np.uint8), "is neither"),
        (np.zeros((4, 3, 8, 3), dtype=np.uint8), "could be either"),
        (np.zeros((4, 3, 8, 8), dtype=np.int64), "int64"),
        (np.full((4, 3, 8, 8), 255.0), r"floats from 255 to 255; \[-1, 1\], \[0, 1\] or uint8"),
        (np.where(np.arange(4) == 2, np.nan, 0.5)[:, None, None].repeat(8, 1).repeat(8, 2), "image 2 has values"),
    ],
)
def test_what_is_no_set_of_images_is_refused(array: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        array_images(array, name="x")


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}, None], dtype=object)
    np.save(tmp_path / "x.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "x.npz", objects)
    for name, message in (("x.npy", "is not a file of numpy arrays"), ("x.npz", "plain arrays were expected")):
        with pytest.raises(DataError, match=message):
            open_data(tmp_path / name)


def test_npz_without_images_and_one_image(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.zeros(3), b=np.zeros((2, 2)))
    with pytest.raises(DataError, match=r"holds a, b; an array named `images`"):
        open_data(tmp_path / "x.npz")
    np.save(tmp_path / "one.npy", PLANES[:1])
    with pytest.raises(DataError, match="holds one image"):
        open_data(tmp_path / "one.npy")
    with pytest.raises(DataError, match="labels count from 0 to 1048575, found -1"):
        array_images(PLANES, name="x", labels=np.array([0, 1, -1, 0, 1]))
