"""Which frequencies each layer of StyleGAN3 works with, and the low-pass filters that hold it to them (Karras et al.
2021, "Alias-free generative adversarial networks", arXiv 2106.12423, section 3 and appendix C).

>>> bands = Bands(resolution=32, num_layers=6, num_critical=2)
>>> bands.sampling_rates
(16, 16, 32, 32, 32, 32, 32)
>>> kaiser_filter(12, cutoff=2.0, half_width=6.0, rate=32).shape
torch.Size([12])

Frequencies are in cycles per image, sampling rates in samples per image. A layer's images are larger than the image by
a margin, so that what lies beyond its borders is known too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import j1
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Bands:
    """Of layers 0 to num_layers, the last of which puts out the image.

    num_critical: layers at the end whose cutoff is the image's highest frequency. first_cutoff, first_stopband: where
    the passband of layer 0 ends, and where its stopband begins at the latest. last_stopband_rel: the same of the last
    layers, as a multiple of their cutoff. margin: samples beyond each border.
    """

    resolution: int
    num_layers: int
    num_critical: int
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin: int = 10

    @cached_property
    def cutoffs(self) -> tuple[float, ...]:
        """Where each layer's passband ends: a geometric progression up to half the resolution."""
        return self._progression(self.first_cutoff, self.resolution / 2)

    @cached_property
    def stopbands(self) -> tuple[float, ...]:
        """Where each layer's stopband begins at the latest."""
        return self._progression(self.first_stopband, self.resolution / 2 * self.last_stopband_rel)

    @cached_property
    def sampling_rates(self) -> tuple[int, ...]:
        """Of each layer's output: the smallest power of two of at least twice the stopband, at most the resolution."""
        return tuple(int(2 ** np.ceil(np.log2(min(2 * stopband, self.resolution)))) for stopband in self.stopbands)

    @cached_property
    def half_widths(self) -> tuple[float, ...]:
        """Half of each layer's transition band, which reaches to the stopband or to where frequencies are mirrored."""
        return tuple(
            max(stopband, rate / 2) - cutoff
            for cutoff, stopband, rate in zip(self.cutoffs, self.stopbands, self.sampling_rates, strict=True)
        )

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Samples along each side of each layer's output; the last two layers' have no margin."""
        rates = self.sampling_rates
        return (*(rate + 2 * self.margin for rate in rates[:-2]), self.resolution, self.resolution)

    def is_critical(self, layer: int) -> bool:
        """Whether a layer is one of the last, which keep every frequency."""
        return layer >= self.num_layers - self.num_critical

    def _progression(self, first: float, last: float) -> tuple[float, ...]:
        exponents = np.minimum(np.arange(self.num_layers + 1) / (self.num_layers - self.num_critical), 1)
        return tuple((first * (last / first) ** exponents).tolist())


def kaiser_filter(taps: int, *, cutoff: float, half_width: float, rate: float) -> Tensor:
    """(taps,) float32 of sum 1: the windowed sinc of a cutoff and a transition band of twice `half_width`, at a
    sampling rate (equations 5 to 7 of appendix C)."""
    place = np.arange(taps) - (taps - 1) / 2
    values = np.sinc(2 * cutoff / rate * place) * _window(taps, half_width, rate)
    return _float32(values / values.sum())


def radial_filter(taps: int, *, cutoff: float, half_width: float, rate: float) -> Tensor:
    """(taps, taps) float32 of sum 1, taps even: as `kaiser_filter`, the same in every direction, with a jinc for the
    sinc (appendix C, configuration R)."""
    place = (np.arange(taps) - (taps - 1) / 2) / rate
    radius = np.hypot(place[:, None], place[None, :])
    window = _window(taps, half_width, rate)
    values = j1(2 * np.pi * cutoff * radius) / radius * window[:, None] * window[None, :]
    return _float32(values / values.sum())


def _window(taps: int, half_width: float, rate: float) -> NDArray[np.float64]:
    """Kaiser's window for a transition band, by his estimates of the attenuation that so many taps give, and of the
    shape for it (Kaiser 1974)."""
    attenuation = 2.285 * (taps - 1) * np.pi * 4 * half_width / rate + 7.95
    beta = 0.0
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    return np.kaiser(taps, beta)


def _float32(values: NDArray[np.float64]) -> Tensor:
    # On the CPU whatever device is the default, so that a network built on "meta" has its filters all the same.
    return torch.tensor(values.tolist(), dtype=torch.float32, device="cpu")
