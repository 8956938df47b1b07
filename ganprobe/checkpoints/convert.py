"""A checkpoint of any layout to a native file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ganprobe.checkpoints import native
from ganprobe.checkpoints.detect import is_native, layout_of, read_foreign, rebuild
from ganprobe.checkpoints.layout import Overrides
from ganprobe.core.errors import InputError
from ganprobe.core.files import sha256_of

Dtype = Literal["float32", "float16"]


def convert_checkpoint(
    path: str | Path, out: str | Path, *, dtype: Dtype = "float32", overrides: Overrides | None = None
) -> None:
    """Write the network of `path` to the native file `out`, whole or not at all; the same file gives the same bytes.

    Its metadata say under "source" the sha256 and the layout of the original and what was assumed of it. A native file
    is written again, as `dtype`, and keeps what it says of its training. CheckpointError where `path` cannot be read;
    InputError where `out` does not end in .safetensors or is `path` itself, or an override is of no use.
    """
    path, out = Path(path), Path(out)
    if out.suffix != ".safetensors":
        raise InputError(f"a native checkpoint ends in .safetensors, got {out}; choose such a name")
    if out.exists() and path.exists() and out.samefile(path):
        raise InputError(f"{out} is the checkpoint that is to be converted; choose another name")
    if is_native(path):
        _rewrite(path, out, dtype, overrides)
    else:
        contents, reading = read_foreign(path, overrides=overrides)
        source: dict[str, Any] = {"sha256": sha256_of(path), "layout": layout_of(contents)}
        source["assumed"] = dict(reading.assumed)
        native.save_network(out, rebuild(contents, reading), role=reading.role, source=source, dtype=dtype)


def _rewrite(path: Path, out: Path, dtype: Dtype, overrides: Overrides | None) -> None:
    if overrides is not None and overrides.given():
        raise InputError(f"{path} is a native checkpoint, whose configuration is in the file: give no options")
    header = native.read_header(path)
    source = {**header.source, "native_sha256": sha256_of(path)} if header.source else _native_source(path)
    native.save_network(
        out, native.load_network(path), role=header.role, training=header.training, source=source, dtype=dtype
    )


def _native_source(path: Path) -> dict[str, Any]:
    return {"sha256": sha256_of(path), "layout": "native"}
