"""No network of a small file of any layout, and no part of one, is claimed by the layout of another."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_files import WHOLE

from ganprobe.checkpoints.containers import open_file
from ganprobe.checkpoints.layouts.table import LAYOUTS

ALIKE = {"studiogan-stylegan2": "nvlabs-stylegan2-ada", "studiogan-stylegan3": "nvlabs-stylegan3"}
"""Layouts of the same names, which the key that they lie under tells apart; they come first in the table."""


@pytest.mark.parametrize("kind", WHOLE)
def test_a_network_is_claimed_by_its_own_layout_alone(tmp_path: Path, kind: str) -> None:
    layout, written = WHOLE[kind]
    path = tmp_path / "file.bin"
    path.write_bytes(written())
    opened = open_file(path)
    everything = [candidate.contents(path, opened.container) for candidate in opened.found]
    claims = {name for contents in everything for name, known in LAYOUTS.items() if known.claims(contents)}
    assert claims == {layout} | ({ALIKE[layout]} if layout in ALIKE else set())


def test_alike_layouts_are_looked_at_in_order() -> None:
    order = list(LAYOUTS)
    assert all(order.index(special) < order.index(general) for special, general in ALIKE.items())


def test_every_foreign_layout_has_a_small_file() -> None:
    assert {layout for layout, _ in WHOLE.values()} == set(LAYOUTS) - {"native"}
