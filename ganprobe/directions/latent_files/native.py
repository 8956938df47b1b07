"""Latents on disk: one safetensors file for a set.

The tensors are `values`, `labels` where there are any, and `noise.00`, `noise.01`, ... where the noise is kept. The
metadata has one key, "ganprobe", whose value is JSON with sorted keys: `format` (1), `kind` ("latents"), `space`,
`noise` ("const", "zero" or "maps"), `names`, `generator` (name and fingerprint) and `origin`. The same set gives the
same bytes, and nothing in the file executes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from safetensors.torch import save
from torch import Tensor

from ganprobe.core.errors import CheckpointError, InputError, one_line
from ganprobe.core.files import write_bytes
from ganprobe.directions.headed_files import header_text, read_headed
from ganprobe.directions.latent_files.latent_set import KeptNoise, LatentSet

FORMAT: Final = 1
KIND: Final = "latents"
MAPS: Final = "maps"


def save_latents(path: str | Path, latents: LatentSet) -> None:
    """Write a set, whole or not at all. OutputError where the file cannot be written."""
    write_bytes(path, packed_latents(latents))


def packed_latents(latents: LatentSet) -> bytes:
    """What the file of a set holds."""
    header = {
        "format": FORMAT,
        "kind": KIND,
        "space": latents.space,
        "noise": latents.noise if isinstance(latents.noise, str) else MAPS,
        "names": list(latents.names),
        "generator": {"name": latents.generator, "fingerprint": latents.fingerprint},
        "origin": dict(latents.origin),
    }
    maps = () if isinstance(latents.noise, str) else latents.noise
    tensors = {
        "values": latents.values,
        **({} if latents.labels is None else {"labels": latents.labels}),
        **{_key(number): layer for number, layer in enumerate(maps)},
    }
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(ready, metadata=header_text(header))


def load_latents(path: str | Path) -> LatentSet:
    """The set of a file that `save_latents` wrote. CheckpointError where it cannot be read or is no such file."""
    path = Path(path)
    header, tensors = read_headed(path, "latents", "pt")
    if header.get("kind") != KIND or header.get("format") != FORMAT:
        found = f"kind {header.get('kind')!r}, format {header.get('format')!r}"
        raise CheckpointError(
            f"{path} holds no latents of format {FORMAT} ({found}); `ganprobe project` and `explore` make them"
        )
    try:
        return LatentSet(
            space=header["space"],
            values=tensors["values"],
            labels=tensors.get("labels"),
            noise=_noise(header, tensors),
            names=tuple(str(name) for name in header["names"]),
            generator=str(header["generator"]["name"]),
            fingerprint=header["generator"]["fingerprint"],
            origin=dict(header["origin"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, InputError) as problem:
        raise CheckpointError(f"{path} is malformed ({one_line(problem)}); write it again") from problem


def _noise(header: dict[str, Any], tensors: dict[str, Tensor]) -> KeptNoise:
    if header["noise"] == MAPS:
        return tuple(tensors[name] for name in sorted(tensors) if name.startswith("noise."))
    said: KeptNoise = header["noise"]
    return said


def _key(number: int) -> str:
    return f"noise.{number:02}"
