"""The layout of StudioGAN's StyleGAN2 (github.com/POSTECH-CVLab/PyTorch-StudioGAN, backbone `stylegan2`).

The network has the names and shapes of stylegan2-ada-pytorch's, and is told from it by the key that it lies under. What
no tensor tells is the clamp of activations: 256 in trainings of mixed precision, otherwise none. Which it was is an
option of the command line that no file records.
"""

from __future__ import annotations

from typing import Final

from ganprobe.checkpoints.layout import Contents, Overrides, Reading
from ganprobe.checkpoints.layouts.studiogan_settings import check_settings, read_settings
from ganprobe.checkpoints.layouts.stylegan2 import nvlabs_stylegan2_ada as nvlabs_stylegan2

MARKS: Final = nvlabs_stylegan2.MARKS
matches = nvlabs_stylegan2.matches
_READABLE: Final = {"MODEL.z_prior": ("gaussian",), "MODEL.info_type": ("N/A",)}


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file and of the configuration beside it."""
    check_settings(read_settings(contents.path.parent, "stylegan2"), _READABLE)
    reading = nvlabs_stylegan2.read(contents, overrides)
    if overrides.given():
        return reading
    clamp = {"conv_clamp": "none, as without mixed precision (256 with it); no tensor tells"}
    return Reading(
        architecture=reading.architecture,
        config=reading.config,
        convert=reading.convert,
        inferred=reading.inferred,
        assumed={**reading.assumed, **clamp},
    )
