"""Latents in files: what is kept comes back, what others write is read, and nothing is taken for another space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import biggan_sampler, stylegan_sampler

from ganprobe.core.errors import CapabilityError, CheckpointError, GanprobeError, InputError
from ganprobe.core.spaces import SamplerSpec
from ganprobe.directions.latent_files.foreign import read_latents
from ganprobe.directions.latent_files.latent_set import LatentSet
from ganprobe.directions.latent_files.native import load_latents, save_latents
from ganprobe.engine.opening.latents import class_number, own_latents

SAMPLER = stylegan_sampler()
SPACES = SAMPLER.spec.spaces
LAYERS, DIM = SPACES["w+"]
RNG = np.random.default_rng(4)
ROWS = RNG.standard_normal((3, DIM)).astype(np.float32)
LAYERED = RNG.standard_normal((3, LAYERS, DIM)).astype(np.float32)


def maps(n: int) -> tuple[torch.Tensor, ...]:
    return tuple(torch.randn(n, 1, *shape[-2:]) for shape in SAMPLER.generator.noise_shapes)


@pytest.mark.parametrize("noise", ["const", "zero", maps(3)], ids=["const", "zero", "maps"])
def test_what_is_kept_comes_back(tmp_path: Path, noise) -> None:
    kept = LatentSet(
        space="w+",
        values=torch.from_numpy(LAYERED),
        labels=torch.tensor([0, 2, 1]),
        noise=noise,
        names=("a", "<b>", "ü"),
        generator="g",
        fingerprint=SAMPLER.weights_fingerprint,
        origin={"steps": 3},
    )
    save_latents(tmp_path / "l.safetensors", kept)
    save_latents(tmp_path / "again.safetensors", kept)
    assert (tmp_path / "l.safetensors").read_bytes() == (tmp_path / "again.safetensors").read_bytes()
    found = load_latents(tmp_path / "l.safetensors")
    assert torch.equal(found.values, kept.values)
    assert found.labels is not None
    assert found.labels.tolist() == [0, 2, 1]
    assert (found.space, found.names, found.generator, found.origin) == ("w+", kept.names, "g", {"steps": 3})
    if isinstance(noise, str):
        assert found.noise == noise
    else:
        assert all(torch.equal(a, b) for a, b in zip(found.noise, noise, strict=True))


def arrays_in(tmp_path: Path):
    """Each file with the space and shape that are right."""
    np.save(tmp_path / "own_wplus.npy", LAYERED)
    np.save(tmp_path / "mine_w.npy", ROWS.astype(np.float64))
    np.save(tmp_path / "flat_z.npy", ROWS[0])
    np.save(tmp_path / "one_wplus.npy", LAYERED[0])
    np.savez(tmp_path / "projected_w.npz", w=LAYERED[:1])
    np.savez(tmp_path / "named.npz", w=ROWS, labels=np.eye(3)[[2, 0, 1]])
    np.savez(tmp_path / "zs.npz", z=ROWS)
    torch.save(torch.from_numpy(LAYERED), tmp_path / "e4e.pt")
    torch.save({"latents": torch.from_numpy(LAYERED).half()}, tmp_path / "psp.pt")
    torch.save([torch.from_numpy(row) for row in LAYERED], tmp_path / "list.pt")
    pictures = {f"{n}.png": {"img": torch.zeros(3, 4, 4), "latent": torch.from_numpy(LAYERED[n])} for n in range(2)}
    torch.save(pictures, tmp_path / "projections.pt")
    return {
        "own_wplus.npy": ("w+", LAYERED),
        "mine_w.npy": ("w", ROWS),
        "flat_z.npy": ("z", ROWS[:1]),
        "one_wplus.npy": ("w+", LAYERED[:1]),
        "projected_w.npz": ("w+", LAYERED[:1]),
        "named.npz": ("w", ROWS),
        "zs.npz": ("z", ROWS),
        "e4e.pt": ("w+", LAYERED),
        "psp.pt": ("w+", LAYERED.astype(np.float16).astype(np.float32)),
        "list.pt": ("w+", LAYERED),
        "projections.pt": ("w+", LAYERED[:2]),
    }


def test_what_others_write_is_read(tmp_path: Path) -> None:
    for name, (space, values) in arrays_in(tmp_path).items():
        found = read_latents(tmp_path / name, spaces=SPACES)
        assert found.space == space, name
        np.testing.assert_array_equal(found.values, values, err_msg=name)
    assert read_latents(tmp_path / "named.npz").labels.tolist() == [2, 0, 1]  # type: ignore[union-attr]
    assert read_latents(tmp_path / "projections.pt", spaces=SPACES).names == ("0.png", "1.png")


def test_noise_of_a_projection_is_kept(tmp_path: Path) -> None:
    layers = [torch.randn(1, 1, 4, 4), torch.randn(1, 1, 8, 8)]
    pictures = {name: {"latent": torch.zeros(DIM), "noise": layers} for name in ("a", "b")}
    torch.save(pictures, tmp_path / "p_w.pt")
    found = read_latents(tmp_path / "p_w.pt", spaces=SPACES)
    assert (found.space, [tuple(layer.shape) for layer in found.noise]) == ("w", [(2, 1, 4, 4), (2, 1, 8, 8)])


def test_the_space_is_asked_for_where_nothing_tells_it(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", ROWS)
    with pytest.raises(InputError, match="--latent-space z or --latent-space w"):
        read_latents(tmp_path / "rows.npy", spaces=SPACES)
    assert read_latents(tmp_path / "rows.npy", space="w", spaces=SPACES).space == "w"
    every = read_latents(tmp_path / "rows.npy", space="w+", spaces=SPACES)
    assert tuple(every.values.shape) == (3, LAYERS, DIM)
    np.save(tmp_path / "as_many_as_layers.npy", RNG.standard_normal((LAYERS, DIM)))
    with pytest.raises(InputError, match=r"z or --latent-space w or --latent-space w\+"):
        read_latents(tmp_path / "as_many_as_layers.npy", spaces=SPACES)
    np.save(tmp_path / "single_w.npy", LAYERED[0])
    np.savez(tmp_path / "single.npz", w=LAYERED[0])
    for name in ("single_w.npy", "single.npz"):  # projectors call their w+ so too
        with pytest.raises(InputError, match=r"--latent-space w or --latent-space w\+"):
            read_latents(tmp_path / name, spaces=SPACES)
        assert read_latents(tmp_path / name, space="w+", spaces=SPACES).values.shape == (1, LAYERS, DIM)


def test_labels_in_a_column_are_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "l.npz", z=ROWS, labels=np.ones((3, 1)))
    assert read_latents(tmp_path / "l.npz").labels.tolist() == [1, 1, 1]  # type: ignore[union-attr]
    np.savez(tmp_path / "l.npz", z=ROWS, labels=np.array(["a", "b", "c"]))
    with pytest.raises(CheckpointError, match="labels of type <U1"):
        read_latents(tmp_path / "l.npz")


@pytest.mark.parametrize(
    ("name", "value", "space", "error", "said"),
    [
        ("l.npy", LAYERED, "z", InputError, r"a vector for each layer: they are of w\+, not of z"),
        ("l.npy", RNG.standard_normal((3, DIM + 1)), None, InputError, "do not fit it"),
        ("l.npy", np.arange(6).reshape(2, 3), None, CheckpointError, "floats"),
        ("l.npy", np.zeros((2, 2, 2, 2)), None, CheckpointError, "holds no latents"),
        ("l.npy", np.full((1, LAYERS, DIM), np.nan), None, CheckpointError, "finite"),
        ("l.npy", np.array([{"a": 1}], dtype=object), None, CheckpointError, "saved as numbers"),
        ("l.txt", None, None, InputError, "end in"),
        ("missing.npy", None, None, GanprobeError, "missing.npy"),
        ("missing.pt", None, None, GanprobeError, "missing.pt"),
        ("missing.safetensors", None, None, GanprobeError, "missing.safetensors"),
    ],
)
def test_what_is_no_latents_is_refused(tmp_path: Path, name, value, space, error, said) -> None:
    if value is not None:
        np.save(tmp_path / name, value)
    with pytest.raises(error, match=said):
        read_latents(tmp_path / name, space=space, spaces=SPACES)


def test_archives_without_latents_name_what_they_have(tmp_path: Path) -> None:
    np.savez(tmp_path / "mu.npz", mu=ROWS, sigma=ROWS)
    with pytest.raises(CheckpointError, match=r"none of w, .*it has mu, sigma"):
        read_latents(tmp_path / "mu.npz", spaces=SPACES)
    np.savez(tmp_path / "two.npz", w=ROWS, z=ROWS)
    with pytest.raises(CheckpointError, match="several w, z"):
        read_latents(tmp_path / "two.npz", spaces=SPACES)
    torch.save({"state_dict": {"w": torch.zeros(3)}}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match="it has state_dict"):
        read_latents(tmp_path / "net.pt", spaces=SPACES)


def test_latents_are_held_against_the_generator() -> None:
    def kept(**more) -> LatentSet:
        return LatentSet(**{"space": "w", "values": torch.from_numpy(ROWS), **more})  # type: ignore[arg-type]

    assert len(own_latents(kept(), SAMPLER, rows=2)) == 2
    other = kept(fingerprint="1" * 64, generator="other")
    with pytest.raises(InputError, match="belong to other"):
        own_latents(other, SAMPLER)
    assert len(own_latents(other, SAMPLER, any_generator=True)) == 3
    with pytest.raises(InputError, match="from 1 to 3"):
        own_latents(kept(), SAMPLER, rows=4)
    with pytest.raises(InputError, match=r"latents of 'w\+'"):
        own_latents(kept(space="w+", values=torch.zeros(1, LAYERS + 1, DIM)), SAMPLER)
    with pytest.raises(InputError, match="takes noise of"):
        own_latents(kept(noise=maps(3)[:-1]), SAMPLER)
    assert own_latents(kept(noise=maps(3)), SAMPLER).latents().space == "w"


def test_classes_are_asked_for_where_latents_need_them() -> None:
    sampler = biggan_sampler()
    dim = sampler.spec.spaces["z"][0]
    kept = LatentSet(space="z", values=torch.zeros(2, dim))
    with pytest.raises(InputError, match="name one"):
        own_latents(kept, sampler)
    assert own_latents(kept, sampler, label=1).labels.tolist() == [1, 1]  # type: ignore[union-attr]
    with pytest.raises(InputError, match="has classes 0 to"):
        own_latents(kept, sampler, label=10_000)
    with pytest.raises(CapabilityError, match="no space 'w'"):
        own_latents(LatentSet(space="w", values=torch.zeros(2, dim)), sampler)


def test_classes_go_by_name_and_number() -> None:
    spec = SamplerSpec((3, 8, 8), 3, class_names=("cat", "2", "dog"))
    assert [class_number(spec, given) for given in ("dog", "2", 2, "0", 0)] == [2, 1, 2, 0, 0]
    for bad, said in (("dg", "dog"), ("7", "0 to 2"), (-1, "0 to 2")):
        with pytest.raises(InputError, match=said):
            class_number(spec, bad)
    with pytest.raises(InputError, match="no classes"):
        class_number(SamplerSpec((3, 8, 8)), 0)
