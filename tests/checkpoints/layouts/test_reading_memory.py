"""How much memory loading takes: little more than the file, whatever its container."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_studiogan_layouts import biggan
from torch import nn

from ganprobe.checkpoints.fitting import build_on_meta
from ganprobe.checkpoints.native import save_network
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator

STATUS = Path("/proc/self/status")
PEAK_RESET = Path("/proc/self/clear_refs")

# The peak is the process's own (VmHWM): getrusage's would be at least its parent's.
MEASURED = """
import sys
from pathlib import Path

import torch

from ganprobe.checkpoints import open_checkpoint

torch.set_num_threads(1)


def resident(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


open_checkpoint(sys.argv[2])  # so that what is imported does not count
Path("/proc/self/clear_refs").write_text("5")
before = resident("VmRSS")
generator = open_checkpoint(sys.argv[1])
print(resident("VmHWM") - before, sum(tensor.nbytes for tensor in generator.state_dict().values()))
"""


def peak_of_loading(path: Path, small: Path) -> tuple[int, int]:
    """Bytes by which loading a file raises the peak of a fresh process, and bytes of the network."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path), str(small)], capture_output=True, text=True, check=True
    )
    rise, network = done.stdout.split()
    return int(rise), int(network)


def filled_at_random(network: nn.Module) -> nn.Module:
    network.to_empty(device="cpu")
    for tensor in network.state_dict().values():
        tensor.normal_(generator=torch.Generator().manual_seed(0))
    return network


def write(kind: str, path: Path, width: int) -> None:
    """A checkpoint of a kind, of about 135 (native) or 230 bytes times the square of the width."""
    if kind == "native":
        config = StyleGANConfig(resolution=16, channel_base=4 * width, channel_max=width, z_dim=8, w_dim=8)
        save_network(path, filled_at_random(build_on_meta(StyleGANGenerator, config)), role="generator")
    else:
        torch.save({"state_dict": biggan((width,) * 4, classes=3)}, path, _use_new_zipfile_serialization=kind == "zip")


@pytest.mark.skipif(not PEAK_RESET.exists(), reason=f"there is no {PEAK_RESET} to measure a process's peak by")
@pytest.mark.parametrize("kind", ["native", "zip", "legacy"])
def test_loading_takes_little_more_memory_than_the_file(tmp_path: Path, kind: str) -> None:
    path, small = tmp_path / "network.bin", tmp_path / "small.bin"
    write(kind, path, 720 if kind == "native" else 544)
    write(kind, small, 32)
    size = path.stat().st_size
    rise, network = peak_of_loading(path, small)
    assert size > 50e6
    assert network > 0.95 * size
    assert 0.9 * network < rise < 1.3 * size
