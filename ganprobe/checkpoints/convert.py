"""A checkpoint of any layout to a native file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ganprobe.checkpoints import native
from ganprobe.checkpoints.detect import check_no_key, is_native, read_foreign, rebuild
from ganprobe.checkpoints.layout import Overrides
from ganprobe.core.errors import InputError
from ganprobe.core.files import sha256_of
from ganprobe.generators.fingerprint import weights_fingerprint

Dtype = Literal["float32", "float16"]


def convert_checkpoint(
    path: str | Path,
    out: str | Path,
    *,
    dtype: Dtype = "float32",
    overrides: Overrides | None = None,
    key: str | None = None,
) -> None:
    """Write the network of `path` to the native file `out`, whole or not at all; the same file gives the same bytes.

    Its metadata say under "source" the sha256 and the layout of the original, the key that was read, and what was
    assumed. A native file is written again, as `dtype`, and keeps what it says of its training. key: as `choose` has
    it. CheckpointError where `path` cannot be read; InputError where `out` does not end in .safetensors or is `path`
    itself, or an override is of no use.
    """
    path, out = Path(path), Path(out)
    if out.suffix != ".safetensors":
        raise InputError(f"a native checkpoint ends in .safetensors, got {out}; choose such a name")
    if out.exists() and path.exists() and out.samefile(path):
        raise InputError(f"{out} is the checkpoint that is to be converted; choose another name")
    if is_native(path):
        check_no_key(path, key)
        _rewrite(path, out, dtype, overrides)
    else:
        chosen, reading = read_foreign(path, overrides=overrides, key=key)
        source: dict[str, Any] = {"sha256": sha256_of(path), "layout": chosen.name}
        source |= {"key": chosen.contents.place} if chosen.contents.place else {}
        source["assumed"] = dict(reading.assumed)
        network = rebuild(chosen.contents, reading)
        source["weights"] = weights_fingerprint(network, reading.architecture, reading.config)
        native.save_network(out, network, role=reading.role, source=source, dtype=dtype)


def _rewrite(path: Path, out: Path, dtype: Dtype, overrides: Overrides | None) -> None:
    if overrides is not None and overrides.given():
        raise InputError(f"{path} is a native checkpoint, whose configuration is in the file: give no options")
    header = native.read_header(path)
    source = {**header.source, "native_sha256": sha256_of(path)} if header.source else _native_source(path)
    network = native.load_network(path)
    source["weights"] = weights_fingerprint(network, header.architecture, network.config)
    native.save_network(out, network, role=header.role, training=header.training, source=source, dtype=dtype)


def _native_source(path: Path) -> dict[str, Any]:
    return {"sha256": sha256_of(path), "layout": "native"}
