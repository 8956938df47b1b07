"""Where the entries of a zip archive lie, for the archives that PyTorch writes: nothing compressed, nothing twice.

The format: PKWARE's APPNOTE, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (its end).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ganprobe.core.errors import CheckpointError

_END, _END64, _ENTRY, _LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x01\x02", b"PK\x03\x04"
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
MAX_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes of a file: `size` from byte `start` on."""

    start: int
    size: int


def entries(data: memoryview) -> dict[str, Place]:
    """Name to place of every entry. CheckpointError for an archive that is damaged, or not as PyTorch writes them."""
    try:
        count, position = _directory(data)
        if count > MAX_ENTRIES:
            raise CheckpointError(f"the archive declares {count} entries, more than the {MAX_ENTRIES} that are read")
        found: dict[str, Place] = {}
        for _ in range(count):
            name, place, position = _entry(data, position)
            if name in found:
                raise CheckpointError(f"the archive holds {name[:80]!r} twice")
            found[name] = place
        return found
    except (struct.error, UnicodeDecodeError) as problem:
        raise CheckpointError("the archive's directory is damaged") from problem


def _directory(data: memoryview) -> tuple[int, int]:
    """How many entries there are, and where the directory starts."""
    tail = bytes(data[-(22 + _FULL16) :])
    at = tail.rfind(_END)
    if at < 0:
        raise CheckpointError("the archive is cut short: it has no directory")
    count, start = (struct.unpack_from("<10xH4xI", tail, at)[i] for i in (0, 1))
    if count != _FULL16 and start != _FULL32:
        return count, start
    locator = len(data) - len(tail) + at - 20
    (end64,) = struct.unpack_from("<8xQ", data, _within(data, locator, 20))
    if data[_within(data, end64, 56) : end64 + 4] != _END64:
        raise CheckpointError("the archive's directory is damaged")
    count, start = struct.unpack_from("<32xQ8xQ", data, end64)
    return count, start


def _entry(data: memoryview, at: int) -> tuple[str, Place, int]:
    signature, flags, method, packed, size, name_length, extra_length, comment_length, offset = struct.unpack_from(
        "<4s4xHH8xIIHHH8xI", data, _within(data, at, 46)
    )
    if signature != _ENTRY:
        raise CheckpointError("the archive's directory is damaged")
    name = bytes(data[at + 46 : at + 46 + name_length]).decode("utf-8")
    if method != 0 or flags & 1:
        raise CheckpointError(
            f"the archive's entry {name[:80]!r} is compressed or encrypted; PyTorch stores it plainly"
        )
    extra_at = at + 46 + name_length
    sizes = _wide(data, extra_at, extra_length, (size, packed, offset))
    if sizes[0] != sizes[1]:
        raise CheckpointError(f"the archive's entry {name[:80]!r} has two sizes")
    return name, _place(data, sizes[2], sizes[0]), extra_at + extra_length + comment_length


def _wide(data: memoryview, at: int, length: int, narrow: tuple[int, int, int]) -> list[int]:
    """Size, packed size and offset, taken from the 64-bit field where they do not fit in 32."""
    wanted = [index for index, value in enumerate(narrow) if value == _FULL32]
    values, end = list(narrow), at + length
    while wanted and at + 4 <= end:
        kind, size = struct.unpack_from("<HH", data, _within(data, at, 4))
        if kind == 1 and size >= 8 * len(wanted):
            for index, value in zip(wanted, struct.unpack_from(f"<{len(wanted)}Q", data, at + 4), strict=True):
                values[index] = value
            return values
        at += 4 + size
    return values


def _place(data: memoryview, at: int, size: int) -> Place:
    signature, name_length, extra_length = struct.unpack_from("<4s22xHH", data, _within(data, at, 30))
    if signature != _LOCAL:
        raise CheckpointError("an entry of the archive is not where its directory says")
    start = at + 30 + name_length + extra_length
    _within(data, start, size)
    return Place(start, size)


def _within(data: memoryview, at: int, size: int) -> int:
    if at < 0 or at + size > len(data):
        raise CheckpointError("the archive declares bytes beyond its end; it is cut short or damaged")
    return at
