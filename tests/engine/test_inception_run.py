"""FID, KID and IS from end to end with a random Inception: which features are meant, and what results say of them."""

import json
from pathlib import Path

import pytest
import small_networks
import torch

import ganprobe
from ganprobe.core.calls.settings import ReferenceCall
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.files import sha256_of
from ganprobe.engine.opening.features import Files, open_features
from ganprobe.engine.opening.names import features_for
from ganprobe.engine.reference import Reference, load_reference, make_reference
from ganprobe.features.published.inception_extractor import load_inception
from ganprobe.metrics import METRICS

SAMPLES = 24


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("images")
    fake = small_networks.write_images(folder / "fake.npy", SAMPLES, seed=1)
    return fake, small_networks.write_images(folder / "real.npy", 30, seed=2)


@pytest.mark.parametrize(
    ("name", "metrics", "weights", "meant"),
    [
        (None, None, None, "embedded"),
        (None, ["ppl_w_end"], None, "embedded"),
        (None, ["fd", "cs"], None, "embedded"),
        (None, ["ppl_w_end", "kid@full"], None, "inception"),
        (None, None, "file.pth", "inception"),
        ("inception", ["ppl_w_end"], None, "inception"),
    ],
)
def test_which_features_are_meant(name: str | None, metrics: list[str] | None, weights: str | None, meant: str) -> None:
    assert features_for(name, metrics, weights) == meant


def test_features_that_cannot_be_meant() -> None:
    with pytest.raises(InputError, match="did you mean 'inception'"):
        features_for("inceptoin", None, None)
    with pytest.raises(InputError, match="of no use to embedded features"):
        features_for("embedded", None, "file.pth")


def test_a_run_says_which_weights(images: tuple[Path, Path], inception_file: Path) -> None:
    run = ganprobe.evaluate(
        images[0],
        reference=images[1],
        metrics=["is", "kid", "kid@full"],
        samples=SAMPLES,
        inception_weights=inception_file,
    )
    digest = sha256_of(inception_file)
    for result in run.record.results:
        assert result.features == f"inception-unofficial:{digest[:12]}"
        assert result.protocol["weights_sha256"] == digest
        assert "not from the official weights" in result.notes[0]
    assert run["kid"].notes[1] == "24 samples: subsets have fewer than the protocol's 1000 rows"
    assert len(run["kid@full"].notes) == 1
    assert run["is"].notes[1].startswith("no interval: ")
    assert json.loads(json.dumps(run.record.to_json()))["provenance"]["features"].startswith("inception-unofficial:")


def test_the_numbers_are_those_of_the_columns(images: tuple[Path, Path], inception_file: Path) -> None:
    run = ganprobe.evaluate(
        images[0], reference=images[1], metrics=["kid@full"], samples=SAMPLES, inception_weights=inception_file
    )
    metric, states = METRICS["kid@full"].build(), []
    extractor = load_inception(inception_file, columns=metric.needs)
    for path, n in zip(images, (SAMPLES, 30), strict=True):
        columns = extractor.observe(ganprobe.load(path).batch(range(n), seed=0).images)
        states.append(metric.update(metric.empty(), {**columns, "index": torch.arange(n)}))
    assert run["kid@full"].value == pytest.approx(metric.compute(*states)["kid@full"].value, rel=1e-4)


@pytest.mark.slow
def test_fid_with_a_path_length_beside_it(images: tuple[Path, Path], inception_file: Path) -> None:
    run = ganprobe.evaluate(
        small_networks.stylegan_sampler(),
        reference=images[1],
        metrics=["fid", "ppl_w_end"],
        samples=8,
        inception_weights=inception_file,
    )
    assert run["fid"].value > 0
    assert "8 samples: the covariance of 2048 features is singular" in run["fid"].notes[1]
    assert run["ppl_w_end"].features == "embedded"
    assert run["ppl_w_end"].notes == ()
    assert "weights_sha256" not in run["ppl_w_end"].protocol


def test_a_saved_reference_serves_again(images: tuple[Path, Path], inception_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "real.safetensors"
    make_reference(
        str(images[1]),
        out,
        ReferenceCall(
            batch_size=16,
            device="cpu",
            inception_weights=inception_file,
        ),
    )
    keys = {METRICS[name].build().state_key for name in ("fid", "kid", "density", "authenticity", "fid_infinity")}
    assert load_reference(out).states.keys() == keys
    numbers = [
        ganprobe.evaluate(images[0], reference=ref, metrics=["kid"], samples=SAMPLES, inception_weights=inception_file)[
            "kid"
        ].value
        for ref in (out, images[1])
    ]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-9)


def test_a_reference_for_one_protocol(images: tuple[Path, Path], inception_file: Path, tmp_path: Path) -> None:
    def made(metric: str) -> Reference:
        return make_reference(
            str(images[1]),
            tmp_path / "statistics.safetensors",
            ReferenceCall(
                metrics=[metric],
                samples=8,
                batch_size=16,
                device="cpu",
                inception_weights=inception_file,
            ),
        )

    assert made("fid@clean").states.keys() == {METRICS["fid@clean"].build().state_key}
    with pytest.raises(InputError, match="is compares with no reference"):
        made("is")


def test_only_the_columns_that_are_needed(inception_file: Path) -> None:
    device = torch.device("cpu")
    files = Files(inception=inception_file)
    features = open_features("inception", device=device, columns={"inception.logits"}, files=files)
    assert features.extractor.provides == {"inception.logits"}


def test_metrics_of_other_features_are_refused(images: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="fd is defined on embedded features, not on inception"):
        ganprobe.evaluate(images[0], reference=images[1], metrics=["fid", "fd"], samples=SAMPLES)


def test_weights_that_are_not_there_are_told_before_any_work(images: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no Inception weights at"):
        ganprobe.evaluate(
            images[0], reference=images[1], metrics=["is"], samples=SAMPLES, inception_weights=tmp_path / "none.pth"
        )
