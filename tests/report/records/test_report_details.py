"""The tables under the numbers: in every kind of report, short where they are long, side by side in a comparison."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from report_fakes import (
    ATTRIBUTES,
    HOSTILE,
    Page,
    make_accuracies,
    make_change,
    make_classes,
    make_correlation,
    make_detailed,
    make_record,
    make_result,
)
from rich.console import Console

from ganprobe.core.errors import InputError
from ganprobe.core.results import Record
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.report import Comparison, RunPictures, detail_tables, read_run, write_comparison, write_run
from ganprobe.report.grids import is_of_itself, table_grid, table_lines
from ganprobe.report.records.details import details_of, run_grids, shared_grids


def with_tables(name: str, *tables: DetailTable, metric: str = "ls_w") -> Record:
    result = make_result(metric)
    return make_record(name, replace(result, estimate=replace(result.estimate, tables=tables)))


def markdown_tables(text: str) -> list[list[list[str]]]:
    """The cells of every table, its head first."""
    rendered = MarkdownIt("gfm-like", {"linkify": False}).enable("table").render(text)
    found = []
    for table in re.findall(r"<table>(.*?)</table>", rendered, re.DOTALL):
        rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        found.append([re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row, re.DOTALL) for row in rows])
    return found


def test_every_report_of_a_run_prints_its_tables(tmp_path: Path) -> None:
    write_run(make_detailed(), RunPictures(), tmp_path)
    text = Page((tmp_path / "report.html").read_text()).text
    table = make_accuracies()
    value, ends = table.values[2][1], table.ci95[2][1]  # type: ignore[index]
    shown = f"{value:.3f}", f"[{ends[0]:.3f}, {ends[1]:.3f}]"
    for piece in (*shown, "hair_dark", "12,000", "change of scores per step", "Classes of fewer images are noisy."):
        assert piece in text
    (accuracies,) = [rows for rows in markdown_tables((tmp_path / "report.md").read_text()) if "validation" in rows[0]]
    assert accuracies[3] == ["hair_dark", accuracies[3][1], " ".join(shown), "12,000"]


def test_the_headings_are_in_order_whatever_was_asked_first(tmp_path: Path) -> None:
    write_run(make_detailed(), RunPictures(), tmp_path)
    for name in ("report.md", "report.html"):
        text = (tmp_path / name).read_text()
        assert 0 < text.index("by class") < text.index("correlation of attribute scores") < text.index("by attribute")


def test_a_long_table_is_shortened_to_both_ends_and_folded_in_full_in_html(tmp_path: Path) -> None:
    table = make_classes(n=400)
    write_run(with_tables("a", table), RunPictures(), tmp_path)
    values = {row: value[0] for row, value in zip(table.rows, table.values, strict=True)}
    order = sorted(values, key=lambda row: values[row] or 0.0)
    markdown = (tmp_path / "report.md").read_text()
    (rows,) = [rows for rows in markdown_tables(markdown) if "images" in rows[0]]
    assert [row[0] for row in rows[1:]] == [*order[:5], *order[-5:]]
    assert "The 5 lowest and the 5 highest of 400 by FD. All of them are in results.json." in markdown
    source = (tmp_path / "report.html").read_text()
    short, full = source.split("<details>")
    assert short.count(">class ") == 10
    assert full.split("</details>")[0].count(">class ") == 400
    assert len(read_run(tmp_path)[0]["ls_w"].estimate.tables[0].rows) == 400


def test_a_table_too_large_for_a_page_points_to_the_file(tmp_path: Path) -> None:
    names = [f"d{i}" for i in range(150)]
    rows = {name: [float(i * j % 7) for j in range(150)] for i, name in enumerate(names)}
    write_run(with_tables("a", detail_table("m", "M", rows, columns=names, kind="matrix")), RunPictures(), tmp_path)
    source = (tmp_path / "report.html").read_text()
    assert "<details>" not in source
    assert "All of them are in results.json" in source


def test_a_table_of_few_rows_is_whole() -> None:
    grid = table_grid(make_classes(n=30), "By class")
    assert len(grid.short) == 30
    assert not grid.few_words
    assert len(table_grid(make_classes(n=31), "By class").short) == 10


def test_a_wide_matrix_is_turned_on_its_side() -> None:
    wide = {name: [float(i) for i in range(60)] for name in "ab"}
    grid = table_grid(detail_table("m", "M", wide, columns=[f"d{i}" for i in range(60)], kind="matrix"), "M")
    assert grid.columns == ("a", "b")
    assert len(grid.lines) == 60


def test_shades_follow_sign_and_size_and_leave_the_diagonal_alone() -> None:
    rows = {"a": [1.0, -0.25], "b": [-0.25, 1.0]}
    (first, _) = table_lines(detail_table("m", "M", rows, columns=("a", "b"), kind="matrix"))
    assert [(cell.value, cell.shade, cell.strength) for cell in first.cells] == [
        ("1", "self", 0.0),
        ("-0.250", "below", 0.5),
    ]
    (line,) = table_lines(detail_table("m", "M", {"a": [4.0, -1.0, 0.0]}, columns=("a", "b", "c"), kind="matrix"))
    assert [(cell.shade, cell.strength) for cell in line.cells] == [("above", 1.0), ("below", 0.5), ("above", 0.0)]


def test_what_is_a_table_of_a_thing_with_itself() -> None:
    assert is_of_itself(make_correlation())
    assert not is_of_itself(make_change())
    asymmetric = {"a": [1.0, 0.5], "b": [0.4, 1.0]}
    assert not is_of_itself(detail_table("m", "M", asymmetric, columns=("a", "b"), kind="matrix"))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([12.0, 120_000.0, None], ["12", "120,000", "—"]),
        ([0.5, 12.25, -3.125], ["0.50", "12.25", "-3.12"]),
        ([100.5, 1e-5, 2.0], ["100.5", "1e-05", "2"]),
        ([None, None], ["—", "—"]),
    ],
)
def test_numbers_without_an_interval_keep_to_their_column(values: list[float | None], texts: list[str]) -> None:
    table = detail_table("t", "T", {str(i): [value] for i, value in enumerate(values)}, columns=("x",))
    assert [line.cells[0].value for line in table_lines(table)] == texts


def test_small_numbers_of_a_matrix_keep_to_the_others() -> None:
    rows = {"a": [1.0, 0.0021], "b": [-0.12345, 1.0]}
    lines = table_lines(detail_table("m", "M", rows, columns=("a", "b"), kind="matrix"))
    assert [cell.value for line in lines for cell in line.cells] == ["1.000", "0.002", "-0.123", "1.000"]


@pytest.mark.parametrize(("columns", "intervals", "dense"), [(8, True, False), (12, False, False), (13, False, True)])
def test_wide_matrices_are_set_small(columns: int, intervals: bool, dense: bool) -> None:
    grid = table_grid(make_correlation(names=tuple(f"a{i}" for i in range(columns))), "r")
    assert (grid.with_intervals, grid.dense) == (intervals, dense)


def test_estimates_that_share_a_table_print_it_once() -> None:
    results = make_detailed().results
    shared = replace(results[0], metric="ls_z")
    record = make_record("a", results[0], shared)
    assert len(details_of(record)) == 1
    assert len(details_of(make_record("a", results[0], make_result()))) == 1


def test_names_from_outside_are_only_text(tmp_path: Path) -> None:
    table = detail_table(HOSTILE, HOSTILE, {HOSTILE: [1.5], "b": [2.5]}, columns=(HOSTILE,), note=HOSTILE)
    records = [with_tables("a", table), with_tables("b", table)]
    write_run(records[0], RunPictures(), tmp_path / "run")
    write_comparison(Comparison(tuple(records)), tmp_path / "both")
    for folder in ("run", "both"):
        page = Page((tmp_path / folder / "report.html").read_text())
        assert "script" not in page.tags
        assert page.text.count(HOSTILE) >= 4
        rows = [rows for rows in markdown_tables((tmp_path / folder / "report.md").read_text()) if rows[-1][0] == "b"]
        assert [len(row) for row in rows[0]] == [len(rows[0][0])] * 3
    latex = (tmp_path / "both" / "report.tex").read_text()
    assert "<script>" not in latex
    assert r"a\_b\%\&*c*" in latex


def test_unknown_metrics_and_groups_have_their_place(tmp_path: Path) -> None:
    table = detail_table("t", "Things", {"a": [1.5]}, columns=("x",))
    record = with_tables("a", table, metric="brand_new@variant")
    (grids,) = run_grids(record).values()
    assert grids[0].heading == "brand_new (variant): things"
    write_run(record, RunPictures(), tmp_path)
    assert "brand_new (variant): things" in Page((tmp_path / "report.html").read_text()).text


def compared(*records: Record) -> Comparison:
    return Comparison(tuple(records))


def test_lists_stand_side_by_side_with_the_columns_that_have_intervals() -> None:
    """LT-GAN's Table 2: rows attributes, columns generators."""
    comparison = compared(with_tables("a", make_accuracies(0)), with_tables("b", make_accuracies(1)))
    (grid,) = shared_grids(comparison.runs, comparison.table)
    assert grid.groups == (("validation", 2), ("all", 2))
    assert grid.columns == ("a", "b", "a", "b")
    assert [line.name for line in grid.lines] == list(ATTRIBUTES)
    tables = make_accuracies(0), make_accuracies(1)
    for i, line in enumerate(grid.lines):
        values = [float(cell.value) for cell in line.cells]
        expected = [table.values[i][j] for j in range(2) for table in tables]
        assert values == pytest.approx(expected, abs=6e-4)
        assert all(cell.interval for cell in line.cells)


