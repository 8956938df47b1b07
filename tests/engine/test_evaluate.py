"""From a generator to its numbers: the laws of batch size and seed, the truth of each number, order and provenance."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from PIL import Image
from scipy import linalg

import ganprobe
from ganprobe.core.errors import CapabilityError, DataError, GanprobeError, InputError, MetricError
from ganprobe.engine.pictures import STEPS, STRIPS
from ganprobe.engine.run import Run
from ganprobe.features.embedded.extractor import EmbeddedDistance, EmbeddedExtractor
from ganprobe.metrics import inception_score, kernel_distance, trimmed_mean
from ganprobe.samplers.paths import PathPairs, PathSpec

METRICS = ["fd", "kd", "cs", "ppl_z_end", "ppl_w_full"]
SAMPLES = 150


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_networks.write_images(tmp_path_factory.mktemp("data") / "reference.npy")


def values(run: Run) -> dict[str, float]:
    return {result.metric: result.value for result in run.record.results}


def test_batch_size_changes_nothing(reference: Path) -> None:
    runs = [
        ganprobe.evaluate(
            small_networks.stylegan_sampler(), reference=reference, metrics=METRICS, samples=SAMPLES, batch_size=size
        )
        for size in (7, 64, 1000)
    ]
    for run in runs[1:]:
        assert values(run) == pytest.approx(values(runs[0]), rel=1e-12)
        for metric in METRICS:
            assert run[metric].ci95 == pytest.approx(runs[0][metric].ci95, rel=1e-9)
    latents = [small_networks.stylegan_sampler().draw(range(SAMPLES), seed=0).z for _ in range(2)]
    assert torch.equal(*latents)


def test_a_seed_is_its_numbers(reference: Path) -> None:
    first, again, other = (
        values(
            ganprobe.evaluate(
                small_networks.biggan_sampler(),
                reference=reference,
                metrics=["fd", "cs", "ppl_z_full"],
                samples=SAMPLES,
                seed=seed,
            )
        )
        for seed in (3, 3, 4)
    )
    assert first == again
    assert all(first[name] != other[name] for name in first)


def test_numbers_are_those_of_the_pure_functions(reference: Path) -> None:
    """Every number again from images, features and pairs by hand, the Frechet distance by scipy's matrix root."""
    sampler = small_networks.stylegan_sampler()
    run = ganprobe.evaluate(sampler, reference=reference, metrics=METRICS, samples=SAMPLES, seed=1)
    extractor = EmbeddedExtractor(small_networks.feature_network())
    generated = extractor.observe(sampler.batch(range(SAMPLES), seed=1).images)
    real = torch.from_numpy(np.load(reference)).permute(0, 3, 1, 2).float() / 127.5 - 1
    a, b = (columns["embedded.features"].double().numpy() for columns in (generated, extractor.observe(real)))
    root = linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    frechet = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    assert run["fd"].value == pytest.approx(float(frechet), rel=1e-4)
    kernel = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3  # noqa: E731
    off = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))  # noqa: E731
    assert run["kd"].value == pytest.approx(off(kernel(a, a)) + off(kernel(b, b)) - 2 * kernel(a, b).mean(), rel=1e-4)
    assert kernel_distance(a, b, subset_size=150, subsets=1) == pytest.approx(run["kd"].value, rel=1e-4)
    assert 1 <= run["cs"].value <= 10
    assert run["cs"].value == pytest.approx(inception_score(generated["embedded.probabilities"]), rel=0.05)
    distance = EmbeddedDistance(small_networks.feature_network())
    pairs = PathPairs(sampler, PathSpec(space="w", sampling="full")).pairs(range(192), seed=1)
    lengths = distance(*pairs)[:SAMPLES].double().numpy() / 1e-8
    assert run["ppl_w_full"].value == pytest.approx(trimmed_mean(lengths), rel=1e-2)


def test_results_come_in_the_order_of_the_call(reference: Path) -> None:
    asked = ["ppl_w_full", "cs", "ppl_z_end", "kd", "fd"]
    run = ganprobe.evaluate(small_networks.stylegan_sampler(), reference=reference, metrics=[*asked, "cs"], samples=40)
    assert [result.metric for result in run.record.results] == asked
    assert list(run.to_frame()["metric"]) == asked


def test_each_image_is_drawn_once(reference: Path) -> None:
    watched = small_networks.Watched(small_networks.stylegan_sampler())
    run = ganprobe.evaluate(watched, reference=reference, metrics=["fd", "kd", "cs"], samples=130, batch_size=10)
    assert len(run.record.results) == 3
    pictures = watched.asked.pop()
    assert pictures == range(48), "the grid of the report, after the pass"
    assert watched.asked == [range(64), range(64, 128), range(128, 192)]
    assert watched.synthesized == STRIPS * STEPS, "the interpolation of the report"


