"""Tables of attributes, and the images that they speak of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganprobe.core.errors import DataError, InputError
from ganprobe.data.attributes import labelled_images, parse_attributes, read_attributes

CELEBA = """2
Smiling  Wearing_Hat Male
000001.jpg  1 -1  -1
000002.jpg -1 -1   1
"""
TABLE = "image_id,smile,hat\na.png,1,0\nb.png,0,0\nc.png,1,1\n"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number, name in enumerate(("a.png", "b.png", "c.png", "d.png")):
        (folder / "inner").mkdir(parents=True, exist_ok=True)
        pixels = np.full((6, 4, 3), 10 * number, np.uint8)
        Image.fromarray(pixels).save((folder if number % 2 else folder / "inner") / name)
    return folder


def test_celebas_own_table_is_read() -> None:
    table = parse_attributes(CELEBA)
    assert table.files == ("000001.jpg", "000002.jpg")
    assert table.names == ("Smiling", "Wearing_Hat", "Male")
    assert table.values.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_tables_with_commas_are_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + TABLE.encode())
    table = read_attributes(tmp_path / "t.csv")
    assert table.files == ("a.png", "b.png", "c.png")
    assert table.values.tolist() == [[1, 0], [0, 0], [1, 1]]
    assert table.only(["hat"]).values.tolist() == [[0], [0], [1]]
    with pytest.raises(InputError, match="did you mean 'smile'"):
        table.only(["smil"])


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=20))
def test_both_forms_say_the_same(rows: list[list[bool]]) -> None:
    comma = "file,a,b,c\n" + "".join(f"{n}.png,{','.join('01'[x] for x in row)}\n" for n, row in enumerate(rows))
    spaces = f"{len(rows)}\na b c\n" + "".join(
        f"{n}.png {' '.join('1' if x else '-1' for x in row)}\n" for n, row in enumerate(rows)
    )
    assert parse_attributes(comma).values.tolist() == parse_attributes(spaces).values.tolist() == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no table"),
        ("image\na.png\n", "rows of an image file and its attributes"),
        ("image,smile\n", "rows of an image file and its attributes"),
        ("image,smile\na.png,2\n", "smile of a.png is '2'; -1 and 1, or 0 and 1"),
        ("image,smile\na.png,1\nb.png,\n", "smile of b.png is nan"),
        ("image,smile\na.png,yes\n", "smile of a.png is 'yes'"),
        ("image,smile\na.png,1\nb.png,0\nc.png,-1\n", "both -1 and 0"),
        ("image,smile\na.png,1\na.png,0\n", "image a.png is there 2 times"),
        ("image,smile, smile\na.png,1,0\nb.png,0,1\n", "attribute smile is there 2 times"),
        ("smile,hat\na.png,1,0\n", "header has fewer columns"),
        ("image,smile\na.png,1,0,1\nb.png,1\n", "no table with commas|header has fewer"),
        ("3\nSmiling\na.png 1\nb.png -1\n", "3 rows were announced"),
        ("2\nSmiling Hat\na.png 1 1\nb.png -1\n", "2 values were expected after b.png, got 1"),
        ("1\n", "1 rows were announced"),
    ],
)
def test_bad_tables_are_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_attributes(text)


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the table .*nowhere.csv"):
        read_attributes(tmp_path / "nowhere.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"cannot read the table .*binary.csv"):
        read_attributes(tmp_path / "binary.csv")
    (tmp_path / "bad.csv").write_text("image,smile\na.png,9\n")
    with pytest.raises(InputError, match=r"bad.csv: smile of a.png"):
        read_attributes(tmp_path / "bad.csv")


def test_images_come_in_the_tables_order(photos: Path) -> None:
    table = parse_attributes("image,smile\nc.png,1\nb.png,0\na.png,1\n")
    found = labelled_images(photos, table, resolution=4)
    assert found.values.tolist() == [[1], [0], [1]]
    assert found.images.read(range(3))[:, 0, 0, 0].tolist() == [20, 10, 0]
    assert found.images.shape == (3, 4, 4)


def test_an_image_goes_by_its_path_where_names_are_shared(photos: Path) -> None:
    Image.fromarray(np.full((6, 4, 3), 99, np.uint8)).save(photos / "a.png")
    with pytest.raises(DataError, match=r"1 of the table's 2 images are not in .* \(a.png\)"):
        labelled_images(photos, parse_attributes("image,smile\na.png,1\nb.png,0\n"), resolution=4)
    table = parse_attributes("image,smile\ninner/a.png,1\nb.png,0\n")
    assert labelled_images(photos, table, resolution=4).images.read(range(1)).max() == 0


def test_missing_images_are_counted_and_named(photos: Path) -> None:
    rows = "".join(f"{name}.png,1\n" for name in "abpqrst")
    with pytest.raises(DataError, match=r"5 of the table's 7 images are not in .* \(p.png, q.png, r.png, ...\)"):
        labelled_images(photos, parse_attributes("image,smile\n" + rows), resolution=4)


def test_unreadable_images_are_left_out_with_their_rows(photos: Path) -> None:
    (photos / "b.png").write_bytes(b"no image")
    table = parse_attributes(TABLE)
    with pytest.raises(DataError, match=r"b\.png cannot be read"):
        labelled_images(photos, table, resolution=4)
    found = labelled_images(photos, table, resolution=4, skip_unreadable=True)
    assert found.values.tolist() == [[1, 0], [1, 1]]
    assert found.images.read(range(2))[:, 0, 0, 0].tolist() == [0, 20]


def test_data_without_file_names_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.zeros((3, 4, 4, 3), np.uint8))
    for data in (tmp_path / "images.npy", "toyfaces"):
        with pytest.raises(InputError, match="with the names of the table"):
            labelled_images(data, parse_attributes(TABLE), resolution=4)
    with pytest.raises(InputError, match=r"no file or folder .*gone.zip"):
        labelled_images(tmp_path / "gone.zip", parse_attributes(TABLE), resolution=4)
