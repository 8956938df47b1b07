"""The layout of StudioGAN's StyleGAN3 (github.com/POSTECH-CVLab/PyTorch-StudioGAN, backbone `stylegan3`).

The network has the names and shapes of NVlabs', and is told from it by the key that it lies under. What no tensor tells
is the clamp of activations: 256 in trainings of mixed precision, otherwise none, which no file records.
"""

from __future__ import annotations

from typing import Final

from ganprobe.checkpoints.layout import Contents, Overrides, Reading
from ganprobe.checkpoints.layouts.studiogan_settings import check_settings, read_settings
from ganprobe.checkpoints.layouts.stylegan3 import nvlabs_stylegan3

MARKS: Final = nvlabs_stylegan3.MARKS
matches = nvlabs_stylegan3.matches
_READABLE: Final = {"MODEL.z_prior": ("gaussian",), "MODEL.info_type": ("N/A",)}
_CLAMP: Final = "none, as without mixed precision (256 with it); no tensor tells"


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file and of the configuration beside it."""
    check_settings(read_settings(contents.path.parent, "stylegan3"), _READABLE)
    return nvlabs_stylegan3.read_as(contents, overrides, {"conv_clamp": (None, _CLAMP)})
