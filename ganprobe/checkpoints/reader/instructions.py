"""The instructions of the pickle format, each as what it does to the machine. None imports or calls what a file names.

The meaning of each is documented in Python's `pickletools`. Those that only old Python 2 classes, shared buffers or
registered extensions need are missing, and so are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import torch

from ganprobe.checkpoints.reader.inert_objects import Applicable, ArrayRecord, Blob, DtypeRecord, StandIn
from ganprobe.checkpoints.reader.machine import Machine
from ganprobe.core.errors import CheckpointError

SHORT: Final = 64
"""Byte strings above this length stay in the file."""
LONG_TEXT: Final = 2**20
LONG_NUMBER: Final = 1024
_FEW: Final = 8
_SCALARS = (str, int, float, bool, bytes, type(None))


def check_key(key: object) -> object:
    """The key, if its hash is quick and cannot be made to collide at will: a scalar, and no huge number, or an object
    that is told from others by where it lies alone. A tuple of a few short scalars becomes its text."""
    if type(key) is tuple and len(key) <= _FEW and all(_is_quick(part) and len(str(part)) <= SHORT for part in key):
        return repr(key)
    if _is_quick(key) or isinstance(key, StandIn | Applicable | torch.dtype):
        return key
    raise CheckpointError(f"a dict or set has a key of type {type(key).__name__} that checkpoints do not use")


def _is_quick(key: object) -> bool:
    return type(key) in _SCALARS and not (type(key) is int and abs(key) >= 2**60)


def _text(machine: Machine, length: int) -> None:
    view = machine.take(length)
    # In UTF-8 without lead bytes above 0xC3 every character fits in one byte; others may take four.
    if length > LONG_TEXT and np.frombuffer(view, np.uint8).max() > 0xC3:
        machine.refuse("a long text is not Latin-1")
    machine.pay_bytes(length if length > LONG_TEXT else 4 * length)
    machine.push(str(view, "utf-8", "surrogatepass"))


def _bytes(machine: Machine, length: int) -> None:
    start = machine.base + machine.position
    view = machine.take(length)
    machine.pay("item")
    machine.push(Blob(view, start) if length > SHORT else view.tobytes())


def _old_text(machine: Machine, length: int) -> None:
    """A string of Python 2, which is text or bytes; a long one is an array's bytes, and stays in the file."""
    if length > LONG_TEXT:
        _bytes(machine, length)
        return
    machine.pay_bytes(length)
    machine.push(str(machine.take(length), "latin-1"))


def _long(machine: Machine, length: int) -> None:
    if length > LONG_NUMBER:
        machine.refuse(f"a whole number of {length} bytes")
    machine.push(int.from_bytes(machine.take(length), "little", signed=True))


def _global(machine: Machine, module: object, name: object) -> None:
    if type(module) is not str or type(name) is not str:
        machine.refuse("a global is named by something other than text")
    try:
        machine.push(machine.resolve(module, name))
    except KeyError:
        machine.refuse(
            f"the global {f'{module}.{name}'[:120]!r} is not on the list of what checkpoints need (if the file is your "
            "own, save the network's state_dict() alone)"
        )


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    _global(machine, module, name)


def _apply(machine: Machine) -> None:
    arguments, what = machine.pop(), machine.pop()
    if type(arguments) is not tuple:
        machine.refuse("arguments are not a tuple")
    _pay_for_copies(machine, arguments)
    machine.push(_applicable(machine, what).apply(arguments))


def _new_with_names(machine: Machine) -> None:
    names, arguments, what = machine.pop(), machine.pop(), machine.pop()
    if type(arguments) is not tuple or type(names) is not dict:
        machine.refuse("arguments are not a tuple and a dict")
    _pay_for_copies(machine, (arguments, *arguments))
    machine.push(_applicable(machine, what).apply((*arguments, names)))


def _pay_for_copies(machine: Machine, arguments: tuple[object, ...]) -> None:
    """What a rule may copy of its arguments, which the file may name again and again at little cost."""
    machine.pay("box")
    for argument in arguments[:8]:
        if isinstance(argument, str | list | tuple | dict | bytes):
            machine.pay("item" if not isinstance(argument, str | bytes) else "byte", len(argument))


def _applicable(machine: Machine, what: object) -> Applicable:
    if not isinstance(what, Applicable):
        machine.refuse(f"a {type(what).__name__} is called")
    return what


def _build(machine: Machine) -> None:
    state, target = machine.pop(), machine.top()
    if isinstance(target, StandIn):
        target.state = state
    elif isinstance(target, DtypeRecord) and type(state) is tuple and state[1] in ("<", ">", "|", "="):
        target.order = str(state[1])
    elif isinstance(target, ArrayRecord) and type(state) is tuple and len(state) == 5:
        _fill(machine, target, *state[1:])
    elif type(target) is not dict:  # a state dict's own attributes say nothing of its tensors
        machine.refuse(f"a {type(target).__name__} is given a state")


def _fill(machine: Machine, array: ArrayRecord, shape: object, dtype: object, fortran: object, data: object) -> None:
    if isinstance(dtype, StandIn):
        array.give_up()
        return
    if isinstance(data, str):  # as Python 2 wrote it
        machine.pay_bytes(len(data))
        data = data.encode("latin-1")
    array.fill(shape, dtype, data, "F" if fortran is True else "C")


def _extend(machine: Machine, values: list[object]) -> None:
    target = machine.top()
    if type(target) is list:
        target.extend(values)
    elif isinstance(target, StandIn):
        target.members.extend(values)
    else:
        machine.refuse(f"a {type(target).__name__} is appended to")


