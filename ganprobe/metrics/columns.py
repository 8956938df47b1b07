"""What metrics look at: a column of a network's numbers, and how images were brought before that network.

>>> POOL3.column, POOL3.features, POOL3.prepared["range"]
('inception.pool3', 'inception', '(x - 128) / 128')

Nothing here needs torch: declarations of metrics (modules called `specs`) are read to list and to refuse names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

UINT8: Final = "uint8, halves rounded up"
_TF1_299: Final = "TensorFlow 1 bilinear to 299, no half-pixel centres, no antialiasing"
_CENTRED: Final = "(x - 128) / 128"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A column, and what a protocol says of it. features: the network, as specifications name it. called: the features
    in a summary. width: how many numbers an image has, where a protocol says so. prepared: entries of the protocol."""

    column: str
    features: str
    called: str = ""
    width: int | None = None
    prepared: Mapping[str, str] = field(default_factory=dict)


def _inception(column: str, *, resize: str = _TF1_299, scaled: str = _CENTRED, width: int | None = 2048) -> Seen:
    prepared = {"pixels": UINT8, "resize": resize, "range": scaled}
    return Seen(column=column, features="inception", width=width, prepared=prepared)


EMBEDDED: Final = Seen(column="embedded.features", features="embedded", called="embedded features")
EMBEDDED_PROBABILITIES: Final = Seen(column="embedded.probabilities", features="embedded")
_IMAGENET: Final = {
    "pixels": UINT8,
    "resize": "Pillow's antialiased bicubic to 224, in float, clipped to 0..255",
    "range": "(x - 127) / 128",
}
IMAGENET: Final = Seen(
    column="imagenet.features", features="imagenet", called="the ImageNet network's features", prepared=_IMAGENET
)
IMAGENET_PROBABILITIES: Final = Seen(column="imagenet.probabilities", features="imagenet", prepared=_IMAGENET)
CUSTOM: Final = Seen(column="custom.features", features="custom", called="the given features")
POOL3: Final = _inception("inception.pool3")
POOL3_PYTORCH_FID: Final = _inception(
    "inception@pytorch-fid.pool3",
    resize="bilinear to 299, half-pixel centres, no antialiasing",
    scaled="2 x / 255 - 1",
)
POOL3_CLEAN: Final = _inception(
    "inception@clean.pool3", resize="Pillow's antialiased bicubic to 299, in float, clipped to 0..255"
)
LOGITS: Final = _inception("inception.logits", width=None)
LOGITS_UNBIASED: Final = _inception("inception.logits_unbiased", width=None)
DINOV2: Final = Seen(
    column="dinov2.cls",
    features="dinov2",
    prepared={
        "pixels": UINT8,
        "resize": "Pillow's antialiased bicubic of bytes to 224",
        "range": "ImageNet's means and deviations",
        "token": "class, after the last norm",
    },
)
CLIP: Final = Seen(
    column="clip.image",
    features="clip",
    prepared={
        "pixels": UINT8,
        "crop": "largest central square",
        "resize": "Pillow's antialiased bicubic of bytes to 336",
        "range": "CLIP's means and deviations",
        "length": "1",
    },
)
FC2: Final = Seen(
    column="vgg16.fc2",
    features="vgg16",
    prepared={
        "pixels": UINT8,
        "resize": "TensorFlow 1 bilinear to 224, no half-pixel centres, no antialiasing",
        "range": "ImageNet's means and deviations",
    },
)
