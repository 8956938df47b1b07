"""Images to named columns: the embedded features, Inception's and the toyfaces scores, by name.

>>> sorted(FEATURES)
['embedded', 'inception', 'toyfaces', 'vgg16']
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ganprobe.core.protocols import FeatureExtractor
from ganprobe.core.registry import Registry
from ganprobe.features.attributes.opening import SCORERS, open_scorer
from ganprobe.features.attributes.toyfaces import ToyfacesScorer, load_toyfaces_scorer, read_scorer
from ganprobe.features.combined import CombinedExtractor
from ganprobe.features.custom.callable_extractor import load_callable_features
from ganprobe.features.custom.extractor import FEATURES as CUSTOM_COLUMN
from ganprobe.features.custom.extractor import ForeignExtractor
from ganprobe.features.custom.torchscript import load_torchscript_features
from ganprobe.features.embedded.extractor import (
    EmbeddedDistance,
    EmbeddedExtractor,
    load_embedded,
    load_embedded_distance,
    read_embedded,
)
from ganprobe.features.images.quantise import to_uint8
from ganprobe.features.published.downloads import INCEPTION, VGG16, WeightRecord, cache_folder, fetched
from ganprobe.features.published.inception_extractor import COLUMNS as INCEPTION_COLUMNS
from ganprobe.features.published.inception_extractor import InceptionExtractor, load_inception, read_inception
from ganprobe.features.published.lpips_distance import LpipsDistance, load_lpips, read_lpips
from ganprobe.features.published.vgg16 import COLUMN as VGG16_COLUMN
from ganprobe.features.published.vgg16 import Vgg16Extractor, load_vgg16, read_vgg16

__all__ = [
    "CUSTOM_COLUMN",
    "FEATURES",
    "INCEPTION_COLUMNS",
    "SCORERS",
    "VGG16_COLUMN",
    "CombinedExtractor",
    "EmbeddedDistance",
    "EmbeddedExtractor",
    "FeatureRecord",
    "ForeignExtractor",
    "InceptionExtractor",
    "LpipsDistance",
    "ToyfacesScorer",
    "Vgg16Extractor",
    "WeightRecord",
    "cache_folder",
    "fetched",
    "load_callable_features",
    "load_embedded",
    "load_embedded_distance",
    "load_inception",
    "load_lpips",
    "load_torchscript_features",
    "load_toyfaces_scorer",
    "load_vgg16",
    "open_scorer",
    "read_embedded",
    "read_inception",
    "read_lpips",
    "read_scorer",
    "read_vgg16",
    "to_uint8",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRecord:
    """What `ganprobe list features` says of an extractor, and how to load it: `load(device)`."""

    summary: str
    columns: tuple[str, ...]
    licence: str
    origin: str
    load: Callable[[torch.device | str], FeatureExtractor]


FEATURES: Registry[FeatureRecord] = Registry("feature set")

FEATURES.add(
    "embedded",
    FeatureRecord(
        summary="a small CIFAR-10 classifier; gives fd, kd, cs and a perceptual distance, never FID, KID, IS",
        columns=("embedded.features", "embedded.probabilities"),
        licence="Apache-2.0",
        origin="trained for this project on CIFAR-10 (JPEG): pretrained/embedded-features.safetensors",
        load=load_embedded,
    ),
)
FEATURES.add(
    "inception",
    FeatureRecord(
        summary="Inception v3 of 2015-12-05, which FID, KID and IS are defined on; 96 MB, fetched once",
        columns=INCEPTION_COLUMNS,
        licence=INCEPTION.licence,
        origin=f"{INCEPTION.origin}: {INCEPTION.urls[0]}",
        load=lambda device: load_inception(device=device),
    ),
)
FEATURES.add(
    "vgg16",
    FeatureRecord(
        summary="VGG16 of torchvision, for improved precision and recall and for LPIPS; 553 MB, fetched once",
        columns=(VGG16_COLUMN,),
        licence=VGG16.licence,
        origin=f"{VGG16.origin}: {VGG16.urls[0]}",
        load=lambda device: load_vgg16(device=device),
    ),
)
FEATURES.add(
    "toyfaces",
    FeatureRecord(
        summary="scores of the eight factors of toyfaces",
        columns=(
            "score.yaw",
            "score.smile",
            "score.eyeglasses",
            "score.age",
            "score.hair_length",
            "score.skin_tone",
            "score.background",
            "score.light",
        ),
        licence="Apache-2.0",
        origin="trained for this project on its own renders: pretrained/toyfaces-scorer.safetensors",
        load=load_toyfaces_scorer,
    ),
)