def test_correlations_stand_side_by_side_by_pairs() -> None:
    """LT-GAN's Table 3: rows pairs of attributes, columns generators."""
    comparison = compared(with_tables("a", make_correlation(0)), with_tables("b", make_correlation(1)))
    (grid,) = shared_grids(comparison.runs, comparison.table)
    assert grid.columns == ("a", "b")
    assert len(grid.lines) == 10
    assert grid.lines[4].name == "glasses, hair_dark"
    expected = [make_correlation(seed).values[1][2] for seed in (0, 1)]
    assert [float(cell.value) for cell in grid.lines[4].cells] == pytest.approx(expected, abs=6e-4)


def test_other_matrices_stand_under_one_another() -> None:
    comparison = compared(with_tables("a", make_change(0)), with_tables("b", make_change(1)))
    grids = shared_grids(comparison.runs, comparison.table)
    assert [grid.heading.rpartition(", ")[2] for grid in grids] == ["a", "b"]
    assert all(grid.shaded for grid in grids)


def test_what_one_generator_has_alone_is_left_out() -> None:
    comparison = compared(
        with_tables("a", make_accuracies(0), make_change()),
        with_tables("b", make_accuracies(1)),
        with_tables("c"),
        with_tables("d", make_accuracies(1), metric="ls_z"),
    )
    (grid,) = shared_grids(comparison.runs, comparison.table)
    assert grid.columns == ("a", "b", "a", "b")


