"""The native checkpoint: one safetensors file a network, nothing in it that executes.

    save_network("G.safetensors", generator, role="generator", training={"seed": 0, "steps": 1000})
    read_header("G.safetensors").architecture
    network = load_network("G.safetensors")

The tensors are the network's state dict. The metadata has one key, "ganprobe", whose value is JSON with sorted keys:
`format` (1), `architecture` (a name of `ganprobe.generators.ARCHITECTURES`), `role` ("generator" or "discriminator"),
`config` (the fields of the network's configuration), `training` (seed, steps, data: what is known of it) and `source`
(where converted weights came from). The same network gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save
from torch import Tensor, nn

from ganprobe.checkpoints.fitting import all_finite, build_on_meta, check_finite, check_shapes, check_size, filled
from ganprobe.checkpoints.layout import Role
from ganprobe.checkpoints.reader.lazy_tensors import LazyTensors
from ganprobe.checkpoints.reader.safetensors_files import METADATA, raw_header, records
from ganprobe.core.errors import CheckpointError, GanprobeError, InputError
from ganprobe.core.files import write_bytes
from ganprobe.generators import ARCHITECTURES, Network
from ganprobe.generators.base import Discriminator, Generator

FORMAT = 1
KEY = "ganprobe"
_MAX_RESOLUTION = 2**14
_HALF = {"float16": torch.float16, "float32": torch.float32}


@dataclass(frozen=True, slots=True)
class Header:
    """What a native checkpoint says of itself; shapes: tensor name to shape. classes: names of its labels, where they
    are known."""

    architecture: str
    role: Role
    config: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """How many numbers the file holds."""
        return sum(int(torch.Size(shape).numel()) for shape in self.shapes.values())


def save_network(
    path: str | Path,
    network: nn.Module,
    *,
    role: Role,
    training: Mapping[str, Any] | None = None,
    source: Mapping[str, Any] | None = None,
    dtype: Literal["float32", "float16"] = "float32",
) -> None:
    """Write a network of a known architecture, whole or not at all.

    dtype: how floating-point tensors are stored; float16 halves the file and is widened again on loading.
    InputError where the network is of no known architecture or role; CheckpointError where a weight is not finite, or
    too large for float16.
    """
    header = {
        "format": FORMAT,
        "architecture": _architecture_of(network, role),
        "role": role,
        "config": asdict(network.config),  # type: ignore[call-overload]
        "training": dict(training or {}),
        "source": dict(source or {}),
        **_names_of(network),
    }
    tensors = {name: _stored(name, value, _HALF[dtype]) for name, value in network.state_dict().items()}
    write_bytes(path, save(tensors, metadata={KEY: json.dumps(header, sort_keys=True)}))


def is_native(path: str | Path) -> bool:
    """Whether the file is a safetensors file with ganprobe's metadata."""
    try:
        return KEY in _metadata(raw_header(Path(path)), Path(path))
    except CheckpointError:
        return False


def read_header(path: str | Path) -> Header:
    """The header alone: no tensor is read. CheckpointError where the file is no native checkpoint."""
    path = Path(path)
    raw = raw_header(path)
    metadata = _metadata(raw, path)
    if KEY not in metadata:
        raise CheckpointError(
            f"{path} is a safetensors file without the {KEY!r} metadata of a native checkpoint; "
            "make one with `ganprobe convert`"
        )
    try:
        data = json.loads(metadata[KEY])
        if data["format"] != FORMAT:
            raise CheckpointError(
                f"{path} is of native format {data['format']!r}, this version reads {FORMAT}; update ganprobe"
            )
        shapes = {name: tuple(entry["shape"]) for name, entry in raw.items() if name != METADATA}
        fields_of = {name: data[name] for name in ("architecture", "role", "config", "training", "source")}
        return _checked(path, Header(**fields_of, shapes=shapes, classes=_names(data.get("classes", []))))
    except (KeyError, TypeError, ValueError, RecursionError) as problem:
        raise CheckpointError(f"{path} has a malformed {KEY!r} header ({problem}); write it again") from problem


