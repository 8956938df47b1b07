"""Features of a network that is not one of ours: a TorchScript file, or `package.module:callable`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from ganprobe.core.discovery.objects import names_an_object
from ganprobe.core.errors import InputError
from ganprobe.core.protocols import FeatureExtractor
from ganprobe.engine.columns.networks import Network
from ganprobe.features import load_callable_features, load_torchscript_features
from ganprobe.features.custom.torchscript import SUFFIXES

CUSTOM: Final = "custom"
"""What the specifications of such metrics say of their features, and what the networks' names begin with."""


def is_custom(features: str) -> bool:
    """Whether `features` is the file or the object of a network, by its form."""
    return Path(features).suffix.lower() in SUFFIXES or names_an_object(features)


def network_of(features: str) -> str:
    """What the specifications of the metrics on `features` call them."""
    return CUSTOM if is_custom(features) else features


def check_custom(features: str) -> None:
    """InputError for a file that is not there; nothing is opened."""
    if not names_an_object(features) and not Path(features).is_file():
        raise InputError(f"no file {features}; a TorchScript file or package.module:callable was expected as features")


def open_custom(features: str, device: torch.device) -> tuple[FeatureExtractor, Network]:
    """The extractor of "custom.features" and what results say of it. Errors as the loaders have them."""
    load = load_callable_features if names_an_object(features) else load_torchscript_features
    extractor = load(features, device)
    name = features if names_an_object(features) else Path(features).stem
    protocol = {"network": name, "network_fingerprint": extractor.fingerprint[:16]}
    return extractor, Network(f"{CUSTOM}-{name}", extractor.fingerprint, protocol)
