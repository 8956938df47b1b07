"""GANSpace's files: components with their scales, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganprobe.core.errors import CheckpointError
from ganprobe.directions import import_components, imported_directions

RNG = np.random.default_rng(0)


def write(path: Path, **changes: np.ndarray) -> Path:
    components = RNG.standard_normal((4, 1, 6)).astype(np.float32)
    components /= np.linalg.norm(components, axis=-1, keepdims=True)
    arrays = {
        "act_comp": np.zeros((4, 1, 6), np.float32),
        "lat_comp": components,
        "lat_stdev": np.array([3.0, 2.0, 1.5, 1.0], np.float32),
        "var_ratio": np.array([0.4, 0.2, 0.1, 0.05], np.float32),
    }
    np.savez_compressed(path, **{**arrays, **changes})
    return path


def test_components_keep_their_order_scale_and_share(tmp_path: Path) -> None:
    path = write(tmp_path / "stylegan2-car_style_ipca_c80_n1000000_w.npz")
    found, scaled = imported_directions(path)
    assert scaled
    assert [item.name for item in found] == ["ganspace_0", "ganspace_1", "ganspace_2", "ganspace_3"]
    assert [item.scale for item in found] == [3.0, 2.0, 1.5, 1.0]
    assert found.named("ganspace_1").scores["explained"] == pytest.approx(0.2)
    np.testing.assert_allclose(found.named("ganspace_2").vector, np.load(path)["lat_comp"][2, 0], rtol=1e-6)


@pytest.mark.parametrize(("stem", "space"), [("a_n1_w", "w"), ("a_n1_w_seed3", "w"), ("biggan_n1", "z")])
def test_the_space_follows_from_the_name(tmp_path: Path, stem: str, space: str) -> None:
    assert import_components(write(tmp_path / f"{stem}.npz")).items[0].space == space
    assert import_components(write(tmp_path / f"{stem}.npz"), space="w").items[0].space == "w"


def test_an_array_of_components(tmp_path: Path) -> None:
    np.save(tmp_path / "lat_comp_w.npy", RNG.standard_normal((3, 1, 6)))
    found, scaled = imported_directions(tmp_path / "lat_comp_w.npy")
    assert (len(found), scaled, found.items[2].space) == (3, False, "w")


def test_what_is_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("components")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    bad = np.full((4, 1, 6), np.nan, np.float32)
    cases = {
        tmp_path / "none.npz": "cannot read",
        tmp_path / "text.npz": "cannot read",
        tmp_path / "other.npz": "holds no components of GANSpace",
        write(tmp_path / "short.npz", lat_stdev=np.ones(2)): "holds no components of GANSpace",
        write(tmp_path / "nan.npz", lat_comp=bad): "holds no usable components",
        write(tmp_path / "pickled.npz", lat_comp=np.array([{}], dtype=object)): "cannot read",
    }
    for path, said in cases.items():
        with pytest.raises(CheckpointError, match=said):
            import_components(path)


def test_single_numbers_beside_a_vector_are_passed_over(tmp_path: Path) -> None:
    torch.save(
        {"smile": torch.ones(1, 8), "intercept": torch.tensor(0.5), "epoch": torch.tensor(3)}, tmp_path / "a_w.pt"
    )
    found, _ = imported_directions(tmp_path / "a_w.pt")
    assert [(item.name, item.space) for item in found] == [("smile", "w")]