def load_network(path: str | Path) -> nn.Module:
    """The network of a native checkpoint, float32, on the CPU and in evaluation mode.

    CheckpointError, in one line, for a file that is missing, damaged or of no known architecture; for configuration
    fields that are unknown or out of range; for tensors that are missing, unexpected, misshapen or not finite.
    """
    path = Path(path)
    header = read_header(path)
    build, config, network = blueprint(path, header)
    check_shapes(path, network, header.shapes)
    tensors = dict(LazyTensors(path, records(path, raw_header(path))))
    check_finite(path, tensors)
    network = filled(build, config, tensors)
    if isinstance(network, Generator | Discriminator):
        network.class_names = header.classes
    return network


def blueprint(path: Path, header: Header) -> tuple[Callable[[Any], nn.Module], Any, nn.Module]:
    """What builds the network of a header, its configuration, and the network without memory for its tensors.
    CheckpointError for fields that are unknown, out of range, or of a larger network than the file holds."""
    known = ARCHITECTURES[header.architecture].network(header.role)
    assert known is not None, "read_header checks the role"
    _check_fields(path, header, known)
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in header.config.items()}
    try:
        config = known.config(**values)
        check_size(path, config, header.parameters)
        return known.build, config, build_on_meta(known.build, config)
    except (GanprobeError, TypeError, ValueError, RuntimeError, OverflowError, MemoryError) as problem:
        raise CheckpointError(f"{path}: its configuration builds no network ({_first_line(problem)})") from problem


def _architecture_of(network: nn.Module, role: str) -> str:
    for name, architecture in ARCHITECTURES.items():
        known = architecture.network(role)
        if known is not None and type(network) is known.network:
            return name
    raise InputError(
        f"a {role} of one of {', '.join(ARCHITECTURES)} can be saved, got {type(network).__name__}; register it first"
    )


def _names_of(network: nn.Module) -> dict[str, Any]:
    """The classes of a network, where it names them."""
    names = network.class_names if isinstance(network, Generator | Discriminator) else ()
    return {"classes": list(names)} if names else {}


def _names(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise TypeError("its classes are no list of names")
    return tuple(given)


def _stored(name: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    plain = value.detach().cpu()
    if plain.is_floating_point():
        plain = plain.to(dtype)
        if not all_finite(plain):
            raise CheckpointError(f"tensor {name} has values that are not finite as {dtype}; nothing was written")
    return plain.clone(memory_format=torch.contiguous_format)


def _metadata(raw: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    metadata = raw.get(METADATA, {})
    if not isinstance(metadata, dict):
        raise CheckpointError(f"{path} has damaged metadata; copy or write it again")
    return metadata


def _checked(path: Path, header: Header) -> Header:
    if header.architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise CheckpointError(f"{path} is of unknown architecture {header.architecture!r}; known: {known}")
    if ARCHITECTURES[header.architecture].network(header.role) is None:
        raise CheckpointError(f"{path}: {header.architecture} has no network of role {header.role!r}")
    for name in ("config", "training", "source"):
        if not isinstance(getattr(header, name), dict):
            raise CheckpointError(f"{path}: {name!r} of the header must be an object; write the file again")
    return header


def _check_fields(path: Path, header: Header, known: Network) -> None:
    names = {item.name for item in fields(known.config)}
    if unknown := sorted(set(header.config) - names):
        raise CheckpointError(
            f"{path}: {header.architecture} {header.role} has no configuration field {', '.join(unknown)}; "
            f"known: {', '.join(sorted(names))}"
        )
    largest = max((max(shape, default=1) for shape in header.shapes.values()), default=1)
    for name, limit in (
        ("resolution", _MAX_RESOLUTION),
        ("mapping_layers", len(header.shapes)),
        ("w_dim", largest),
        ("num_classes", largest),
    ):
        value = header.config.get(name, 0)
        if isinstance(value, int) and value > limit:
            raise CheckpointError(f"{path}: {name} {value} builds no network that its {len(header.shapes)} tensors fit")


def _first_line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