def test_without_metrics_all_that_is_possible_is_measured(reference: Path) -> None:
    path = ["ppl_z_full", "ppl_z_end", "ppl_w_full", "ppl_w_end"]
    styles, classes = small_networks.stylegan_sampler(), small_networks.biggan_sampler()
    frozen = small_networks.Frozen(styles, 60)

    def found(sampler: Any, **words: Any) -> list[str]:
        return list(values(ganprobe.evaluate(sampler, samples=40, **words)))

    assert found(styles, reference=reference) == ["fd", "fd_infinity", "kd", "cs", *path]
    assert found(styles) == ["cs", *path]
    assert found(classes, reference=reference) == ["fd", "fd_infinity", "kd", "cs", "ppl_z_full", "ppl_z_end"]
    assert found(frozen, reference=reference) == ["fd", "fd_infinity", "kd", "cs"]


def test_a_folder_is_measured_as_its_images_are(tmp_path: Path, reference: Path) -> None:
    rng = np.random.default_rng(5)
    for number in range(40):
        folder = tmp_path / "images" / f"class{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"{number:02}.png")
    files = sorted((tmp_path / "images").rglob("*.png"))
    np.save(tmp_path / "same.npy", np.stack([np.asarray(Image.open(file)) for file in files]))
    folder, array = (
        ganprobe.evaluate(tmp_path / name, reference=reference, metrics=["fd", "cs"], samples=40)
        for name in ("images", "same.npy")
    )
    assert values(folder) == pytest.approx(values(array), rel=1e-12)


def test_the_sampler_s_own_noise_and_truncation_are_what_is_recorded() -> None:
    plain = ganprobe.evaluate(small_networks.stylegan_sampler(), metrics=["cs", "ppl_w_end"], samples=40)
    cut = ganprobe.evaluate(
        small_networks.stylegan_sampler(truncation=(0.5, 3), noise="const"), metrics=["cs", "ppl_w_end"], samples=40
    )
    for run, truncation, noise in ((plain, 1.0, "random"), (cut, [0.5, 3], "const")):
        assert run.record.provenance["truncation"] == truncation
        assert run.record.provenance["noise"] == noise
        assert run["cs"].to_json()["protocol"]["truncation"] == truncation
        assert run["cs"].protocol.get("layer_noise", "random") == noise
    assert plain["ppl_w_end"].protocol["noise"] == "the same at both ends"
    assert plain["ppl_w_end"].value != cut["ppl_w_end"].value
    assert cut.record.generator.fingerprint != plain.record.generator.fingerprint
    assert cut.record.provenance["weights"] == plain.record.generator.fingerprint


def test_provenance_is_complete(reference: Path, tmp_path: Path) -> None:
    sampler = small_networks.stylegan_sampler()
    run = ganprobe.evaluate(sampler, reference=reference, metrics=["fd"], samples=40, seed=7, batch_size=9)
    run.save(tmp_path)
    data = json.loads((tmp_path / "results.json").read_text())
    assert data["schema"] == 1
    assert data["generator"] == {"name": "small-stylegan", "fingerprint": sampler.fingerprint}
    assert data["reference"]["name"] == "reference.npy"
    assert data["reference"]["n"] == 150
    assert len(data["reference"]["fingerprint"]) == 64
    (row,) = data["results"]
    assert {"metric", "value", "ci95", "n", "better", "features", "protocol", "seconds"} <= row.keys()
    assert (row["metric"], row["n"], row["better"], row["features"]) == ("fd", 40, "lower", "embedded")
    assert row["ci95"][0] < row["value"] < row["ci95"][1]
    origin = data["provenance"]
    assert {
        "ganprobe", "torch", "numpy", "python", "platform", "device", "features", "features_fingerprint", "weights",
        "seed", "samples", "batch_size", "noise", "truncation", "started", "seconds", "command",
    } <= origin.keys()  # fmt: skip
    assert (origin["seed"], origin["samples"], origin["batch_size"], origin["device"]) == (7, 40, 9, "cpu")
    assert origin["torch"] == torch.__version__
    assert origin["features_fingerprint"] == EmbeddedExtractor(small_networks.feature_network()).fingerprint
    assert origin["command"].startswith("ganprobe.evaluate('small-stylegan', reference=")
    assert "samples=40, seed=7" in origin["command"]


def test_the_command_line_is_recorded_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = small_networks.stylegan_sampler()
    for script in ("/usr/bin/ganprobe", "/site-packages/ganprobe/__main__.py"):
        monkeypatch.setattr("sys.argv", [script, "evaluate", "a name", "--samples", "40"])
        run = ganprobe.evaluate(sampler, metrics=["cs"], samples=40)
        assert run.record.provenance["command"] == "ganprobe evaluate 'a name' --samples 40"


