"""Tables under an estimate: their shapes, and the way to results.json and back."""

import json

import pytest

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Estimate, Result
from ganprobe.core.tables import DetailTable, detail_table

CLASSES = detail_table(
    "classes",
    "By class",
    {"cat": (Estimate(1.5, (1.0, 2.0), 10), None), "dog": (2.0, 0.5)},
    columns=("FID", "recall"),
    note="few samples",
)


def test_estimates_bring_their_intervals() -> None:
    assert CLASSES.values == ((1.5, None), (2.0, 0.5))
    assert CLASSES.ci95 == (((1.0, 2.0), None), (None, None))


def test_no_intervals_where_nobody_has_one() -> None:
    assert detail_table("t", "T", {"a": (1.0, 2)}, columns=("x", "y"), kind="matrix").ci95 is None


def test_a_result_keeps_its_tables_in_json() -> None:
    result = Result("intra_fid", Estimate(1.75, None, 20, tables=(CLASSES,)), "lower", "inception", {}, 0.1)
    back = Result.from_json(json.loads(json.dumps(result.to_json())))
    assert back.estimate.tables == (CLASSES,)


def test_shapes_must_fit() -> None:
    with pytest.raises(MetricError, match="'t' must have 2 rows of 1 values"):
        DetailTable(name="t", title="T", rows=("a", "b"), columns=("x",), values=((1.0,), (1.0, 2.0)))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_must_be_finite(value: float) -> None:
    with pytest.raises(MetricError, match="not finite"):
        detail_table("t", "T", {"a": (value,)}, columns=("x",))
