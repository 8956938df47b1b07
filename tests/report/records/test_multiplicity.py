"""What chance alone stars, and Holm's correction: by hand, in closed form and by simulation."""

import json
import math

import numpy as np
import pytest

import ganprobe
from ganprobe.core.errors import InputError
from ganprobe.core.results import Estimate, Record, Result, Subject, normal_estimate
from ganprobe.core.streams import stream
from ganprobe.report import Comparison, RunPictures, read_comparison, write_run
from ganprobe.report.pages.latex import comparison_latex
from ganprobe.report.pages.markdown import comparison_markdown
from ganprobe.report.pages.terminal import comparison_table
from ganprobe.report.records.multiplicity import chance_of_star, holm, p_value
from ganprobe.report.records.table import compare_records


def run(name, values, *, deviation=1.0, better="lower"):
    """A run of metrics m0, m1 and so on; None for a number without an interval."""
    estimates = [
        Estimate(1.0, None, 9) if value is None else normal_estimate(value, 9, deviation**2) for value in values
    ]
    results = [Result(f"m{i}", one, better, "", {}, 1.0) for i, one in enumerate(estimates)]
    return Record(Subject(name, name * 8), None, tuple(results))


def stars(table):
    return [any(cell.best for cell in row.cells) for row in table.rows]


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [True, False, False, True]),  # 0.005 <= .0125, 0.01 <= .0167, 0.03 > .025
        ([0.03, 0.02], [True, True]),  # 0.02 <= .025, 0.03 <= .05
        ([0.03, 0.026], [False, False]),
        ([None, 0.04, None], [False, True, False]),  # one hypothesis alone
        ([], []),
        ([0.05], [True]),
    ],
)
def test_holm_by_hand(p_values, expected):
    assert holm(p_values) == expected


def test_p_values_are_those_of_the_intervals():
    assert p_value(normal_estimate(1.959963984540054, 9, 1.0)) == pytest.approx(0.05)
    assert p_value(normal_estimate(-2.5758293035489, 9, 1.0)) == pytest.approx(0.01)
    assert p_value(Estimate(1.0, None, 9)) == 1.0
    assert p_value(Estimate(1.0, (1.0, 1.0), 9)) == 0.0
    assert p_value(Estimate(0.0, (0.0, 0.0), 9)) == 1.0


@pytest.mark.parametrize("generators", [2, 3, 5])
def test_the_chance_of_a_star_by_simulation(generators):
    drawn = np.sort(stream(0, "chance of a star", generators).standard_normal((200_000, generators)), axis=1)
    starred = (drawn[:, 1] - drawn[:, 0] > 1.959963984540054 * math.sqrt(2)).mean()
    assert chance_of_star(generators) == pytest.approx(starred, abs=4 * math.sqrt(starred / 200_000))


def test_two_generators_are_starred_by_chance_in_5_percent():
    assert chance_of_star(2) == pytest.approx(0.05, abs=1e-6)


def test_alike_generators_in_a_table():
    """Ten rows of two and of three: as many stars as the table says, and with Holm any in 5% of the tables at most."""
    for generators in (2, 3):
        drawn = stream(1, "alike tables", generators).standard_normal((400, generators, 10))
        records = [[run(name, values) for name, values in zip("abc", each, strict=False)] for each in drawn]
        plain = [compare_records(each) for each in records]
        count = np.array([sum(stars(table)) for table in plain])
        said = plain[0].chance_stars
        assert count.mean() == pytest.approx(said, abs=4 * math.sqrt(said / 400))
        corrected = [any(stars(compare_records(each, correct="holm"))) for each in records]
        assert np.mean(corrected) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
        if generators == 2:
            assert np.mean(corrected) >= 0.05 - 3 * math.sqrt(0.05 * 0.95 / 400)


def test_holm_keeps_what_is_far_apart_and_takes_what_rows_explain():
    root = math.sqrt(2)
    records = [run("a", [0.0, 0.0, 0.0, 0.0]), run("b", [5 * root, 2.0 * root, 0.1, 1.0])]
    assert stars(compare_records(records)) == [True, True, False, False]
    corrected = compare_records(records, correct="holm")
    assert stars(corrected) == [True, False, False, False]
    assert corrected.rows[1].cells[0].leads
    assert corrected.tested == 4


def test_rows_that_cannot_be_starred_are_not_counted():
    both = [run(name, [1.0, value]) for name, value in (("a", None), ("b", 2.0))]
    table = compare_records(both)
    assert [row.p is None for row in table.rows] == [False, True]
    assert table.tested == 1
    assert table.chance_stars == pytest.approx(0.05, abs=1e-6)
    neither = compare_records([run(name, [1.0], better="neither") for name in "ab"])
    assert (neither.tested, neither.chance_stars) == (0, 0.0)


def test_every_page_says_it(tmp_path):
    runs = tuple(run(name, values) for name, values in (("a", [0.0, 0.0]), ("b", [3.0, 3.0])))
    plain, corrected = Comparison(runs), Comparison(runs, correct="holm")
    for comparison, words in ((plain, "0.1 of 2 rows"), (corrected, "Holm's procedure")):
        saved = comparison.save(tmp_path / comparison.correct)
        pages = [
            comparison_markdown(comparison.record, []),
            comparison_latex(comparison.table),
            str(comparison_table(comparison.record).caption),
            (saved / "report.html").read_text().replace("&#39;", "'"),
        ]
        assert all(words in page for page in pages)
        told = json.loads((saved / "comparison.json").read_text())
        assert (told["correct"], told["chance_stars"]) == (comparison.correct, pytest.approx(0.1, abs=1e-6))
    assert [sum(stars(each.table)) for each in (plain, corrected)] == [2, 0]


def test_an_unknown_correction_is_refused():
    with pytest.raises(InputError, match="none, holm"):
        compare_records([run("a", [0.0]), run("b", [1.0])], correct="fdr")


def test_the_call_takes_it(tmp_path):
    both = (("a", [0.0, 0.0]), ("b", [3.0, 3.0]))
    folders = [write_run(run(name, values), RunPictures(), tmp_path / name) for name, values in both]
    assert sum(stars(ganprobe.compare(folders, correct="holm").table)) == 0
    assert sum(stars(read_comparison(folders, correct="holm").table)) == 0
    with pytest.raises(InputError, match="correct"):
        ganprobe.compare(folders, correct="fdr")
    assert stars(ganprobe.compare(folders).table) == [True, True]
