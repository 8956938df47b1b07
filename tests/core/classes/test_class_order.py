"""The order of classes."""

from __future__ import annotations

import pytest

from ganprobe.core.classes.order import in_order, order_note, orders_differ
from ganprobe.core.errors import InputError


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["0", "1", "10", "11", *"23456789"], [str(k) for k in range(12)]),
        (["1", "10", *"23456789"], [str(k) for k in range(1, 11)]),
        (["class_10", "class_2"], ["class_2", "class_10"]),
        (["s1", "s10", "s2"], ["s1", "s2", "s10"]),
        (["10_dog", "2_cat"], ["2_cat", "10_dog"]),
        (["00", "01"], ["00", "01"]),
    ],
)
def test_by_numbers(names, expected) -> None:
    assert in_order(names, "numbers") == tuple(expected)
    assert orders_differ(names) == (sorted(names) != expected)
    assert bool(order_note(sorted(names))) == (sorted(names) != expected)
    assert in_order(names, "names") == tuple(sorted(names))


@pytest.mark.parametrize(
    ("names", "order", "message"),
    [
        (["0", "2"], "numbers", "must have no gaps, and 1 is missing"),
        (["1", "2", "4"], "numbers", "3 is missing"),
        (["1", "01"], "numbers", "one is there twice"),
        (["cat", "dog2"], "numbers", "cat has none"),
        (["cat", "dog"], ["dog"], "lacks cat"),
        (["cat"], ["cat", "cat"], "names cat twice"),
        (["cat"], "size", "names, numbers or a file"),
    ],
)
def test_orders_that_are_none(names, order, message: str) -> None:
    with pytest.raises(InputError, match=message):
        in_order(names, order)


def test_an_order_may_know_more() -> None:
    assert in_order(["b", "a"], ["c", "b", "a"]) == ("c", "b", "a")
