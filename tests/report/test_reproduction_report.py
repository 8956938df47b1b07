"""The report of a reproduced paper: orders as they were planted, hostile names, partial tables, files whole or none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_fakes import HOSTILE, Page, files_in
from reproduction_fakes import FD, found, reproduction, rows, table, wide_table
from scipy import stats

from ganprobe.core.errors import InputError, OutputError
from ganprobe.core.results import Estimate, normal_estimate
from ganprobe.report.folders.reproduction import reproduction_figures, write_reproduction
from ganprobe.report.pages.reproduction import (
    order_text,
    reproduction_html,
    reproduction_latex,
    reproduction_markdown,
    seed_note,
    tally,
    tally_words,
)
from ganprobe.report.records.orders import difference_of, expected_sign, magnitude, over_seeds, scaled, verdict
from ganprobe.report.records.reproduction import MeasuredRow, NumberColumn, judged


def orders(columns: tuple[NumberColumn, ...], *measured: MeasuredRow) -> list[list[str]]:
    return [[order.verdict for order in row.cells[0].orders] for row in judged(measured, columns)]


def row(method: str, paper: float | None, *values: float, half: float = 0.1) -> MeasuredRow:
    said = {} if paper is None else {"fid": paper}
    return MeasuredRow(method=method, recipe=method, values={"fid": tuple(found(v, half) for v in values)}, paper=said)


def test_the_verdict_is_the_interval_of_the_difference_against_the_papers_sign() -> None:
    base = row("baseline", 25.4, 40)
    assert orders((FD,), base, row("a", 22.1, 35)) == [[], ["holds"]]
    assert orders((FD,), base, row("a", 22.1, 45)) == [[], ["reversed"]]
    assert orders((FD,), base, row("a", 22.1, 39.9)) == [[], ["undecided"]]
    assert orders((FD,), base, row("a", 26.9, 45)) == [[], ["holds"]], "the paper has it worse, and so have we"
    assert orders((FD,), base, row("a", None, 35)) == [[], [""]], "the paper says nothing"
    assert orders((FD,), base, row("a", 25.4, 35)) == [[], [""]], "the paper has them equal"
    assert orders((FD,), base, row("a", 22.1)) == [[], ["unknown"]]
    assert orders((FD,), row("baseline", 25.4), row("a", 22.1, 35)) == [[], ["unknown"]]


def test_words_of_the_paper_count_where_it_has_no_numbers_and_only_of_the_baseline() -> None:
    column = NumberColumn(key="fid", label="CAS", better="higher")
    lt = replace(row("LT", None, 50), stated={"fid": "better"}, against=("CR",))
    assert orders((column,), row("baseline", None, 40), row("CR", None, 60), lt) == [[], [""], ["holds", ""]]


def test_a_further_comparison_has_an_order_of_its_own() -> None:
    both = replace(row("CR+LT", 17.6, 42), against=("CR",))
    assert orders((FD,), row("baseline", 25.4, 45), row("CR", 18.7, 41), both)[2] == ["holds", "reversed"]


def test_correlations_are_compared_by_their_size() -> None:
    column = NumberColumn(key="fid", label="A-S", better="lower", magnitude=True)
    base, lt = row("baseline", -0.128, -0.3, half=0.01), row("LT", -0.111, -0.2, half=0.01)
    assert orders((column,), base, lt) == [[], ["holds"]]
    difference = judged((base, lt), (column,))[1].cells[0].orders[0].difference
    assert difference is not None
    assert difference.value == pytest.approx(-0.1)
    assert magnitude(Estimate(0.01, (-0.05, 0.07), 9)).ci95 == (0.0, 0.07)
    assert magnitude(Estimate(-0.5, (-0.6, -0.4), 9)).ci95 == (0.4, 0.6)


def test_one_run_of_each_has_the_interval_of_the_measurement_without_the_shared_reference() -> None:
    terms = np.linspace(-1, 1, 100) * 0.1
    a, b = normal_estimate(5, 9, 0.01, terms), normal_estimate(4, 9, 0.01, terms)
    found = difference_of([a], [b])
    assert found.ci95 is not None
    assert (found.ci95[1] - found.ci95[0]) / 2 == pytest.approx(1.96 * np.sqrt(0.02), rel=1e-3)


def test_several_runs_have_students_interval_and_welchs_of_the_difference() -> None:
    a, b = [10.0, 12.0, 11.0], [14.0, 15.0, 19.0]
    mine, other = ([found(value) for value in values] for values in (a, b))
    low, high = stats.t.interval(0.95, 2, loc=11.0, scale=stats.sem(a))
    assert over_seeds(mine).ci95 == pytest.approx((low, high))
    welch = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    difference = difference_of(mine, other)
    assert difference.ci95 == pytest.approx((welch.low, welch.high))
    assert difference.value == pytest.approx(-5.0)


def test_one_run_against_several_counts_the_spread_that_is_known() -> None:
    difference = difference_of([found(14)], [found(v) for v in (10.0, 12.0, 11.0)])
    half = stats.t.ppf(0.975, 2) * np.sqrt(1.0 * (1 + 1 / 3))
    assert difference.ci95 == pytest.approx((3 - half, 3 + half))


def test_runs_that_agree_exactly_have_an_interval_without_width() -> None:
    assert difference_of([found(2), found(2)], [found(1), found(1)]).ci95 == (1, 1)


def test_no_runs_have_no_mean() -> None:
    with pytest.raises(InputError, match="at least one value"):
        over_seeds([])


def test_units_scale_interval_and_variance() -> None:
    percent = scaled(normal_estimate(0.5, 10, 0.01, np.array([0.1, -0.1])), 100)
    assert percent.value == 50
    assert percent.ci95 is not None
    assert percent.variance == pytest.approx(100)
    assert (percent.ci95[1] - 50) == pytest.approx(1.96 * np.sqrt(100 + 200), rel=1e-3)


@pytest.mark.parametrize(
    ("own", "other", "stated", "better", "sign"),
    [(1, 2, "", "lower", -1), (2, 1, "", "higher", 1), (1, 1, "better", "lower", 0), (None, 1, "", "lower", 0),
     (None, None, "better", "lower", -1), (None, None, "worse", "lower", 1), (None, None, "better", "higher", 1)],
)  # fmt: skip
def test_the_sign_that_the_paper_expects(own: float, other: float, stated: str, better: str, sign: int) -> None:
    assert expected_sign(own, other, stated, better) == sign  # type: ignore[arg-type]


def test_no_interval_decides_nothing() -> None:
    assert verdict(Estimate(-3, None, 5), expected=-1) == "unknown"


def test_each_comparison_is_counted_once_however_many_tables_show_it() -> None:
    once = reproduction(tables=(table(),))
    assert dict(tally(once.tables)) == {"holds": 1, "reversed": 1, "unknown": 3}
    assert tally((table(), table("4", "Again"))) == tally((table(),))
    assert tally_words(once) == "5 stated: 1 hold, 1 reversed, 3 not known yet"


def test_every_page_shows_ours_the_papers_and_what_is_missing() -> None:
    made = reproduction()
    page = Page(reproduction_html(made, reproduction_figures(made)))
    text = reproduction_markdown(made, {})
    for shown in (page.text, text):
        for wanted in (
            "40.00",
            "25.39",
            "not yet",
            "100 of 200,000".replace("100", "1,000"),
            "is not finite",
            "Three runs",
        ):
            assert wanted in shown, wanted
    assert "FD ↓ (paper: FID)" in page.text
    assert "60.0" in page.text, "in per cent"
    assert order_text(judged(rows(), (FD,))[1].cells[0].orders[0]) == "✓ -5.00 [-5.28, -4.72] to baseline"


def test_hostile_names_are_shown_letter_for_letter_and_load_nothing() -> None:
    made = reproduction(tables=(table("1", HOSTILE), wide_table()))
    page = Page(reproduction_html(made, reproduction_figures(made)))
    assert "script" not in page.tags
    assert all(load.startswith("data:") for load in page.loads)
    assert HOSTILE in page.text
    text = reproduction_markdown(made, {})
    assert "<script>" not in text
    assert "[x](http" not in text
    tex = reproduction_latex(made)
    assert "a_b" not in tex.replace(r"a\_b", "")


def test_latex_is_balanced_and_has_two_columns_for_each_number() -> None:
    tex = reproduction_latex(reproduction())
    assert tex.count(r"\begin{table}") == tex.count(r"\end{table}") == 2
    assert r"\begin{tabular}{lrrrr}" in tex
    for line in tex.splitlines():
        if line.endswith(r"\\") and "multicolumn" not in line:
            assert line.count(" & ") in (2, 4)


def test_the_papers_numbers_are_printed_as_the_paper_does() -> None:
    whole = judged((row("baseline", 14.73, 1), row("CR+LT", 9.8, 1), row("x", None, 1)), (FD,))
    assert [each.cells[0].printed for each in whole] == ["14.73", "9.80", ""]


def test_the_note_says_how_many_runs_the_intervals_are_of() -> None:
    assert "One training run a row" in seed_note(reproduction())
    group = replace(table().groups[0], rows=judged([row("baseline", 1, 2, 3)], (FD,)))
    assert "Student's" in seed_note(reproduction(tables=(replace(table(), groups=(group,)),)))
    assert seed_note(reproduction(tables=())) == ""


def test_the_folder_holds_everything_and_json_reads_back(tmp_path: Path) -> None:
    write_reproduction(reproduction(), tmp_path / "out")
    assert files_in(tmp_path / "out") == {
        "reproduction.json", "report.md", "report.html", "report.tex", "figures/table-1.png", "figures/table-2.png",
        "figures/table-figure-5.png", "figures/samples-x-cr.png",
    }  # fmt: skip
    said = json.loads((tmp_path / "out" / "reproduction.json").read_text())
    cell = said["tables"][0]["groups"][0]["rows"][1]["cells"]["fid"]
    assert cell["ours"]["value"] == 35.0
    assert cell["orders"][0] == {
        "against": "baseline",
        "difference": cell["orders"][0]["difference"],
        "verdict": "holds",
    }


def test_nothing_is_left_where_the_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError):
        write_reproduction(reproduction(), tmp_path / "out")


def test_an_empty_reproduction_can_be_written(tmp_path: Path) -> None:
    bare = replace(
        table(),
        groups=tuple(
            replace(g, rows=judged([MeasuredRow(method="baseline", recipe="x")], (FD,))) for g in table().groups
        ),
    )
    write_reproduction(reproduction(tables=(bare,), figures=(), failures={}, trained={}, pictures={}), tmp_path)
    assert "not yet" in (tmp_path / "report.md").read_text()
    assert not (tmp_path / "figures").exists()
