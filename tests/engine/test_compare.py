"""Generators side by side, from runs on disk, runs in memory and generators; and the demonstration."""

import json
from pathlib import Path

import numpy as np
import pytest
import small_networks

import ganprobe
from ganprobe.core.calls.settings import CompareCall
from ganprobe.core.errors import CapabilityError, DataError, InputError
from ganprobe.core.results import difference
from ganprobe.core.shipped import shipped_names
from ganprobe.engine.compare import compare
from ganprobe.engine.demo import run_demo
from ganprobe.engine.run import Run
from ganprobe.report import Comparison, read_run, run_figures

METRICS = ["fd", "kd", "cs", "ppl_z_end"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_networks.write_images(tmp_path_factory.mktemp("data") / "reference.npy")


def run_of(seed: int, reference: Path, *, samples: int = 120) -> Run:
    sampler = small_networks.stylegan_sampler(seed, name=f"styles{seed}")
    return ganprobe.evaluate(sampler, reference=reference, metrics=METRICS, samples=samples)


def numbers(comparison: Comparison) -> list[tuple[str, list[float]]]:
    return [
        (row.metric, [cell.result.value for cell in row.cells if cell.result is not None])
        for row in comparison.table.rows
    ]


def test_folders_runs_and_generators_are_one(reference: Path, tmp_path: Path) -> None:
    runs = [run_of(seed, reference) for seed in (0, 1)]
    runs[0].save(tmp_path / "first")
    sampler = small_networks.stylegan_sampler(1, name="styles1")
    words = {"reference": reference, "metrics": METRICS, "samples": 120}
    from_memory = ganprobe.compare(runs)
    mixed = ganprobe.compare([tmp_path / "first", sampler], **words)  # type: ignore[arg-type]
    text = ganprobe.compare([str(tmp_path / "first"), runs[1]])
    assert numbers(from_memory) == numbers(mixed) == numbers(text)
    assert from_memory.table.columns == mixed.table.columns == ("styles0", "styles1")
    assert [row.metric for row in from_memory.table.rows] == METRICS
    for comparison in (from_memory, mixed, text):
        assert [[cell.best for cell in row.cells] for row in comparison.table.rows] == [
            [cell.best for cell in row.cells] for row in from_memory.table.rows
        ]


def test_the_figures_of_a_run_are_drawn_once(reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, drawn = [run_of(seed, reference) for seed in (0, 1)], []
    monkeypatch.setattr("ganprobe.engine.run.run_figures", lambda *given: drawn.append(given) or run_figures(*given))
    runs[0].save(tmp_path)
    comparison = ganprobe.compare(runs)
    assert len(drawn) == len(runs)
    assert comparison.figures[0]["samples"] == (tmp_path / "figures" / "samples.png").read_bytes()
    runs[0].save(tmp_path)
    assert len(drawn) == len(runs)


def test_bold_follows_the_interval_of_the_difference(reference: Path, tmp_path: Path) -> None:
    """And on disk, where the reference's share of the noise is kept beside the results, as in memory."""
    runs = [run_of(seed, reference, samples=600) for seed in (0, 1)]
    for number, run in enumerate(runs):
        run.save(tmp_path / str(number))
    for comparison in (ganprobe.compare(runs), ganprobe.compare([tmp_path / "0", tmp_path / "1"])):
        seen = set()
        for row in comparison.table.rows:
            a, b = (run[row.metric].estimate for run in runs)
            gap = difference(a, b)
            assert gap.ci95 is not None
            low, high = next(cell.to_best.ci95 for cell in row.cells if cell.to_best is not None)  # type: ignore[misc]
            apart = low > 0 or high < 0
            assert any(cell.best for cell in row.cells) == apart
            seen.add(apart)
            # An interval that skewness widened counts in full, which is never narrower.
            assert 1 - 1e-9 < (high - low) / (gap.ci95[1] - gap.ci95[0]) < 1.3
        assert True in seen
    frechet = [run["fd"].estimate for run in runs]
    width = lambda ends: ends[1] - ends[0]  # noqa: E731
    apart = sum(width(estimate.ci95) ** 2 for estimate in frechet) ** 0.5
    assert width(difference(*frechet).ci95) < 0.95 * apart, "the reference's noise cancels in part"


def test_a_run_is_no_better_than_itself(reference: Path, tmp_path: Path) -> None:
    run = run_of(0, reference)
    run.save(tmp_path / "run")
    for items in ([run, run], [run, tmp_path / "run"], [tmp_path / "run", tmp_path / "run"]):
        table = ganprobe.compare(items).table
        assert not any(cell.best for row in table.rows for cell in row.cells)
        assert not table.notes
        assert table.columns == ("styles0 (1)", "styles0 (2)")
        for row in table.rows:
            (gap,) = (cell.to_best for cell in row.cells if cell.to_best is not None)
            assert gap.value == 0


def test_a_set_of_images_and_a_generator_compare(reference: Path) -> None:
    styles = small_networks.stylegan_sampler()
    frozen = small_networks.Frozen(small_networks.stylegan_sampler(1), 120)
    table = ganprobe.compare([styles, frozen], reference=reference, samples=120).table
    rows = {row.metric: row for row in table.rows}
    assert not table.notes, "their protocols agree"
    assert rows["ppl_w_end"].cells[1].result is None
    assert rows["fd"].cells[0].result is not None


def test_truncated_and_whole_do_not_compare(reference: Path) -> None:
    samplers = [small_networks.stylegan_sampler(truncation=psi) for psi in (1.0, 0.5)]
    table = ganprobe.compare(samplers, reference=reference, metrics=["fd"], samples=40).table
    assert [note for note in table.notes.values() if "truncation" in note]


def test_everything_is_looked_at_before_anything_is_measured(reference: Path, tmp_path: Path) -> None:
    watched = small_networks.Watched(small_networks.stylegan_sampler())
    frozen = small_networks.Frozen(small_networks.stylegan_sampler(), 60)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no file or folder"):
        compare([watched, tmp_path / "gone" / "run"], CompareCall(samples=40, reference=str(reference)))
    with pytest.raises(DataError, match="empty"):
        compare([watched, tmp_path / "empty"], CompareCall(samples=40, reference=str(reference)))
    with pytest.raises(CapabilityError, match="frozen has images only"):
        compare([watched, frozen], CompareCall(samples=40, metrics=["ppl_z_end"]))
    with pytest.raises(InputError, match="frozen has 60 images, 100 samples"):
        compare([watched, frozen], CompareCall(samples=100, metrics=["cs"]))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "results.json").write_text("{")
    with pytest.raises(InputError, match="is not the results of a run"):
        compare([watched, tmp_path / "broken"], CompareCall(samples=40))
    with pytest.raises(InputError, match="at least two runs or generators, got 1"):
        compare([watched], CompareCall(samples=40))
    assert not watched.asked


def test_a_sweep_is_no_run(reference: Path, tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text("{}")
    with pytest.raises(InputError, match="holds a sweep, not a run; give some of its runs"):
        ganprobe.compare([tmp_path, reference])


def test_a_shipped_generator_brings_its_reference(small_shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganprobe.engine.reference.ENDLESS_LIMIT", 100)
    table = ganprobe.compare(["dots", "dashes"], samples=40).table
    assert table.columns == ("dots", "dashes")
    assert {"fd", "kd"} <= {row.metric for row in table.rows}


def test_the_demonstration(small_shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganprobe.engine.reference.ENDLESS_LIMIT", 100)
    comparison = run_demo(tmp_path / "demo", samples=40)
    assert list(comparison.table.columns) == shipped_names("generators") == ["dots", "dashes", "classes"]
    for name in ("results.json", "comparison.json", "report.md", "report.html"):
        assert (tmp_path / "demo" / name).stat().st_size > 200
    assert list((tmp_path / "demo" / "figures").glob("*.png"))
    for name in comparison.table.columns:
        record, figures = read_run(tmp_path / "demo" / name)
        assert record.generator.name == name
        assert {"samples", "interpolation"} <= figures.keys()
    top = json.loads((tmp_path / "demo" / "results.json").read_text())
    assert top == json.loads((tmp_path / "demo" / "dots" / "results.json").read_text())
    assert np.load(tmp_path / "demo" / "intervals.npz")["fd"].shape == (100,)


def test_a_demonstration_of_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganprobe.engine.demo.manifest", dict)
    with pytest.raises(InputError, match="no generators are shipped here"):
        run_demo(tmp_path / "demo")
    with pytest.raises(InputError, match="samples must be at least 1, got 0"):
        run_demo(tmp_path / "demo", samples=0)
    assert not (tmp_path / "demo").exists()
