"""From a run's attribute metrics to the pictures of the directions that they speak of."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from ganprobe.core.results import Record

OF_LATENTS: Final = ("boundary_accuracy", "dci_", "mig_", "sap_", "ls_")
FOLDER: Final = "directions"


@dataclass(frozen=True, slots=True)
class DirectionsLink:
    """address: of the report of directions, relative to the run's; empty where none is known. command: what makes
    it."""

    address: str
    command: str


def directions_link(record: Record, out: str, *, known: bool) -> DirectionsLink | None:
    """None for a run without metrics of latents and attributes. known: whether `out`/directions holds the report."""
    if not any(result.metric.startswith(OF_LATENTS) for result in record.results):
        return None
    words = ["ganprobe", "directions", record.generator.name, "--method", "interfacegan", "--out", f"{out}/{FOLDER}"]
    return DirectionsLink(f"{FOLDER}/report.html" if known else "", shlex.join(words))
