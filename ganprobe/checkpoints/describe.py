"""What a checkpoint file is, told without building its network or converting its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import nn

from ganprobe.checkpoints import native
from ganprobe.checkpoints.detect import check_no_key, is_native, read_foreign, skeleton
from ganprobe.checkpoints.layout import Overrides
from ganprobe.core.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A checkpoint in words and numbers.

    parameters: learnt numbers of the network, buffers apart. trained_depth: resolutions that it passes through (4, 8,
    ... pixels); stored_depth: those that the file holds. config: of the native network. inferred, assumed: field to
    where its value was read, or why it has that value. training, source, classes (their names): of a native file. key:
    what was read of the file, "" for all of it; others: the other networks in it, key to layout.
    """

    layout: str
    container: str
    architecture: str
    role: str
    resolution: int
    z_dim: int | None
    w_dim: int | None
    num_classes: int
    parameters: int
    trained_depth: int
    stored_depth: int
    config: Mapping[str, Any]
    inferred: Mapping[str, str] = field(default_factory=dict)
    assumed: Mapping[str, str] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    key: str = ""
    others: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        return asdict(self)


def describe(path: str | Path, *, overrides: Overrides | None = None, key: str | None = None) -> Description:
    """The description of a checkpoint of any known layout; key: as `choose` has it. CheckpointError, in one line, where
    it cannot be read; InputError for an override that its layout has no use for, and a key that is not there."""
    path = Path(path)
    if is_native(path):
        check_no_key(path, key)
        return _native(path, overrides)
    return _foreign(path, overrides, key)


def _native(path: Path, overrides: Overrides | None) -> Description:
    if overrides is not None and overrides.given():
        raise InputError(f"{path} is a native checkpoint, whose configuration is in the file: give no options")
    header = native.read_header(path)
    _, config, network = native.blueprint(path, header)
    found = _described(
        network,
        config,
        layout="native",
        container="safetensors",
        architecture=header.architecture,
        role=header.role,
        training=header.training,
        source=header.source,
    )
    return replace(found, classes=header.classes)


def _foreign(path: Path, overrides: Overrides | None, key: str | None) -> Description:
    chosen, reading = read_foreign(path, overrides=overrides, key=key)
    contents = chosen.contents
    found = _described(
        skeleton(reading),
        reading.config,
        layout=chosen.name,
        container=contents.container,
        architecture=reading.architecture,
        role=reading.role,
        stages=reading.stages,
        inferred=reading.inferred,
        assumed=reading.assumed,
    )
    return replace(found, key=contents.place, others=dict(contents.others))


def _described(
    network: nn.Module,
    config: Any,
    *,
    layout: str,
    container: str,
    architecture: str,
    role: str,
    stages: int | None = None,
    inferred: Mapping[str, str] | None = None,
    assumed: Mapping[str, str] | None = None,
    training: Mapping[str, Any] | None = None,
    source: Mapping[str, Any] | None = None,
) -> Description:
    fields = asdict(config)
    depth = int(fields["resolution"]).bit_length() - 2
    return Description(
        layout=layout,
        container=container,
        architecture=architecture,
        role=role,
        resolution=fields["resolution"],
        z_dim=fields.get("z_dim"),
        w_dim=fields.get("w_dim"),
        num_classes=fields.get("num_classes", 0),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        trained_depth=depth,
        stored_depth=depth if stages is None else stages,
        config=fields,
        inferred=inferred or {},
        assumed=assumed or {},
        training=training or {},
        source=source or {},
    )
