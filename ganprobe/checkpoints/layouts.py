"""Which layout a checkpoint is of, and the network in it.

>>> list(LAYOUTS)
['native', 'ajbrock-biggan', 'rosinality-stylegan']
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganprobe.checkpoints import ajbrock_biggan, native, rosinality_stylegan
from ganprobe.core.errors import CheckpointError
from ganprobe.core.registry import Registry
from ganprobe.generators.base import Generator
from ganprobe.generators.biggan import BigGANGenerator
from ganprobe.generators.stylegan import StyleGANGenerator

Shapes = Mapping[str, tuple[int, ...]]
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Whose checkpoints they are; for the foreign ones, how the names in a state dict tell the layout, and how its
    tensors make a network. The native layout is told by its file."""

    summary: str
    matches: Callable[[Shapes], bool] = lambda shapes: False
    build: Callable[[Tensors], Generator] | None = None


LAYOUTS: Registry[Layout] = Registry("checkpoint layout")


def open_checkpoint(path: str | Path) -> Generator:
    """The generator in a checkpoint file of any known layout, float32, on the CPU, in evaluation mode. Nothing in the
    file is executed. CheckpointError for a file that is missing, damaged, of no known layout, or a discriminator's."""
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; check the path")
    if path.suffix == ".safetensors" or native.is_native(path):
        return _native(path)
    tensors = state_dict_of(path)
    layout = LAYOUTS[layout_of(path, tensors)]
    assert layout.build is not None, "only foreign layouts match by shapes"
    return layout.build(tensors).eval()


def layout_of(path: Path, tensors: Tensors) -> str:
    """The name of the foreign layout of a state dict. CheckpointError, with the first keys, where there is none."""
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    for name, layout in LAYOUTS.items():
        if layout.matches(shapes):
            return name
    first = ", ".join(list(shapes)[:4]) or "no tensors"
    raise CheckpointError(f"{path} is of no known layout (it holds {first}, ...); known: {', '.join(LAYOUTS)}")


def state_dict_of(path: Path) -> dict[str, Tensor]:
    """The tensors of a PyTorch file by name, read without executing anything in it; from a dict of state dicts, the
    averaged generator's. CheckpointError for any other file."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        OSError,
        zipfile.BadZipFile,
    ) as problem:
        reason = " ".join(str(problem).split("\n", 1)[0].split())[:120]
        raise CheckpointError(f"{path} is no checkpoint that can be read safely ({reason})") from problem
    for key in ("g_running", "g_ema", "G_ema"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} holds a {type(found).__name__}; a state dict was expected")
    return {str(name): value for name, value in found.items() if isinstance(value, Tensor)}


def _native(path: Path) -> Generator:
    network = native.load_network(path)
    if not isinstance(network, Generator):
        raise CheckpointError(f"{path} holds a discriminator ({type(network).__name__}); give the generator's file")
    return network


def _ajbrock(tensors: Tensors) -> Generator:
    network = BigGANGenerator(ajbrock_biggan.config_of(tensors))
    network.load_state_dict(ajbrock_biggan.convert(tensors))
    return network


def _rosinality(tensors: Tensors) -> Generator:
    network = StyleGANGenerator(rosinality_stylegan.config_of(tensors))
    network.load_state_dict(rosinality_stylegan.convert(tensors))
    return network


LAYOUTS.add("native", Layout(summary="ganprobe's own: one safetensors file a network"))
LAYOUTS.add(
    "ajbrock-biggan",
    Layout(
        summary="ajbrock/BigGAN-PyTorch: G.pth and G_ema.pth of BigGAN",
        matches=ajbrock_biggan.matches,
        build=_ajbrock,
    ),
)
LAYOUTS.add(
    "rosinality-stylegan",
    Layout(
        summary="rosinality/style-based-gan-pytorch: g_running, alone or in a dict",
        matches=rosinality_stylegan.matches,
        build=_rosinality,
    ),
)
