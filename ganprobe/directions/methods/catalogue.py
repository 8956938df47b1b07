"""The methods that find directions, as `ganprobe list directions` shows them."""

from __future__ import annotations

from dataclasses import dataclass

from ganprobe.core.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """summary: what it finds. source: where it comes from. default_count: directions that it gives where no number is
    asked for; None where their number follows from something else."""

    summary: str
    source: str
    default_count: int | None


METHODS: Registry[Method] = Registry("method for directions")

METHODS.add(
    "interfacegan",
    Method(
        summary="one direction for each scored attribute: the normal of the boundary between high and low scores",
        source="Shen et al. 2020, arXiv 1907.10786",
        default_count=None,
    ),
)
METHODS.add(
    "sefa",
    Method(
        summary="the directions that change the styles most, from the weights alone",
        source="Shen and Zhou 2021, arXiv 2007.06600",
        default_count=10,
    ),
)
METHODS.add(
    "ganspace",
    Method(
        summary="the principal components of w, or of the first layer's activation",
        source="Härkönen et al. 2020, arXiv 2004.02546",
        default_count=10,
    ),
)
METHODS.add(
    "stylespace",
    Method(
        summary="for each scored attribute, the single style channels that follow it most",
        source="Wu et al. 2021, arXiv 2011.12799",
        default_count=3,
    ),
)
METHODS.add(
    "steer",
    Method(
        summary="one direction for each of zoom, shifts, rotation, brightness and colours, and how far it goes",
        source="Jahanian et al. 2020, arXiv 1907.07171; Plumerault et al. 2020, arXiv 2001.10238",
        default_count=None,
    ),
)
