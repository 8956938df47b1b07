"""Folders and archives: the same images, labels and fingerprint however packed, and a clear line for what is bad."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganprobe.core.errors import DataError, InputError
from ganprobe.data import open_data, scan
from ganprobe.data.labelled import labelled
from ganprobe.data.sources.listing import list_files

RNG = np.random.default_rng(3)
PIXELS = {
    name: RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    for name in ("cat/b.png", "cat/a.png", "ant/deep/z.png", "bee/1.PNG", "bee/10.png", "bee/2.png")
}
ORDER = ["ant/deep/z.png", "bee/1.PNG", "bee/10.png", "bee/2.png", "cat/a.png", "cat/b.png"]
MODES = {"zip": "zip", "tar": "w:", "tar.gz": "w:gz", "tar.xz": "w:xz", "tar.bz2": "w:bz2", "tgz": "w:gz"}


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def write_archive(path: Path, files: dict[str, bytes], kind: str) -> Path:
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path
    with tarfile.open(path, MODES[kind]) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture
def files() -> dict[str, bytes]:
    return {name: png(pixels) for name, pixels in PIXELS.items()}


def test_folder_is_read_in_sorted_order_with_classes(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "photos").mkdir()
    images = open_data(str(write_folder(tmp_path / "photos", files)))
    expected = np.stack([PIXELS[name].transpose(2, 0, 1) for name in ORDER])
    assert (images.name, len(images), images.shape, images.skipped) == ("photos", 6, (3, 8, 8), ())
    assert np.array_equal(images.read(range(6)), expected)
    assert np.array_equal(images.read(np.array([5, 0, 5])), expected[[5, 0, 5]])
    assert images.class_names == ("ant", "bee", "cat")
    assert images.labels is not None
    assert images.labels.dtype == np.int64
    assert images.labels.tolist() == [0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("prefix", ["", "photos/", "./photos/", "../../"])
@pytest.mark.parametrize("kind", MODES)
def test_archives_give_what_the_folder_gives(tmp_path: Path, files: dict[str, bytes], kind: str, prefix: str) -> None:
    folder = open_data(write_folder(tmp_path / "folder", files))
    archive = open_data(write_archive(tmp_path / f"x.{kind}", {prefix + k: v for k, v in files.items()}, kind))
    assert archive.fingerprint == folder.fingerprint
    assert np.array_equal(archive.read(range(6)), folder.read(range(6)))
    assert archive.labels is not None
    assert archive.labels.tolist() == [0, 1, 1, 1, 2, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", f"x.{kind}"]


def test_fingerprint_follows_content_and_names_but_not_place(tmp_path: Path, files: dict[str, bytes]) -> None:
    first = open_data(write_folder(tmp_path / "a", files)).fingerprint
    assert open_data(write_folder(tmp_path / "elsewhere" / "b", files)).fingerprint == first
    assert open_data(tmp_path / "a", resolution=4).fingerprint != first
    assert open_data(tmp_path / "a", limit=3).fingerprint != first
    swapped = {**files, "cat/a.png": files["cat/b.png"], "cat/b.png": files["cat/a.png"]}
    assert open_data(write_folder(tmp_path / "c", swapped)).fingerprint != first


@pytest.mark.parametrize("small_file", [0, 10**9])
def test_decoding_again_gives_what_the_cache_gave(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, small_file: int
) -> None:
    cached = open_data(write_folder(tmp_path, files))
    monkeypatch.setattr(scan, "SMALL_FILE", small_file)
    monkeypatch.setattr(scan, "CACHE_BYTES", 0)
    monkeypatch.setattr(scan, "GROUP", 1)
    again = open_data(tmp_path)
    assert again.fingerprint == cached.fingerprint
    assert np.array_equal(again.read(np.array([4, 1])), cached.read(np.array([4, 1])))
    (tmp_path / "bee/1.PNG").write_bytes(b"")
    with pytest.raises(DataError, match=r"1\.PNG changed while it was in use"):
        again.read(range(3))


def test_threads_keep_the_order() -> None:
    assert list(scan.in_order(lambda x: x * x, range(200), workers=3)) == [x * x for x in range(200)]


@pytest.mark.parametrize("names", [["a.png", "b.png"], ["a.png", "sub/b.png"], ["only/a.png", "only/b.png"]])
def test_images_that_lie_together_have_no_labels(tmp_path: Path, files: dict[str, bytes], names: list[str]) -> None:
    images = open_data(write_folder(tmp_path, dict.fromkeys(names, files["cat/a.png"])))
    assert images.labels is None
    assert images.class_names == ()
    assert images.labels_of(range(2)) is None


def test_other_files_are_passed_over(tmp_path: Path, files: dict[str, bytes]) -> None:
    noise = {
        "__MACOSX/cat/._a.png": b"",
        "cat/.hidden.png": b"",
        "cat/Thumbs.db": b"",
        "readme.txt": b"",
        ".git/x.png": b"",
    }
    assert len(open_data(write_folder(tmp_path / "a", {**files, **noise}))) == 6
    assert len(open_data(write_archive(tmp_path / "a.zip", {**files, **noise}, "zip"))) == 6


def test_linked_folders_are_followed_once(tmp_path: Path, files: dict[str, bytes]) -> None:
    write_folder(tmp_path / "real", files)
    (tmp_path / "real" / "cat" / "loop").symlink_to(tmp_path / "real")
    os.symlink(tmp_path / "real", tmp_path / "link")
    assert len(open_data(tmp_path / "link")) == 6


def test_limit_spreads_over_the_classes(tmp_path: Path) -> None:
    write_folder(tmp_path, {f"{c}/{i}.png": png(PIXELS["cat/a.png"]) for c in "ab" for i in range(10)})
    images = open_data(tmp_path, limit=4)
    assert images.labels is not None
    assert images.labels.tolist() == [0, 0, 1, 1]
    assert len(open_data(tmp_path, limit=100)) == 20
    assert open_data(tmp_path, limit=1).class_names == ("a", "b")


def test_numbers_outside_are_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    images = open_data(write_folder(tmp_path, files))
    with pytest.raises(InputError, match=r"image 6 was asked of .* holds 6 images, 0 to 5"):
        images.read(range(4, 7))
    with pytest.raises(InputError, match="image -1"):
        images.read(np.array([-1, 2]))
    assert images.read(range(0)).shape == (0, 3, 8, 8)


BROKEN = {
    "truncated.jpg": lambda: _jpeg()[:-200],
    "truncated.png": lambda: png(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8))[:120],
    "words.png": lambda: b"these are words and no image",
    "empty.webp": lambda: b"",
}


def _jpeg() -> bytes:
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.xz"])
def test_broken_files_stop_or_are_skipped_by_name(
    tmp_path: Path, files: dict[str, bytes], name: str, kind: str
) -> None:
    mixed = {**files, f"bee/{name}": BROKEN[name]()}
    path = tmp_path / f"set.{kind}"
    write_folder(path, mixed) if kind == "folder" else write_archive(path, mixed, kind)
    where = f"{path}/bee/{name}" if kind == "folder" else f"{path}: bee/{name}"
    with pytest.raises(DataError, match="skip-unreadable") as caught:
        open_data(path)
    assert str(caught.value).startswith(f"{where} cannot be read: ")
    assert "\n" not in str(caught.value)
    images = open_data(path, skip_unreadable=True)
    assert images.skipped == (where,)
    assert len(images) == 6
    assert images.labels is not None
    assert images.labels.tolist() == [0, 1, 1, 1, 2, 2]
    assert images.fingerprint == open_data(write_folder(tmp_path / "good", files)).fingerprint


def test_a_corrupt_zip_member_is_named(tmp_path: Path, files: dict[str, bytes]) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    data = bytearray(path.read_bytes())
    data[data.index(files["cat/b.png"]) + 50] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"x\.zip: cat/b\.png cannot be read: Bad CRC"):
        open_data(path)


def test_a_link_to_nowhere_is_named(tmp_path: Path, files: dict[str, bytes]) -> None:
    write_folder(tmp_path, files)
    (tmp_path / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match=r"cat/gone\.png cannot be read: No such file"):
        open_data(tmp_path)


def test_all_unreadable_says_why(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a.png": b"x", "b.png": b"y"})
    with pytest.raises(DataError, match=r"none of the 2 images .*a\.png: not an image"):
        open_data(tmp_path, skip_unreadable=True)


def test_two_sizes_name_two_files_unless_resized(tmp_path: Path, files: dict[str, bytes]) -> None:
    write_folder(tmp_path, {**files, "cat/c.png": png(np.zeros((8, 12, 3), dtype=np.uint8))})
    with pytest.raises(DataError, match=r"z\.png has 8 x 8 pixels and .*c\.png has 12 x 8"):
        open_data(tmp_path)
    assert open_data(tmp_path, resolution=6).shape == (3, 6, 6)


def test_nothing_to_read_is_one_clear_line(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match=r"no images in .*empty: it holds nothing"):
        open_data(empty)
    write_folder(tmp_path / "texts", {"a.txt": b"", "b.txt": b""})
    with pytest.raises(DataError, match=r"it holds 2 other files; files ending in \.jpg"):
        open_data(tmp_path / "texts")
    one = write_folder(tmp_path / "one", {"a.png": png(PIXELS["cat/a.png"])})
    with pytest.raises(DataError, match="holds one image that can be read; at least two"):
        open_data(one)
    with pytest.raises(DataError, match=r"a\.png is one image; a folder"):
        open_data(one / "a.png")
    with pytest.raises(DataError, match=r"a\.txt is of no known kind; a folder"):
        open_data(tmp_path / "texts" / "a.txt")


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tar.xz", "x.npy", "x.npz"])
@pytest.mark.parametrize("content", [b"", b"not what it says" * 100])
def test_what_is_no_archive_is_one_clear_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} is not a") as caught:
        open_data(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", MODES)
def test_a_truncated_archive_is_refused(tmp_path: Path, files: dict[str, bytes], kind: str) -> None:
    path = write_archive(tmp_path / f"x.{kind}", files, kind)
    whole = path.read_bytes()
    for size in (len(whole) // 2, 600):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=rf"x\.{kind} is not a"):
            open_data(path)


def test_a_compressed_tar_is_bounded(tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganprobe.data.sources.listing.MAX_IN_MEMORY", 300)
    with pytest.raises(DataError, match="unpack it and give the folder"):
        open_data(write_archive(tmp_path / "x.tar.gz", files, "tar.gz"))


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.xz"])
def test_a_file_too_long_is_refused(
    tmp_path: Path, files: dict[str, bytes], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"x.{kind}"
    write_folder(path, files) if kind == "folder" else write_archive(path, files, kind)
    monkeypatch.setattr("ganprobe.data.files.MAX_FILE", 100)
    with pytest.raises(DataError, match="more than the 100 bytes"):
        open_data(path)


def test_under_takes_a_part_of_an_archive(tmp_path: Path, files: dict[str, bytes]) -> None:
    both = {f"{split}/{name}": data for split in ("train", "test") for name, data in files.items()}
    listed = labelled(list_files(write_archive(tmp_path / "x.tar.xz", both, "tar.xz"), under="train/"))
    assert list(listed.names) == ORDER
    assert listed.labelling.names == ("ant", "bee", "cat")
