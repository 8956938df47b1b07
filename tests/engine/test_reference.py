"""What generators are measured against: images or saved statistics, and the same numbers from either."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file

import ganprobe
from ganprobe.core import shipped
from ganprobe.core.calls.settings import ReferenceCall
from ganprobe.core.errors import DataError, InputError, OutputError
from ganprobe.core.files import sha256_of
from ganprobe.data import open_data
from ganprobe.engine import reference as references
from ganprobe.engine.opening.features import open_device, open_features
from ganprobe.engine.reference import Reference, References, is_statistics, load_reference, make_reference
from ganprobe.engine.run import Run
from ganprobe.features.embedded.extractor import EmbeddedExtractor


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_networks.write_images(tmp_path_factory.mktemp("data") / "reference.npy")


def make(data: str | Path, out: Path, **words: Any) -> Reference:
    given = {"features": "embedded", "samples": None, "batch_size": 64, "device": "cpu", "skip_unreadable": False}
    return make_reference(str(data), out, ReferenceCall(**{**given, **words}))


def evaluated(reference: Path | str, metrics: tuple[str, ...] = ("fd", "kd")) -> Run:
    return ganprobe.evaluate(
        small_networks.stylegan_sampler(), reference=reference, metrics=metrics, samples=100, seed=2
    )


def test_saved_statistics_give_the_numbers_of_the_images(images: Path, tmp_path: Path) -> None:
    make(images, tmp_path / "stats.safetensors")
    direct, saved = evaluated(images), evaluated(tmp_path / "stats.safetensors")
    for metric in ("fd", "kd"):
        assert saved[metric].value == pytest.approx(direct[metric].value, rel=1e-9)
        assert saved[metric].ci95 == pytest.approx(direct[metric].ci95, rel=1e-9)
        np.testing.assert_allclose(
            saved[metric].estimate.reference_terms, direct[metric].estimate.reference_terms, rtol=1e-6, atol=1e-9
        )
    assert saved.record.reference == direct.record.reference
    assert saved.record.reference is not None
    assert (saved.record.reference.name, saved.record.reference.n) == ("reference.npy", 150)


def test_the_file_is_the_same_at_any_batch_size_and_any_time(images: Path, tmp_path: Path) -> None:
    for name, size in (("a", 64), ("b", 64), ("c", 7)):
        make(images, tmp_path / name, batch_size=size)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    a, c = (load_reference(tmp_path / name) for name in ("a", "c"))
    assert a.states.keys() == c.states.keys()
    for key, arrays in a.states.items():
        for name, array in arrays.items():
            np.testing.assert_allclose(c.states[key][name], array, rtol=1e-12, atol=1e-12)


def test_statistics_read_back_as_they_were(images: Path, tmp_path: Path) -> None:
    made = make(images, tmp_path / "stats")
    read = load_reference(tmp_path / "stats")
    assert (read.subject, read.features, read.features_fingerprint, read.skipped) == (
        made.subject,
        made.features,
        made.features_fingerprint,
        made.skipped,
    )
    assert read.states.keys() == made.states.keys()
    for key, arrays in made.states.items():
        assert arrays.keys() == read.states[key].keys()
        assert all(np.array_equal(array, read.states[key][name]) for name, array in arrays.items())


def test_moments_are_those_of_the_features(images: Path, tmp_path: Path) -> None:
    (state,) = make(images, tmp_path / "stats").states.values()
    pixels = torch.from_numpy(np.load(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    rows = EmbeddedExtractor(small_networks.feature_network()).observe(pixels)["embedded.features"].double().numpy()
    np.testing.assert_allclose(state["mean"], rows.mean(0), rtol=1e-5)
    np.testing.assert_allclose(state["scatter"] / 149, np.cov(rows.T), rtol=1e-4, atol=1e-6)


def test_class_folders_archives_and_limits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(60):
        folder = tmp_path / "photos" / f"class{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    whole = make(tmp_path / "photos", tmp_path / "whole")
    few = make(tmp_path / "photos", tmp_path / "few", samples=12)
    assert (whole.subject.n, few.subject.n) == (60, 12)
    assert whole.subject.fingerprint != few.subject.fingerprint
    (state,) = few.states.values()
    assert int(state["n"][0]) == len(state["index"]) == 12
    endless = make("toyfaces:16", tmp_path / "endless", samples=20)
    assert (endless.subject.name, endless.subject.n) == ("toyfaces:16:0", 20)


def test_an_endless_set_is_measured_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "ENDLESS_LIMIT", 30)
    assert make("toyfaces:16", tmp_path / "stats").subject.n == 30


def test_statistics_of_other_features_are_refused(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(images, tmp_path / "stats")
    other = small_networks.feature_network(1)
    monkeypatch.setattr(
        "ganprobe.engine.opening.features.load_embedded", lambda device: EmbeddedExtractor(other, device)
    )
    watched = small_networks.Watched(small_networks.stylegan_sampler())
    with pytest.raises(InputError, match=r"was measured with other features .* measure it again with"):
        ganprobe.evaluate(watched, reference=tmp_path / "stats", metrics=["fd"], samples=40)
    assert not watched.asked


def test_statistics_that_lack_a_state_are_refused(images: Path, tmp_path: Path) -> None:
    make(images, tmp_path / "stats.safetensors")
    header = json.loads(_header(tmp_path / "stats.safetensors")["ganprobe"])
    save_file({"other/n": np.array([3])}, tmp_path / "less", metadata={"ganprobe": json.dumps(header)})
    with pytest.raises(InputError, match=r"lacks summary:embedded\.features; measure it again"):
        evaluated(tmp_path / "less", ("fd",))


def _header(path: Path) -> dict[str, str]:
    raw = path.read_bytes()
    metadata = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])["__metadata__"]
    assert isinstance(metadata, dict)
    return metadata


def test_files_that_are_no_statistics_are_refused(images: Path, tmp_path: Path) -> None:
    make(images, tmp_path / "whole.safetensors")
    whole = (tmp_path / "whole.safetensors").read_bytes()
    arrays = load_file(tmp_path / "whole.safetensors")
    header = json.loads(_header(tmp_path / "whole.safetensors")["ganprobe"])
    broken = tmp_path / "broken.safetensors"
    contents: list[bytes] = [b"", b"nonsense", whole[:200], whole[:-10], np.random.default_rng(0).bytes(5000)]
    for change in ({"kind": "network"}, {"format": 2}, {"subject": {"who": "?"}}, {"subject": 3}):
        save_file(arrays, broken, metadata={"ganprobe": json.dumps({**header, **change})})
        contents.append(broken.read_bytes())
    save_file(arrays, broken, metadata={"ganprobe": "{"})
    contents.append(broken.read_bytes())
    save_file(arrays, broken)
    contents.append(broken.read_bytes())
    for content in contents:
        broken.write_bytes(content)
        with pytest.raises(InputError, match="holds no statistics that can be read; make some") as caught:
            evaluated(broken)
        assert "\n" not in str(caught.value)
    assert is_statistics(tmp_path / "whole.safetensors")


def test_images_that_make_no_reference_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros((1, 8, 8, 3), np.uint8))
    with pytest.raises(DataError, match="one image"):
        make(tmp_path / "one.npy", tmp_path / "out" / "stats")
    for samples in (0, -3, 1):
        with pytest.raises(InputError, match=f"at least two images, {samples} were asked for"):
            make("toyfaces:16", tmp_path / "out" / "stats", samples=samples)
    with pytest.raises(InputError, match="no file or folder"):
        make(tmp_path / "nowhere", tmp_path / "out" / "stats")
    with pytest.raises(InputError, match="batch size must be at least 1, got 0"):
        make("toyfaces:16", tmp_path / "out" / "stats", batch_size=0)
    assert not (tmp_path / "out").exists()


def test_where_statistics_cannot_be_written_nothing_is_measured(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "open_data", lambda *_, **__: pytest.fail("the images were opened"))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="it is a folder; give the name of a file"):
        make(images, tmp_path)
    with pytest.raises(OutputError, match=r"cannot write .*; choose a folder that can be written"):
        make(images, tmp_path / "file" / "stats")


def test_a_reference_is_opened_once_for_several_generators(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = references.measure
    monkeypatch.setattr(references, "measure", lambda data, *a, **k: opened.append(data) or real(data, *a, **k))
    samplers = [small_networks.stylegan_sampler(seed) for seed in range(3)]
    ganprobe.compare(samplers, reference=images, metrics=["fd", "kd"], samples=40)
    assert opened == [str(images)]


def test_a_shipped_name_means_its_statistics(
    small_shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where a folder of that name lies about."""
    made = make("toyfaces:16", small_shipped / "toyfaces.safetensors", samples=25)
    with (small_shipped / "manifest.toml").open("a") as file:
        print(f"""
            [statistics.toyfaces]
            file = "toyfaces.safetensors"
            sha256 = "{sha256_of(small_shipped / "toyfaces.safetensors")}"
        """, file=file)  # fmt: skip
    shipped.manifest.cache_clear()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toyfaces").mkdir()
    assert evaluated("toyfaces").record.reference == made.subject
    features = open_features("embedded", device=open_device("cpu"))
    assert References().open("toyfaces", [], features, batch_size=9).subject.n == 25


def test_images_of_several_sizes_are_brought_to_one_where_that_is_asked(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for number, size in enumerate([(20, 30), (16, 16), (40, 17), (25, 25)]):
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(photos / f"{number}.png")
    with pytest.raises(DataError, match=r"one size.*--resize N"):
        make(photos, tmp_path / "stats")
    made = make(photos, tmp_path / "stats", resolution=16)
    assert made.subject.n == 4
    images = torch.from_numpy(open_data(photos, resolution=16).read(range(4))).float() / 127.5 - 1
    columns = EmbeddedExtractor(small_networks.feature_network()).observe(images)
    mean = made.states["summary:embedded.features"]["mean"]
    np.testing.assert_allclose(mean, columns["embedded.features"].double().mean(0).numpy(), rtol=1e-5, atol=1e-6)
