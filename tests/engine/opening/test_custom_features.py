"""Metrics on a network of somebody else, from the call to the results on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_networks import Pooled, write_torchscript

import ganprobe
from ganprobe.cli.main import run
from ganprobe.core.errors import GanprobeError, InputError
from ganprobe.core.streams import stream
from ganprobe.engine.opening.custom_features import open_custom
from ganprobe.engine.opening.metrics import catalogue_of
from ganprobe.engine.opening.names import check_custom, is_custom
from ganprobe.features.custom.extractor import FEATURES as CUSTOM_COLUMN
from ganprobe.metrics import frechet_distance
from ganprobe.metrics.columns import CUSTOM

METRICS = ["fd", "kd", "fd_infinity", "precision@custom", "density@custom"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("custom")
    for name, shift in (("ours", 0), ("theirs", 40)):
        grounds = stream(0, f"test.custom.{name}").integers(0, 200, (300, 1, 1, 3))
        grain = stream(1, f"test.custom.{name}").integers(0, 16, (300, 8, 8, 3))
        np.save(home / f"{name}.npy", (grounds + grain + shift).astype(np.uint8))
    write_torchscript(home / "net.pt", Pooled(4))
    write_torchscript(home / "other.pt", Pooled(3))
    return home


def _features(home: Path, name: str) -> np.ndarray:
    images = torch.from_numpy(np.load(home / f"{name}.npy")).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        return Pooled(4).eval()(images).double().numpy()


def _evaluate(home: Path, **options: object) -> ganprobe.engine.run.Run:  # type: ignore[name-defined]
    given = {"features": str(home / "net.pt"), "metrics": METRICS, "reference": str(home / "theirs.npy"), **options}
    return ganprobe.evaluate(str(home / "ours.npy"), device="cpu", **given)  # type: ignore[arg-type]


def test_the_frechet_distance_is_that_of_the_networks_outputs(home: Path) -> None:
    result = _evaluate(home)
    a, b = _features(home, "ours"), _features(home, "theirs")
    expected = frechet_distance(a.mean(0), np.cov(a.T), b.mean(0), np.cov(b.T))
    assert result["fd"].value == pytest.approx(expected, rel=1e-4)
    assert result["fd"].ci95 is not None
    assert {row.metric for row in result.record.results} == set(METRICS)
    assert {row.features for row in result.record.results} == {"custom-net"}
    assert result.record.results[0].protocol["column"] == "custom.features"


def test_a_set_against_itself_has_no_distance(home: Path) -> None:
    result = _evaluate(home, reference=str(home / "ours.npy"))
    assert result["fd"].value == pytest.approx(0, abs=1e-6)
    assert result["precision@custom"].value == 1


def test_saved_statistics_serve_the_same_network_alone(home: Path) -> None:
    out = home / "theirs.safetensors"
    words = ["reference", str(home / "theirs.npy"), "--out", str(out), "--features", str(home / "net.pt")]
    assert run([*words, "--device", "cpu"]) == 0
    saved, fresh = _evaluate(home, reference=str(out), metrics=["fd", "kd"]), _evaluate(home, metrics=["fd", "kd"])
    assert saved["fd"].value == pytest.approx(fresh["fd"].value, rel=1e-9)
    with pytest.raises(InputError, match="was measured with other features"):
        _evaluate(home, reference=str(out), metrics=["fd"], features=str(home / "other.pt"))
    with pytest.raises(InputError, match="was measured with other features"):
        _evaluate(home, reference=str(out), metrics=["fd"], features="embedded")


def test_the_command_writes_a_report(home: Path, tmp_path: Path) -> None:
    words = ["evaluate", str(home / "ours.npy"), "--reference", str(home / "theirs.npy"), "--out", str(tmp_path)]
    assert run([*words, "--features", str(home / "net.pt"), "--device", "cpu"]) == 0
    results = json.loads((tmp_path / "results.json").read_text())["results"]
    assert {row["metric"] for row in results} == {"fd", "fd_infinity", "kd"}
    assert all(row["protocol"]["network"] == "net" for row in results)
    assert "custom-net" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metrics": ["fid"]}, "fid is defined on inception features"),
        ({"metrics": ["cs"]}, "cs is defined on embedded features"),
        ({"features": "nowhere.pt"}, "no file nowhere.pt"),
        ({"features": "no_such_module:embed"}, "cannot import 'no_such_module'"),
        ({"features": "incpetion"}, "did you mean 'inception'"),
        ({"features": "embedded", "metrics": ["precision@custom"]}, "unknown metric 'precision@custom'"),
        ({"inception_weights": "w.pth"}, "of no use"),
    ],
)
def test_calls_that_make_no_sense_are_refused(home: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(GanprobeError, match=said):
        _evaluate(home, **options)


def test_forms_are_told_apart() -> None:
    assert is_custom("a/b.pt")
    assert is_custom("package.module:name")
    assert not any(map(is_custom, ("embedded", "inception", "vgg16", "features.safetensors")))
    with pytest.raises(InputError, match="no file"):
        check_custom("a/b.pt")


def test_every_specification_reads_the_one_column(home: Path) -> None:
    assert CUSTOM.column == CUSTOM_COLUMN
    found = [spec for spec in catalogue_of(["custom"]).values() if spec.features == "custom"]
    shares = {f"{share}@custom" for share in ("precision", "recall", "density", "coverage")}
    assert {spec.name for spec in found} == {"fd", "fd_infinity", "kd", "kd@subsets", "lt_probe"} | shares
    for spec in found:
        column = f"moves.{CUSTOM_COLUMN}" if spec.name == "lt_probe" else CUSTOM_COLUMN
        assert spec.build().needs == {column}
        assert spec.protocol["column"] == column
        assert "embedded" not in spec.summary
    extractor, network = open_custom(str(home / "net.pt"), torch.device("cpu"))
    assert (network.name, network.fingerprint) == ("custom-net", extractor.fingerprint)
