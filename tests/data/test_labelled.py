"""The labels that folders and archives of images get."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganprobe.core.errors import DataError, InputError
from ganprobe.data import open_data

RNG = np.random.default_rng(5)


def png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (4, 4, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


CHUNKED = {f"{k // 4:05}/img{k:08}.png": png() for k in range(12)}
LABELS = [[name, k % 3] for k, name in enumerate(CHUNKED)]
ANIMALS = {f"{kind}/{n}.png": png() for kind in ("cat", "dog") for n in range(2)}


def packed(path: Path, files: dict[str, bytes]) -> Path:
    """A folder, a zip or a tar, by its ending."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    elif path.suffix:
        with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as tar:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    else:
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    return path


def with_json(labels: Any, files: dict[str, bytes] = CHUNKED) -> dict[str, bytes]:
    return {**files, "dataset.json": json.dumps({"labels": labels}).encode()}


@pytest.mark.parametrize("form", ["x", "x.zip", "x.tar", "x.tgz"])
def test_dataset_json_says_the_labels(tmp_path: Path, form: str) -> None:
    images = open_data(packed(tmp_path / form, with_json(LABELS)))
    assert images.class_names == ("0", "1", "2")
    assert images.labels.tolist() == [k % 3 for k in range(12)]
    assert images.classes_said == "3 classes: 0, 1, 2 (from dataset.json)"


@pytest.mark.parametrize("form", ["x", "x.zip", "x.tar"])
def test_dataset_json_with_null_says_that_there_are_none(tmp_path: Path, form: str) -> None:
    images = open_data(packed(tmp_path / form, with_json(None)))
    assert images.labels is None
    assert images.classes_said == "no classes (dataset.json says that there are none)"


def test_one_chunk_and_a_wrapper(tmp_path: Path) -> None:
    few = {name: data for name, data in CHUNKED.items() if name.startswith("00000")}
    one = with_json(LABELS[:4], few)
    assert open_data(packed(tmp_path / "one.zip", one)).labels.tolist() == [0, 1, 2, 0]
    wrapped = {f"set/{name}": data for name, data in with_json(LABELS).items()}
    assert open_data(packed(tmp_path / "w.zip", wrapped)).class_names == ("0", "1", "2")
    hidden = {f"__MACOSX/{name}": data for name, data in with_json(None).items()}
    assert open_data(packed(tmp_path / "h.zip", {**hidden, **with_json(LABELS)})).class_names == ("0", "1", "2")


def test_dataset_json_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"says no class of 1 of the 12 images \(00002/img00000011\.png\)"):
        open_data(packed(tmp_path / "less.zip", with_json(LABELS[:-1])))
    more = open_data(packed(tmp_path / "more.zip", with_json([*LABELS, ["00009/gone.png", 7]])))
    assert more.class_names == ("0", "1", "2")
    assert "names 1 images that are not there (00009/gone.png)" in more.facts.notes[0]
    with pytest.raises(DataError, match=r"says the classes of z\.png, and .* holds none of these"):
        open_data(packed(tmp_path / "other.zip", with_json([["z.png", 0]])))
    vectors = with_json([[name, [0.5, 0.5]] for name in CHUNKED])
    with pytest.raises(DataError, match=r"dataset\.json gives 00000/img00000000\.png a vector of 2 numbers"):
        open_data(packed(tmp_path / "v.zip", vectors))
    assert open_data(tmp_path / "v.zip", labels="none").labels is None
    with pytest.raises(DataError, match="has a class 1048576; classes count from 0"):
        open_data(packed(tmp_path / "big.zip", with_json([[name, 2**20] for name in CHUNKED])))


def test_a_dataset_json_of_others_is_passed_over(tmp_path: Path) -> None:
    images = open_data(packed(tmp_path / "x", {**ANIMALS, "dataset.json": b'{"images": []}'}))
    assert images.class_names == ("cat", "dog")
    assert "passed over" in images.facts.notes[0]


def test_labels_none_and_folders(tmp_path: Path) -> None:
    animals = packed(tmp_path / "animals", ANIMALS)
    assert open_data(animals, labels="none").classes_said == "no classes (its labels were left out (--labels none))"
    assert open_data(animals, labels="folders").class_names == ("cat", "dog")
    chunks = packed(tmp_path / "chunks", CHUNKED)
    assert open_data(chunks).labels is None
    assert open_data(chunks, labels="folders").class_names == ("00000", "00001", "00002")
    (animals / "sheet.png").write_bytes(png())
    with pytest.raises(DataError, match=r"sheet\.png"):
        open_data(animals, labels="folders")


