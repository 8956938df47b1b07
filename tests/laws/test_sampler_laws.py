"""The law of samplers: sample i is sample i. batch(range(a, b)) joined with batch(range(b, c)) is batch(range(a, c)),
bit for bit, whatever was asked before. A new sampler is added to SAMPLERS."""

import io
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import small_networks
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from ganprobe.core.protocols import Sampler
from ganprobe.core.spaces import Batch
from ganprobe.data import array_images, open_data
from ganprobe.samplers.callables import FunctionSampler
from ganprobe.samplers.images import ImageSampler
from ganprobe.samplers.modules import ModuleSampler

PIXELS = np.random.default_rng(0).integers(0, 256, (150, 3, 8, 8), dtype=np.uint8)


class Convolutions(nn.Module):
    """A network whose last bits could depend on the batch's size."""

    z_dim = 24

    def __init__(self, num_classes: int = 0) -> None:
        super().__init__()
        self.num_classes = num_classes
        generator = torch.Generator().manual_seed(0)
        self.inner = nn.Conv2d(6, 32, 3, padding=1)
        self.outer = nn.Conv2d(32, 3, 3, padding=1)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        start = nn.functional.interpolate(z.reshape(-1, 6, 2, 2), scale_factor=4, mode="bilinear")
        if labels is not None:
            start = start + labels[:, None, None, None]
        return self.outer(self.inner(start).relu()).tanh()


def noise(n: int, seed: int) -> Tensor:
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _folder(root: Path) -> Sampler:
    for number, pixels in enumerate(PIXELS):
        path = root / f"class{number % 3}" / f"{number:03}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels.transpose(1, 2, 0)).save(path)
    return ImageSampler(open_data(root))


def _archive(root: Path) -> Sampler:
    with tarfile.open(root / "x.tar", "w") as archive:
        for number, pixels in enumerate(PIXELS):
            file = io.BytesIO()
            Image.fromarray(pixels.transpose(1, 2, 0)).save(file, "PNG")
            member = tarfile.TarInfo(f"{number:03}.png")
            member.size = file.tell()
            file.seek(0)
            archive.addfile(member, file)
    return ImageSampler(open_data(root / "x.tar"))


SAMPLERS: dict[str, Callable[[Path], Sampler]] = {
    "folder": _folder,
    "archive": _archive,
    "array": lambda _: ImageSampler(array_images(PIXELS, name="array", labels=np.arange(150) % 4)),
    "toyfaces": lambda _: ImageSampler(open_data("toyfaces:16")),
    "function": lambda _: FunctionSampler(noise, name="noise"),
    "module": lambda _: ModuleSampler(Convolutions(), name="module"),
    "module with classes": lambda _: ModuleSampler(Convolutions(5), name="module"),
    "stylegan": lambda _: small_networks.stylegan_sampler(),
    "stylegan, stored noise": lambda _: small_networks.stylegan_sampler(noise="const"),
    "stylegan, no noise": lambda _: small_networks.stylegan_sampler(noise="zero"),
    "stylegan, truncated": lambda _: small_networks.stylegan_sampler(truncation=(0.7, 4)),
    "biggan": lambda _: small_networks.biggan_sampler(),
    "biggan, truncated": lambda _: small_networks.biggan_sampler(truncation=0.5),
}


@pytest.fixture(scope="module", params=SAMPLERS)
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Sampler]:
    """Gives the sampler, one for the whole module, so that its caches have a history."""
    return cache(lambda: SAMPLERS[request.param](tmp_path_factory.mktemp("sampler")))


def tensors(batch: Batch) -> list[Tensor]:
    latents = [] if batch.latents is None else [batch.latents.z]
    return [batch.images, *([] if batch.labels is None else [batch.labels]), *latents]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 150), min_size=3, max_size=3).map(sorted), st.integers(0, 2))
def test_batches_join(make: Callable[[], Sampler], cuts: list[int], seed: int) -> None:
    sampler, (a, b, c) = make(), cuts
    whole = sampler.batch(range(a, c), seed=seed)
    left, right = sampler.batch(range(a, b), seed=seed), sampler.batch(range(b, c), seed=seed)
    assert (left.index, right.index, whole.index) == (range(a, b), range(b, c), range(a, c))
    for one, two, both in zip(tensors(left), tensors(right), tensors(whole), strict=True):
        assert torch.equal(torch.cat([one, two]), both)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_any_batch_size_gives_the_same(make: Callable[[], Sampler], size: int) -> None:
    sampler = make()
    whole = sampler.batch(range(70), seed=1).images
    parts = [sampler.batch(range(start, min(start + size, 70)), seed=1).images for start in range(0, 70, size)]
    assert torch.equal(torch.cat(parts), whole)


def test_images_are_as_specified(make: Callable[[], Sampler]) -> None:
    sampler = make()
    batch = sampler.batch(range(5), seed=0)
    assert batch.images.shape == (5, *sampler.spec.image_shape)
    assert batch.images.dtype == torch.float32
    assert float(batch.images.std()) > 0.01
    assert (batch.labels is not None) == (sampler.spec.num_classes > 0)
    assert sampler.batch(range(0), seed=0).images.shape == (0, *sampler.spec.image_shape)
    assert len(sampler.fingerprint) == 64


def test_a_sampler_made_again_gives_the_same(
    make: Callable[[], Sampler], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    name = request.node.callspec.params["make"]
    again = SAMPLERS[name](tmp_path)
    assert again.fingerprint == make().fingerprint
    assert torch.equal(again.batch(range(9, 80), seed=4).images, make().batch(range(9, 80), seed=4).images)
