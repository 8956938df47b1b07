"""Any GENERATOR to a sampler, and `ganprobe.load`."""

from pathlib import Path

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor, nn

import ganprobe
from ganprobe.checkpoints.native import save_network
from ganprobe.core.errors import CapabilityError, CheckpointError, DataError, InputError
from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.generators.stylegan.discriminator import StyleGANDiscriminator, StyleGANDiscriminatorConfig
from ganprobe.samplers.callables import FunctionSampler
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.images import ImageSampler
from ganprobe.samplers.modules import ModuleSampler

CODE = """
import small_networks
import torch

def native():
    return small_networks.stylegan()

def plain(n, seed):
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1

class Foreign(torch.nn.Module):
    z_dim = 192
    def forward(self, z):
        return z.reshape(-1, 3, 8, 8).tanh()
"""


class Foreign(nn.Module):
    z_dim = 192

    def forward(self, z: Tensor) -> Tensor:
        return z.reshape(-1, 3, 8, 8).tanh()


def test_a_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "G.safetensors"
    save_network(file, small_networks.stylegan(), role="generator")
    sampler = ganprobe.load(file, truncation=0.7, noise="const")
    assert isinstance(sampler, GeneratorSampler)
    assert (sampler.name, sha256_of(file) in sampler.known_fingerprints) == ("G", True)
    assert (sampler.truncation, sampler.noise) == (0.7, "const")
    assert isinstance(sampler.generator, nn.Module)
    direct = small_networks.stylegan_sampler(truncation=0.7, noise="const")
    assert torch.equal(sampler.batch(range(5), seed=0).images, direct.batch(range(5), seed=0).images)
    assert torch.equal(ganprobe.load(str(file)).batch(range(5), seed=1).images, _batch(range(5), 1))


def _batch(index: range, seed: int) -> Tensor:
    return small_networks.stylegan_sampler().batch(index, seed=seed).images


def test_the_contract_in_python(small_shipped: Path) -> None:
    sampler = ganprobe.load("dots")
    assert isinstance(sampler, LatentSampler)
    whole, left, right = (sampler.draw(range(*ends), seed=1).z for ends in ((0, 50), (0, 17), (17, 50)))
    assert torch.equal(whole, torch.cat([left, right]))
    images = sampler.synthesize(whole[:4], space="z")
    assert images.dtype == torch.float32
    assert images.shape == (4, 3, 16, 16)
    assert torch.allclose(images, sampler.synthesize(sampler.map(whole[:4]), space="w"), atol=1e-5)
    for noise in ("const", "zero", 7):
        assert torch.isfinite(sampler.synthesize(whole[:2], space="z", noise=noise, truncation=(0.7, 4))).all()


def test_a_shipped_name_goes_before_a_folder(
    small_shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dots").mkdir()
    assert isinstance(ganprobe.load("dots"), GeneratorSampler)
    with pytest.raises(DataError, match="dots"):
        ganprobe.load("./dots")


def test_images_callables_modules_and_samplers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = small_networks.write_images(tmp_path / "images.npy")
    assert isinstance(ganprobe.load(images), ImageSampler)
    (tmp_path / "my_generators.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    kinds = {"native": GeneratorSampler, "plain": FunctionSampler, "Foreign": ModuleSampler}
    for name, kind in kinds.items():
        sampler = ganprobe.load(f"my_generators:{name}")
        assert isinstance(sampler, kind)
        assert isinstance(sampler, Sampler)
        assert sampler.name == f"my_generators:{name}"
    assert isinstance(ganprobe.load(small_networks.stylegan()), GeneratorSampler)
    assert isinstance(ganprobe.load(Foreign()), ModuleSampler)
    assert ganprobe.evaluate(Foreign(), metrics=["cs", "ppl_z_full"], samples=40)["ppl_z_full"].value > 0


def test_noise_and_truncation_are_refused_where_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = small_networks.write_images(tmp_path / "images.npy")
    (tmp_path / "my_others.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    for ref in (images, "my_others:plain", "my_others:Foreign", Foreign()):
        with pytest.raises(CapabilityError, match="takes neither noise nor truncation; leave them out"):
            ganprobe.load(ref, truncation=0.7)
        with pytest.raises(CapabilityError, match="takes neither noise nor truncation; leave them out"):
            ganprobe.load(ref, noise="zero")


def test_what_is_no_generator_is_refused(small_shipped: Path, tmp_path: Path) -> None:
    file = tmp_path / "G.safetensors"
    save_network(file, small_networks.stylegan(), role="generator")
    whole = file.read_bytes()
    broken = {
        "random.pth": np.random.default_rng(0).bytes(4000),
        "text.pth": b"not a checkpoint",
        "empty.safetensors": b"",
        "cut.safetensors": whole[: len(whole) // 2],
        "header.safetensors": whole[:100],
        "noise.safetensors": np.random.default_rng(1).bytes(4000),
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CheckpointError, match=name) as caught:
            ganprobe.load(tmp_path / name)
        assert "\n" not in str(caught.value)
    discriminator = StyleGANDiscriminator(StyleGANDiscriminatorConfig(resolution=16, channel_base=64, channel_max=16))
    save_network(tmp_path / "D.safetensors", discriminator, role="discriminator")
    with pytest.raises(CheckpointError, match="holds a discriminator"):
        ganprobe.load(tmp_path / "D.safetensors")
    with pytest.raises(InputError, match="unknown generator 'dot'; did you mean 'dots'"):
        ganprobe.load("dot")
    for missing in ("gone.pth", "some/folder", str(tmp_path / "gone")):
        with pytest.raises(InputError, match=r"no file or folder .*; a generator is a checkpoint"):
            ganprobe.load(missing)
    with pytest.raises(InputError, match="device 'abacus' cannot be used"):
        ganprobe.load("dots", device="abacus")


def test_a_damaged_shipped_file_is_refused(small_shipped: Path) -> None:
    with (small_shipped / "dots.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(CheckpointError, match=r"is not the file of manifest\.toml; restore it"):
        ganprobe.load("dots")
