"""The small networks on disk: one safetensors file, norms folded, float16 tensors, and the configuration as JSON under
the metadata key "ganprobe". Nothing in the file executes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.files import write_bytes
from ganprobe.features.embedded.resnet import ResNet, ResNetConfig, folded

KEY = "ganprobe"


def save_resnet(
    path: str | Path,
    network: ResNet,
    *,
    kind: str,
    outputs: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write `network`, folded and rounded to float16, whole or not at all. outputs: names of its outputs, if any.
    about: what else the file shall say of itself, as JSON."""
    result = folded(network)
    halves = {name: tensor.to("cpu", torch.float16).contiguous() for name, tensor in result.state_dict().items()}
    header = {"kind": kind, "config": asdict(result.config), "outputs": list(outputs)}
    more = {} if about is None else {"about": dict(about)}
    write_bytes(path, save(halves, metadata={KEY: json.dumps({**header, **more}, sort_keys=True)}))


def load_resnet(path: str | Path, *, kind: str) -> tuple[ResNet, tuple[str, ...]]:
    """The network of a file that `save_resnet` wrote, float32 and in evaluation mode, and the names of its outputs.
    CheckpointError where the file cannot be read, holds another kind, or does not fit its own configuration."""
    header, tensors = _read(path, kind)
    if header.get("kind") != kind:
        raise CheckpointError(f"expected a network of kind {kind!r} in {path}, found {header.get('kind')!r}")
    try:
        config: dict[str, Any] = {key: _frozen(value) for key, value in header["config"].items()}
        with torch.device("meta"):
            network = ResNet(ResNetConfig(**config))
        network.load_state_dict(tensors, assign=True)
    except (KeyError, TypeError, InputError, RuntimeError) as problem:
        reason = str(problem).splitlines()[0]
        raise CheckpointError(f"{path} does not fit its own configuration: {reason}; restore the file") from problem
    return network.eval().requires_grad_(False), tuple(header["outputs"])


def header_of(path: str | Path) -> Mapping[str, Any]:
    """What a file that `save_resnet` wrote says of itself: "kind", "config", "outputs" and, where it was given,
    "about". CheckpointError where it cannot be read or says nothing."""
    header, _ = _read(path, "any")
    if not isinstance(header, Mapping) or "kind" not in header:
        raise CheckpointError(f"{path} does not say which network it holds; a scorer or classifier was expected")
    return header


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _read(path: str | Path, kind: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(str(path), framework="pt") as file:
            header = json.loads((file.metadata() or {}).get(KEY, "{}"))
            return header, {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, json.JSONDecodeError) as problem:
        raise CheckpointError(f"cannot read {path} as a network of kind {kind!r}: {problem}; restore it") from problem


def fingerprint_of(tensors: Mapping[str, Tensor], *words: str) -> str:
    """sha256 (hex) over `words` and over every tensor's name, shape and float32 values, in order of name."""
    digest = hashlib.sha256("\x1f".join(words).encode())
    for name in sorted(tensors):
        values = tensors[name].detach().to("cpu", torch.float32).contiguous()
        digest.update(f"\x1e{name}{tuple(values.shape)}".encode())
        digest.update(values.numpy().astype("<f4").tobytes())
    return digest.hexdigest()
