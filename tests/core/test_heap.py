"""Memory that is kept: by programs, where the C library can, and not against what the environment says."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from ganprobe.core.devices.heap import keep_freed_memory

FAULTS = """
import resource, sys
import numpy as np
if sys.argv[1] == "kept":
    from ganprobe.core.devices.heap import keep_freed_memory
    assert keep_freed_memory()
for _ in range(3):
    np.ones(2**22)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(2**22)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.parametrize("said", [{"MALLOC_MMAP_THRESHOLD_": "1"}, {"GLIBC_TUNABLES": "glibc.malloc.check=1"}])
def test_what_the_environment_says_of_malloc_stands(said: dict[str, str]) -> None:
    assert not keep_freed_memory(said)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")
def test_pages_are_not_asked_for_again() -> None:
    """An array of 32 MiB has 8,192 pages (fewer faults where the kernel gives large ones)."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MALLOC_", "GLIBC_"))}
    counted = [
        int(
            subprocess.run(
                [sys.executable, "-c", FAULTS, how], env=environment, capture_output=True, text=True, check=True
            ).stdout
        )
        for how in ("kept", "as it comes")
    ]
    assert counted[0] < counted[1] / 10


def test_importing_the_package_changes_nothing() -> None:
    words = "import sys, ganprobe; print('ganprobe.core.devices.heap' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
