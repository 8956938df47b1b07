"""Where the shipped files are, and that they are the ones of the manifest."""

from pathlib import Path

import pytest

from ganprobe.core import shipped
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.files import sha256_of


def test_names_and_files(small_shipped: Path) -> None:
    assert shipped.shipped_names("generators") == ["dots", "dashes", "classes"]
    assert shipped.shipped_names("statistics") == []
    assert shipped.shipped_file("generators", "dots") == small_shipped / "dots.safetensors"
    with pytest.raises(InputError, match="unknown shipped generator 'dot'; did you mean 'dots'"):
        shipped.shipped_file("generators", "dot")


def test_a_file_that_is_missing_or_another_is_refused(small_shipped: Path) -> None:
    (small_shipped / "dots.safetensors").write_bytes(b"other")
    (small_shipped / "dashes.safetensors").unlink()
    for name in ("dots", "dashes"):
        with pytest.raises(CheckpointError, match=r"is missing or is not the file of manifest\.toml"):
            shipped.shipped_file("generators", name)


def test_a_damaged_manifest_is_refused(small_shipped: Path) -> None:
    for broken in (b"[generators", b"\xff\xfe"):
        (small_shipped / "manifest.toml").write_bytes(broken)
        shipped.manifest.cache_clear()
        with pytest.raises(CheckpointError, match=r"manifest\.toml is damaged"):
            shipped.shipped_names("generators")
    (small_shipped / "manifest.toml").unlink()
    shipped.manifest.cache_clear()
    assert shipped.shipped_names("generators") == []


def test_the_shipped_files_are_those_of_the_manifest() -> None:
    folder = Path(__file__).resolve().parents[2] / "pretrained"
    if not (folder / "manifest.toml").is_file():
        pytest.skip("pretrained/manifest.toml is not there")
    assert shipped.shipped_folder() == folder
    wrong = [
        record["file"]
        for records in shipped.manifest().values()
        for record in records.values()
        if not (folder / record["file"]).is_file() or sha256_of(folder / record["file"]) != record["sha256"]
    ]
    assert not wrong