class TestRefusals:
    """What is refused before an image is drawn, proven by a sampler that counts."""

    def refused(self, kind: type[GanprobeError], match: str, **words: Any) -> None:
        watched = small_networks.Watched(small_networks.biggan_sampler())
        with pytest.raises(kind, match=match) as caught:
            ganprobe.evaluate(watched, **{"samples": 40, **words})
        assert "\n" not in str(caught.value)
        assert not watched.asked
        assert not watched.drawn

    def test_a_metric_that_the_sampler_cannot_feed(self, reference: Path) -> None:
        match = "ppl_w_end needs a generator with a W space; small-biggan has Z; leave ppl_w_end out"
        self.refused(CapabilityError, match, metrics=["fd", "ppl_w_end"], reference=reference)

    def test_a_path_length_of_a_set_of_images(self, reference: Path) -> None:
        frozen = small_networks.Frozen(small_networks.stylegan_sampler(), 60)
        with pytest.raises(
            CapabilityError, match="ppl_z_full needs a generator with a Z space; frozen has images only"
        ):
            ganprobe.evaluate(frozen, metrics=["fd", "ppl_z_full"], reference=reference, samples=40)
        assert not frozen.asked

    def test_names_and_sizes(self, reference: Path, tmp_path: Path) -> None:
        self.refused(InputError, "unknown metric 'fdd'; did you mean 'fd'?", metrics=["fdd"])
        self.refused(InputError, "at least one metric was expected", metrics=[])
        self.refused(InputError, "samples must be at least 1, got 0", metrics=["cs"], samples=0)
        self.refused(InputError, "samples must be at least 1, got -5", metrics=["cs"], samples=-5)
        self.refused(InputError, "batch size must be at least 1, got 0", metrics=["cs"], batch_size=0)
        self.refused(MetricError, "cs needs at least 20 samples, got 19", metrics=["cs"], samples=19)
        self.refused(InputError, "fd compares with a reference; name one", metrics=["fd"])
        self.refused(InputError, "unknown features 'embeded'; did you mean 'embedded'?", features="embeded")
        self.refused(InputError, "noise must be random, const or zero, got 'loud'", noise="loud")
        self.refused(InputError, "no file or folder", metrics=["fd"], reference=tmp_path / "nowhere.zip")
        self.refused(InputError, "unknown data set 'toyface'; did you mean 'toyfaces'?", reference="toyface")
        self.refused(InputError, "from the folder that it was saved to", metrics=["cs"], resume=True)
        self.refused(InputError, "device 'quantum' cannot be used", metrics=["cs"], device="quantum")
        self.refused(InputError, "device 'meta' cannot be used", metrics=["cs"], device="meta")
        self.refused(InputError, "device 'cuda:99' cannot be used", metrics=["cs"], device="cuda:99")

    def test_more_samples_than_there_are(self, reference: Path) -> None:
        frozen = small_networks.Frozen(small_networks.stylegan_sampler(), 60)
        with pytest.raises(InputError, match="frozen has 60 images, 61 samples were asked for; ask for at most 60"):
            ganprobe.evaluate(frozen, metrics=["fd"], reference=reference, samples=61)
        assert not frozen.asked
        assert ganprobe.evaluate(frozen, metrics=["fd"], reference=reference, samples=60)["fd"].n == 60

    def test_left_out_samples_are_all_that_there_are(self, reference: Path) -> None:
        frozen = small_networks.Frozen(small_networks.stylegan_sampler(), 60)
        run = ganprobe.evaluate(frozen, metrics=["fd"], reference=reference)
        assert run["fd"].n == 60
        assert run.record.provenance["samples"] == 60
        few = small_networks.Frozen(small_networks.stylegan_sampler(), 19)
        with pytest.raises(MetricError, match="cs needs at least 20 samples, got 19"):
            ganprobe.evaluate(few, metrics=["cs"])

    def test_settings_of_another_sampler(self) -> None:
        self.refused(CapabilityError, "takes neither noise nor truncation", metrics=["cs"], truncation=0.5)
        with pytest.raises(
            CapabilityError, match=r"was opened with noise random and truncation 1\.0, not with random and"
        ):
            ganprobe.evaluate(small_networks.stylegan_sampler(), metrics=["cs"], truncation=0.5, samples=40)
        cut = small_networks.stylegan_sampler(truncation=0.5)
        assert ganprobe.evaluate(cut, metrics=["cs"], truncation=0.5, samples=40)["cs"].protocol["truncation"] == 0.5

    def test_a_reference_of_one_image(self, tmp_path: Path) -> None:
        np.save(tmp_path / "one.npy", np.zeros((1, 8, 8, 3), np.uint8))
        self.refused(DataError, "one image .*at least two", metrics=["fd"], reference=tmp_path / "one.npy")

    def test_something_that_is_no_generator(self) -> None:
        with pytest.raises(InputError, match=r"a generator was expected: .*; got int"):
            ganprobe.evaluate(3, metrics=["cs"])  # type: ignore[arg-type]


