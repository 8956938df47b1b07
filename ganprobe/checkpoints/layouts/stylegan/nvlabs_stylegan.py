"""The layout of NVlabs' StyleGAN, a TensorFlow pickle, of which Gs is read.

It is the network of `ganprobe.checkpoints.layouts.stylegan.interfacegan_stylegan` under other names: dense weights are
stored as [in, out], convolutions as [height, width, in, out], and output layers count from the highest resolution down.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.stylegan import interfacegan_stylegan
from ganprobe.checkpoints.reader.inert_objects import fields_of
from ganprobe.checkpoints.reader.tensorflow_networks import STATIC
from ganprobe.core.errors import CheckpointError

LABELS = "mapping/LabelConcat/weight"
_FUSED_FROM = 128
_EXPECTED = {
    "mapping": {"mapping_nonlinearity": "lrelu", "use_wscale": True, "mapping_lrmul": 0.01, "normalize_latents": True},
    "synthesis": {
        "use_styles": True,
        "const_input_layer": True,
        "use_noise": True,
        "nonlinearity": "lrelu",
        "use_wscale": True,
        "use_pixel_norm": False,
        "use_instance_norm": True,
        "blur_filter": [1, 2, 1],
    },
}
"""Arguments that another network than ours would have been made with, and the values that ours stands for."""


MARKS: Final = (
    "dlatent_avg",
    "mapping/Dense0/weight",
    "synthesis/4x4/Const/const",
    "synthesis/4x4/Conv/StyleMod/bias",
)
"""Tensors by which a file is known."""


def matches(shapes: Shapes) -> bool:
    """Whether variables of these names are of this layout."""
    return all(name in shapes for name in MARKS)


class Renamed(Mapping[str, Tensor]):
    """The variables under the names, and in the axes, of interfacegan's conversion; read one at a time."""

    def __init__(self, variables: Mapping[str, Tensor], fused_from: int) -> None:
        self._variables = variables
        steps = sum(re.fullmatch(r"synthesis/ToRGB_lod\d+/bias", name) is not None for name in variables)
        self._names = {
            ours: (name, change)
            for name in variables
            for ours, change in [_renamed(name, steps, fused_from)]
            if ours is not None
        }

    def __getitem__(self, name: str) -> Tensor:
        theirs, change = self._names[name]
        return change(self._variables[theirs])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


Change = Callable[[Tensor], Tensor]


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _transposed(tensor: Tensor) -> Tensor:
    return tensor.T.contiguous()


def _channels_first(tensor: Tensor) -> Tensor:
    return tensor.permute(3, 2, 0, 1).contiguous()


def _renamed(name: str, steps: int, fused_from: int) -> tuple[str | None, Change]:
    """interfacegan's name of a variable, and how its axes become those that the name stands for there."""
    if name == "dlatent_avg":
        return "truncation.w_avg", _same
    if found := re.fullmatch(r"mapping/Dense(\d+)/(weight|bias)", name):
        dense = f"mapping.dense{found[1]}"
        return (f"{dense}.linear.weight", _transposed) if found[2] == "weight" else (f"{dense}.wscale.bias", _same)
    if found := re.fullmatch(r"synthesis/noise(\d+)", name):
        return f"synthesis.layer{found[1]}.epilogue.apply_noise.noise", _same
    if found := re.fullmatch(r"synthesis/ToRGB_lod(\d+)/(weight|bias)", name):
        output = f"synthesis.output{steps - 1 - int(found[1])}"
        return (f"{output}.conv.weight", _channels_first) if found[2] == "weight" else (f"{output}.bias", _same)
    if found := re.fullmatch(r"synthesis/(\d+)x\d+/(Const|Conv|Conv0_up|Conv1)/(.+)", name):
        return _renamed_layer(int(found[1]), found[2], found[3], fused_from)
    return None, _same


def _renamed_layer(resolution: int, kind: str, rest: str, fused_from: int) -> tuple[str | None, Change]:
    layer = f"synthesis.layer{2 * (resolution.bit_length() - 3) + (kind in ('Conv', 'Conv1'))}"
    fused = kind == "Conv0_up" and resolution >= fused_from
    names: dict[str, tuple[str, Change]] = {
        "const": ("first_layer", _same),
        "weight": ("weight", _same) if fused else ("conv.weight", _channels_first),
        "bias": ("epilogue.bias", _same),
        "Noise/weight": ("epilogue.apply_noise.weight", _same),
        "StyleMod/weight": ("epilogue.style_mod.dense.linear.weight", _transposed),
        "StyleMod/bias": ("epilogue.style_mod.dense.wscale.bias", _same),
    }
    if rest not in names:
        return None, _same
    return f"{layer}.{names[rest][0]}", names[rest][1]


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file; it takes no overrides."""
    variables = contents.tensors
    arguments = {part: fields_of(contents.beside.get(f"{part}/{STATIC}")) for part in _EXPECTED}
    _check_arguments(arguments)
    _check_trained(variables.get("synthesis/lod"), contents.beside.get("synthesis/lod", contents.beside.get("lod")))
    fused = arguments["synthesis"].get("fused_scale", "auto")
    tensors = Renamed(variables, _FUSED_FROM if fused == "auto" else 0 if fused is True else 2**30)
    config = interfacegan_stylegan.config_of(tensors)
    classes = variables.shapes.get(LABELS, (0, 0))
    config = replace(config, num_classes=classes[0], z_dim=config.z_dim - classes[1])

    def convert() -> dict[str, Tensor]:
        labels = {"label_embedding": variables[LABELS]} if config.num_classes else {}
        return interfacegan_stylegan.convert(tensors, config) | labels

    return Reading(architecture="stylegan", config=config, convert=convert, inferred=_EVIDENCE, assumed=_ASSUMED)


def _check_arguments(arguments: Mapping[str, Mapping[object, object]]) -> None:
    for part, expected in _EXPECTED.items():
        for name, value in expected.items():
            if arguments[part].get(name, value) != value:
                raise CheckpointError(f"its {part} network was made with another {name} than {value!r}")


def _check_trained(array: Tensor | None, number: object) -> None:
    lod = float(array) if array is not None else number if isinstance(number, int | float) else 0.0
    if lod >= 1:
        raise CheckpointError(f"its level of detail is {lod:g}: expected a network trained to the end")


_EVIDENCE = {
    "resolution": "number of ToRGB_lod* layers",
    "z_dim": "rows of mapping/Dense0/weight, less the label embedding's",
    "w_dim": "size of dlatent_avg",
    "num_classes": "rows of mapping/LabelConcat/weight; 0 where it is absent",
    "mapping_layers": "number of mapping/Dense* layers",
    "channel_base": "channels of the last layer",
    "channel_max": "channels of the first layer",
    "mapping_lr_multiplier": "the arguments in the pickle, or their default",
}
_ASSUMED = {"truncation": "none unless asked for; the original applies psi 0.7 to 8 layers unless told otherwise"}
