"""Directions as values and on disk: round trips, the same bytes, published boundaries, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from direction_fakes import planted, stylegan
from safetensors import safe_open
from safetensors.numpy import save_file

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.directions import Direction, Directions, import_boundary, load_directions, save_directions
from ganprobe.directions.layers import parse_layers

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "interfacegan-boundaries"


def _set(**changes: object) -> Directions:
    rng = np.random.default_rng(0)
    items = (
        Direction(name="smile", space="w", vector=rng.standard_normal(6), scale=0.25, intercept=-1.5, layers=(1, 2)),
        Direction(name="smile", space="z", vector=rng.standard_normal(4), scores={"train": 0.75, "a": 0.1}),
        Direction(name="age/years", space="w+", vector=rng.standard_normal((3, 6))),
    )
    fields = {"items": items, "method": "interfacegan", "generator": "tiny", "fingerprint": "stylegan0", "seed": 7}
    return Directions(**{**fields, "provenance": {"samples": 100}, **changes})


def test_a_set_comes_back_as_it_was(tmp_path: Path) -> None:
    before = _set()
    save_directions(tmp_path / "d.safetensors", before)
    after = load_directions(tmp_path / "d.safetensors")
    for name in ("method", "generator", "fingerprint", "seed", "provenance"):
        assert getattr(after, name) == getattr(before, name)
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a.vector, b.vector)
        for name in ("name", "space", "scale", "layers", "intercept", "scores"):
            assert getattr(a, name) == getattr(b, name)


def test_one_sorted_key_and_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        save_directions(tmp_path / name, _set())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with safe_open(str(tmp_path / "a"), framework="numpy") as file:
        metadata = file.metadata()
        assert sorted(file.keys()) == ["0000", "0001", "0002"]
    assert list(metadata) == ["ganprobe"]
    header = json.loads(metadata["ganprobe"])
    assert metadata["ganprobe"] == json.dumps(header, sort_keys=True)
    assert header["kind"] == "directions"
    assert header["generator"] == {"name": "tiny", "fingerprint": "stylegan0"}


def test_vectors_are_brought_to_length_one() -> None:
    item = Direction(name="a", space="w+", vector=np.full((2, 2), 3.0))
    assert item.vector.dtype == np.float32
    np.testing.assert_array_equal(item.vector, np.full((2, 2), 0.5, np.float32))


def test_names_and_spaces_choose() -> None:
    found = _set()
    assert (found.named().name, found.named().space) == ("smile", "w")
    assert found.named("smile", space="z").space == "z"
    assert found.named("smile").space == "w"
    assert found.named(space="w+").name == "age/years"
    with pytest.raises(InputError, match="did you mean 'smile'"):
        found.named("smille")
    with pytest.raises(InputError, match="there are w, z, w"):
        found.named(space="s")


def test_a_direction_of_another_generator_is_refused() -> None:
    found = _set()
    found.check_generator(stylegan())
    found.check_generator(stylegan(truncation=0.5))
    with pytest.raises(InputError, match=r"found in tiny.*--any-generator"):
        found.check_generator(stylegan(seed=1))
    found.check_generator(planted(), any_generator=True)
    _set(fingerprint=None).check_generator(planted())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"space": "v"}, "known: z, w"),
        ({"vector": np.zeros(3)}, "zero"),
        ({"vector": np.array([1.0, np.nan])}, "not finite"),
        ({"vector": np.ones((2, 2))}, "shape"),
        ({"scale": 0.0}, "positive scale"),
        ({"scale": np.nan}, "positive scale"),
        ({"layers": (1,)}, "no layers"),
        ({"space": "w", "layers": (2, 1)}, "rising"),
        ({"space": "w", "layers": ()}, "rising"),
    ],
)
def test_a_direction_that_is_none_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Direction(**{"name": "a", "space": "z", "vector": np.ones(2), **fields})


def test_empty_sets_and_repeated_names_are_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        _set(items=())
    with pytest.raises(InputError, match="called 'smile'"):
        _set(items=(_set().items[0],) * 2)


@pytest.mark.parametrize(("text", "layers"), [("2-4", (2, 3, 4)), ("3", (3,)), ("0-1, 4", (0, 1, 4)), ("1,1", (1,))])
def test_layers_are_parsed(text: str, layers: tuple[int, ...]) -> None:
    assert parse_layers(text) == layers


@pytest.mark.parametrize("text", ["", "a", "4-2", "1-", "-3", "1..2", "1,,2"])
def test_layers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="like 0-3"):
        parse_layers(text)


@pytest.mark.parametrize(
    ("file", "name", "space"),
    [
        ("pggan_celebahq_age_c_gender_eyeglasses_boundary.npy", "age_c_gender_eyeglasses", "z"),
        ("stylegan_celebahq_smile_w_boundary.npy", "smile", "w"),
    ],
)
def test_published_boundaries_import(file: str, name: str, space: str) -> None:
    path = PUBLISHED / file
    if not path.is_file():
        pytest.skip(f"needs {path}")
    (item,) = import_boundary(path)
    assert (item.name, item.space) == (name, space)
    np.testing.assert_allclose(item.vector, np.load(path, allow_pickle=False)[0], atol=1e-7)
    assert import_boundary(path, space="w").named().space == "w"


def test_any_float_array_imports(tmp_path: Path) -> None:
    np.save(tmp_path / "mine_w.npy", np.array([0.0, 2.0], np.float32))
    found = import_boundary(tmp_path / "mine_w.npy")
    assert (found.named().name, found.named().space, found.fingerprint) == ("mine", "w", None)
    np.save(tmp_path / "plus.npy", np.ones((1, 4)))
    assert import_boundary(tmp_path / "plus.npy", space="w+").named().vector.shape == (1, 4)
    assert import_boundary(tmp_path / "plus.npy", space="z").named().vector.shape == (4,)


def test_arrays_that_are_no_boundaries_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "whole.npy", np.arange(4))
    np.save(tmp_path / "cube.npy", np.ones((2, 2, 2)))
    np.save(tmp_path / "pickled.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("not an array")
    (tmp_path / "empty.npy").write_bytes(b"")
    for name in ("whole", "cube", "pickled", "text", "empty", "missing"):
        with pytest.raises(CheckpointError, match=f"{name}.npy"):
            import_boundary(tmp_path / f"{name}.npy")
    np.save(tmp_path / "two.npy", np.eye(2, 4))
    with pytest.raises(InputError, match="shape"):
        import_boundary(tmp_path / "two.npy", space="z")


def _with_header(path: Path, header: object, count: int = 1) -> Path:
    tensors = {f"{i:04}": np.ones(3, np.float32) for i in range(count)}
    save_file(tensors, path, metadata={"ganprobe": json.dumps(header)})
    return path


GOOD = {
    "format": 1,
    "kind": "directions",
    "method": "sefa",
    "generator": {"name": "g", "fingerprint": "f"},
    "seed": 0,
    "provenance": {},
    "directions": [{"name": "a", "space": "z", "layers": None, "scale": 1.0, "intercept": None, "scores": {}}],
}


def test_a_plain_header_loads(tmp_path: Path) -> None:
    assert load_directions(_with_header(tmp_path / "a", GOOD)).named("a").vector.shape == (3,)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({**GOOD, "kind": "toyfaces-scorer"}, "holds no directions"),
        ({**GOOD, "format": 2}, "holds no directions"),
        ({"kind": "directions", "format": 1}, "malformed"),
        ({**GOOD, "directions": []}, "malformed"),
        ({**GOOD, "directions": GOOD["directions"] * 2}, "malformed"),
        ({**GOOD, "directions": [{**GOOD["directions"][0], "scale": "x"}]}, "malformed"),
        ({**GOOD, "directions": [{**GOOD["directions"][0], "space": "w+"}]}, "malformed"),
        ({**GOOD, "directions": [{**GOOD["directions"][0], "scores": []}]}, "malformed"),
        ([], "holds no directions"),
        (7, "cannot read"),
    ],
)
def test_other_headers_are_refused(tmp_path: Path, header: object, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        load_directions(_with_header(tmp_path / "a", header))


def test_damaged_and_missing_files_are_refused(tmp_path: Path) -> None:
    save_directions(tmp_path / "a", _set())
    whole = (tmp_path / "a").read_bytes()
    for n in (0, 4, 100, len(whole) - 3):
        (tmp_path / "a").write_bytes(whole[:n])
        with pytest.raises(CheckpointError, match="cannot read"):
            load_directions(tmp_path / "a")
    with pytest.raises(CheckpointError, match="cannot read"):
        load_directions(tmp_path / "missing")
    with pytest.raises(CheckpointError, match="cannot read"):
        load_directions(tmp_path)
