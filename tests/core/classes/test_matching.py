"""Which class of one side is which of the other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganprobe.core.classes.matching import match_classes
from ganprobe.core.classes.words import called, counted

NAMES = st.lists(st.text("abcxyz0123456789", min_size=1, max_size=3), min_size=1, max_size=9, unique=True)


@given(NAMES, st.randoms())
def test_the_same_names_are_matched_whatever_their_order(names: list[str], random) -> None:
    ours = list(names)
    random.shuffle(ours)
    found = match_classes(ours, names)
    assert found.names == tuple(names)
    assert found.notes == ()
    numbers = found.numbers or range(len(ours))
    assert [names[number] for number in numbers] == ours


@pytest.mark.parametrize(
    ("ours", "theirs", "numbers", "by", "note"),
    [
        ((), ("b", "a"), (), "numbers", ""),
        (("cat", "dog"), (), (), "numbers", ""),
        (("Dog", "cat"), ("cat", "dog"), (1, 0), "names", "spelling: Dog here is dog there"),
        (("hot dog", "cat"), ("cat", "hot_dog"), (1, 0), "names", "hot dog here is hot_dog there"),
        (("car", "dog"), ("automobile", "dog"), (), "numbers", "names differ: car here is automobile there"),
        (("a", "b"), ("c", "d"), (), "numbers", "a here is c there, b here is d there"),
        (("cat", "owl"), ("dog", "cat"), (1, 2), "names", "owl here alone, dog there alone"),
        (("0", "1"), ("cat", "dog"), (), "numbers", ""),
        (("0", "1", "2"), ("0", "1", "2"), (), "names", ""),
        (("crane", "crane"), ("crane", "dog"), (), "numbers", "names differ"),
    ],
)
def test_what_is_said_of_names(ours, theirs, numbers, by: str, note: str) -> None:
    found = match_classes(ours, theirs)
    assert (found.numbers, found.by) == (numbers, by)
    assert note in " ".join(found.notes)
    assert bool(note) == bool(found.notes)


def _numbered(n: int) -> Sequence[str]:
    return tuple(sorted(map(str, range(n))))


def test_labels_against_numbered_names() -> None:
    nameless, labels = match_classes((), _numbered(12)), match_classes(tuple(map(str, range(12))), _numbered(12))
    assert "not of their numbers (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)" in nameless.notes[0]
    assert (labels.notes, labels.numbers[10]) == ((), 2)
    assert labels.shown[2] == "class 10"
    assert match_classes((), _numbered(10)).notes == ()
    assert match_classes(("0", "1", "2"), ("n1", "n10", "n2")).notes[0].startswith("labels count in the order")


def test_names_in_tables() -> None:
    assert [called(k, ("0", "1", "10", "cat")) for k in range(5)] == [
        "class 0",
        "class 1",
        "10 (label 2)",
        "cat",
        "class 4",
    ]
    assert called(1, ("crane", "crane")) == "crane (label 1)"
    assert counted(()) == "0 classes: "
    assert counted([f"n{k:04}" for k in range(1000)]).startswith("1,000 classes: n0000, n0001")
    assert counted([f"n{k:04}" for k in range(1000)]).endswith("..., n0999")
