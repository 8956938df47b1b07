"""Latents of any indices are those of the same indices in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from direction_fakes import DIM, biggan, planted, stylegan
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import CapabilityError
from ganprobe.data import open_data
from ganprobe.directions.latents import (
    PART,
    check_space,
    drawn_spaces,
    latent_sampler,
    latents_at,
    latents_of,
    parts_of,
    projections,
    spread_along,
    weights_fingerprint,
)
from ganprobe.samplers.images import ImageSampler

SAMPLER = stylegan(num_classes=2)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9000), max_size=40), st.sampled_from(["z", "w"]))
def test_chosen_latents_are_those_of_their_indices(indices: list[int], space: str) -> None:
    got = latents_at(SAMPLER, np.array(indices, np.int64), seed=4, space=space)
    assert got.shape == (len(indices), DIM)
    for index, row in zip(indices, got, strict=True):
        expected = latents_of(SAMPLER, range(index, index + 1), seed=4, space=space)[0]
        np.testing.assert_allclose(row, expected, atol=0 if space == "z" else 1e-5)


@given(st.integers(1, 5000), st.integers(1, 300))
def test_parts_cover_everything_and_are_never_short(samples: int, size: int) -> None:
    parts = list(parts_of(samples, size=size))
    assert [i for part in parts for i in part] == list(range(samples))
    assert len(parts) == 1 or min(map(len, parts)) >= size
    assert max(map(len, parts)) <= max(2 * size, samples if len(parts) == 1 else 0)


def test_projections_go_over_all_latents_in_order() -> None:
    samples = 2 * PART + 17
    normals = np.eye(DIM)[:3]
    along = projections(SAMPLER, normals, samples=samples, seed=0, space="w")
    np.testing.assert_allclose(along, latents_of(SAMPLER, range(samples), seed=0, space="w")[:, :3], atol=1e-6)
    spread = spread_along(SAMPLER, normals, samples=samples, seed=0, space="w")
    np.testing.assert_allclose(spread, along.std(0, ddof=1))
    assert spread_along(SAMPLER, normals, samples=samples, seed=0, space="z").tolist() == [1, 1, 1]


def test_spaces() -> None:
    assert drawn_spaces(SAMPLER) == ("w", "z")
    assert drawn_spaces(biggan()) == drawn_spaces(planted()) == ("z",)
    with pytest.raises(CapabilityError, match="no space 'w'"):
        check_space(biggan(), "w")
    with pytest.raises(CapabilityError, match="images only"):
        latent_sampler(ImageSampler(open_data("toyfaces:16")))


def test_the_fingerprint_is_of_the_weights_alone() -> None:
    assert weights_fingerprint(stylegan(truncation=0.5)) == weights_fingerprint(stylegan()) == "stylegan0"
    assert weights_fingerprint(planted()) == planted().fingerprint


def test_nothing_reaches_above_its_room() -> None:
    folder = Path(__file__).resolve().parents[2] / "ganprobe" / "directions"
    above = [f"ganprobe.{room}" for room in ("training", "engine", "cli")]
    assert not [path for path in folder.glob("*.py") if any(word in path.read_text() for word in above)]
