"""The formats of training pipelines: the same images, labels and fingerprints, whatever they lie in."""

from __future__ import annotations

import importlib
import io
import json
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import lmdb
import numpy as np
import pytest
from PIL import Image

import ganprobe
from ganprobe.core.errors import CheckpointError, DataError, InputError
from ganprobe.data import is_image_data, open_data
from ganprobe.engine.opening.test_images import test_of as images_to_test_on

RNG = np.random.default_rng(11)
SIDE = 8
PIXELS = RNG.integers(0, 256, (12, SIDE, SIDE, 3), dtype=np.uint8)
LABELS = [k % 3 for k in range(12)]


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


ENCODED = [png(each) for each in PIXELS]


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def in_folder(root: Path) -> Path:
    root.mkdir()
    for k, data in enumerate(ENCODED):
        (root / f"{k:05}.png").write_bytes(data)
    (root / "dataset.json").write_text(json.dumps({"labels": [[f"{k:05}.png", LABELS[k]] for k in range(12)]}))
    return root


def in_zip(root: Path) -> Path:
    with zipfile.ZipFile(root.with_suffix(".zip"), "w") as archive:
        for k, data in enumerate(ENCODED):
            archive.writestr(f"{k // 5:05}/img{k:08}.png", data)
        labels = [[f"{k // 5:05}/img{k:08}.png", LABELS[k]] for k in range(12)]
        archive.writestr("dataset.json", json.dumps({"labels": labels}))
    return root.with_suffix(".zip")


def in_webdataset(root: Path, mode: str = "w", said: str = "cls", span: range = range(12)) -> Path:
    path = root.with_suffix(".tar" if mode == "w" else ".tar.gz")
    with tarfile.open(path, mode) as tar:
        for k in span:
            add(tar, f"{k:06}.png", ENCODED[k])
            if said == "cls":
                add(tar, f"{k:06}.cls", str(LABELS[k]).encode())
            elif said:
                add(tar, f"{k:06}.json", json.dumps({"label": LABELS[k], "caption": "a"}).encode())
    return path


def in_shards(root: Path) -> Path:
    root.mkdir()
    for shard, span in enumerate((range(5), range(5, 12))):
        in_webdataset(root / f"data-{shard:06}", span=span)
    return root


def in_hugging_face(root: Path, names: list[str] | None = None) -> Path:
    import datasets

    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=names or ["0", "1", "2"])}
    rows = {"image": [{"bytes": data, "path": None} for data in ENCODED], "label": LABELS}
    datasets.Dataset.from_dict(rows, features=datasets.Features(features)).save_to_disk(str(root))
    return root


def in_lmdb(root: Path, sizes: tuple[int, ...] = (SIDE,)) -> Path:
    with lmdb.open(str(root), map_size=2**22) as place, place.begin(write=True) as transaction:
        for k, pixels in enumerate(PIXELS):
            for size in sizes:
                data = png(np.asarray(Image.fromarray(pixels).resize((size, size))))
                transaction.put(f"{size}-{k:05}".encode(), ENCODED[k] if size == SIDE else data)
        transaction.put(b"length", b"12")
    return root


