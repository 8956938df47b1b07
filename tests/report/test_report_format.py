"""How numbers are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_fakes import make_result

from ganprobe.core.results import Estimate
from ganprobe.report.format import estimate_text, flat, interval_text, number, signed_text, value_text
from ganprobe.report.glossary import features_note, label_of, title_of, words_of


@pytest.mark.parametrize(
    ("value", "ci95", "text"),
    [
        (9.81, (9.62, 10.0), "9.81 [9.62, 10.00]"),
        (812.3, (799.6, 825.0), "812 [800, 825]"),
        (23_456.7, (23_000.0, 23_913.4), "23457 [23000, 23913]"),
        (0.012344, (0.012031, 0.012657), "0.01234 [0.01203, 0.01266]"),
        (-0.0004, (-0.0014, 0.0006), "-0.0004 [-0.0014, 0.0006]"),
        (-0.001, (-0.101, 0.099), "0.00 [-0.10, 0.10]"),
        (5.0, (4.9004, 5.0996), "5.00 [4.90, 5.10]"),
        (7.91234, None, "7.912"),
        (3.0, (3.0, 3.0), "3 [3, 3]"),
        (1.234e-9, (1.134e-9, 1.334e-9), "1.23e-09 [1.13e-09, 1.33e-09]"),
    ],
)
def test_digits_follow_the_interval(value: float, ci95: tuple[float, float] | None, text: str) -> None:
    assert estimate_text(Estimate(value, ci95, 10)) == text


@given(st.floats(-1e6, 1e6), st.floats(1e-12, 1e5), st.floats(0, 1))
def test_a_value_inside_its_interval_is_written_inside(value: float, width: float, share: float) -> None:
    estimate = Estimate(value, (value - share * width, value + (1 - share) * width), 10)
    low, high = (float(end) for end in interval_text(estimate).strip("[]").split(","))
    assert low <= float(value_text(estimate)) <= high


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e4))
def test_what_is_lost_is_less_than_a_tenth_of_the_half_width_or_half_a_unit(value: float, half: float) -> None:
    assert abs(float(number(value, half)) - value) <= max(0.1 * half, 1e-9) or half > 10


def test_differences_carry_their_sign() -> None:
    assert signed_text(Estimate(1.23, (1.05, 1.41), 10)) == "+1.23 [1.05, 1.41]"
    assert signed_text(Estimate(-1.23, (-1.41, -1.05), 10)) == "-1.23 [-1.41, -1.05]"


def test_nested_protocols_become_lines_of_text() -> None:
    assert flat({"a": {"b": 1, "c": [1, 99]}, "d": False}) == {"a.b": "1", "a.c": "1, 99", "d": "false"}


@pytest.mark.parametrize(("metric", "theirs", "ours"), [("fid", "FID", "FD"), ("kid", "KID", "KD"), ("is", "IS", "CS")])
def test_only_inception_gives_the_published_names(metric: str, theirs: str, ours: str) -> None:
    assert label_of(metric, "inception-2015-12-05") == theirs
    assert label_of(metric, "embedded-1a2b") == ours
    assert "nception" not in title_of(metric, "embedded-1a2b")


def test_the_protocol_follows_the_name() -> None:
    assert label_of("fid@clean", "inception-2015-12-05") == "FID (clean)"
    assert words_of("no_such_metric").label == "no_such_metric"


def test_the_note_names_features_that_are_not_the_published_ones() -> None:
    published = make_result("fid", features="inception-2015-12-05")
    assert features_note([published]) == ""
    assert "FD from embedded-1a2b" in features_note([published, make_result()])
    assert "all from embedded-1a2b" in features_note([make_result(), make_result("kd")])
