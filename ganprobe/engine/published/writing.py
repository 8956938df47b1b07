"""A measured data set as other projects read it: the mean and covariance of Inception's features, in an .npz file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from ganprobe.core.errors import InputError
from ganprobe.core.files import write_bytes
from ganprobe.engine.passes.statistics import Reference
from ganprobe.metrics.states.moments import Moments

WRITTEN: Final[Mapping[str, str]] = {"pytorch-fid": "fid@pytorch-fid", "ttur": "fid", "clean-fid": "fid@clean"}
"""Formats, with the metric whose features they are of."""


def check_format(name: str, out: Path) -> str:
    """The metric that a format is of. InputError for a file of another ending, which its readers would not take."""
    if out.suffix != ".npz":
        raise InputError(f"{name} reads .npz files; {out} was to be written: call it {out.with_suffix('.npz').name}")
    return WRITTEN[name]


def write_moments(reference: Reference, out: Path) -> None:
    """`mu` (d,) and `sigma` (d, d) float64, the covariance over n - 1, of the one state of `reference`."""
    (arrays,) = reference.states.values()
    moments = Moments.unpack(arrays)
    file = io.BytesIO()
    np.savez_compressed(file, mu=moments.mean(), sigma=moments.covariance(ddof=1))
    write_bytes(out, file.getvalue())
