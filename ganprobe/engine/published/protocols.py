"""By whose protocol saved statistics of images were made: through which network's eyes, and over how many samples.

>>> parse_protocol("pytorch-fid:50000")
('pytorch-fid', 50000)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown
from ganprobe.metrics.columns import FC2, POOL3, POOL3_CLEAN, POOL3_PYTORCH_FID, Seen

IMAGES: Final = "images"
"""Of a file with images and statistics: to look at the images."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """seen: the columns that its features are, by their width. ddof: of its covariance. said: whose it is."""

    seen: Mapping[int, Seen]
    ddof: int
    said: str


def _pool3(seen: Seen, said: str, *, ddof: int = 1, also: Mapping[int, Seen] | None = None) -> Protocol:
    return Protocol({2048: seen, **(also or {})}, ddof, said)


PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "pytorch-fid": _pool3(POOL3_PYTORCH_FID, "mseitzer/pytorch-fid"),
    "ttur": _pool3(POOL3, "bioinf-jku/TTUR, the original FID in TensorFlow"),
    "adm": _pool3(POOL3, "openai/guided-diffusion's evaluator"),
    "clean-fid": _pool3(POOL3_CLEAN, "GaParmar/clean-fid in its mode clean"),
    "stylegan3": _pool3(POOL3, "NVlabs/stylegan3 and stylegan2-ada-pytorch", ddof=0),
    "torch-fidelity": _pool3(POOL3, "toshas/torch-fidelity", also={4096: FC2}),
}


def parse_protocol(text: str) -> tuple[str, int | None]:
    """ "ttur:50000" to ("ttur", 50000): whose, and of how many images. InputError for one that is not known."""
    name, colon, count = text.partition(":")
    if name not in (*PROTOCOLS, IMAGES):
        raise unknown("protocol of statistics", name, (*PROTOCOLS, IMAGES))
    if not colon:
        return name, None
    if name == IMAGES or not count.isdigit() or int(count) < 2:
        raise InputError(
            f"a protocol is like pytorch-fid, or pytorch-fid:50000 with the number of images; got {text!r}"
        )
    return name, int(count)
