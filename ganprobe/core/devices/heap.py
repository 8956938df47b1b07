"""What the C library does with memory that tensors of a CPU give back: keep it for the next ones.

glibc maps large pieces one by one and gives them back to the kernel at once, which clears and maps every page again for
the next tensor. Where it is told to keep some, that time is not spent (docs/decisions/0007-speed.md).
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from typing import Final

MIB: Final = 2**20
# Of malloc.h, the same on all of glibc's platforms.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
KEPT: Final[Mapping[int, int]] = {M_MMAP_THRESHOLD: 128 * MIB, M_TRIM_THRESHOLD: 128 * MIB, M_TOP_PAD: 4 * MIB}
"""Pieces above M_MMAP_THRESHOLD bytes are mapped on their own still; beyond M_TRIM_THRESHOLD free bytes at the end of
the heap are given back; the heap grows by M_TOP_PAD more than is asked for."""


def keep_freed_memory(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell glibc to; whether it was told. Not where it is another C library (macOS, Windows, musl), nor where the
    environment tells malloc something of its own. For programs alone: it is the whole process that changes."""
    told = any(name.startswith("MALLOC_") and name.endswith("_") for name in environment)
    if told or "glibc.malloc" in environment.get("GLIBC_TUNABLES", "") or not _is_glibc():
        return False
    set_option = ctypes.CDLL(None).mallopt
    return {set_option(option, value) for option, value in KEPT.items()} == {1}


def _is_glibc() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (OSError, ValueError):
        return False
