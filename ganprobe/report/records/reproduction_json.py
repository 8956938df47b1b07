"""A reproduction as JSON values: reproduction.json holds every number unrounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganprobe.core.results import SCHEMA, Estimate
from ganprobe.report.records.reproduction import (
    CurveFigure,
    NumberCell,
    NumberGroup,
    NumberTable,
    Order,
    Reproduction,
)


def reproduction_json(found: Reproduction) -> dict[str, Any]:
    """See `Reproduction`; pictures are left out."""
    return {
        "schema": SCHEMA,
        "title": found.title,
        "source": found.source,
        "protocol": found.protocol,
        "budget": {"name": found.budget, "says": list(found.says)},
        "facts": dict(found.facts),
        "tables": [_table(table) for table in found.tables],
        "figures": [_figure(figure) for figure in found.figures],
        "failures": dict(found.failures),
        "trained": {row: dict(facts) for row, facts in found.trained.items()},
        "origin": dict(found.origin),
    }


def _table(table: NumberTable) -> dict[str, Any]:
    columns = [
        {"key": each.key, "label": each.label, "better": each.better, "paper_label": each.paper_label or each.label}
        for each in table.columns
    ]
    groups = [_group(group, [column.key for column in table.columns]) for group in table.groups]
    return {"id": table.id, "title": table.title, "columns": columns, "groups": groups}


def _group(group: NumberGroup, keys: Sequence[str]) -> dict[str, Any]:
    rows = [
        {
            "method": each.row.method,
            "recipe": each.row.recipe,
            "cells": {key: _cell(cell) for key, cell in zip(keys, each.cells, strict=True)},
        }
        for each in group.rows
    ]
    return {"title": group.title, "differs": list(group.differs), "rows": rows}


def _cell(cell: NumberCell) -> dict[str, Any]:
    return {
        "ours": _estimate(cell.found),
        "seeds": cell.seeds,
        "lacks": cell.lacks,
        "paper": cell.paper,
        "orders": [_order(order) for order in cell.orders],
    }


def _order(order: Order) -> dict[str, Any]:
    return {"against": order.other, "difference": _estimate(order.difference), "verdict": order.verdict}


def _estimate(found: Estimate | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"value": found.value, "ci95": None if found.ci95 is None else list(found.ci95), "n": found.n}


def _figure(figure: CurveFigure) -> dict[str, Any]:
    lines = [
        {
            "name": line.name,
            "lacks": line.lacks,
            "mark": line.mark,
            "points": [[each.x, each.y, None if each.ci95 is None else list(each.ci95)] for each in line.points],
        }
        for line in figure.lines
    ]
    return {"id": figure.id, "title": figure.title, "x": figure.x, "y": figure.y, "lines": lines}
