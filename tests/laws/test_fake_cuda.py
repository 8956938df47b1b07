"""A pass on a card that is not there: fake tensors know their device and have no values. Whatever mixes devices fails
on them, and so does whatever waits for a value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from torch import nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from ganprobe.directions.direction import Direction
from ganprobe.directions.edits.moves import edit
from ganprobe.engine.columns.sources import ImageColumns, PairColumns
from ganprobe.engine.opening.metrics import catalogue_of
from ganprobe.features.embedded.extractor import EmbeddedDistance, EmbeddedExtractor
from ganprobe.features.pixels import PixelExtractor
from ganprobe.metrics.pictures.ms_ssim import similarities
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.pairs import DrawnPairs
from ganprobe.samplers.paths import PathPairs, PathSpec

CUDA = torch.device("cuda:0")
GENERATORS = {"stylegan": small_networks.stylegan, "biggan": small_networks.biggan}


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> FakeTensorMode:
    """The mode in which tensors are fake."""
    monkeypatch.setattr(torch.cuda, "device", lambda place: nullcontext())
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self)
    # Labels that a caller gave are looked at by the host.
    monkeypatch.setattr("ganprobe.generators.direct.checked_labels", lambda labels, *_, **__: labels)
    return FakeTensorMode(allow_non_fake_inputs=True)


def moved(network: nn.Module) -> Any:
    """The network with fake tensors on the card in place of its own; inside the mode."""
    for part in network.modules():
        for name, weight in list(part.named_parameters(recurse=False)):
            fake = torch.empty(weight.shape, dtype=weight.dtype, device=CUDA)
            part._parameters[name] = nn.Parameter(fake, requires_grad=False)
        for name, buffer in list(part.named_buffers(recurse=False)):
            part._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype, device=CUDA)
    return network


@pytest.fixture(params=GENERATORS)
def sampler(card: FakeTensorMode, request: pytest.FixtureRequest) -> Iterator[GeneratorSampler]:
    network = GENERATORS[request.param]()
    with card:
        yield GeneratorSampler(moved(network), name=request.param, fingerprint="0" * 64)


def test_the_fake_card_shows_what_it_is_for(card: FakeTensorMode) -> None:
    with card:
        there, here = torch.ones(3, device=CUDA), torch.ones(3)
        with pytest.raises(RuntimeError, match="device"):
            torch.cat([there, here])
        with pytest.raises(DataDependentOutputException):
            float(there.sum())


@pytest.mark.parametrize("name", GENERATORS)
def test_images_features_and_states(card: FakeTensorMode, name: str) -> None:
    embedded, pixels, network = (
        EmbeddedExtractor(small_networks.feature_network()),
        PixelExtractor(),
        GENERATORS[name](),
    )
    metrics = [spec.build() for spec in catalogue_of(("embedded",)).values()]
    fed = 0
    with card:
        moved(embedded.network)
        embedded.device = pixels.device = CUDA
        drawn = GeneratorSampler(moved(network), name=name, fingerprint="0" * 64)
        for extractor in (embedded, pixels):
            source = ImageColumns(drawn, extractor, seed=0, device=CUDA)
            first, second = source.columns(range(70)), source.columns(range(70, 100))
            assert {column.device for key, column in first.items() if key != "index"} == {CUDA}
            for metric in metrics:
                if metric.needs <= first.keys():
                    metric.update(metric.update(metric.empty(), first), second)
                    fed += 1
    assert fed >= 10


@pytest.mark.parametrize("name", GENERATORS)
def test_pairs_and_their_distances(card: FakeTensorMode, name: str) -> None:
    distance, network = EmbeddedDistance(small_networks.feature_network()), GENERATORS[name]()
    with card:
        moved(distance.network)
        distance.device = CUDA
        drawn = GeneratorSampler(moved(network), name=name, fingerprint="0" * 64)
        for space in ("z", "w"):
            if space not in drawn.spec.spaces:
                continue
            for sampling in ("full", "end"):
                pairs = PathPairs(drawn, PathSpec(space=space, sampling=sampling))  # type: ignore[arg-type]
                columns = PairColumns(pairs, {"path": distance, "pair": similarities}, seed=0).columns(range(9))
                assert {columns["path"].device, columns["pair"].device} == {CUDA}
        assert DrawnPairs(drawn, samples=20).pairs(range(4), seed=0)[0].device == CUDA


def test_edits(sampler: GeneratorSampler) -> None:
    for space, shape in sampler.spec.spaces.items():
        direction = Direction(name="all", space=space, vector=np.ones(shape), scale=1.0)  # type: ignore[arg-type]
        images = edit(sampler, sampler.draw(range(3), seed=0), direction, (-1.0, 1.0))
        assert (images.device, images.shape[:2]) == (CUDA, (3, 2))
