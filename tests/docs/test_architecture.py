"""The architecture as drawn is the one there is: no circle, no overfull folder, and a page that lists every folder."""

import importlib
from pathlib import Path

import pytest

MOST = 15


@pytest.fixture(autouse=True)
def _root(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2])


@pytest.fixture
def imports():
    return importlib.import_module("benchmarks.architecture.imports")


@pytest.fixture
def ranks():
    return importlib.import_module("benchmarks.architecture.ranks")


@pytest.fixture
def drawing():
    return importlib.import_module("benchmarks.architecture.drawing")


@pytest.fixture
def page():
    return importlib.import_module("benchmarks.architecture.page")


@pytest.fixture
def folders(imports):
    return imports.architecture()


def test_an_import_counts_where_the_ways_part(imports):
    modules = ["ganprobe", "ganprobe.a", "ganprobe.a.x", "ganprobe.a.y", "ganprobe.b", "ganprobe.b.c", "ganprobe.b.c.z"]
    found = [("ganprobe.a.x", "ganprobe.b.c.z"), ("ganprobe.a.y", "ganprobe.b"), ("ganprobe.a.x", "ganprobe.a.y")]
    package, a, b, c = imports.folders_of(modules, [*found, ("ganprobe.b", "ganprobe.b.c.z")])
    assert package.imports == {("a", "b"): 2}
    assert a.imports == {("x", "y"): 1}
    assert (b.imports, c.imports) == ({}, {})
    assert [(part.name, part.is_folder, part.modules) for part in package.parts] == [("a", True, 2), ("b", True, 1)]
    assert [folder.name for folder in (package, a, b, c)] == ["", "a", "b", "b.c"]


def test_a_circle_is_found(imports):
    found = imports.circle("abcd", [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d")])
    assert found[0] == found[-1]
    assert set(found) == set("abc")
    assert imports.circle("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")]) == []


def test_what_a_longer_way_says_is_left_out(ranks):
    assert ranks.needed([("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("a", "d")]) == {
        ("a", "b"),
        ("b", "c"),
        ("c", "d"),
    }


def test_every_line_goes_one_column_to_the_right(ranks):
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "e"), ("e", "d"), ("f", "d")]
    placed = ranks.placed("abcdef", edges)
    column = {node: at for at, nodes in enumerate(placed.columns) for node in nodes}
    assert [column[part] for part in "abcdef"] == [0, 1, 2, 3, 1, 0]
    assert {(line[0], line[-1]) for line in placed.lines} == set(edges)
    for line in placed.lines:
        assert [column[node] for node in line] == list(range(column[line[0]], column[line[-1]] + 1))


def test_an_order_without_crossings_is_found(ranks):
    placed = ranks.placed(["a", "b", "c", "x", "y", "z"], [("a", "z"), ("b", "y"), ("c", "x")])
    left, right = placed.columns
    assert [dict(zip("abc", "zyx", strict=True))[node] for node in left] == list(right)


def test_nothing_is_imported_in_a_circle(folders, imports):
    rings = {folder.name: imports.circle([part.name for part in folder.parts], folder.imports) for folder in folders}
    assert {name: ring for name, ring in rings.items() if ring} == {}


def test_no_folder_is_overfull(folders):
    many = {folder.name: sum(not part.is_folder for part in folder.parts) for folder in folders}
    assert {name: count for name, count in many.items() if count > MOST} == {}


def test_the_page_lists_the_folders_that_there_are(folders, page):
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.with_list(text, folders) == text, "say `make architecture`"


def test_the_list_needs_its_place(folders, page):
    with pytest.raises(ValueError, match="needs the marks"):
        page.with_list("# A page\n", folders)


def test_the_drawing_is_the_same_each_time(folders, drawing):
    first, again = drawing.drawn(folders), drawing.drawn(folders)
    assert first == again
    assert first.startswith(b"<?xml")
