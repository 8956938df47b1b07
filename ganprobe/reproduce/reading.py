"""Numbers of a table's columns out of measured runs, with the reason where there is none."""

from __future__ import annotations

from dataclasses import dataclass

from ganprobe.core.errors import InputError
from ganprobe.core.results import Estimate, Record, Result
from ganprobe.core.tables import DetailTable
from ganprobe.report.glossary import label_of
from ganprobe.report.records.reproduction import CurvePoint, NumberColumn
from ganprobe.reproduce.plans.standing_in import Means
from ganprobe.reproduce.plans.target import Column


@dataclass(frozen=True, slots=True)
class Reading:
    """An estimate, or why there is none."""

    found: Estimate | None
    lacks: str = ""


def read_column(record: Record, column: Column, means: Means) -> Reading:
    """The number of a column in a measured run."""
    result = _result(record, means.metric(column.metric))
    if result is None:
        return Reading(None, f"{column.metric} was not measured")
    return _of_tables(result, column) if column.tables else Reading(result.estimate)


def _result(record: Record, metric: str) -> Result | None:
    try:
        return record[metric]
    except InputError:
        return None


def _of_tables(result: Result, column: Column) -> Reading:
    tables = {table.name: table for table in result.estimate.tables}
    table = next((tables[name] for name in column.tables if name in tables), None)
    if table is None:
        return Reading(None, f"{result.metric} has no table {' or '.join(column.tables)}")
    for name, known in ((column.row, table.rows), (column.column, table.columns)):
        if name not in known:
            return Reading(None, f"the scorer knows no {name}")
    return _entry(table, table.rows.index(column.row), table.columns.index(column.column), result.n)


def _entry(table: DetailTable, row: int, column: int, n: int) -> Reading:
    value = table.values[row][column]
    if value is None:
        return Reading(None, "no value")
    return Reading(Estimate(value, None if table.ci95 is None else table.ci95[row][column], n))


def curve_of(record: Record, metric: str) -> tuple[CurvePoint, ...]:
    """The points of the detail table of a metric whose rows are numbers, by its first column; none where there is no
    such table."""
    result = _result(record, metric)
    tables = () if result is None else result.estimate.tables
    table = next((table for table in tables if table.over), None)
    if table is None:
        return ()
    points = []
    for number, (name, values) in enumerate(zip(table.rows, table.values, strict=True)):
        if values[0] is not None:
            ends = None if table.ci95 is None else table.ci95[number][0]
            points.append(CurvePoint(float(name.replace(",", "")), values[0], ends))
    return tuple(points)


def number_column(column: Column, means: Means) -> NumberColumn:
    """A column for the report: under the name of ours, where another metric stands in for the paper's."""
    ours = means.metric(column.metric)
    same = ours == column.metric
    return NumberColumn(
        key=column.key,
        label=column.label if same else label_of(ours),
        better=column.better,
        paper_label="" if same else column.label,
        scale=column.scale,
        magnitude=column.magnitude,
    )
