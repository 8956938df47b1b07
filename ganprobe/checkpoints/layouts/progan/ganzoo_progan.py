"""The layout of facebookresearch/pytorch_GAN_zoo's Progressive GAN (`netG`, `avgG` in a dict with its `config`).

Learning rates are equalised there by scaling what a layer puts out, its bias with it; the output layers have the gain
of the others; the first layer is dense with a bias a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import sqrt
from typing import Any, Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.progan.interfacegan_progan import regular_config
from ganprobe.checkpoints.reader.inert_objects import fields_of
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.progan.generator import ProGANConfig

MARKS: Final = (
    "formatLayer.module.weight",
    "formatLayer.module.bias",
    "groupScale0.0.module.weight",
    "scaleLayers.0.0.module.weight",
    "toRGBLayers.0.module.weight",
)
"""Tensors by which a file is known."""
_EXPECTED: Final[Mapping[str, tuple[object, ...]]] = {
    "equalizedlR": (True,),
    "leakyReluLeak": (0.2,),
    "perChannelNormalization": (True,),
    "alpha": (0,),
    "lossCriterion": ("WGANGP", "Logistic"),
}
"""Settings of the training that no tensor tells, and what they must be: with other losses images end in a tanh."""


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names are of this layout (its StyleGAN has other ones)."""
    return all(name in shapes for name in MARKS)


def config_of(shapes: Shapes, *, num_classes: int = 0) -> ProGANConfig:
    """The configuration that names and shapes tell. CheckpointError where the widths are irregular."""
    scales = sum(re.fullmatch(r"scaleLayers\.\d{1,2}\.0\.module\.weight", name) is not None for name in shapes)
    widths = [shapes["groupScale0.0.module.weight"][0]]
    widths += [shapes[f"scaleLayers.{scale}.1.module.weight"][0] for scale in range(scales)]
    entering = shapes["formatLayer.module.weight"][1]
    return regular_config(widths, z_dim=entering - num_classes, num_classes=num_classes, dense_bias=True)


def convert(tensors: Mapping[str, Tensor], config: ProGANConfig) -> dict[str, Tensor]:
    """The state dict of `ProGANGenerator(config)`."""
    weight, bias = (tensors[f"formatLayer.module.{part}"] for part in ("weight", "bias"))
    dense = {"first.dense.weight": 4 * weight[..., None, None], "first.bias": _scaled(bias, weight).reshape(-1, 4, 4)}
    state = dense | _layer(tensors, "groupScale0.0", "blocks.4")
    for step in range(config.resolution.bit_length() - 2):
        size = 4 << step
        if step:
            for place in range(2):
                state |= _layer(tensors, f"scaleLayers.{step - 1}.{place}", f"blocks.{size}.{place}")
        shown, bias = (tensors[f"toRGBLayers.{step}.module.{part}"] for part in ("weight", "bias"))
        state |= {f"to_rgb.{size}.conv.weight": sqrt(2) * shown, f"to_rgb.{size}.bias": _scaled(bias, shown)}
    return state


def _layer(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    weight, bias = (tensors[f"{theirs}.module.{part}"] for part in ("weight", "bias"))
    return {f"{ours}.conv.weight": weight, f"{ours}.bias": _scaled(bias, weight)}


def _scaled(bias: Tensor, weight: Tensor) -> Tensor:
    return bias * sqrt(2 / weight[0].numel())


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file and of the settings beside its networks; it takes no overrides."""
    tensors, settings = contents.tensors, fields_of(contents.beside.get("config"))
    for name, allowed in _EXPECTED.items():
        if settings and settings.get(name, allowed[0]) not in allowed:
            raise CheckpointError(
                f"its config sets {name} to {settings[name]!r}: only {' or '.join(map(repr, allowed))} can be read"
            )
    config = config_of(contents.shapes, num_classes=classes_of(settings))
    labels = "the config beside it" if settings else "0: no config lies beside it, and classes would widen z"
    told = {
        "num_classes": labels,
        "alpha": "0: the last resolution alone",
        "output": "no activation, as of WGANGP and Logistic",
    }
    return Reading(
        architecture="progan",
        config=config,
        convert=lambda: convert(tensors, config),
        inferred=_EVIDENCE | ({"num_classes": labels} if settings else {}),
        assumed={} if settings else told,
    )


def classes_of(settings: Mapping[Any, object]) -> int:
    """How many classes a training had. CheckpointError where it had several attributes, whose codes stand side by
    side."""
    size, attributes = settings.get("categoryVectorDim", 0), fields_of(settings.get("attribKeysOrder"))
    if type(size) is not int or size < 0:
        raise CheckpointError("categoryVectorDim in its config is no number of classes")
    if size and len(attributes) != 1:
        raise CheckpointError(
            f"it was trained with {len(attributes)} attributes, a code for each: only those of one can be classes"
        )
    return size


_EVIDENCE: Final = {
    "resolution": "number of scaleLayers",
    "z_dim": "columns of formatLayer.module.weight, less the classes",
    "channel_base": "channels of the last scale",
    "channel_max": "channels of the first scale",
    "progressive": "there are output layers of every resolution",
    "dense_bias": "the layout's first layer has a bias a number",
}
