"""Features of a network that is not one of ours: a TorchScript file, or `package.module:callable`."""

from __future__ import annotations

from pathlib import Path

import torch

from ganprobe.core.discovery.objects import names_an_object
from ganprobe.core.protocols import FeatureExtractor
from ganprobe.engine.columns.networks import Network
from ganprobe.engine.opening.names import CUSTOM
from ganprobe.features import load_callable_features, load_torchscript_features


def open_custom(features: str, device: torch.device) -> tuple[FeatureExtractor, Network]:
    """The extractor of "custom.features" and what results say of it. Errors as the loaders have them."""
    load = load_callable_features if names_an_object(features) else load_torchscript_features
    extractor = load(features, device)
    name = features if names_an_object(features) else Path(features).stem
    protocol = {"network": name, "network_fingerprint": extractor.fingerprint[:16]}
    return extractor, Network(f"{CUSTOM}-{name}", extractor.fingerprint, protocol)
