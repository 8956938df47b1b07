"""Metrics of whole sets through the engine: classes, pixels and copies, against images and against saved statistics."""

from pathlib import Path

import numpy as np
import pytest
import small_networks
from PIL import Image

import ganprobe
from ganprobe.core.calls.settings import ReferenceCall
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.streams import stream
from ganprobe.engine.reference import make_reference

METRICS = ["intra_fd", "swd", "authenticity@embedded"]
SAMPLES = 120


@pytest.fixture(autouse=True)
def _small(small_features: None) -> None:
    pass


def class_folders(folder: Path, classes: int, each: int = 30) -> Path:
    """A folder of class folders of small random images."""
    for label in range(classes):
        (folder / f"kind{label}").mkdir(parents=True)
        pixels = stream(0, "class folders", label).integers(0, 256, (each, 32, 32, 3), dtype=np.uint8)
        for number, image in enumerate(pixels):
            Image.fromarray(image).save(folder / f"kind{label}" / f"{number:03}.png")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("kinds"), small_networks.biggan_sampler().spec.num_classes)


def test_a_run_and_its_tables(data: Path, tmp_path: Path) -> None:
    run = ganprobe.evaluate(small_networks.biggan_sampler(), reference=data, metrics=METRICS, samples=SAMPLES)
    for metric in METRICS:
        low, high = run[metric].ci95
        assert low <= run[metric].value <= high
    run.save(tmp_path / "run")
    report = (tmp_path / "run" / "report.md").read_text()
    assert "kind0" in report
    assert "16 x 16" in report
    assert "distance to the nearest reference image" in report


def test_saved_statistics_give_the_same_numbers(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "kinds.safetensors"
    make_reference(
        str(data),
        out,
        ReferenceCall(
            features="embedded",
            metrics=METRICS,
            batch_size=16,
            device="cpu",
        ),
    )
    runs = [
        ganprobe.evaluate(
            small_networks.biggan_sampler(), reference=reference, metrics=METRICS, samples=SAMPLES, batch_size=size
        )
        for reference, size in ((data, 64), (out, 7))
    ]
    for metric in METRICS:
        assert runs[1][metric].value == pytest.approx(runs[0][metric].value, rel=1e-9)
        assert runs[1][metric].ci95 == pytest.approx(runs[0][metric].ci95, rel=1e-9)


def test_training_images_given_out_again_are_no_new_images(data: Path) -> None:
    copied = ganprobe.evaluate(str(data), reference=data, metrics=["authenticity@embedded"])
    assert copied["authenticity@embedded"].value == 0


def test_by_class_without_classes_is_refused(data: Path, tmp_path: Path) -> None:
    unlabelled = small_networks.write_images(tmp_path / "images.npy")
    with pytest.raises(InputError, match="has no classes"):
        ganprobe.evaluate(small_networks.biggan_sampler(), reference=unlabelled, metrics=["intra_fd"], samples=SAMPLES)
    with pytest.raises(CapabilityError, match="classes"):
        ganprobe.evaluate(small_networks.stylegan_sampler(), reference=data, metrics=["intra_fd"], samples=SAMPLES)


def test_classes_of_other_names_are_pointed_out(data: Path, tmp_path: Path) -> None:
    """Matched by number: 1 is kind1 here and something else in the reference, in images and in saved statistics."""
    others = class_folders(tmp_path / "others", small_networks.biggan_sampler().spec.num_classes)
    (others / "kind1").rename(others / "kind01")
    (others / "kind0").rename(others / "a")
    out = tmp_path / "others.safetensors"
    call = {"samples": None, "batch_size": 16, "device": "cpu", "skip_unreadable": False}
    make_reference(str(others), out, ReferenceCall(features="embedded", metrics=["intra_fd"], **call))
    said = "classes were matched by number, and their names differ: kind0 here is a there, kind1 here is kind01 there"
    for reference in (others, out):
        assert said in ganprobe.evaluate(str(data), reference=reference, metrics=["intra_fd"])["intra_fd"].notes
    alike = ganprobe.evaluate(str(data), reference=data, metrics=["intra_fd", "fd"])
    generated = ganprobe.evaluate(
        small_networks.biggan_sampler(), reference=others, metrics=["intra_fd"], samples=SAMPLES
    )
    for result in (alike["intra_fd"], alike["fd"], generated["intra_fd"]):
        assert not any("names differ" in note for note in result.notes)
