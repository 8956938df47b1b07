"""Classes of both sides are matched by name, in every metric that goes by them, and named in what comes of it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import ganprobe
from ganprobe.checkpoints.native import load_network, read_header, save_network
from ganprobe.core.calls.settings import ReferenceCall
from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.core.streams import stream
from ganprobe.engine.reference import make_reference
from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator

SIDE, EACH, STEP = 16, 14, 18
NUMBERS = tuple(map(str, range(12)))


class Shades(nn.Module):
    """Label k draws images of brightness `STEP` k."""

    z_dim = 4

    def __init__(self, classes: int = 12, names: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.num_classes, self.class_names = classes, names

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        noise = torch.stack([torch.sin(z.sum(1) * k) for k in range(1, 1 + 3 * SIDE * SIDE)], 1) * 4 + 4
        return (noise.reshape(-1, 3, SIDE, SIDE) + STEP * y[:, None, None, None]).floor() / 127.5 - 1


def shade(brightness: int, number: int) -> bytes:
    pixels = stream(0, "shades", 100 * brightness + number).integers(0, 9, (SIDE, SIDE, 3)) + brightness
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def folders(root: Path, names: tuple[str, ...], each: int = EACH) -> Path:
    """Folder `names[k]` holds brightness `STEP` k."""
    for k, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for number in range(each):
            (root / name / f"{number:03}.png").write_bytes(shade(STEP * k, number))
    return root


@pytest.fixture(autouse=True)
def _small(small_features: None) -> None:
    pass


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders(tmp_path_factory.mktemp("data") / "numbered", NUMBERS)


def measured(generator: nn.Module | str | Path, reference: Path, **words: object) -> ganprobe.engine.run.Run:
    return ganprobe.evaluate(generator, reference=reference, metrics=["intra_fd"], **{"samples": 120, **words})


def test_without_names_the_order_is_asked_for(numbered: Path, capfd: pytest.CaptureFixture[str]) -> None:
    guessed, told = measured(Shades(), numbered), measured(Shades(), numbered, class_order="numbers")
    assert guessed["intra_fd"].value > 20 * told["intra_fd"].value
    assert any("not of their numbers" in note for note in guessed["intra_fd"].notes)
    assert not any("order" in note for note in told["intra_fd"].notes)
    assert set(told["intra_fd"].estimate.tables[0].rows) == {f"class {k}" for k in range(12)}
    assert "10 (label 2)" in guessed["intra_fd"].estimate.tables[0].rows
    said = capfd.readouterr().err
    assert "12 classes: 0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9 (from folders)" in said
    assert "Shades: 12 classes, without names" in said


def test_names_go_before_numbers(numbered: Path) -> None:
    told = measured(Shades(), numbered, class_order="numbers")
    named = measured(Shades(names=NUMBERS), numbered)
    assert named["intra_fd"].value == told["intra_fd"].value
    assert named["intra_fd"].notes == told["intra_fd"].notes
    classes = named.record.provenance["classes"]
    assert (classes["generator"], classes["matched"]) == (list(NUMBERS), "names")
    assert classes["reference"] == sorted(NUMBERS)
    # What a generator says of itself is not overruled.
    assert measured(Shades(names=NUMBERS), numbered, class_order="numbers")["intra_fd"].value == told["intra_fd"].value


def test_saved_statistics_and_files_of_an_order(numbered: Path, tmp_path: Path) -> None:
    out = tmp_path / "stats.safetensors"
    made = make_reference(str(numbered), out, ReferenceCall(metrics=["intra_fd"], features="embedded"))
    assert made.classes == tuple(sorted(NUMBERS))
    expected = measured(Shades(), numbered, class_order="numbers")["intra_fd"].value
    assert measured(Shades(), out, class_order="numbers")["intra_fd"].value == pytest.approx(expected, rel=1e-6)
    ordered = tmp_path / "ordered.safetensors"
    make_reference(
        str(numbered), ordered, ReferenceCall(metrics=["intra_fd"], features="embedded", class_order="numbers")
    )
    assert measured(Shades(), ordered)["intra_fd"].value == pytest.approx(expected, rel=1e-6)
    (tmp_path / "order.txt").write_text("\n".join(NUMBERS))
    assert measured(Shades(), numbered, class_order=tmp_path / "order.txt")["intra_fd"].value == expected


def test_folders_of_images_are_matched_by_name(tmp_path: Path) -> None:
    real = folders(tmp_path / "real", ("b", "c"))
    made = folders(tmp_path / "made", ("b", "c"))
    alike = measured(made, real, samples=28)["intra_fd"].value
    (made / "c").rename(made / "a")  # "a" holds the brightness of "c", before "b" in their order
    (real / "c").rename(real / "a")
    assert measured(made, real, samples=28)["intra_fd"].value == pytest.approx(alike, abs=1e-6)
    (real / "a").rename(real / "z")
    with pytest.raises(MetricError, match="a of generated images alone; z of the reference alone"):
        measured(made, real, samples=28)


def test_swapped_labels_are_seen_and_names_are_in_the_tables(tmp_path: Path) -> None:
    real = folders(tmp_path / "real", ("cat", "dog"))
    right = measured(Shades(2, ("cat", "dog")), real)
    wrong = measured(Shades(2, ("dog", "cat")), real)
    assert wrong["intra_fd"].value > 5 * right["intra_fd"].value
    assert right["intra_fd"].estimate.tables[0].rows == ("cat", "dog")
    right.save(tmp_path / "run")
    for name in ("report.md", "report.html", "results.json"):
        assert "dog" in (tmp_path / "run" / name).read_text()


def test_names_that_differ_are_said(tmp_path: Path) -> None:
    real = folders(tmp_path / "real", ("automobile", "dog"))
    notes = measured(Shades(2, ("car", "dog")), real)["intra_fd"].notes
    assert any("matched by number, and their names differ: car here is automobile there" in note for note in notes)


def test_metrics_without_classes_say_why(tmp_path: Path) -> None:
    real = folders(tmp_path / "real", ("cat", "dog"))
    (real / "sheet.png").write_bytes(shade(0, 0))
    with pytest.raises(InputError, match=r"has no classes \(1 image lies beside the folders cat, dog: sheet.png"):
        measured(Shades(2), real)
    with pytest.raises(CapabilityError, match=r"needs a generator with classes; real has images only: 1 image lies"):
        measured(real, real, samples=28)
    with pytest.raises(InputError, match=r"left out \(--labels none\)"):
        measured(Shades(2), folders(tmp_path / "other", ("cat", "dog")), labels="none")


def test_a_file_of_labels_is_of_the_reference(tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    lines = []
    for k in range(2):
        for number in range(EACH):
            (flat / f"{k}{number:03}.png").write_bytes(shade(STEP * k, number))
            lines.append(f"{k}{number:03}.png,{('cat', 'dog')[k]}")
    (tmp_path / "labels.csv").write_text("file,class\n" + "\n".join(lines))
    folder = folders(tmp_path / "real", ("cat", "dog"))
    expected = measured(Shades(2), folder)["intra_fd"].value
    assert measured(Shades(2), flat, labels=tmp_path / "labels.csv")["intra_fd"].value == expected
    assert measured(folder, flat, labels=tmp_path / "labels.csv", samples=28)["intra_fd"].value == pytest.approx(
        0, abs=1e-6
    )


def test_pairs_by_class_and_pictures_have_names(tmp_path: Path) -> None:
    run = ganprobe.evaluate(
        Shades(2, ("cat", "dog")), metrics=["lpips_diversity@embedded"], samples=40, features="embedded"
    )
    assert run["lpips_diversity@embedded"].estimate.tables[0].rows == ("cat", "dog")


def test_native_checkpoints_keep_names(tmp_path: Path) -> None:
    network = BigGANGenerator(BigGANConfig(resolution=32, num_classes=3, channels=4, z_dim=12), seed=0)
    network.class_names = ("cat", "dog", "owl")
    save_network(tmp_path / "G.safetensors", network, role="generator")
    assert read_header(tmp_path / "G.safetensors").classes == ("cat", "dog", "owl")
    loaded = load_network(tmp_path / "G.safetensors")
    assert loaded.class_names == ("cat", "dog", "owl")
    sampler = ganprobe.load(tmp_path / "G.safetensors")
    assert sampler.spec.class_names == ("cat", "dog", "owl")
    plain = BigGANGenerator(BigGANConfig(resolution=32, num_classes=3, channels=4, z_dim=12), seed=0)
    assert ganprobe.load(plain).fingerprint == sampler.fingerprint
    assert json.loads(json.dumps(ganprobe.load(plain).spec.class_names)) == []


def test_a_module_with_the_wrong_number_of_names() -> None:
    with pytest.raises(InputError, match="`class_names` must be a list of 3 names"):
        ganprobe.load(Shades(3, ("a", "b")))
