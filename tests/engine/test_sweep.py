"""One generator over a list of truncations: the same numbers as one by one, and everything looked at first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_networks

import ganprobe
from ganprobe.cli.main import run
from ganprobe.core.calls.settings import Settings, SweepCall
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.engine.sweep import run_sweep, sweep_metrics
from ganprobe.report import read_run

METRICS = ["fd", "cs"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_networks.write_images(tmp_path_factory.mktemp("data") / "reference.npy")


def test_each_point_is_the_evaluation_at_its_truncation(reference: Path, tmp_path: Path) -> None:
    sampler = small_networks.stylegan_sampler()
    sweep = ganprobe.sweep(sampler, [0.5, 1.0], reference=reference, metrics=METRICS, samples=40, out=tmp_path)
    assert sweep.labels == ("1", "0.5"), "from the least truncated on"
    assert sweep.kind == "psi"
    for point in sweep.points:
        alone = small_networks.stylegan_sampler(truncation=point.truncation)
        run = ganprobe.evaluate(alone, reference=reference, metrics=METRICS, samples=40)
        assert [row.value for row in run.record.results] == [row.value for row in point.record.results]
        assert point.record.generator == run.record.generator
    record, _ = read_run(tmp_path / "runs" / "0.5")
    assert record.to_json() == sweep.points[1].record.to_json()
    assert sweep.points[0].record["fd"].value != sweep.points[1].record["fd"].value


def test_samples_of_a_stronger_truncation_are_closer_together(reference: Path) -> None:
    sweep = ganprobe.sweep(small_networks.stylegan_sampler(noise="const"), [1.0, 0.6, 0.2], metrics=["cs"], samples=40)
    spreads = [np.std(point.samples().astype(float), axis=0).mean() for point in sweep.points]  # type: ignore[union-attr]
    assert spreads == sorted(spreads, reverse=True)


def test_thresholds_on_z_are_ordered_with_none_first(reference: Path) -> None:
    sweep = ganprobe.sweep(small_networks.biggan_sampler(), [0.5, 1.0, 1.5], metrics=["cs"], samples=40)
    assert sweep.kind == "threshold"
    assert sweep.labels == ("none", "1.5", "0.5")


def test_the_reference_is_measured_once(reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganprobe.engine import reference as room

    measured: list[str] = []
    measure = room.measure

    def counted(data: str, *words: Any, **more: Any) -> Any:
        measured.append(data)
        return measure(data, *words, **more)

    monkeypatch.setattr(room, "measure", counted)
    words = {"reference": reference, "metrics": METRICS, "samples": 40}
    ganprobe.sweep(small_networks.stylegan_sampler(), [1.0, 0.8, 0.6], **words)  # type: ignore[arg-type]
    assert measured == [str(reference)]


@pytest.mark.parametrize(
    ("truncations", "said"),
    [
        ([], "at least two truncations, got 0"),
        ([0.5], "at least two truncations, got 1"),
        ([1.0, float("nan")], "finite psi"),
        ([1.0, "0.5"], "finite psi"),
        ([0.5, 1.0, 0.5], "0.5 was given twice"),
        ([1.0, (1.0, 4)], "1.0 was given twice"),
        ([1.0, (0.5, -1)], "cutoff of 0 or more"),
    ],
)
def test_bad_truncations_are_refused_before_anything_is_drawn(
    truncations: list[Any], said: str, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn(*words: Any, **more: Any) -> None:
        raise AssertionError("nothing may be measured")

    monkeypatch.setattr("ganprobe.engine.sweep.carry_out", drawn)
    with pytest.raises(InputError, match=said):
        ganprobe.sweep(
            small_networks.stylegan_sampler(),
            truncations,
            reference=reference,
            metrics=METRICS,
            samples=40,
            out=tmp_path,
        )
    assert not any(tmp_path.iterdir())


def test_what_fails_at_one_truncation_fails_before_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganprobe.engine.sweep.carry_out", None)
    with pytest.raises(InputError, match=r"at least 0\.01"):
        ganprobe.sweep(small_networks.biggan_sampler(), [1.0, 0.001], metrics=["cs"], samples=40)
    with pytest.raises(InputError, match="fd compares with a reference"):
        ganprobe.sweep(small_networks.biggan_sampler(), [1.0, 0.5], samples=40)


def test_only_what_can_be_truncated_is_swept(reference: Path) -> None:
    frozen = small_networks.Frozen(small_networks.stylegan_sampler(), 40)
    for images in (reference, frozen):
        with pytest.raises(CapabilityError, match="cannot be truncated; a sweep needs"):
            ganprobe.sweep(images, [1.0, 0.5], metrics=["cs"], samples=40)  # type: ignore[arg-type]


def test_the_usual_metrics_follow_the_features() -> None:
    assert sweep_metrics(Settings()) == ("fd", "cs", "precision@embedded", "recall@embedded")
    assert sweep_metrics(Settings(features="inception")) == ("fid", "is")
    both = Settings(inception_weights="a.pth", vgg_weights="b.pth")
    assert sweep_metrics(both) == ("fid", "is", "precision", "recall")
    assert sweep_metrics(Settings(features="vgg16")) == ("precision", "recall")


def test_layers_have_a_folder_of_their_own(tmp_path: Path) -> None:
    sampler = small_networks.stylegan_sampler()
    run_sweep(sampler, [1.0, (0.5, 2)], SweepCall(samples=40, reference=None, metrics=["cs"], out=tmp_path))
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"1", "0.5-2"}


def test_the_command(reference: Path, small_shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        f"sweep dots --reference {reference} --samples 40 --truncation 0.5,1,0.7:2 --noise const --out {tmp_path / 's'}"
    )
    assert run(words.split()) == 0
    out, _ = capsys.readouterr()
    assert "dots by psi" in out
    assert "0.7:2" in out
    assert out.strip().endswith("report.html")
    assert {path.name for path in (tmp_path / "s").iterdir()} == {
        "report.md", "report.html", "report.tex", "sweep.csv", "sweep.json", "figures", "runs",
    }  # fmt: skip
    command = read_run(tmp_path / "s" / "runs" / "1")[0].provenance
    assert command["noise"] == "const"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("dots --truncation 1,strong", "truncation must be psi"),
        ("dots --truncation 1,1", "given twice"),
        ("dots --truncation 1", "at least two"),
        ("dots --truncation 1,0.5 --metrics fdd", "fdd"),
        ("classes --truncation 1,0.5:2", "one threshold"),
        ("REFERENCE --truncation 1,0.5", "cannot be truncated"),
    ],
)
def test_bad_calls_are_one_line(
    words: str, said: str, reference: Path, small_shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = f"sweep {words.replace('REFERENCE', str(reference))} --reference {reference} --out {tmp_path / 'out'}"
    assert run(call.split()) == 2
    _, err = capsys.readouterr()
    assert said in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
