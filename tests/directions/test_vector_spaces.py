"""Of which space a vector of others is: told by its name, by its shape, or asked; never taken for z unsaid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.directions import imported_directions

ALIKE = {"z": (16,), "w": (16,), "w+": (6, 16), "s": (72,)}
APART = {"z": (20,), "w": (16,), "w+": (6, 16), "s": (72,)}
RNG = np.random.default_rng(0)


def vector(*shape: int) -> NDArray[np.float32]:
    return RNG.standard_normal(shape).astype(np.float32)


def written(path: Path, value: object) -> Path:
    if path.suffix == ".npy":
        np.save(path, np.asarray(value))
    else:
        torch.save(value, path)
    return path


@pytest.mark.parametrize("suffix", ["npy", "pt", "pth"])
def test_a_file_that_does_not_tell_is_asked_about(tmp_path: Path, suffix: str) -> None:
    values = vector(1, 16)
    path = written(tmp_path / f"boundary.{suffix}", values if suffix == "npy" else torch.from_numpy(values))
    for spaces in (ALIKE, None):
        with pytest.raises(InputError, match=r"fits z and w: say --space z or --space w") as caught:
            imported_directions(path, spaces=spaces)
        assert "\n" not in str(caught.value)
    for space in ("z", "w"):
        (found,), scaled = imported_directions(path, space=space, spaces=ALIKE)
        assert (found.space, found.vector.shape, scaled) == (space, (16,), False)
        np.testing.assert_allclose(found.vector, values[0] / np.linalg.norm(values), rtol=1e-5)


def test_a_shape_that_one_space_has_tells(tmp_path: Path) -> None:
    path = written(tmp_path / "boundary.npy", vector(16))
    assert imported_directions(path, spaces=APART)[0].named().space == "w"
    assert imported_directions(path, spaces={"z": (16,)})[0].named().space == "z"
    assert imported_directions(written(tmp_path / "s.npy", vector(72)), spaces=ALIKE)[0].named().space == "s"
    with pytest.raises(InputError, match="another generator"):
        imported_directions(written(tmp_path / "wide.npy", vector(512)), spaces=ALIKE)


@pytest.mark.parametrize(
    ("stem", "name", "space"),
    [
        ("stylegan_ffhq_age_boundary", "age", "z"),
        ("stylegan_celebahq_age_c_gender_w_boundary", "age_c_gender", "w"),
        ("smile_z", "smile", "z"),
        ("smile_w_boundary", "smile", "w"),
    ],
)
def test_names_that_tell(tmp_path: Path, stem: str, name: str, space: str) -> None:
    found = imported_directions(written(tmp_path / f"{stem}.npy", vector(1, 16)), spaces=ALIKE)[0].named()
    assert (found.name, found.space) == (name, space)


@pytest.mark.parametrize("stem", ["my_own_smile_boundary", "boundary", "smile", "window", "jazz"])
def test_names_that_do_not_tell(tmp_path: Path, stem: str) -> None:
    with pytest.raises(InputError, match="--space"):
        imported_directions(written(tmp_path / f"{stem}.npy", vector(16)), spaces=ALIKE)


def test_rows_of_layers_are_of_w_plus(tmp_path: Path) -> None:
    rows = vector(6, 16)
    for shape in (rows, rows[None]):
        found = imported_directions(written(tmp_path / "rows.npy", shape), spaces=ALIKE)[0].named()
        assert (found.space, found.vector.shape) == ("w+", (6, 16))
    equal = np.tile(rows[:1], (6, 1))
    assert imported_directions(written(tmp_path / "equal.npy", equal), space="w")[0].named().vector.shape == (16,)
    assert imported_directions(tmp_path / "equal.npy", spaces=ALIKE)[0].named().space == "w+"
    with pytest.raises(InputError, match=r"--space w\+"):
        imported_directions(tmp_path / "rows.npy", space="z", spaces=ALIKE)
    with pytest.raises(InputError, match="another generator"):
        imported_directions(written(tmp_path / "five.npy", vector(5, 16)), spaces=ALIKE)


def test_files_of_pytorch_with_several(tmp_path: Path) -> None:
    several = {"smile": torch.from_numpy(vector(1, 16)), "age": torch.from_numpy(vector(16)), "made_by": "somebody"}
    found, _ = imported_directions(written(tmp_path / "all.pt", several), space="w", spaces=ALIKE)
    assert [(item.name, item.space) for item in found] == [("smile", "w"), ("age", "w")]
    factors = {"ckpt": "550000.pt", "eigvec": torch.linalg.qr(torch.randn(16, 16))[0]}
    found, _ = imported_directions(written(tmp_path / "factor.pt", factors), spaces=ALIKE)
    assert (len(found), found.items[3].name, found.items[3].space) == (16, "sefa_3", "w")
    np.testing.assert_allclose(found.items[3].vector, factors["eigvec"][:, 3], atol=1e-6)


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("print('run')",)


def test_what_holds_no_directions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for value in (
        {"net": {"a": torch.ones(3)}},
        torch.ones(2, 3, 4, 5),
        {"epoch": 3},
        torch.ones(3, dtype=torch.int64),
    ):
        with pytest.raises(CheckpointError, match=r"holds no directions|no boundary"):
            imported_directions(written(tmp_path / "file.pt", value), space="z")
    with pytest.raises(CheckpointError, match="nothing in it was run"):
        imported_directions(written(tmp_path / "trap.pt", Trap()), space="z")
    assert capsys.readouterr().out == ""