class Old(pickle._Pickler):
    """Writes byte strings as Python 2 did."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_bytes(self, value: bytes) -> None:
        short = len(value) < 256
        self.write(b"U" + bytes([len(value)]) if short else b"T" + len(value).to_bytes(4, "little"))
        self.write(value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def pickled(value: Any, old: bool) -> bytes:
    file = io.BytesIO()
    (Old if old else pickle._Pickler)(file, 2 if old else 4).dump(value)
    return file.getvalue()


def in_batches(root: Path, pixels: np.ndarray, labels: list[int], *, old: bool = True) -> Path:
    """pixels: (N, 3, 32, 32), in two of five batches, and a test batch of the first two."""
    root.mkdir(parents=True)
    (root / "batches.meta").write_bytes(pickled({b"label_names": [b"ant", b"bee", b"cat"]}, old))
    parts = {f"data_batch_{k}": slice(2 * k - 2, 2 * k if k < 5 else None) for k in range(1, 6)}
    for name, part in {**parts, "test_batch": slice(0, 2)}.items():
        rows = pixels[part].reshape(-1, 3072)
        said = {b"data": rows, b"labels": labels[part], b"batch_label": b"x", b"filenames": [b"a.png"] * len(rows)}
        (root / name).write_bytes(pickled(said, old))
    return root


WRITERS = {
    "zip": in_zip,
    "webdataset": in_webdataset,
    "webdataset, compressed": lambda root: in_webdataset(root, "w:gz"),
    "webdataset, json": lambda root: in_webdataset(root, said="json"),
    "shards": in_shards,
    "hugging face": in_hugging_face,
}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_images_whatever_they_lie_in(tmp_path: Path, kind: str) -> None:
    expected = open_data(in_folder(tmp_path / "folder"))
    path = WRITERS[kind](tmp_path / "other")
    found = open_data(path)
    assert np.array_equal(found.read(range(12)), PIXELS.transpose(0, 3, 1, 2))
    assert found.labels.tolist() == LABELS
    assert found.class_names == expected.class_names
    assert found.fingerprint == expected.fingerprint
    assert is_image_data(path)
    assert open_data(path, labels="none").labels is None
    assert open_data(path, limit=4).labels.tolist() == [0, 0, 0, 0]


def test_lmdb(tmp_path: Path) -> None:
    expected = open_data(in_folder(tmp_path / "folder"), labels="none")
    found = open_data(in_lmdb(tmp_path / "one"))
    assert (found.fingerprint, found.notes) == (expected.fingerprint, ())
    assert found.classes_said == "no classes (an LMDB of images has none)"
    assert open_data(tmp_path / "one" / "data.mdb").fingerprint == expected.fingerprint
    several = in_lmdb(tmp_path / "several", (4, SIDE))
    assert open_data(several).fingerprint == expected.fingerprint
    assert open_data(several).notes == ("of the sizes 4, 8 in the LMDB 8 is read",)
    assert open_data(several, resize="4").notes == ("of the sizes 4, 8 in the LMDB 4 is read",)
    assert open_data(several, resize="6").shape == (3, 6, 6)
    with lmdb.open(str(tmp_path / "lsun"), map_size=2**20) as place, place.begin(write=True) as transaction:
        for k in (2, 1):
            transaction.put(f"{k}".encode() * 20, ENCODED[k])
    assert np.array_equal(open_data(tmp_path / "lsun").read(range(2)), PIXELS[1:3].transpose(0, 3, 1, 2))
    with lmdb.open(str(tmp_path / "texts"), map_size=2**20) as place, place.begin(write=True) as transaction:
        transaction.put(b"a", b"text")
    with pytest.raises(DataError, match="an LMDB of 1 keys whose values are no image files"):
        open_data(tmp_path / "texts")


@pytest.mark.parametrize(("old", "long"), [(True, 2**20), (True, 4096), (False, 2**20)])
def test_cifar_batches(tmp_path: Path, old: bool, long: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """long: the length from which Python 2's strings are left in the file, as those of whole batches are."""
    monkeypatch.setattr("ganprobe.checkpoints.reader.instructions.LONG_TEXT", long)
    pixels = RNG.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
    root = in_batches(tmp_path / "root" / "cifar-10-batches-py", pixels, LABELS, old=old)
    np.savez(tmp_path / "same.npz", images=pixels, labels=np.array(LABELS))
    for path in (root, root.parent):
        found = open_data(path)
        assert np.array_equal(found.read(range(12)), pixels)
        assert (found.class_names, found.labels.tolist()) == (("ant", "bee", "cat"), LABELS)
        assert found.fingerprint == open_data(tmp_path / "same.npz").fingerprint
        assert images_to_test_on(str(path), None) == str(root / "test_batch")
    assert len(open_data(root / "test_batch")) == 2
    assert is_image_data(root / "test_batch")
    assert open_data(root, resize=16, limit=3).shape == (3, 16, 16)
    assert open_data(root, class_order=["cat", "bee", "ant"]).labels.tolist() == [2 - k for k in LABELS]


