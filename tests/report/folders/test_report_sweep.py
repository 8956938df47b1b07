"""A truncation sweep on paper: the table, the curves, the samples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from report_fakes import HOSTILE, Page, files_in, make_pictures, make_record, make_result
from rich.console import Console

from ganprobe.core.errors import InputError
from ganprobe.core.results import Record
from ganprobe.core.spaces import Truncation
from ganprobe.report import Sweep, SweepPoint, sweep_table
from ganprobe.report.figures.canvas import LIGHT, pixels_of
from ganprobe.report.figures.curves import Curve, Spot, curves_of, label_places, sweep_chart
from ganprobe.report.figures.sweep import sweep_figures

STEPS: tuple[Truncation, ...] = (1.0, 0.7, (0.5, 4))


def record_at(psi: float, name: str = "styles") -> Record:
    return make_record(
        name,
        make_result("fd", 3 - psi, protocol={"truncation": psi, "ddof": 1}),
        make_result("cs", 1 + psi, better="higher", protocol={"truncation": psi}),
        make_result("precision@embedded", 0.9 - psi / 10, variance=1e-5, better="higher"),
        make_result("recall@embedded", psi / 2, variance=1e-5, better="higher"),
    )


def make_sweep(name: str = "styles") -> Sweep:
    psis = [step[0] if isinstance(step, tuple) else step for step in STEPS]
    points = zip(STEPS, psis, strict=True)
    return Sweep(tuple(SweepPoint(step, record_at(psi, name), make_pictures()) for step, psi in points), "psi")


def test_everything_is_written(tmp_path: Path) -> None:
    out = make_sweep().save(tmp_path / "deep")
    reports = {"report.md", "report.html", "report.tex", "sweep.csv", "sweep.json"}
    assert files_in(out) == reports | {"figures/trade_off.png", "figures/samples.png"}
    page = Page((out / "report.html").read_text())
    assert all(load.startswith("data:image/png;base64,") for load in page.loads)
    for text in (page.text, (out / "report.md").read_text().replace("\\", "")):
        for piece in ("0.5:4", "2.300", "[2.280, 2.320]", "FD ↓", "Recall (embedded) ↑", "ddof"):
            assert piece in text
        assert "truncation 0" not in text, "the protocol does not name one point's truncation for all"
    latex = (out / "report.tex").read_text()
    assert r"FD $\downarrow$" in latex
    assert r"0.7 & 2.300 {\footnotesize {[}" in latex.replace("[2.", "{[}2.")


def test_the_numbers_come_back(tmp_path: Path) -> None:
    sweep = make_sweep()
    sweep.save(tmp_path)
    data = json.loads((tmp_path / "sweep.json").read_text())
    assert [point["truncation"] for point in data["points"]] == [1.0, 0.7, [0.5, 4]]
    assert Record.from_json(data["points"][1]["run"]).to_json() == sweep.points[1].record.to_json()
    frame = sweep.to_frame()
    assert frame["truncation"].tolist() == [1.0] * 4 + [0.7] * 4 + [0.5] * 4
    assert frame["layers"].tolist() == [0] * 8 + [4] * 4
    assert frame[frame["metric"] == "fd"]["value"].tolist() == pytest.approx([2.0, 2.3, 2.5])


def test_the_sheet_has_a_row_for_each_truncation() -> None:
    """One sample of each of the three classes, whose rows have four."""
    sheet = pixels_of(sweep_figures(make_sweep().record)["samples"], name="samples")
    picture, gap = 96, 4
    assert sheet.shape[0] == 3 * (picture + gap) - gap
    pictures = make_pictures().samples
    assert pictures is not None
    last = sheet[:picture, -picture:, :3]
    np.testing.assert_array_equal(last[::12, ::12], pictures[8].transpose(1, 2, 0))


def test_without_pictures_there_is_no_sheet(tmp_path: Path) -> None:
    sweep = make_sweep()
    bare = Sweep(tuple(SweepPoint(point.truncation, point.record) for point in sweep.points), "threshold")
    assert bare.labels == ("none", "0.7", "0.5:4")
    assert files_in(bare.save(tmp_path)) >= {"figures/trade_off.png"}
    assert not (tmp_path / "figures" / "samples.png").exists()


def test_names_from_outside_are_only_text(tmp_path: Path) -> None:
    make_sweep(HOSTILE).save(tmp_path)
    page = Page((tmp_path / "report.html").read_text())
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) >= 2


def test_fewer_points_and_other_metrics_are_refused() -> None:
    points = make_sweep().points
    with pytest.raises(InputError, match="at least two truncations, got 1"):
        Sweep(points[:1], "psi")
    with pytest.raises(InputError, match="the same metrics"):
        Sweep((points[0], SweepPoint(0.5, make_record("styles", make_result()))), "psi")


def curve(name: str) -> Curve:
    return Curve(name, "psi", (Spot("1", 1.0, (0.9, 1.1)), Spot("0.5", 2.0, None), Spot("0.2", 2.5, None)))


@pytest.mark.parametrize(
    ("metrics", "panels"),
    [
        (["precision", "fid@clean", "is", "recall"], [("is", "fid@clean"), ("recall", "precision")]),
        (["cs", "kd", "fd"], [("cs", "fd")]),
        (["density", "coverage", "fid"], [("coverage", "density")]),
        (["fid", "kid"], [(None, "fid"), (None, "kid")]),
    ],
)
def test_what_is_drawn_over_what(metrics: list[str], panels: list[tuple[str | None, str]]) -> None:
    found = curves_of({name: curve(name) for name in metrics})
    assert [(None if x is None else x.name, y.name) for x, y in found] == panels
    figure = sweep_chart(found, LIGHT)
    drawn = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in drawn] == [y for _, y in panels]
    lines = drawn[0].get_lines()
    np.testing.assert_array_equal(lines[0].get_ydata(), [1.0, 2.0, 2.5])
    whiskers = 1 if panels[0][0] is None else 2
    assert len(lines) == 1 + whiskers
    assert [text.get_text() for text in drawn[0].texts] == ([] if panels[0][0] is None else ["1", "0.5", "0.2"])


def test_labels_keep_away_from_the_curve_and_from_one_another() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        points = np.column_stack([np.sort(rng.uniform(0, 200, 6)), rng.uniform(0, 180, 6)])
        points[:, 0] += np.arange(6) * 12
        labels = points + np.array(label_places(points))
        apart = np.linalg.norm((labels[:, None] - labels[None]) / (13, 9), axis=-1)[np.triu_indices(6, 1)]
        assert apart.min() > 0.8
        assert (np.linalg.norm(labels - points, axis=1) < 16).all()


def test_labels_of_a_straight_line_lie_beside_it() -> None:
    places = label_places(np.column_stack([np.arange(5) * 40.0, np.zeros(5)]))
    assert all(abs(up) > 7 for _, up in places[1:-1])


def test_the_terminal_table_fits_80_columns() -> None:
    console = Console(width=80)
    with console.capture() as said:
        console.print(sweep_table(make_sweep().record))
    text = said.get()
    assert max(map(len, text.splitlines())) <= 80
    assert "0.5:4" in text
    assert "2.300" in text