def test_rows_that_differ_leave_gaps_and_long_ones_show_what_differs_most() -> None:
    many = {f"c{i}": [float(i)] for i in range(40)}
    moved = {**many, "c7": [99.0], "new": [1.0]}
    tables = [detail_table("classes", "By class", rows, columns=("FD",)) for rows in (many, moved)]
    comparison = compared(*(with_tables(name, table) for name, table in zip("ab", tables, strict=True)))
    (grid,) = shared_grids(comparison.runs, comparison.table)
    assert grid.short[0].name == "c7"
    assert grid.few_words == "The 10 of 41 rows on which the generators differ most in FD."
    assert [cell.value for cell in grid.lines[-1].cells] == ["—", "1"]


def test_a_footnote_of_the_main_table_goes_with_the_generator() -> None:
    a, b, c = (with_tables(name, make_accuracies(i)) for i, name in enumerate("abc"))
    c = replace(c, results=(replace(c.results[0], estimate=replace(c.results[0].estimate, n=77)),))
    comparison = compared(a, b, c)
    (grid,) = shared_grids(comparison.runs, comparison.table)
    assert grid.columns[:3] == ("a", "b", "c (a)")
    assert "samples 77" in comparison.table.notes["a"]


def test_a_comparison_prints_them_everywhere_and_nothing_of_them_in_bold(tmp_path: Path) -> None:
    write_comparison(compared(make_detailed("a", 0), make_detailed("b", 1)), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "In detail" in page
    assert "<details>" in page
    pairs = [
        rows for rows in markdown_tables((tmp_path / "report.md").read_text()) if rows[-1][0] == "beard, round_face"
    ]
    assert len(pairs) == 1
    assert "<strong>" not in str(pairs)
    latex = (tmp_path / "report.tex").read_text()
    assert latex.count(r"\begin{table}") == 4, "the main one and three; matrices by generator are left out"
    assert r"beard, round\_face & " in latex
    for table in latex.split(r"\begin{tabular}")[1:]:
        head, body = table.split(r"\midrule")
        columns = head.split("{")[1].split("}")[0]
        for line in body.split(r"\bottomrule")[0].strip().splitlines():
            assert line.count(" & ") == len(columns) - 1
    json_runs = json.loads((tmp_path / "comparison.json").read_text())["runs"]
    assert len(json_runs[0]["results"][1]["tables"][0]["rows"]) == 1000


def test_the_terminal_shows_them_within_80_columns() -> None:
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for table in detail_tables(make_detailed()):
        console.print(table)
    console.file.close()
    text = console.export_text()
    assert "hair_dark" in text
    assert "12,000" in text
    assert "highest of" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_terminal_never_cuts_a_number() -> None:
    console = Console(width=60)
    record = with_tables("a", make_correlation(names=tuple(f"attribute_{i}" for i in range(10))))
    with console.capture() as said:
        console.print(*detail_tables(record))
    assert "…" not in said.get()


def test_a_broken_table_on_disk_names_the_folder(tmp_path: Path) -> None:
    write_run(with_tables("a", make_accuracies()), RunPictures(), tmp_path)
    data = json.loads((tmp_path / "results.json").read_text())
    data["results"][0]["tables"][0]["rows"].append("one more")
    (tmp_path / "results.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=re.escape(str(tmp_path))):
        read_run(tmp_path)