def test_batches_that_are_none(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
    root = in_batches(tmp_path / "cifar", pixels, LABELS)

    class Bad:
        def __reduce__(self) -> tuple[Any, ...]:
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    for value, error, message in (
        (Bad(), CheckpointError, "nothing in it was run"),
        ([1], DataError, "data_batch_1 is no pickled batch of CIFAR: it holds no mapping"),
        ({"data": 1}, DataError, "its data are no array N x 3072"),
        ({"data": pixels.reshape(12, -1), "labels": [1]}, DataError, "its labels are no list of as many numbers"),
    ):
        (root / "data_batch_1").write_bytes(pickle.dumps(value, 4))
        with pytest.raises(error, match=message):
            open_data(root)
    assert not (tmp_path / "ran").exists()


def test_webdatasets_that_do_not_fit(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "less.tar", "w") as tar:
        for k in range(3):
            add(tar, f"{k}.png", ENCODED[k])
        add(tar, "0.cls", b"1")
    with pytest.raises(DataError, match="says no class of 1, 2"):
        open_data(tmp_path / "less.tar")
    assert len(open_data(tmp_path / "less.tar", labels="none")) == 3
    with tarfile.open(tmp_path / "two.tar", "w") as tar:
        for name in ("0.left.png", "0.right.png"):
            add(tar, name, ENCODED[0])
        add(tar, "0.cls", b"1")
    with pytest.raises(DataError, match="the sample 0 has several images"):
        open_data(tmp_path / "two.tar")


def test_names_as_classes_in_a_webdataset(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for k in range(3):
            add(tar, f"{k}.png", ENCODED[k])
            add(tar, f"{k}.cls", [b"owl", b"cat\n", b"owl"][k])
    images = open_data(tmp_path / "x.tar")
    assert (images.class_names, images.labels.tolist()) == (("cat", "owl"), [1, 0, 1])


def test_tars_without_labels(tmp_path: Path) -> None:
    for folder, names in {"shards": ("data-000000", "data-000001"), "classes": ("n01440764", "n01443537")}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            in_webdataset(tmp_path / folder / name, said="", span=range(3))
    assert "data-000000.tar, data-000001.tar have no .cls" in open_data(tmp_path / "shards").facts.why
    with pytest.raises(DataError, match="no class folders"):
        open_data(tmp_path / "shards" / "data-000000.tar", labels="folders")
    assert len(open_data(tmp_path / "classes")) == 6


@pytest.mark.filterwarnings("default")
def test_data_sets_on_disk(tmp_path: Path) -> None:
    import datasets

    named = open_data(in_hugging_face(tmp_path / "named", ["ant", "bee", "cat"]))
    assert (named.class_names, named.facts.source) == (("ant", "bee", "cat"), "the column label")
    rows = datasets.load_from_disk(str(tmp_path / "named"))
    datasets.DatasetDict({"train": rows, "test": rows}).save_to_disk(str(tmp_path / "parts"))
    with pytest.raises(
        DataError, match=rf"holds the parts train, test of a data set; give one .* {tmp_path}/parts/train"
    ):
        open_data(tmp_path / "parts")
    assert open_data(tmp_path / "parts" / "train").fingerprint == named.fingerprint
    rows.select([3, 1]).save_to_disk(str(tmp_path / "some"))
    assert open_data(tmp_path / "some").labels.tolist() == [0, 1]
    rows.remove_columns("image").save_to_disk(str(tmp_path / "none"))
    with pytest.raises(DataError, match="one column of images was expected, and there is none among label"):
        open_data(tmp_path / "none")
    rows.rename_column("label", "kind").add_column("other", LABELS).save_to_disk(str(tmp_path / "kind"))
    assert open_data(tmp_path / "kind").class_names == ("ant", "bee", "cat")
    rows.remove_columns("label").save_to_disk(str(tmp_path / "plain"))
    assert open_data(tmp_path / "plain").classes_said == "no classes (the data set has no column of labels)"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("package", "writer"),
    [("lmdb", in_lmdb), ("webdataset", in_webdataset), ("datasets", in_hugging_face)],
)
def test_a_missing_library_is_one_line(
    tmp_path: Path, package: str, writer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = writer(tmp_path / "x"), importlib.import_module

    def missing(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(DataError, match=rf"is read by {package}: pip install 'ganprobe\[data\]'"):
        open_data(path)


@pytest.mark.filterwarnings("default")
def test_the_same_numbers_on_either_side(tmp_path: Path, small_features: None) -> None:
    folder = in_folder(tmp_path / "folder")
    writers = {"a": in_zip, "b": in_webdataset, "c": in_hugging_face, "d": in_lmdb}
    places = [write(tmp_path / name) for name, write in writers.items()]

    def distance(generator: Path, reference: Path) -> float:
        return ganprobe.evaluate(generator, reference=reference, metrics=["fd"], features="embedded")["fd"].value

    reversed_folder = tmp_path / "reversed"
    reversed_folder.mkdir()
    for k, pixels in enumerate(PIXELS[::-1]):
        Image.fromarray(255 - pixels).save(reversed_folder / f"{k}.png")
    expected = distance(reversed_folder, folder), distance(folder, reversed_folder)
    assert expected[0] > 0
    for place in places:
        assert (distance(reversed_folder, place), distance(place, reversed_folder)) == expected


def test_sizes_that_differ(tmp_path: Path, small_features: None) -> None:
    for folder, sizes in {"real": (8, 10, 16), "made": (9, 12, 16)}.items():
        (tmp_path / folder).mkdir()
        for k in range(12):
            side = sizes[k % 3]
            Image.fromarray(PIXELS[k]).resize((side, side + k % 2)).save(tmp_path / folder / f"{k:02}.png")
    real, made = tmp_path / "real", tmp_path / "made"
    with pytest.raises(DataError, match=r"00\.png has 9 x 9 pixels and .*01\.png has 12 x 13; .*--resize N"):
        ganprobe.evaluate(made, reference=real, metrics=["fd"], features="embedded")
    runs = {
        size: ganprobe.evaluate(made, reference=real, metrics=["fd"], features="embedded", resize=size)["fd"]
        for size in (16, "16:lanczos", "16:nearest")
    }
    assert runs[16].value == runs["16:lanczos"].value != runs["16:nearest"].value
    assert runs[16].protocol["resize"] == "centred square to 16 by lanczos"
    assert runs["16:nearest"].protocol["resize"] == "centred square to 16 by nearest"


@pytest.mark.parametrize(
    ("resize", "message"),
    [
        ("big", "images are resized to N or N:method"),
        ("0", "at least 1 pixel"),
        ("8:cubic", "unknown method of resizing 'cubic'; did you mean 'bicubic'"),
    ],
)
def test_resizing_that_is_none(resize: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_data("toyfaces", resize=resize)
    with pytest.raises(InputError, match="contradict"):
        open_data("toyfaces", resize="8", resolution=16)
