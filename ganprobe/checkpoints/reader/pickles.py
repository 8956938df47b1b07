"""Reads pickles and runs nothing.

    load(Machine(data, subject="G.pth", resolve=resolve, budget=Budget.of_file(len(data))))

The instructions build a tree of plain objects and of the records of `ganprobe.checkpoints.reader.inert_objects`. A name
in the file is looked up in a table (`resolve`), never imported, and only what the table gives can be applied, by the
table's own code. Memory and time are bounded: every instruction costs a number of bytes out of a budget, sizes are
checked against the bytes that are there, and keys of dicts are scalars, since hashing a nested tuple can take for ever.
Long byte strings stay in the file.
"""

from __future__ import annotations

from ganprobe.checkpoints.reader.instructions import ACTIONS
from ganprobe.checkpoints.reader.machine import Machine
from ganprobe.core.errors import CheckpointError

_STOP = ord(".")
_WRONG_OPERANDS = (ValueError, TypeError, KeyError, IndexError, OverflowError)


def load(machine: Machine) -> object:
    """The object of the machine's pickle; its `position` is afterwards that of the byte behind it. CheckpointError,
    with the byte, for anything that is not allowed, damaged or too large."""
    while True:
        machine.instruction_at = machine.position
        opcode = machine.take(1)[0]
        if opcode == _STOP:
            return machine.pop()
        machine.budget.instructions -= 1
        if machine.budget.instructions < 0:
            machine.refuse("the pickle has more instructions than a checkpoint has reason to")
        machine.pay("small")
        _step(machine, opcode)


def _step(machine: Machine, opcode: int) -> None:
    action = ACTIONS.get(opcode)
    if action is None:
        machine.refuse(f"the pickle instruction {bytes([opcode])!r} is not allowed")
    try:
        action(machine)
    except _WRONG_OPERANDS as problem:
        machine.refuse(f"an instruction has the wrong operands ({' '.join(str(problem).split())[:80]})")
    except CheckpointError as problem:
        if str(problem).startswith(machine.subject):
            raise
        machine.refuse(str(problem))
