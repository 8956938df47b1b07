"""Inception's and VGG16's metrics in one run: which networks are opened, and what the results say of each."""

from pathlib import Path

import pytest
import small_networks
import torch

import ganprobe
from ganprobe.core.calls.settings import ReferenceCall
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.engine.opening.features import Files, open_features
from ganprobe.engine.opening.names import default_networks, features_for
from ganprobe.engine.reference import load_reference, make_reference

SAMPLES = 6
METRICS = ["kid@full", "density", "precision", "recall"]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("published images")
    fake = small_networks.write_images(folder / "fake.npy", SAMPLES, seed=1)
    return fake, small_networks.write_images(folder / "real.npy", 7, seed=2)


def test_which_features_are_meant() -> None:
    assert features_for(None, ["precision"], None) == "vgg16"
    assert features_for(None, ["precision", "fid"], None) == "inception"
    assert features_for(None, None, None, "vgg.pth") == "vgg16"
    assert features_for("inception", ["precision"], None) == "inception"
    assert default_networks("inception", None) == ("inception",)
    assert default_networks("inception", "vgg.pth") == ("inception", "vgg16")
    for name, inception, vgg in (("embedded", None, "file"), ("vgg16", "file", None)):
        with pytest.raises(InputError, match=f"of no use to {name} features"):
            features_for(name, None, inception, vgg)


def test_only_the_networks_that_are_needed_are_opened(vgg16_file: Path) -> None:
    files = Files(vgg=vgg16_file)
    features = open_features("inception", device=torch.device("cpu"), columns={"vgg16.fc2"}, files=files)
    assert list(features.networks) == ["vgg16"]
    assert features.name.startswith("vgg16-unofficial:")


def test_one_run_through_both(
    images: tuple[Path, Path], inception_file: Path, vgg16_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "real.safetensors"
    weights = {"inception_weights": inception_file, "vgg_weights": vgg16_file}
    make_reference(
        str(images[1]),
        out,
        ReferenceCall(
            batch_size=7,
            device="cpu",
            inception_weights=inception_file,
            vgg_weights=vgg16_file,
        ),
    )
    run = ganprobe.evaluate(images[0], reference=out, metrics=METRICS, samples=SAMPLES, **weights)
    for result in run.record.results:
        network = "vgg16" if result.metric in ("precision", "recall") else "inception"
        assert result.features.startswith(f"{network}-unofficial:")
        assert result.protocol["weights_sha256"][:12] in result.features
        assert "not from the official weights" in result.notes[0]
    assert 0 <= run["precision"].value <= 1
    alone = ganprobe.evaluate(images[0], reference=out, metrics=["precision"], samples=SAMPLES, vgg_weights=vgg16_file)
    assert alone["precision"].value == run["precision"].value
    assert load_reference(out).fingerprints.keys() == {"inception", "vgg16"}


def test_metrics_of_both_kinds_are_refused(images: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="fd is defined on embedded features, not on vgg16"):
        ganprobe.evaluate(images[0], reference=images[1], metrics=["precision", "fd"], samples=SAMPLES)


@pytest.mark.parametrize("option", ["inception_weights", "vgg_weights"])
def test_weights_that_are_not_there_are_told_even_where_nothing_reads_them(option: str) -> None:
    gone = {option: "gone.pth"}
    with pytest.raises(CheckpointError, match=r"there are no (Inception|VGG16) weights at gone\.pth"):
        ganprobe.evaluate("toyfaces-stylegan", metrics=["ppl_w_end@stylegan"], samples=4, **gone)
