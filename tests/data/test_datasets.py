"""Data sets by name, and what an unknown reference is answered."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganprobe.core.errors import DataError, InputError
from ganprobe.data import DATASETS, datasets, find_cifar10, is_image_data, open_data, open_toyfaces, toyfaces

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / datasets.CIFAR10_FILE
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def test_toyfaces_is_the_procedural_set() -> None:
    images = open_data("toyfaces")
    assert images.length is None
    assert np.array_equal(images.read(np.array([7, 3, 4])), toyfaces.images(range(8), seed=0, resolution=64)[[7, 3, 4]])
    assert images.read(range(0)).shape == (0, 3, 64, 64)
    with pytest.raises(InputError, match="toyfaces has no end"):
        len(images)
    with pytest.raises(InputError, match="image -2 was asked of toyfaces, which has no negative ones"):
        images.read(np.array([-2]))


def test_toyfaces_variants() -> None:
    images = open_data("toyfaces:32:5", limit=9)
    assert (images.name, len(images), images.shape) == ("toyfaces:32:5", 9, (3, 32, 32))
    assert np.array_equal(images.read(range(2, 4)), toyfaces.images(range(2, 4), seed=5, resolution=32))
    assert open_data("toyfaces", resolution=16).shape == (3, 16, 16)
    prints = {open_data(ref).fingerprint for ref in ("toyfaces", "toyfaces:32", "toyfaces:64:1", "toyfaces:64:0")}
    assert len(prints) == 3
    assert open_toyfaces(limit=5).fingerprint != open_toyfaces().fingerprint
    with pytest.raises(InputError, match="image 9 was asked"):
        images.read(range(8, 10))


@pytest.mark.parametrize(
    "ref", ["toyfaces:big", "toyfaces:64:1:2", "toyfaces::", "toyfaces:0", "toyfaces:-4", "toyfaces:4"]
)
def test_toyfaces_variants_that_are_none(ref: str) -> None:
    with pytest.raises(InputError):
        open_data(ref)


def test_contradicting_resolutions() -> None:
    assert open_data("toyfaces:32", resolution=32).shape == (3, 32, 32)
    with pytest.raises(InputError, match="contradict"):
        open_data("toyfaces:32", resolution=64)


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("toyface", "did you mean 'toyfaces'"),
        ("photos/", "no file or folder photos/"),
        ("photos.zip", "no file or folder photos.zip"),
        ("cifar10:validation", "split of cifar10 'validation'"),
    ],
)
def test_unknown_references(ref: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_data(ref)


@pytest.mark.parametrize("option", ["resolution", "limit"])
def test_options_out_of_range(option: str) -> None:
    with pytest.raises(InputError, match=f"{option} must be at least 1, got 0"):
        open_data("toyfaces", **{option: 0})


def test_a_folder_of_a_name_is_told_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toyfaces").mkdir()
    for name in "ab":
        Image.new("RGB", (4, 4)).save(tmp_path / "toyfaces" / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    assert open_data("toyfaces").length is None
    assert open_data("./toyfaces").length == 2
    assert open_data(Path("toyfaces")).length == 2


def test_what_open_data_is_for(tmp_path: Path) -> None:
    assert is_image_data(tmp_path)
    assert all(is_image_data(Path(name)) for name in ("a.zip", "a.TAR.XZ", "a.npy", "a.npz", "a.png"))
    assert not any(is_image_data(Path(name)) for name in ("a.safetensors", "a.pth", "a.pt", "a.txt"))


def test_every_data_set_says_what_it_is() -> None:
    assert {"toyfaces", "cifar10"} <= set(DATASETS)
    assert all(record.summary for record in DATASETS.values())


def test_cifar10_nowhere_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANPROBE_DATA", str(tmp_path))
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "a" / "b" / "c" / "datasets.py"))
    with pytest.raises(
        DataError, match=rf"cifar10 needs {datasets.CIFAR10_FILE}, which is not in {tmp_path}, .*GANPROBE_DATA"
    ):
        open_data("cifar10")
    (tmp_path / datasets.CIFAR10_FILE).write_bytes(b"")
    assert find_cifar10() == tmp_path / datasets.CIFAR10_FILE


@pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"{ARCHIVE} is not at hand")
def test_cifar10_test_split() -> None:
    images = open_data("cifar10:test", limit=200)
    assert (images.name, len(images), images.shape, images.class_names) == ("cifar10:test", 200, (3, 32, 32), CLASSES)
    assert images.labels is not None
    assert np.bincount(images.labels).tolist() == [20] * 10
    assert 100 < images.read(range(200)).mean() < 140


@pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"{ARCHIVE} is not at hand")
def test_cifar10_is_the_train_split_by_default() -> None:
    images = open_data("cifar10", limit=100)
    assert (images.name, images.class_names) == ("cifar10", CLASSES)
    assert images.length == 100
    assert images.labels is not None
    assert np.bincount(images.labels).tolist() == [10] * 10
