"""One reference to a scorer: a name, a file, a folder, a Python object."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from foreign_networks import Pooled, Several, write_torchscript
from torch import Tensor

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.streams import stream
from ganprobe.features.attributes.forms import SCORERS
from ganprobe.features.attributes.opening import KIND, open_scorer
from ganprobe.features.attributes.toyfaces import ToyfacesScorer
from ganprobe.features.embedded.resnet import ResNet, ResNetConfig
from ganprobe.features.embedded.weights import load_resnet, save_resnet
from ganprobe.features.images.quantise import quantised_input
from ganprobe.features.scores import ScoreTable
from ganprobe.training.supervised import initialised

SOURCE = """
def scores(images):
    means = images.mean((2, 3))
    return {"red": means[:, 0], "green": means[:, 1:2]}

unnamed = lambda images: images.mean((2, 3))
tables = lambda images: {"red": images.mean((2, 3))}
"""


def _images(n: int = 4, side: int = 16) -> Tensor:
    return torch.from_numpy(stream(0, "test.scorers").integers(0, 256, (n, 3, side, side))).float() / 127.5 - 1


def _native(path: Path, outputs: tuple[str, ...], kind: str = KIND) -> Path:
    with torch.device("meta"):
        network = ResNet(ResNetConfig((8, 8), (1, 1), len(outputs) or 3, resolution=16))
    save_resnet(path, initialised(network, seed=0), kind=kind, outputs=outputs)
    return path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"scorers_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_the_shipped_scorer_goes_by_its_name() -> None:
    scorer = open_scorer("toyfaces")
    assert isinstance(scorer, ToyfacesScorer)
    assert "eyeglasses" in ScoreTable(scorer).attributes
    assert "toyfaces" in SCORERS


def test_a_native_file_scores_by_its_own_names(tmp_path: Path) -> None:
    path = _native(tmp_path / "s.safetensors", ("smile", "age"))
    columns = open_scorer(path).observe(_images(side=32))
    network, names = load_resnet(path, kind=KIND)
    expected = network(quantised_input(_images(side=32), 16))
    for number, name in enumerate(names):
        torch.testing.assert_close(columns[f"score.{name}"], expected[:, number])
    older = _native(tmp_path / "t.safetensors", ("smile", "age"), kind="toyfaces-scorer")
    assert ScoreTable(open_scorer(older)).attributes == ("age", "smile")


def test_a_torchscript_file_scores_by_the_names_beside_it(tmp_path: Path) -> None:
    path = write_torchscript(tmp_path / "net.pt", Pooled(2), columns=["smile", "age"])
    columns = open_scorer(path).observe(_images())
    expected = Pooled(2).eval()(_images())
    torch.testing.assert_close(torch.stack([columns["score.smile"], columns["score.age"]], 1), expected)
    several = open_scorer(write_torchscript(tmp_path / "several.ts", Several(), columns=["r", "g"])).observe(_images())
    torch.testing.assert_close(several["score.g"], _images().mean((2, 3))[:, 1])


def test_a_torchscript_file_of_one_output_goes_by_its_own_name(tmp_path: Path) -> None:
    assert ScoreTable(open_scorer(write_torchscript(tmp_path / "smile.pt", Pooled(1)))).attributes == ("smile",)
    path = write_torchscript(tmp_path / "many.pt", Pooled(3))
    with pytest.raises(InputError, match=r"3 outputs and 1 names \(many\)"):
        open_scorer(path)


def test_a_folder_holds_a_classifier_for_each_attribute(tmp_path: Path) -> None:
    write_torchscript(tmp_path / "smile.pt", Pooled(1))
    write_torchscript(tmp_path / "age.ts", Pooled(2))
    _native(tmp_path / "hair.safetensors", ("whatever",))
    (tmp_path / "README.md").write_text("")
    scorer = open_scorer(tmp_path)
    assert ScoreTable(scorer).attributes == ("age", "hair", "smile")
    columns = scorer.observe(_images())
    no, yes = Pooled(2).eval()(_images()).unbind(1)
    torch.testing.assert_close(columns["score.age"], yes - no)
    torch.testing.assert_close(columns["score.smile"], Pooled(1).eval()(_images())[:, 0])
    assert columns["score.hair"].shape == (4,)
    before = scorer.fingerprint
    write_torchscript(tmp_path / "smile.pt", Pooled(1), mean=[0.5, 0.5, 0.5])
    assert open_scorer(tmp_path).fingerprint != before


def test_folders_that_make_no_scorer_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no classifiers in"):
        open_scorer(tmp_path)
    _native(tmp_path / "a.safetensors", ("x", "y"))
    with pytest.raises(CheckpointError, match="scores x, y; one attribute"):
        open_scorer(tmp_path)
    _native(tmp_path / "a.safetensors", ("x",))
    write_torchscript(tmp_path / "a.pt", Pooled(1))
    with pytest.raises(InputError, match="several classifiers of a"):
        open_scorer(tmp_path)
    (tmp_path / "a.safetensors").unlink()
    write_torchscript(tmp_path / "a.pt", Pooled(3), columns=["x", "y", "z"])
    with pytest.raises(InputError, match="names 3 columns"):
        open_scorer(tmp_path)


def test_a_python_function_scores(package: str) -> None:
    scorer = open_scorer(f"{package}:scores")
    assert scorer.provides == {"score.red", "score.green"}
    torch.testing.assert_close(scorer.observe(_images())["score.green"], _images().mean((2, 3))[:, 1])
    with pytest.raises(InputError, match="3 outputs and no names"):
        open_scorer(f"{package}:unnamed")
    with pytest.raises(InputError, match=r"score.red of shape \(3, 3\)"):
        open_scorer(f"{package}:tables")


@pytest.mark.parametrize(
    ("ref", "error", "said"),
    [
        ("toyface", InputError, "unknown scorer 'toyface'"),
        ("nowhere.safetensors", CheckpointError, "nowhere"),
        ("nowhere.pt", CheckpointError, "no file nowhere.pt"),
        ("no_such_module:scores", InputError, "cannot import 'no_such_module'"),
        ("picture.png", InputError, "unknown scorer"),
    ],
)
def test_references_that_lead_nowhere(ref: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        open_scorer(ref)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="attribute-scorer"):
        open_scorer(_native(tmp_path / "features.safetensors", (), kind="embedded-features"))
    (tmp_path / "text.safetensors").write_text("no tensors")
    with pytest.raises(CheckpointError, match="cannot read"):
        open_scorer(tmp_path / "text.safetensors")
