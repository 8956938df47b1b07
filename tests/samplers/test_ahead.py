"""Numbers drawn ahead are those that were asked for, whatever is asked for next."""

from __future__ import annotations

import threading

import pytest

from ganprobe.samplers.ahead import Ahead


def numbers(index: range, seed: int) -> list[int]:
    return [1000 * seed + number for number in index]


def test_any_order_of_calls_gives_what_drawing_gives() -> None:
    ahead = Ahead(numbers)
    asked = [
        (range(4), 1),
        (range(4, 8), 1),
        (range(8, 12), 2),
        (range(4), 1),
        (range(4, 6), 1),
        (range(6, 8), 1),
    ]
    assert [ahead.take(*each) for each in asked] == [numbers(*each) for each in asked]


def test_what_comes_next_is_drawn_by_another_thread() -> None:
    threads: dict[range, int] = {}

    def draw(index: range, seed: int) -> list[int]:
        threads[index] = threading.get_ident()
        return numbers(index, seed)

    ahead = Ahead(draw)
    ahead.take(range(4), 0)
    ahead.take(range(4, 8), 0)
    assert threads[range(4)] == threading.get_ident() != threads[range(4, 8)]


def test_what_fails_fails_where_it_is_asked_for() -> None:
    def draw(index: range, seed: int) -> list[int]:
        if index.start:
            raise ValueError("no more")
        return numbers(index, seed)

    ahead = Ahead(draw)
    assert ahead.take(range(4), 0) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="no more"):
        ahead.take(range(4, 8), 0)
