"""A comparison on disk and on the terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from report_fakes import HOSTILE, Page, files_in, make_pictures, make_record, make_result
from rich.console import Console
from rich.table import Table

from ganprobe.core.errors import InputError, OutputError
from ganprobe.core.results import Record
from ganprobe.report import (
    Comparison,
    RunPictures,
    comparison_table,
    read_comparison,
    run_figures,
    run_table,
    write_comparison,
    write_run,
)
from ganprobe.report.figures.canvas import pixels_of
from ganprobe.report.pages.latex import escaped


def three() -> tuple[Record, ...]:
    shifted = make_record("stylegan", make_result(value=12.0), make_result("cs", 6.0, better="higher"))
    folder = make_record("a-folder-with-quite-a-long-name", make_result(value=11.0, n=77))
    return make_record("biggan", make_result(), make_result("cs", 7.9, better="higher")), shifted, folder


def test_everything_is_written(tmp_path: Path) -> None:
    for name, record in zip("abc", three(), strict=True):
        pictures = make_pictures() if name != "c" else RunPictures()
        write_run(record, pictures, tmp_path / name)
    comparison = read_comparison([tmp_path / name for name in "abc"])
    out = comparison.save(tmp_path / "all")
    reports = {"report.md", "report.html", "report.tex", "comparison.csv", "comparison.json"}
    figures = {f"figures/{name}.png" for name in ("samples", "interpolation", "chart_fd", "chart_cs")}
    assert files_in(out) == reports | figures
    one = pixels_of((tmp_path / "a" / "figures" / "samples.png").read_bytes(), name="a")
    both = pixels_of((out / "figures" / "samples.png").read_bytes(), name="both")
    assert both.shape[1] > 2 * one.shape[1]
    assert (both[-one.shape[0] :, : one.shape[1]] == one).all()


def test_a_comparison_from_memory_is_that_from_disk(tmp_path: Path) -> None:
    records = three()[:2]
    figures = tuple(run_figures(record, make_pictures()) for record in records)
    for name, record in zip("ab", records, strict=True):
        write_run(record, make_pictures(), tmp_path / name)
    write_comparison(Comparison(records, figures), tmp_path / "memory")
    write_comparison(read_comparison([tmp_path / "a", tmp_path / "b"]), tmp_path / "disk")
    for name in files_in(tmp_path / "memory"):
        assert (tmp_path / "memory" / name).read_bytes() == (tmp_path / "disk" / name).read_bytes()


def test_json_and_csv_tell_the_same(tmp_path: Path) -> None:
    write_comparison(Comparison(three()), tmp_path)
    data = json.loads((tmp_path / "comparison.json").read_text())
    assert data["schema"] == 1
    assert data["generators"] == ["biggan", "stylegan", "a-folder-with-quite-a-long-name"]
    cells = data["table"][0]["cells"]
    assert [(cell["best"], cell["compared"]) for cell in cells] == [(True, True), (False, True), (False, False)]
    assert cells[1]["to_best"]["value"] == pytest.approx(12.0 - 9.8123)
    assert data["table"][1]["cells"][2] is None
    rows = list(csv.DictReader(io.StringIO((tmp_path / "comparison.csv").read_text())))
    assert [float(row["value"]) for row in rows] == [9.8123, 12.0, 11.0, 7.9, 6.0]
    assert [row["best"] for row in rows] == ["True", "False", "False", "True", "False"]
    assert "samples 77, in the others 500" in rows[2]["note"]
    frame = Comparison(three()).to_frame()
    assert list(frame.columns) == list(rows[0])


def test_markdown_sets_the_best_in_bold_and_marks_what_is_not_compared(tmp_path: Path) -> None:
    write_comparison(Comparison(three()), tmp_path)
    text = MarkdownIt().enable("table").render((tmp_path / "report.md").read_text())
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    fd = re.findall(r"<td.*?>(.*?)</td>", rows[1])
    assert fd == [
        "FD ↓",
        "<strong>9.812</strong> [9.793, 9.832]",
        "12.000 [11.980, 12.020]",
        "11.000 [10.980, 11.020] <sup>a</sup>",
    ]
    assert re.findall(r"<td.*?>(.*?)</td>", rows[2])[-1] == "—"
    assert "<sup>a</sup> not compared: samples 77, in the others 500" in text


def test_latex_is_a_booktabs_table(tmp_path: Path) -> None:
    write_comparison(Comparison(three()), tmp_path)
    text = (tmp_path / "report.tex").read_text()
    for command in (
        r"\toprule",
        r"\midrule",
        r"\bottomrule",
        r"\begin{tabular}{lrrr}",
        r"FD $\downarrow$ & \textbf{9.812}",
    ):
        assert command in text
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert [line.count("&") for line in body.strip().splitlines()] == [3, 3]
    assert "—" not in text


def test_hostile_names_are_only_text(tmp_path: Path) -> None:
    records = [make_record(name, make_result(HOSTILE), make_result()) for name in (HOSTILE, "b")]
    write_comparison(Comparison(tuple(records)), tmp_path)
    page = Page((tmp_path / "report.html").read_text())
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) >= 4
    assert all(load.startswith("data:image/png;base64,") for load in page.loads)
    tex = (tmp_path / "report.tex").read_text()
    assert not re.search(r"(?<!\\)[_#&](?![ ])", re.sub(r"\$\^\{\w\}\$", "", tex.split(r"\midrule")[1]))


def test_latex_escapes() -> None:
    assert escaped("a_b%&") == r"a\_b\%\&"
    assert escaped("<x>\\{y}") == r"\textless{}x\textgreater{}\textbackslash{}\{y\}"
    assert escaped("[a] ~^#$") == r"{[}a{]} \textasciitilde{}\textasciicircum{}\#\$"


def test_charts_have_names_that_are_file_names(tmp_path: Path) -> None:
    records = tuple(make_record(name, make_result("../fid@clean")) for name in "ab")
    write_comparison(Comparison(records), tmp_path / "out")
    assert "figures/chart__fid_clean.png" in files_in(tmp_path / "out")


def test_a_failing_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(source: Path, target: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", stuck)
    with pytest.raises(OutputError, match="Read-only file system"):
        write_comparison(Comparison(three()), tmp_path / "out")
    assert not any(tmp_path.iterdir())


def test_a_broken_figure_stops_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="samples of biggan"):
        write_comparison(Comparison(three()[:2], ({"samples": b"?"}, {})), tmp_path / "out")
    assert not any(tmp_path.iterdir())


def test_figures_must_be_those_of_the_runs() -> None:
    with pytest.raises(InputError, match="figures of 3 runs"):
        Comparison(three(), ({},))


def rendered(table: Table, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_three_generators_fit_in_eighty_columns() -> None:
    path = [make_result("ppl_z_full", value, variance=2.5e-10) for value in (0.012345, 0.012545, 0.012645)]
    records = [replace(record, results=(*record.results, extra)) for record, extra in zip(three(), path, strict=True)]
    text = rendered(comparison_table(Comparison(tuple(records))), 80)
    assert max(map(len, text.splitlines())) <= 80
    for shown in ("0.012345*", "[0.012314, 0.012376]", "9.812*", "11.000 a", "—", "samples 77, in the others 500"):
        assert shown in text
    assert "…" not in text


def test_a_run_fits_in_eighty_columns_and_markup_is_text() -> None:
    text = rendered(run_table(make_record("[bold]x[/bold]")), 80)
    assert "[bold]x[/bold]" in text
    assert max(map(len, text.splitlines())) <= 80
    for shown in ("9.812", "[9.792, 9.832]", "PPL w end ↓", "embedded-1a2b"):
        assert shown in text


def test_what_must_be_known_of_a_number_stands_below_it() -> None:
    note = "2000 samples: read the held-out score"
    advised = replace(make_result("ls_z", 7.35), notes=(note,))
    also = replace(make_result("ls_w", 3.83), notes=(note, "excluded: hat"))
    text = " ".join(rendered(run_table(make_record("biggan", advised, also)), 80).split())
    assert f"LS z, LS w: {note} LS w: excluded: hat" in text
    assert text.count(note) == 1
