"""A TorchScript file as an extractor: any network that was saved with `torch.jit.save`.

load_torchscript_features("my_features.pt").observe(images)["custom.features"]

A TorchScript file is a program. It runs in TorchScript's own interpreter: no Python of the file is executed and nothing
is unpickled into Python objects, but operators of TorchScript can read and write files. Open files of people you trust.
"""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import torch

from ganprobe.core.errors import CheckpointError
from ganprobe.core.files import sha256_of
from ganprobe.features.custom.extractor import ColumnsOf, ForeignExtractor, feature_columns, last_line
from ganprobe.features.images.preparation import Sidecar, read_sidecar

"""The endings by which a TorchScript file is known."""


def load_torchscript_features(path: str | Path, device: torch.device | str = "cpu") -> ForeignExtractor:
    """The network of a TorchScript file as an extractor of "custom.features" (N, d), prepared as the JSON file beside
    it says (docs/features.md). Errors as `load_torchscript` and ForeignExtractor have them."""
    sidecar = read_sidecar(Path(path))
    return torchscript_extractor(Path(path), sidecar, feature_columns(sidecar.columns), device)


def torchscript_extractor(
    path: Path, sidecar: Sidecar, columns_of: ColumnsOf, device: torch.device | str
) -> ForeignExtractor:
    """The network in `path` with columns by `columns_of`."""
    return ForeignExtractor(
        load_torchscript(path, device),
        name=path.name,
        fingerprint=sha256_of(path),
        columns_of=columns_of,
        preparation=sidecar.preparation,
        device=device,
    )


def load_torchscript(path: str | Path, device: torch.device | str = "cpu") -> Any:
    """The module of a TorchScript file, in evaluation mode on `device`.

    CheckpointError where there is no such file or it is no TorchScript; what `torch.save` wrote is refused.
    """
    path = Path(path)
    _check(path)
    try:
        with warnings.catch_warnings():
            # torch calls TorchScript deprecated, and goes on reading it.
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            module = torch.jit.load(str(path), map_location=torch.device(device))  # type: ignore[no-untyped-call]
    except RuntimeError as problem:
        raise CheckpointError(f"cannot load {path} as TorchScript: {last_line(problem)}; save it again") from problem
    return module.eval()


def _check(path: Path) -> None:
    if not path.is_file():
        raise CheckpointError(f"no file {path}; a TorchScript file (torch.jit.save) was expected")
    expected = "a TorchScript file was expected: script or trace the network and save it with torch.jit.save"
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [PurePosixPath(name).parts[1:] for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError) as problem:
        raise CheckpointError(f"{path} is a pickle or no network at all, and is not opened; {expected}") from problem
    if ("constants.pkl",) not in inside or not any(parts[:1] == ("code",) for parts in inside):
        raise CheckpointError(f"{path} holds pickled tensors without a program, as torch.save writes; {expected}")