@pytest.mark.parametrize("batch_size", [7, 64])
def test_images_that_are_not_finite_are_named(batch_size: int, tmp_path: Path) -> None:
    frozen = small_networks.Frozen(small_networks.stylegan_sampler(), 100, spoilt=(3, 70, 71))
    with pytest.raises(DataError, match=r"images of frozen: .* not finite \(indices 3") as caught:
        ganprobe.evaluate(frozen, metrics=["cs"], samples=100, batch_size=batch_size, out=tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert "(indices 3, 70, 71)" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_only_the_samples_of_the_run_have_to_be_finite() -> None:
    frozen = small_networks.Frozen(small_networks.stylegan_sampler(), 100, spoilt=(50,))
    assert ganprobe.evaluate(frozen, metrics=["cs"], samples=50)["cs"].n == 50
    with pytest.raises(DataError, match=r"1 of samples 0 to 50 are not finite \(indices 50\)"):
        ganprobe.evaluate(frozen, metrics=["cs"], samples=51)


def test_path_lengths_that_are_not_finite_are_named() -> None:
    spoilt = small_networks.stylegan_sampler(truncation=0.5)
    spoilt.generator.w_avg.fill_(float("nan"))
    with pytest.raises(
        DataError,
        match=r"distances of pairs of small-stylegan \(w_end\): 40 of samples 0 to 39 are not finite \(indices 0, 1",
    ):
        ganprobe.evaluate(spoilt, metrics=["ppl_w_end"], samples=40)


def test_unreadable_images_are_counted_and_reported(tmp_path: Path, reference: Path) -> None:
    rng = np.random.default_rng(5)
    for number in range(45):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(tmp_path / f"{number:02}.png")
    (tmp_path / "99.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(DataError, match=r"99\.png cannot be read"):
        ganprobe.evaluate(tmp_path, reference=reference, metrics=["fd"], samples=40)
    run = ganprobe.evaluate(tmp_path, reference=tmp_path, metrics=["fd"], samples=40, skip_unreadable=True)
    for side in ("generator", "reference"):
        assert run.record.provenance[f"skipped_{side}"]["files"] == 1
        assert "99.png" in run.record.provenance[f"skipped_{side}"]["first"][0]
    assert run["fd"].notes[:2] == (
        "unreadable images left out: 1",
        "unreadable images of the reference left out: 1",
    )
    run.save(tmp_path / "run")
    assert "unreadable" in (tmp_path / "run" / "report.md").read_text()


def test_fewer_samples_of_a_set_are_spread_over_its_classes(tmp_path: Path) -> None:
    """The classes of this set are flat colours, so that the first 20 of its images would be one colour alone."""
    for level in (20, 120, 220):
        folder = tmp_path / "set" / f"{level:03}"
        folder.mkdir(parents=True)
        for number in range(20):
            Image.fromarray(np.full((8, 8, 3), level + number % 5, dtype=np.uint8)).save(folder / f"{number:02}.png")
    part, whole = (
        ganprobe.evaluate(tmp_path / "set", reference=tmp_path / "set", metrics=["fd"], samples=samples)
        for samples in (20, 60)
    )
    one_class = ganprobe.evaluate(tmp_path / "set" / "020", reference=tmp_path / "set", metrics=["fd"], samples=20)
    assert part["fd"].value < 0.05 * one_class["fd"].value
    assert part.record.generator == whole.record.generator


def test_what_other_packages_do_otherwise_is_said_of_both_sides(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for side, mode in (("ours", "RGBA"), ("theirs", "RGB")):
        (tmp_path / side).mkdir()
        for number in range(6):
            values = rng.integers(0, 250, (32, 32, len(mode)), dtype=np.uint8)
            Image.fromarray(values, mode).save(tmp_path / side / f"{number}.png")
    deep = rng.integers(0, 60_000, (32, 32)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "theirs" / "deep.png")
    (fd,) = ganprobe.evaluate(
        str(tmp_path / "ours"), reference=str(tmp_path / "theirs"), metrics=["fd"], samples=6
    ).record.results
    said = " ".join(fd.notes)
    assert "6 of 6 images have transparency" in said
    assert "reference: 1 of 7 images have 16 bits of grey" in said
