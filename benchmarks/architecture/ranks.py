"""Where the parts of a folder stand in its drawing: in columns, so that every import points to the right, and in an
order within each that has few lines crossing (Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of
hierarchical system structures")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

from benchmarks.architecture.imports import Edge

SWEEPS = 24
Bend = tuple[str, str, int]
Node = str | Bend
"""A part, or where the line of an import passes through a column between its ends."""


@dataclass(frozen=True, slots=True)
class Placed:
    """columns: from importers to imported, each from top to bottom. lines: the nodes that each import passes."""

    columns: tuple[tuple[Node, ...], ...]
    lines: tuple[tuple[Node, ...], ...]


def needed(edges: Iterable[Edge]) -> frozenset[Edge]:
    """The edges of an acyclic graph without those that a longer way makes superfluous (its transitive reduction)."""
    after = _successors(edges)
    reach: dict[str, set[str]] = {}
    for node in TopologicalSorter(after).static_order():
        reach[node] = {far for near in after.get(node, ()) for far in (near, *reach[near])}
    return frozenset(
        (a, b) for a, targets in after.items() for b in targets if not any(b in reach[other] for other in targets - {b})
    )


def placed(parts: Sequence[str], edges: Iterable[Edge]) -> Placed:
    """The drawing of an acyclic graph. ValueError (graphlib.CycleError) for another."""
    kept = sorted(needed(edges))
    column = _columns(parts, _successors(kept))
    lines = [_line(a, b, column) for a, b in kept]
    columns: list[list[Node]] = [[] for _ in range(1 + max(column.values(), default=0))]
    for part in parts:
        columns[column[part]].append(part)
    for line in lines:
        for at, bend in enumerate(line[1:-1], column[str(line[0])] + 1):
            columns[at].append(bend)
    return Placed(_ordered(columns, lines), tuple(lines))


def _successors(edges: Iterable[Edge]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for a, b in edges:
        found.setdefault(a, set()).add(b)
        found.setdefault(b, set())
    return found


def _columns(parts: Sequence[str], after: Mapping[str, set[str]]) -> dict[str, int]:
    """What nobody imports stands in column 0; everything else one to the right of its last importer."""
    column = dict.fromkeys(parts, 0)
    for node in reversed(list(TopologicalSorter(after).static_order())):
        for other in after[node]:
            column[other] = max(column[other], column[node] + 1)
    return column


def _line(a: str, b: str, column: Mapping[str, int]) -> tuple[Node, ...]:
    return (a, *((a, b, at) for at in range(column[a] + 1, column[b])), b)


def _ordered(columns: list[list[Node]], lines: Sequence[Sequence[Node]]) -> tuple[tuple[Node, ...], ...]:
    """Sweeps right and left that sort each column by the middle of its neighbours; the order with fewest crossings."""
    pairs = [pair for line in lines for pair in pairwise(line)]
    best, fewest = columns, _crossings(columns, pairs)
    for sweep in range(SWEEPS):
        columns = _swept(columns, pairs, forward=sweep % 2 == 0)
        if (now := _crossings(columns, pairs)) < fewest:
            best, fewest = columns, now
    return tuple(tuple(column) for column in best)


def _swept(columns: list[list[Node]], pairs: Sequence[tuple[Node, Node]], *, forward: bool) -> list[list[Node]]:
    found = [list(column) for column in columns]
    for at in range(1, len(found)) if forward else range(len(found) - 2, -1, -1):
        there = _heights(found[at - 1 if forward else at + 1])
        here = _heights(found[at])
        found[at].sort(key=lambda node: _middle(node, there, pairs, here[node]))
    return found


def _middle(node: Node, there: Mapping[Node, float], pairs: Sequence[tuple[Node, Node]], own: float) -> float:
    near = [there[other] for pair in pairs if node in pair for other in pair if other in there]
    return sum(near) / len(near) if near else own


def _heights(column: Sequence[Node]) -> dict[Node, float]:
    """0 at the top to 1 at the bottom."""
    return {node: (at + 0.5) / len(column) for at, node in enumerate(column)}


def _crossings(columns: Sequence[Sequence[Node]], pairs: Sequence[tuple[Node, Node]]) -> int:
    places = {node: (x, y) for x, column in enumerate(columns) for y, node in enumerate(column)}
    found = 0
    for x in range(len(columns) - 1):
        ends = [(places[a][1], places[b][1]) for a, b in pairs if places[a][0] == x]
        found += sum((a - c) * (b - d) < 0 for at, (a, b) in enumerate(ends) for c, d in ends[:at])
    return found
