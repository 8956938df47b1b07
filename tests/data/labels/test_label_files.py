"""Files that say the class of each image."""

from __future__ import annotations

import json

import pytest

from ganprobe.core.errors import DataError
from ganprobe.data.labels.label_files import classes_in, is_labels_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"labels": [["00000/a.png", 1], ["00000\\\\b.png", 0]]}', {"00000/a.png": 1, "00000/b.png": 0}),
        ('{"labels": null}', None),
        ('{"labels": [["a.png", 2.0]]}', {"a.png": 2}),
        ('{"a.png": "cat", "b.png": "dog"}', {"a.png": "cat", "b.png": "dog"}),
        ('{"cat": 0, "dog": 1}', {"cat": 0, "dog": 1}),
        ('[["a.png", 3]]', {"a.png": 3}),
        ("file,label\na.png,1\nb.png,0\n", {"a.png": 1, "b.png": 0}),
        ("a.png,cat\nb.png,dog\n", {"a.png": "cat", "b.png": "dog"}),
        ("id\tage\tclass\na.png\t7\tcat\n", {"a.png": "cat"}),
        ("a.png 4\nb.png 5\n", {"a.png": 4, "b.png": 5}),
        ("\ufefffile;category\na.png;x y\n", {"a.png": "x y"}),
        ("file,label\na.png,1.0\nb.png,10.0\n", {"a.png": 1, "b.png": 10}),
        ("file.name,label\na.png,1\n", {"a.png": 1}),
        ("file,label\na.png,1\nb.png,one\n", {"a.png": "1", "b.png": "one"}),
    ],
)
def test_formats(text: str, expected) -> None:
    assert classes_in(text.encode(), "labels") == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"labels": [["a.png", [0.5, 0.25]]]}', "gives a.png a vector of 2 numbers, and a class is one whole number"),
        (b'{"labels": [["a.png", 0.5]]}', "gives a.png the class 0.5"),
        (b'{"labels": [["a.png", -1]]}', "gives a.png the class -1"),
        (b'{"labels": [["a.png", true]]}', "gives a.png the class True"),
        (b'{"labels": [["a.png", null]]}', "gives a.png the class None"),
        (b'{"labels": [["a.png", 0], ["a.png", 1]]}', "gives a.png two classes, 0 and 1"),
        (b'{"labels": []}', "it names no image"),
        (b'{"labels": ["a.png"]}', "no pairs of a file and its class"),
        (b"{", "holds no labels that can be read"),
        (b"\xff\xfe\x00", "it is no text"),
        (b"", "it is empty"),
        (b"file,age,height\na.png,1,2\n", r"none of its columns is called label or class \(it has file, age, height\)"),
        (b"file,label\na.png\n", "the row 'a.png' has no class"),
        (b"file,label\na.png,\nb.png,1.0\n", "the row 'a.png' has no class"),
    ],
)
def test_what_is_refused_by_name(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        classes_in(data, "labels.json")
    assert "labels.json" in str(caught.value)


def test_a_json_of_others_is_none_of_nvidias() -> None:
    assert is_labels_json(b'{"labels": null}')
    assert not is_labels_json(json.dumps({"images": [], "annotations": []}).encode())
    assert not is_labels_json(b"[1")
    assert not is_labels_json(b'{"labels": {"a": 1}}')
