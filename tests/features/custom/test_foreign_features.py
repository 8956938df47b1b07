"""TorchScript files and Python objects as extractors: what they give, and what is refused before any work."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from foreign_networks import OneSize, Pooled, Several, write_torchscript
from torch import Tensor

from ganprobe.core.errors import CheckpointError, DataError, InputError
from ganprobe.core.streams import stream
from ganprobe.features.custom.callable_extractor import load_callable_features
from ganprobe.features.custom.extractor import ForeignExtractor, feature_columns, score_columns
from ganprobe.features.custom.torchscript import load_torchscript_features

SOURCE = """
import torch
from foreign_networks import Pooled

def embed(images):
    return images.mean((2, 3))

def mapping(images):
    return {"features": images.mean((2, 3)), "other": images.amax((2, 3))}

def make():
    return Pooled()

ready = Pooled()
number = 3
names = lambda images: {"other": images.mean((2, 3))}
text = lambda images: "text"
whole = lambda images: images.mean((2, 3)).long()
flat = lambda images: images.mean((1, 2, 3))
short = lambda images: images.mean((2, 3))[:-1]
pictures = lambda images: images
empty = lambda images: images.mean((2, 3))[:, :0]
two = lambda images, labels: images
infinite = lambda images: images.mean((2, 3)) / 0
of_the_batch = lambda images: images.mean((2, 3)) - images.mean()
wrong_factory = lambda: "text"
"""


def _images(n: int = 5, side: int = 16) -> Tensor:
    return torch.from_numpy(stream(0, "test.foreign").integers(0, 256, (n, 3, side, side))).float() / 127.5 - 1


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"networks_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_a_torchscript_file_gives_the_features_of_its_network(tmp_path: Path) -> None:
    path = write_torchscript(tmp_path / "net.pt", Pooled())
    extractor = load_torchscript_features(path)
    assert extractor.provides == {"custom.features"}
    expected = Pooled().eval()(_images())
    torch.testing.assert_close(extractor.observe(_images())["custom.features"], expected)


def test_the_file_beside_it_says_how_images_are_prepared(tmp_path: Path) -> None:
    path = write_torchscript(tmp_path / "net.pt", OneSize(), size=32, range=[0, 1])
    given = load_torchscript_features(path).observe(_images(side=32))["custom.features"]
    assert given.shape == (5, 2)
    plain = load_torchscript_features(write_torchscript(tmp_path / "plain.pt", Pooled(), size=8, mean=[1, 0, 0]))
    shifted = Pooled().eval()(_images(side=8) - torch.tensor([1.0, 0, 0])[:, None, None])
    torch.testing.assert_close(plain.observe(_images(side=8))["custom.features"], shifted)


def test_a_network_that_does_not_say_its_size_is_tried_with_several(tmp_path: Path) -> None:
    extractor = load_torchscript_features(write_torchscript(tmp_path / "net.pt", OneSize()))
    assert extractor.observe(_images(side=32))["custom.features"].shape == (5, 2)
    with pytest.raises(InputError, match=r"given images 5 x 3 x 16 x 16 float32"):
        extractor.observe(_images(side=16))


def test_outputs_are_named_by_the_file_beside_it(tmp_path: Path) -> None:
    path = write_torchscript(tmp_path / "net.pt", Several(), columns=["one", "features"])
    with pytest.raises(InputError, match=r"gave custom.one of shape \(3,\); \(3, d\) was expected"):
        load_torchscript_features(path)
    path = write_torchscript(tmp_path / "two.pt", Several())
    with pytest.raises(InputError, match="2 outputs and no names"):
        load_torchscript_features(path)


def test_what_is_no_torchscript_is_refused_unopened(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    (tmp_path / "pickle.pt").write_bytes(pickle.dumps(Bomb()))
    torch.save({"bomb": Bomb()}, tmp_path / "zip.pt")
    torch.save(Pooled().state_dict(), tmp_path / "state.pt")
    cut = write_torchscript(tmp_path / "cut.pt", Pooled())
    cut.write_bytes(cut.read_bytes()[:-200])
    for name, said in {
        "pickle.pt": "is a pickle or no network",
        "zip.pt": "as torch.save writes",
        "state.pt": "script or trace the network",
        "cut.pt": "TorchScript file was expected",
        "nowhere.pt": "no file",
    }.items():
        with pytest.raises(CheckpointError, match=said):
            load_torchscript_features(tmp_path / name)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name", ["embed", "mapping", "make", "ready"])
def test_python_objects_give_features(package: str, name: str) -> None:
    extractor = load_callable_features(f"{package}:{name}")
    given = extractor.observe(_images())["custom.features"]
    expected = Pooled().eval()(_images()) if name in ("make", "ready") else _images().mean((2, 3))
    torch.testing.assert_close(given, expected)
    assert extractor.provides == {"custom.features"} | ({"custom.other"} if name == "mapping" else set())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("number", "is a int; a function of images"),
        ("names", "outputs called other"),
        ("text", "got a str"),
        ("whole", "a tensor of floats was expected"),
        ("flat", r"shape \(3,\); \(3, d\) was expected"),
        ("short", r"shape \(2, 3\); \(3, d\) was expected"),
        ("pictures", r"\(3, d\) was expected"),
        ("empty", r"shape \(3, 0\); \(3, d\) was expected"),
        ("two", r"\(images\) was expected of a function"),
        ("of_the_batch", "put it into evaluation mode"),
        ("wrong_factory", "an nn.Module was expected of a factory"),
        ("embedd", "did you mean 'embed'"),
    ],
)
def test_what_gives_no_features_is_refused(package: str, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_callable_features(f"{package}:{name}")


def test_features_that_are_not_finite_are_refused(package: str) -> None:
    with pytest.raises(DataError, match="not finite for a trial"):
        load_callable_features(f"{package}:infinite")


def test_fingerprints_follow_weights_and_source(package: str, tmp_path: Path) -> None:
    prints = {load_callable_features(f"{package}:{name}").fingerprint for name in ("embed", "mapping", "make")}
    assert len(prints) == 3
    assert load_callable_features(f"{package}:embed").fingerprint in prints
    first = load_torchscript_features(write_torchscript(tmp_path / "a.pt", Pooled()))
    assert load_torchscript_features(write_torchscript(tmp_path / "a.pt", Pooled())).fingerprint == first.fingerprint
    other = Pooled()
    with torch.no_grad():
        other.linear.bias += 1
    assert load_torchscript_features(write_torchscript(tmp_path / "b.pt", other)).fingerprint != first.fingerprint
    sized = load_torchscript_features(write_torchscript(tmp_path / "a.pt", Pooled(), size=8))
    assert sized.fingerprint != first.fingerprint


def test_rows_do_not_depend_on_the_batch(tmp_path: Path) -> None:
    extractor = load_torchscript_features(write_torchscript(tmp_path / "net.pt", Pooled().train()))
    whole = extractor.observe(_images(9))["custom.features"]
    parts = [extractor.observe(part)["custom.features"] for part in _images(9).split([1, 3, 5])]
    torch.testing.assert_close(torch.cat(parts), whole)


def test_memory_that_runs_out_is_no_refusal_of_the_images() -> None:
    """Who asks may ask for less."""
    most = [100]

    def colours(images: Tensor) -> Tensor:
        if len(images) > most[0]:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return images.mean((2, 3))

    extractor = ForeignExtractor(colours, name="colours", fingerprint="1", columns_of=feature_columns())
    most[0] = 2
    with pytest.raises(torch.OutOfMemoryError):
        extractor.observe(_images())


def test_images_of_another_kind_are_refused() -> None:
    extractor = ForeignExtractor(
        lambda images: images.mean((2, 3)), name="mean", fingerprint="1", columns_of=feature_columns()
    )
    with pytest.raises(DataError, match="float images"):
        extractor.observe(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))


def test_scores_come_in_several_shapes() -> None:
    table = torch.arange(6.0).reshape(3, 2)
    both = {"score.a": table[:, 0], "score.b": table[:, 1]}
    for given in (table, (table[:, 0], table[:, 1:]), {"a": table[:, :1], "b": table[:, 1]}):
        found = score_columns(("a", "b"))(given)
        assert found.keys() == both.keys()
        assert all(torch.equal(found[name], both[name]) for name in both)
    assert torch.equal(score_columns(("a",))(table)["score.a"], torch.ones(3))
    assert torch.equal(score_columns(("a",))(table[:, :1])["score.a"], table[:, 0])
    with pytest.raises(InputError, match=r"2 outputs and 3 names \(a, b, c\)"):
        score_columns(("a", "b", "c"))(table)
