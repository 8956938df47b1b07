"""Which numbers are compared and which is in bold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_fakes import make_record, make_result

from ganprobe.core.errors import InputError
from ganprobe.core.results import Estimate, Record, Result
from ganprobe.report.records.table import Row, compare_records, gap


def row(*results: Result, names: tuple[str, ...] = ("a", "b", "c", "d")) -> Row:
    return compare_records([make_record(name, each) for name, each in zip(names, results, strict=False)]).rows[0]


def bests(table_row: Row) -> list[bool]:
    return [cell.best for cell in table_row.cells]


def test_the_best_stands_out_where_the_difference_excludes_zero() -> None:
    assert bests(row(make_result(value=5.0), make_result(value=6.0))) == [True, False]
    assert bests(row(make_result(value=5.0, better="higher"), make_result(value=6.0, better="higher"))) == [False, True]


def test_nothing_is_best_within_the_noise() -> None:
    close = row(make_result(value=5.0), make_result(value=5.02))
    assert bests(close) == [False, False]
    assert close.cells[0].leads
    assert close.cells[1].to_best is not None


def test_the_boundary_is_that_of_the_interval_of_the_difference() -> None:
    # 1.96 * sqrt(1e-4 + 1e-4) = 0.0277...
    assert bests(row(make_result(value=5.0), make_result(value=5.0278))) == [True, False]
    assert bests(row(make_result(value=5.0), make_result(value=5.0276))) == [False, False]


def test_noise_of_a_shared_reference_cancels() -> None:
    shared = np.random.default_rng(0).normal(size=200)
    other = np.random.default_rng(1).normal(size=200)
    together = row(make_result(value=5.0, terms=shared), make_result(value=6.0, terms=shared))
    apart = row(make_result(value=5.0, terms=shared), make_result(value=6.0, terms=other))
    assert bests(together) == [True, False]
    assert bests(apart) == [False, False]


def test_the_best_must_stand_out_from_every_other() -> None:
    noisy = make_result(value=7.0, variance=100.0)
    assert bests(row(make_result(value=5.0), make_result(value=6.0), noisy)) == [False, False, False]


def test_without_an_interval_nothing_is_best() -> None:
    bare = replace(make_result(value=1.0), estimate=Estimate(1.0, None, 500))
    assert bests(row(bare, make_result(value=6.0))) == [False, False]
    assert bests(row(make_result(value=0.5), bare)) == [False, False]


def test_neither_better_has_no_best() -> None:
    assert bests(row(make_result(value=5, better="neither"), make_result(value=6, better="neither"))) == [False, False]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (make_result(value=6.0, n=100), "samples 100, in the others 500"),
        (make_result(value=6.0, features="inception-2015-12-05"), "features inception-2015-12-05"),
        (make_result(value=6.0, protocol={"epsilon": 0.1}), "epsilon 0.1, in the others not given"),
    ],
)
def test_unlike_numbers_are_flagged_and_not_compared(other: Result, said: str) -> None:
    table = compare_records([make_record("a", make_result(value=5.0)), make_record("b", other)])
    assert bests(table.rows[0]) == [False, False]
    assert [cell.marks for cell in table.rows[0].cells] == [(), ("a",)]
    assert table.rows[0].cells[1].to_best is None
    assert said in table.notes["a"]


def test_a_reason_that_is_there_twice_is_given_once() -> None:
    odd = make_result(value=6.0, n=10, protocol={"samples": 10})
    assert row(make_result(value=5.0, protocol={"samples": 500}), odd).cells[1].marks == ("a",)


def test_the_commonest_kind_is_compared_and_the_rest_flagged() -> None:
    odd = make_result(value=1.0, n=10)
    cells = row(odd, make_result(value=5.0), make_result(value=6.0)).cells
    assert [cell.best for cell in cells] == [False, True, False]
    assert [bool(cell.marks) for cell in cells] == [True, False, False]


def _against(name: str, fingerprint: str, result: Result) -> Record:
    return make_record(name, result, reference=name, fingerprint=fingerprint)


def test_another_reference_is_flagged() -> None:
    fd = [_against("a", "11" * 32, make_result(value=5.0)), _against("b", "22" * 32, make_result(value=6.0))]
    flagged = compare_records(fd)
    assert bests(flagged.rows[0]) == [False, False]
    assert "reference b 222222222222, in the others a 111111111111" in flagged.notes["a"]
    path = [make_result("ppl_w_end", value) for value in (5.0, 6.0)]
    free = compare_records([_against("a", "11" * 32, path[0]), _against("b", "22" * 32, path[1])])
    assert bests(free.rows[0]) == [False, False]
    assert "data b, in the others a" in free.notes["a"]
    same = compare_records([_against("a", "11" * 32, path[0]), _against("a", "22" * 32, path[1])])
    assert bests(same.rows[0]) == [True, False]
    assert not same.notes


def test_a_protocol_is_the_same_before_and_after_it_was_saved() -> None:
    before, after = make_result(protocol={"trim": (1, 99)}), make_result(value=20.0, protocol={"trim": [1, 99]})
    assert bests(row(before, after)) == [True, False]


def test_a_missing_metric_is_an_empty_cell() -> None:
    records = [make_record("a", make_result()), make_record("b", make_result("kd"))]
    table = compare_records(records)
    assert [[cell.result is None for cell in each.cells] for each in table.rows] == [[False, True], [True, False]]


def test_names_are_told_apart() -> None:
    assert compare_records([make_record("a"), make_record("b"), make_record("a")]).columns == ("a (1)", "b", "a (2)")


def test_one_run_is_no_comparison() -> None:
    with pytest.raises(InputError, match="at least two runs, got 1"):
        compare_records([make_record()])


def test_lost_reference_terms_make_the_interval_wider_never_narrower() -> None:
    terms = np.random.default_rng(0).normal(size=200)
    whole = [make_result(value=value, terms=terms).estimate for value in (5.0, 6.0)]
    bare = [replace(estimate, reference_terms=None) for estimate in whole]
    known, blind = gap(*whole).ci95, gap(*bare).ci95
    assert known is not None
    assert blind is not None
    assert blind[0] < known[0] < known[1] < blind[1]
    assert blind[1] - blind[0] == pytest.approx(
        2 * 1.959964 * np.sqrt(2 * (1e-4 + ((terms - terms.mean()) ** 2).sum()))
    )
