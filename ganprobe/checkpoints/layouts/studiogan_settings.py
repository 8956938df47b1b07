"""The settings of a StudioGAN training (github.com/POSTECH-CVLab/PyTorch-StudioGAN) that lie beside its checkpoint.

Its configurations are YAML files of two levels, "SECTION:" over "  name: value". A checkpoint holds none of it, so that
what no tensor tells is known only where the file was kept in the checkpoint's folder. Only such files are read here,
line by line; nothing else of YAML is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ganprobe.core.errors import CheckpointError

STATE = "state_dict"
"""The key under which StudioGAN's checkpoints hold a network."""
_MAX_BYTES = 2**18
_SECTION = re.compile(r"(\w+):\s*(#.*)?")
_VALUE = re.compile(r"\s+(\w+):\s*(.*?)\s*(#.*)?")


def read_settings(folder: Path, backbone: str) -> dict[str, str]:
    """Settings by "SECTION.name", as they are written but for quotation marks, of the one YAML file in `folder`; none
    where there is no such file, several, or one that is not StudioGAN's. CheckpointError where it is of another
    backbone."""
    try:
        files = [path for path in folder.iterdir() if path.suffix in (".yaml", ".yml")]
        if len(files) != 1 or files[0].stat().st_size > _MAX_BYTES:
            return {}
        found = parsed(files[0].read_text(encoding="utf-8", errors="replace"))
    except OSError as problem:
        raise CheckpointError(f"{folder} or the configuration in it cannot be read ({problem.strerror})") from problem
    said = found.get("MODEL.backbone")
    if said not in (None, backbone):
        raise CheckpointError(
            f"the configuration beside it, {files[0].name}, is of backbone {said[:40]!r}, "
            f"the tensors are of {backbone!r}; keep it with its own checkpoint"
        )
    return {} if said is None else found


def parsed(text: str) -> dict[str, str]:
    """The settings in the text of a configuration.

    >>> parsed('MODEL:\\n  z_dim: 80  # numbers\\n  g_act_fn: "ReLU"')
    {'MODEL.z_dim': '80', 'MODEL.g_act_fn': 'ReLU'}
    """
    section, found = "", {}
    for line in text.splitlines():
        if opened := _SECTION.fullmatch(line):
            section = opened[1]
        elif (value := _VALUE.fullmatch(line)) and section:
            found[f"{section}.{value[1]}"] = value[2].strip("\"'")
    return found


def check_settings(settings: Mapping[str, str], expected: Mapping[str, tuple[str, ...]]) -> None:
    """CheckpointError where a setting is none of those that can be read; one that is absent has its default."""
    for name, values in expected.items():
        if settings.get(name, values[0]) not in values:
            raise CheckpointError(
                f"the configuration beside it sets {name} to {settings[name][:40]!r}; "
                f"only {' or '.join(map(repr, values))} can be read"
            )


def told_by(settings: Mapping[str, str]) -> str:
    """Where the settings are from, for the words of a reading."""
    return "the configuration beside the file" if settings else "StudioGAN's default; no configuration lies beside it"