@pytest.mark.parametrize(
    ("name", "text", "names", "labels"),
    [
        ("a.csv", "file,label\ncat/0.png,x\ncat/1.png,y\ndog/0.png,y\ndog/1.png,x\n", ("x", "y"), [0, 1, 1, 0]),
        ("a.tsv", "cat/0.png\t1\ncat/1.png\t0\ndog/0.png\t0\ndog/1.png\t3\n", ("0", "1", "2", "3"), [1, 0, 0, 3]),
        ("a.json", '{"cat": 1, "dog": 0}', ("dog", "cat"), [1, 1, 0, 0]),
        ("a.json", '{"cat": "feline", "dog": "canine"}', ("canine", "feline"), [1, 1, 0, 0]),
        ("a.json", '{"cat": 0, "dog": 2, "owl": 1}', ("cat", "owl", "dog"), [0, 0, 2, 2]),
    ],
)
def test_a_file_of_labels(tmp_path: Path, name: str, text: str, names: tuple[str, ...], labels: list[int]) -> None:
    (tmp_path / name).write_text(text)
    images = open_data(packed(tmp_path / "x", ANIMALS), labels=str(tmp_path / name))
    assert (images.class_names, images.labels.tolist()) == (names, labels)
    assert images.facts.source == name
    assert open_data(tmp_path / "x", labels=tmp_path / name, limit=2).labels.tolist() == labels[::2]


def test_files_of_labels_that_are_none(tmp_path: Path) -> None:
    animals = packed(tmp_path / "x", ANIMALS)
    with pytest.raises(InputError, match=r"labels are none, folders or a file, and folder cannot be read"):
        open_data(animals, labels="folder")
    np.save(tmp_path / "x.npy", np.zeros((3, 4, 4, 3), dtype=np.uint8))
    with pytest.raises(InputError, match="has no files whose labels could be said otherwise"):
        open_data(tmp_path / "x.npy", labels="folders")
    with pytest.raises(InputError, match="toyfaces has no files"):
        open_data("toyfaces", labels="folders")


def test_the_order_of_classes(tmp_path: Path) -> None:
    folder = packed(tmp_path / "x", {f"{k}/{n}.png": png() for k in range(12) for n in range(2)})
    assert open_data(folder).class_names[2] == "10"
    ordered = open_data(folder, class_order="numbers")
    assert ordered.class_names == tuple(map(str, range(12)))
    assert [ordered.class_names[k] for k in ordered.labels[4:8]] == ["10", "10", "11", "11"]
    for name, text in {
        "o.txt": "\n".join(map(str, range(12))),
        "o.json": json.dumps([str(k) for k in range(12)]),
        "idx.json": json.dumps({str(k): k for k in range(12)}),
        "index.json": json.dumps({str(k): [str(k), "word"] for k in range(12)}),
    }.items():
        (tmp_path / name).write_text(text)
        assert open_data(folder, class_order=tmp_path / name).labels.tolist() == ordered.labels.tolist()
    with pytest.raises(InputError, match="the order of classes is names, numbers or a file, and number cannot be read"):
        open_data(folder, class_order="number")
    (tmp_path / "gap.json").write_text('{"0": 0, "1": 5}')
    with pytest.raises(InputError, match="says no order of classes"):
        open_data(folder, class_order=tmp_path / "gap.json")


def test_empty_class_folders_and_hidden_ones(tmp_path: Path) -> None:
    folder = packed(tmp_path / "x", ANIMALS)
    for name in ("bird", ".ipynb_checkpoints", ".thumbnails", "__MACOSX", "@eaDir"):
        (folder / name).mkdir()
    (folder / ".thumbnails" / "0.png").write_bytes(png())
    (folder / "@eaDir" / "0.png").write_bytes(png())
    images = open_data(folder)
    assert images.class_names == ("cat", "dog")
    assert images.facts.notes == ("folders without images are no classes: bird",)


def test_img_align_celeba_is_a_wrapper(tmp_path: Path) -> None:
    faces = {f"img_align_celeba/{k:06}.png": png() for k in range(3)}
    images = open_data(packed(tmp_path / "celeba", {**faces, "list_attr_celeba.txt": b"3"}))
    assert images.classes_said == "no classes (all its images lie in one folder, img_align_celeba)"


def test_names_without_endings_and_numbers_from_1(tmp_path: Path) -> None:
    packed(tmp_path / "x", {f"im{k}.png": png() for k in range(4)})
    (tmp_path / "ids.csv").write_text("id,breed\n" + "".join(f"im{k},{k + 1}\n" for k in range(4)))
    images = open_data(tmp_path / "x", labels=tmp_path / "ids.csv")
    assert images.labels is not None
    assert images.labels.tolist() == [1, 2, 3, 4]
    assert "no image has the class 0 in ids.csv" in " ".join(images.facts.notes)
