"""What a paper reports, as data: tables of recipes and numbers, curves, and what of ours stands beside each.

>>> target = read_target("lt-gan")
>>> target.table("1").groups[0].rows[1].paper
{'fid': 11.01}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown
from ganprobe.core.results import Better
from ganprobe.reproduce.plans.toml_records import packaged, record

Against = Literal["nothing", "test", "classes"]
_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One way to look at a trained row. kind: of `measures.KINDS`. metrics: for "evaluate". samples: as the paper has
    it, 0 for as many as there are test images. against: the test images, with their classes, or nothing. scored:
    whether it needs a scorer of attributes. snapshots: whether it looks at networks of several moments of training."""

    name: str
    kind: str = "evaluate"
    metrics: tuple[str, ...] = ()
    samples: int = 0
    against: Against = "nothing"
    scored: bool = False
    snapshots: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A number of a table. metric: of ours, or else the value at `row` and `column` of the first of its detail
    `tables` that there is. scale: ours is multiplied by it. magnitude: orders are those of absolute values."""

    key: str
    label: str
    metric: str
    better: Better
    tables: tuple[str, ...] = ()
    row: str = ""
    column: str = ""
    scale: float = 1.0
    magnitude: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A recipe. paper: the paper's number by column. stated: "better" or "worse" than the baseline by column, where
    the paper says so without a number. against: methods of the group that it is compared with beside the baseline."""

    recipe: str
    method: str
    paper: Mapping[str, float] = field(default_factory=dict)
    stated: Mapping[str, str] = field(default_factory=dict)
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of one network on one data set; the first is the baseline."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """source: whose numbers stand beside ours, where not the target's."""

    id: str
    title: str
    measure: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    note: str = ""
    source: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for group in self.groups for row in group.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A figure with a line for each row, read from the detail table of `metric` whose rows are numbers. chance: the
    level of a guess, where there is one."""

    id: str
    title: str
    measure: str
    metric: str
    x: str
    y: str
    rows: tuple[Row, ...]
    note: str = ""
    chance: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A paper. protocol: what it says of how it measured."""

    name: str
    title: str
    source: str
    protocol: str
    measures: Mapping[str, Measure]
    tables: tuple[Table, ...]
    figures: tuple[Curve, ...] = ()

    @property
    def parts(self) -> tuple[Table | Curve, ...]:
        """Tables and figures, in order."""
        return (*self.tables, *self.figures)

    def table(self, id: str) -> Table:
        """The table called `id`; InputError where there is none."""
        for table in self.tables:
            if table.id == id:
                return table
        raise unknown(f"table of {self.name}", id, [table.id for table in self.tables])

    def only(self, ids: Sequence[str] | None) -> Target:
        """The target with the tables and figures `ids` alone; None for all. InputError for an unknown one."""
        if ids is None:
            return self
        known = [part.id for part in self.parts]
        for id in ids:
            if id not in known:
                raise unknown(f"table of {self.name}", id, known)
        return Target(
            name=self.name,
            title=self.title,
            source=self.source,
            protocol=self.protocol,
            measures=self.measures,
            tables=tuple(table for table in self.tables if table.id in ids),
            figures=tuple(curve for curve in self.figures if curve.id in ids),
        )


def target_names() -> list[str]:
    """The targets that ship, sorted."""
    names = [entry.name for entry in files("ganprobe.reproduce").joinpath("targets").iterdir()]
    return sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))


def read_target(name: str) -> Target:
    """The target called `name`. InputError for an unknown name, and for a file that is not as it should be."""
    if name not in target_names():
        raise unknown("paper to reproduce", name, target_names())
    return target_of(name, packaged(f"targets/{name}{_SUFFIX}"))


def target_of(name: str, said: Mapping[str, Any]) -> Target:
    """A target from its TOML. InputError for unknown or missing keys, and for names that lead nowhere."""
    top = {key: value for key, value in said.items() if key not in ("measure", "table", "figure")}
    measures = {
        key: record(Measure, value, where=f"measure {key} of {name}", name=key)
        for key, value in said.get("measure", {}).items()
    }
    tables = tuple(_table(each, name) for each in said.get("table", ()))
    figures = tuple(_curve(each, name) for each in said.get("figure", ()))
    target = record(Target, top, where=f"target {name}", name=name, measures=measures, tables=tables, figures=figures)
    _check(target)
    return target


def _table(said: Mapping[str, Any], name: str) -> Table:
    where = f"table {said.get('id', '?')} of {name}"
    rest = {key: value for key, value in said.items() if key != "group"}
    groups = tuple(
        record(Group, each, where=f"a group of {where}", readers={"rows": lambda rows: _rows(rows, where)})
        for each in said.get("group", ())
    )
    readers = {"columns": lambda all: tuple(record(Column, each, where=f"a column of {where}") for each in all)}
    return record(Table, rest, where=where, readers=readers, groups=groups)


def _curve(said: Mapping[str, Any], name: str) -> Curve:
    where = f"figure {said.get('id', '?')} of {name}"
    return record(Curve, said, where=where, readers={"rows": lambda rows: _rows(rows, where)})


def _rows(said: Sequence[Mapping[str, Any]], where: str) -> tuple[Row, ...]:
    return tuple(record(Row, each, where=f"a row of {where}") for each in said)


def _check(target: Target) -> None:
    """InputError where a part names a measure, a column or a method that is not there, or two parts share an id."""
    ids = [part.id for part in target.parts]
    if len(set(ids)) != len(ids):
        raise InputError(f"two tables of {target.name} share an id: {', '.join(ids)}; give each its own")
    for part in target.parts:
        if part.measure not in target.measures:
            raise unknown(f"measure of {target.name}", part.measure, target.measures)
    for table in target.tables:
        keys = [column.key for column in table.columns]
        for group in table.groups:
            methods = [row.method for row in group.rows]
            for row in group.rows:
                _check_names((*row.paper, *row.stated), keys, f"column of table {table.id}")
                _check_names(row.against, methods, f"method of {group.title}")


def _check_names(names: Sequence[str], known: Sequence[str], kind: str) -> None:
    for name in names:
        if name not in known:
            raise unknown(kind, name, known)
