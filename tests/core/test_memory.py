"""Work in halves where memory runs out: what is tried, in which order, and what is said."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch

from ganprobe.core.devices.memory import Portions
from ganprobe.core.errors import DeviceMemoryError, out_of_memory

TOO_MUCH = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 1.00 GiB"


def holds(most: int, tried: list[range]) -> Callable[[range], list[int]]:
    """Work on a device that holds `most` indices."""

    def work(part: range) -> list[int]:
        tried.append(part)
        if len(part) > most:
            raise torch.OutOfMemoryError(TOO_MUCH)
        return list(part)

    return work


@pytest.mark.parametrize(("n", "most"), [(64, 64), (64, 63), (64, 32), (37, 36), (37, 9), (5, 1), (1, 1), (0, 1)])
def test_every_index_comes_once_and_in_order(n: int, most: int) -> None:
    tried: list[range] = []
    parts = list(Portions("numbers are read", quiet=True).over(range(3, 3 + n), holds(most, tried)))
    assert [i for part in parts for i in part] == list(range(3, 3 + n))
    assert max((len(part) for part in parts), default=0) <= most


def test_what_was_too_much_once_is_not_tried_again() -> None:
    tried: list[range] = []
    portions = Portions("numbers are read", quiet=True)
    for _ in range(2):
        list(portions.over(range(64), holds(20, tried)))
    assert [len(part) for part in tried] == [64, 32, 16, 16, 16, 16, 16, 16, 16, 16]


def test_as_many_as_there_were_from_the_start() -> None:
    parts = Portions("numbers are read", most=3, quiet=True).over(range(7), list)
    assert list(parts) == [[0, 1, 2], [3, 4, 5], [6]]


def test_rows_of_all_parts() -> None:
    x = torch.arange(12.0).reshape(6, 2)

    def doubled(rows: slice) -> torch.Tensor:
        if rows.stop - rows.start > 2:
            raise MemoryError
        return x[rows] * 2

    assert torch.equal(Portions("rows", quiet=True).rows(6, doubled), x * 2)
    assert Portions("rows", quiet=True).rows(0, doubled).shape == (0, 2)


def test_it_is_said_once_and_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    portions = Portions("images of faces are drawn")
    for _ in range(3):
        list(portions.over(range(64), holds(9, [])))
    assert capsys.readouterr().err == "memory ran out: images of faces are drawn 8 at a time from here on\n"


def test_the_least_that_does_not_fit_is_an_error_that_says_so() -> None:
    expected = r"memory ran out where images of faces are drawn one at a time \(CUDA out of memory.*--device"
    with pytest.raises(DeviceMemoryError, match=expected):
        list(Portions("images of faces are drawn", quiet=True).over(range(8), holds(0, [])))


def test_what_belongs_together_stays_together() -> None:
    tried: list[range] = []
    with pytest.raises(DeviceMemoryError, match="8 at a time"):
        list(Portions("images are drawn", together=8, quiet=True).over(range(8), holds(4, tried)))
    assert tried == [range(8)]


def test_other_errors_pass() -> None:
    def work(part: range) -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        list(Portions("images are drawn", quiet=True).over(range(8), work))


@pytest.mark.parametrize("most", [5, 0])
def test_cudnn_that_finds_no_engine_may_lack_memory_or_something_else(most: int) -> None:
    """Less is tried; where that does not help it is not said to be memory."""
    portions = Portions("images are drawn", quiet=True)

    def work(part: range) -> int:
        if len(part) > most:
            raise RuntimeError("GET was unable to find an engine to execute this computation")
        return len(part)

    if most:
        assert list(portions.over(range(16), work)) == [4] * 4
        return
    with pytest.raises(RuntimeError, match="engine") as caught:
        list(portions.over(range(16), work))
    assert not isinstance(caught.value, DeviceMemoryError)


def test_the_outer_work_takes_less_before_the_inner_does() -> None:
    """A device that holds 40 numbers: those that the outer work takes in, and those that the inner one is at."""
    inner, taken = Portions("inner", quiet=True), []

    def work(part: range) -> int:
        room = 40 - len(part)

        def within(some: range) -> int:
            if len(some) > room:
                raise torch.OutOfMemoryError(TOO_MUCH)
            return len(some)

        taken.append(sum(inner.over(range(16), within)))
        return len(part)

    outer = Portions("outer", first=16, quiet=True)
    assert list(outer.over(range(64), work)) == [16, 16, 16, 16]
    assert (outer.most, inner.most, taken) == (16, None, [16] * 4)


def test_the_inner_work_takes_less_where_the_outer_cannot() -> None:
    tried: list[range] = []
    inner = Portions("inner", quiet=True)
    outer = Portions("outer", first=16, quiet=True)
    found = list(outer.over(range(16), lambda part: [i for some in inner.over(part, holds(5, tried)) for i in some]))
    assert (found, outer.most, inner.most) == ([list(range(16))], None, 4)


def test_nothing_of_the_failed_work_is_held_when_it_is_tried_again() -> None:
    held: list[weakref.ref[torch.Tensor]] = []
    alive: list[bool] = []

    def work(part: range) -> int:
        alive.extend(each() is not None for each in held)
        large = torch.zeros(len(part))
        held.append(weakref.ref(large))
        if len(part) > 2:
            raise torch.OutOfMemoryError(TOO_MUCH)
        return len(large)

    assert list(Portions("rows", quiet=True).over(range(8), work)) == [2, 2, 2, 2]
    assert len(alive) > 2
    assert not any(alive)


def test_what_pytorch_and_numpy_themselves_say() -> None:
    """2^50 numbers, which no machine has."""
    for ask in (lambda: torch.empty(2**50), lambda: np.empty(2**50)):
        with pytest.raises((RuntimeError, MemoryError)) as caught:
            ask()
        assert out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("said", "is_one"),
    [
        (TOO_MUCH, True),
        ("CUDA error: out of memory", True),
        ("MPS backend out of memory (MPS allocated: 1.00 GiB)", True),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.", True),
        ("The size of tensor a (3) must match the size of tensor b (4)", False),
        ("CUDA error: an illegal memory access was encountered", False),
    ],
)
def test_messages_of_devices(said: str, is_one: bool) -> None:
    assert out_of_memory(RuntimeError(said)) is is_one


def test_the_words_alone_do_not_make_an_error_one() -> None:
    assert not out_of_memory(ValueError("out of memory"))
