"""Which folders are classes, and what is said of those that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganprobe.core.errors import DataError
from ganprobe.data.labels.class_folders import Tree, from_folders


def tree(*names: str, above: str = "", empty: tuple[str, ...] = ()) -> Tree:
    return Tree("data", above, names, empty)


def many(folders, start_again: bool, each: int = 3) -> list[str]:
    """Files with numbers that go on from folder to folder, or start again."""
    return [
        f"{folder}/img{(0 if start_again else place * each) + number:05}.png"
        for place, folder in enumerate(folders)
        for number in range(each)
    ]


FFHQ = [f"{k * 1000:05}/{k * 1000 + n:05}.png" for k in range(4) for n in (0, 500, 999)]


@pytest.mark.parametrize(
    "names",
    [
        FFHQ,
        many(["00000", "00001", "00002"], False),
        many(["000", "001"], False),
        [f"{k * 1000}/{k * 1000 + n}.png" for k in range(3) for n in range(3)],
        many(["part1", "part2", "part10"], True),
        many(["shard-00", "shard-01"], True),
        many(["Chunk_1", "chunk_2"], True),
        many(["batch0", "batch1"], True),
        many(["0-999", "1000-1999"], True),
        many([f"{k:02x}" for k in range(256)], True, 1),
    ],
    ids=lambda names: names[0],
)
def test_chunks_are_no_classes(names: list[str]) -> None:
    found = from_folders(tree(*names))
    assert found.labels is None
    assert "look like chunks" in found.facts.why
    assert "--labels folders" in found.facts.why
    folders = {name.split("/")[0] for name in names}
    assert len(from_folders(tree(*names), asked=True).names) == len(folders)


@pytest.mark.parametrize(
    ("folders", "note"),
    [
        (["00000", "00001", "00042"], "are taken for classes"),  # GTSRB's folders, whose files begin again
        (["0", "1", "2"], ""),
        (["00", "01", "99"], ""),
        (["n01440764", "n01443537"], ""),
        (["A", "B"], ""),
        (["cat", "test"], "the class test is called as the part of a data set is"),
        (["cafe", "deed"], ""),
        (["test_tube", "train_station"], ""),
        (["contest", "train_toy"], ""),
    ],
)
def test_classes_that_look_like_something_else(folders: list[str], note: str) -> None:
    found = from_folders(tree(*many(folders, True)))
    assert found.names == tuple(folders)
    assert note in " ".join(found.facts.notes)
    assert bool(note) == bool(found.facts.notes)


def test_classes_that_were_written_one_after_another_are_classes() -> None:
    assert from_folders(tree(*many(["0", "1", "2"], False))).names == ("0", "1", "2")


@pytest.mark.parametrize(
    "parts",
    [
        ["test", "train"],
        ["Train", "VAL"],
        ["train", "valid"],
        ["dev", "train"],
        ["train", "validation", "cat"],
        ["holdout", "train"],
        ["train2017", "val2017"],
        ["trainA", "trainB", "testA"],
        ["images", "masks"],
        ["images1024x1024", "thumbnails128x128"],
        ["train_images", "test_images"],
        ["images_train", "images_test"],
        ["seg_pred", "seg_train", "seg_test"],
        ["celeba-train", "celeba-val"],
        ["train_cat", "train_dog", "test_cat", "test_dog"],
        ["train-clean-100", "test-clean"],
        ["trainval", "test"],
    ],
)
def test_parts_of_a_data_set_are_refused(parts: list[str]) -> None:
    names = [f"{part}/{kind}/{n}.png" for part in parts for kind in ("cat", "dog") for n in range(2)]
    with pytest.raises(DataError, match=r"parts .* which are no classes: give one of them, such as data/"):
        from_folders(tree(*names))
    assert len(from_folders(tree(*names), asked=True).names) == len(parts)


def test_what_lies_beside_and_below_is_named() -> None:
    stray = from_folders(tree("cat/1.png", "dog/1.png", "contact_sheet.png"))
    assert stray.labels is None
    assert "1 image lies beside the folders cat, dog: contact_sheet.png" in stray.facts.why
    alone = from_folders(tree("1.png", "2.png", above="photos/cat"))
    assert alone.facts.why == "all its images lie in one folder, cat"
    assert from_folders(tree("1.png", "2.png")).facts.why == "its images lie in no folders"
    for each in (tree("cat/1.png", "dog/1.png", "a.png"), tree("1.png", above="cat")):
        with pytest.raises(DataError, match="data has no class folders"):
            from_folders(each, asked=True)


def test_deeper_folders_and_empty_ones_are_named() -> None:
    deep = from_folders(tree("birds/owl/1.png", "mammals/cat/1.png", "mammals/dog/1.png"))
    assert deep.names == ("birds", "mammals")
    assert "folders below it (birds/owl, ...) are no classes of their own" in deep.facts.notes[0]
    inside = from_folders(tree("cat/test/1.png", "cat/train/1.png", "dog/train/1.png"))
    assert "the class folders hold the parts test, train" in inside.facts.notes[0]
    empty = from_folders(tree("cat/1.png", "dog/1.png", empty=("bird",)))
    assert "folders without images are no classes: bird" in empty.facts.notes[0]


def test_a_path_that_helps_is_named(tmp_path: Path) -> None:
    found = Tree(str(tmp_path), "inner", ["train/a/1.png", "test/a/1.png"], ())
    with pytest.raises(DataError, match=f"such as {tmp_path}/inner/train"):
        from_folders(found)
    with pytest.raises(DataError, match="pack one of them alone"):
        from_folders(Tree("x.zip", "", ["train/a/1.png", "test/a/1.png"], (), splittable=False))