def _set_items(machine: Machine, flat: list[object]) -> None:
    target = machine.top()
    items = target.items if isinstance(target, StandIn) else target
    if type(items) is not dict or len(flat) % 2:
        machine.refuse(f"items are set on a {type(target).__name__}")
    machine.pay("item", len(flat) // 2)
    for key, value in zip(flat[::2], flat[1::2], strict=True):
        items[check_key(key)] = value


def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _set_items(machine, [key, value])


def _add_items(machine: Machine) -> None:
    values, target = machine.pop_to_mark(), machine.top()
    if type(target) is not set:
        machine.refuse(f"members are added to a {type(target).__name__}")
    machine.pay("item", len(values))
    target.update(check_key(value) for value in values)


def _dict(machine: Machine) -> None:
    flat = machine.pop_to_mark()
    machine.push({})
    machine.pay("box")
    _set_items(machine, flat)


def _tuple(machine: Machine, values: list[object]) -> None:
    machine.pay_bytes(8 * len(values))
    machine.push(tuple(values))


def _short_tuple(machine: Machine, count: int) -> None:
    _tuple(machine, [machine.pop() for _ in range(count)][::-1])


def _box(machine: Machine, value: object) -> None:
    machine.pay("box")
    machine.push(value)


def _persistent(machine: Machine) -> None:
    identity = machine.pop()
    if machine.persistent is None:
        machine.refuse("a persistent id has no meaning in this kind of file")
    machine.pay("box")
    machine.push(machine.persistent(identity))


def _put(machine: Machine, index: int) -> None:
    machine.pay("item")
    machine.memo[index] = machine.top()


def _get(machine: Machine, index: int) -> None:
    if index not in machine.memo:
        machine.refuse(f"nothing was memoised as {index}")
    machine.push(machine.memo[index])


def _pop(machine: Machine) -> None:
    if not machine.stack:
        machine.refuse("an instruction finds nothing on the stack")
    machine.stack.pop()


def _pop_mark(machine: Machine) -> None:
    machine.pop_to_mark()


def _frame(machine: Machine) -> None:
    machine.number("<Q")  # how much a reader of streams had best read at once


def _protocol(machine: Machine) -> None:
    if (version := machine.number("<B")) > 5:
        machine.refuse(f"pickle protocol {version} is unknown")


def _text_number(machine: Machine) -> None:
    text = machine.line()
    machine.push({"00": False, "01": True}[text] if text in ("00", "01") else int(text.rstrip("L")))


_ACTIONS: dict[int, Callable[[Machine], None]] = {
    ord("("): lambda m: m.mark(),
    ord("0"): _pop,
    ord("1"): _pop_mark,
    ord("2"): lambda m: m.push(m.top()),
    0x80: _protocol,
    0x95: _frame,
    ord("N"): lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    ord("I"): _text_number,
    ord("L"): _text_number,
    ord("F"): lambda m: m.push(float(m.line())),
    ord("J"): lambda m: m.push(m.number("<i")),
    ord("K"): lambda m: m.push(m.number("<B")),
    ord("M"): lambda m: m.push(m.number("<H")),
    0x8A: lambda m: _long(m, m.number("<B")),
    0x8B: lambda m: _long(m, m.number("<i")),
    ord("G"): lambda m: m.push(struct.unpack(">d", m.take(8))[0]),
    ord("V"): lambda m: m.push(m.line()),
    ord("X"): lambda m: _text(m, m.number("<I")),
    0x8C: lambda m: _text(m, m.number("<B")),
    0x8D: lambda m: _text(m, m.number("<Q")),
    ord("T"): lambda m: _old_text(m, m.number("<i")),
    ord("U"): lambda m: _old_text(m, m.number("<B")),
    ord("B"): lambda m: _bytes(m, m.number("<I")),
    ord("C"): lambda m: _bytes(m, m.number("<B")),
    0x8E: lambda m: _bytes(m, m.number("<Q")),
    0x96: lambda m: _bytes(m, m.number("<Q")),  # BYTEARRAY8
    ord("]"): lambda m: _box(m, []),
    ord("}"): lambda m: _box(m, {}),
    0x8F: lambda m: _box(m, set()),
    ord(")"): lambda m: m.push(()),
    ord("l"): lambda m: _box(m, m.pop_to_mark()),
    ord("d"): _dict,
    ord("t"): lambda m: _tuple(m, m.pop_to_mark()),
    0x85: lambda m: _short_tuple(m, 1),
    0x86: lambda m: _short_tuple(m, 2),
    0x87: lambda m: _short_tuple(m, 3),
    ord("a"): lambda m: _extend(m, [m.pop()]),
    ord("e"): lambda m: _extend(m, m.pop_to_mark()),
    ord("s"): _set_item,
    ord("u"): lambda m: _set_items(m, m.pop_to_mark()),
    0x90: _add_items,
    0x91: lambda m: _box(m, frozenset(check_key(value) for value in m.pop_to_mark())),
    ord("p"): lambda m: _put(m, int(m.line())),
    ord("q"): lambda m: _put(m, m.number("<B")),
    ord("r"): lambda m: _put(m, m.number("<I")),
    0x94: lambda m: _put(m, len(m.memo)),
    ord("g"): lambda m: _get(m, int(m.line())),
    ord("h"): lambda m: _get(m, m.number("<B")),
    ord("j"): lambda m: _get(m, m.number("<I")),
    ord("c"): lambda m: _global(m, m.line(), m.line()),
    0x93: _stack_global,
    ord("R"): _apply,
    0x81: _apply,  # NEWOBJ
    0x92: _new_with_names,
    ord("b"): _build,
    ord("Q"): _persistent,
}

ACTIONS: Final[Mapping[int, Callable[[Machine], None]]] = MappingProxyType(_ACTIONS)
"""Opcode to action. STOP is the reader's own."""
