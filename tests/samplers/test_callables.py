"""Python objects as samplers: what is found under a name, how it is called, and what is refused."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganprobe.core.errors import CapabilityError, DataError, InputError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.core.spaces import SamplerSpec
from ganprobe.core.streams import derive_seed, normal
from ganprobe.generators.base import Generator
from ganprobe.samplers.callables import FunctionSampler, load_callable, open_callable
from ganprobe.samplers.modules import ModuleSampler

SOURCE = """
import numpy as np
import torch
from torch import nn


def noise(n, seed):
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def with_defaults(n=4, seed=0):
    return noise(n, seed)


class Net(nn.Module):
    z_dim = 5

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(5, 48))

    def forward(self, z):
        return (z @ self.weight).tanh().reshape(-1, 3, 4, 4)


def make():
    return Net()


class Holder:
    net = Net()


ready = Net()
wrong = lambda: "a string"
one_argument = lambda n: n
number = 3
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "probe_pkg").mkdir()
    (tmp_path / "probe_pkg" / "__init__.py").write_text("")
    (tmp_path / "probe_pkg" / "nets.py").write_text(SOURCE)
    (tmp_path / "probe_pkg" / "broken.py").write_text("import no_such_module_anywhere\n")
    (tmp_path / "probe_pkg" / "typo.py").write_text("def f(:\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    for name in [name for name in sys.modules if name.split(".")[0] == "probe_pkg"]:
        monkeypatch.delitem(sys.modules, name)
    return "probe_pkg.nets"


@pytest.mark.parametrize("name", ["Net", "make", "ready", "Holder.net"])
def test_modules_and_their_factories(package: str, name: str) -> None:
    sampler = open_callable(f"{package}:{name}")
    assert isinstance(sampler, ModuleSampler)
    assert sampler.name == f"{package}:{name}"
    assert sampler.spec == SamplerSpec((3, 4, 4), 0, {"z": (5,)})
    assert torch.equal(
        sampler.synthesize(sampler.draw(range(2), seed=0).z, space="z"), sampler.batch(range(2), seed=0).images
    )


@pytest.mark.parametrize("name", ["noise", "with_defaults"])
def test_functions_of_n_and_seed(package: str, name: str) -> None:
    sampler = open_callable(f"{package}:{name}")
    assert isinstance(sampler, FunctionSampler)
    assert sampler.spec == SamplerSpec((3, 8, 8))


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("probe_pkg.nets", "package.module:name was expected"),
        (":noise", "package.module:name was expected"),
        ("probe_pkg.nets:", "package.module:name was expected"),
        ("probe_pkg:nets:noise", "package.module:name was expected"),
        ("probe_pkgs.nets:noise", "cannot import 'probe_pkgs.nets' .*No module named 'probe_pkgs'"),
        ("probe_pkg.broken:f", "No module named 'no_such_module_anywhere'"),
        ("probe_pkg.typo:f", "cannot import"),
        ("probe_pkg.nets:nois", "did you mean 'noise'"),
        ("probe_pkg.nets:Holder.nets", "did you mean 'net'"),
        ("probe_pkg.nets:number", "is a int; an nn.Module factory or a function"),
        ("probe_pkg.nets:wrong", r"wrong\(\) gave a str; an nn.Module was expected"),
        ("probe_pkg.nets:one_argument", r"takes \(n\); \(n, seed\) was expected"),
    ],
)
def test_what_cannot_be_used_is_one_clear_line(package: str, ref: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_callable(ref)
    assert "\n" not in str(caught.value)


def test_a_native_generator_is_left_to_the_caller(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Native(Generator):
        architecture = "native"

        @property
        def spec(self) -> SamplerSpec:
            return SamplerSpec((3, 4, 4))

        def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
            return z

        def synthesize(self, latents: Tensor, **options: object) -> Tensor:
            return latents

    native = Native()
    load_callable(f"{package}:noise")
    monkeypatch.setattr(sys.modules[package], "native", native, raising=False)
    assert open_callable(f"{package}:native") is native


def test_a_function_is_called_by_block_with_its_own_seed() -> None:
    calls = []

    def record(n: int, seed: int) -> Tensor:
        calls.append((n, seed))
        return torch.zeros(n, 3, 4, 4)

    sampler = FunctionSampler(record, name="record")
    assert calls == calls[:1] * 2, "whether it gives the same images twice"
    sampler.batch(range(60, 70), seed=3)
    assert calls[2:] == [(64, derive_seed(3, "callable", 0)), (64, derive_seed(3, "callable", 1))]


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_uint8_and_arrays_are_taken(kind) -> None:
    pixels = np.arange(3 * 16, dtype=np.uint8).reshape(1, 3, 4, 4)
    images = FunctionSampler(lambda n, seed: kind(pixels.repeat(n, axis=0)), name="x").batch(range(2), seed=0).images
    assert images.dtype == torch.float32
    assert torch.allclose(images[1], torch.from_numpy(pixels[0]) / 127.5 - 1)


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda n, s: torch.zeros(n, 2, 8, 8), r"shape \(2, 2, 8, 8\); 2 x 3 x H x W"),
        (lambda n, s: torch.zeros(n, 4, 8, 8), "alpha plane"),
        (lambda n, s: torch.zeros(n + 1, 3, 8, 8), r"shape \(3, 3, 8, 8\)"),
        (lambda n, s: torch.zeros(3, 8, 8), "shape"),
        (lambda n, s: np.zeros((n, 3, 8, 8), dtype=np.int64), "torch.int64 images"),
        (lambda n, s: [1, 2], "gave a list"),
        (lambda n, s: torch.full((n, 3, 8, 8), 255.0), r"floats from 255 to 255; \[-1, 1\] or uint8"),
    ],
)
def test_what_is_no_images_is_refused_at_once(give, message: str) -> None:
    with pytest.raises(InputError, match=message):
        FunctionSampler(give, name="x")


def test_one_size_is_expected() -> None:
    def growing(n: int, seed: int) -> Tensor:
        return torch.zeros(n, 3, 8 if n == 2 else 16, 8)

    with pytest.raises(InputError, match="one size was expected"):
        FunctionSampler(growing, name="x").batch(range(1), seed=0)


def test_images_that_are_not_finite_are_named() -> None:
    def sometimes(n: int, seed: int) -> Tensor:
        images = torch.zeros(n, 3, 4, 4)
        if n > 2:
            images[5, 0, 0, 0], images[9, 2, 3, 3] = torch.nan, torch.inf
        return images

    with pytest.raises(DataError, match=r"x gave images that are not finite \(indices 69, 73\)"):
        FunctionSampler(sometimes, name="x").batch(range(64, 65), seed=0)


class Linear(nn.Module):
    def __init__(self, z_dim: object = 6, num_classes: object = 0) -> None:
        super().__init__()
        self.z_dim, self.num_classes = z_dim, num_classes
        self.weight = nn.Parameter(torch.linspace(-1, 1, 6 * 48).reshape(6, 48))
        self.dropout = nn.Dropout(0.5)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        images = self.dropout(z @ self.weight).reshape(-1, 3, 4, 4)
        return images if labels is None else images + labels[:, None, None, None]


def test_a_module_maps_normal_latents() -> None:
    module = Linear()
    sampler = ModuleSampler(module, name="linear")
    z = torch.from_numpy(normal(2, "z", range(3, 7), (6,)))
    batch = sampler.batch(range(3, 7), seed=2)
    assert isinstance(sampler, LatentSampler)
    assert isinstance(sampler, Sampler)
    assert batch.latents is not None
    assert torch.equal(batch.latents.z, z)
    assert batch.labels is None
    assert torch.allclose(batch.images, (z @ module.weight).reshape(-1, 3, 4, 4), atol=1e-6)
    assert torch.allclose(sampler.synthesize(z, space="z"), batch.images, atol=1e-6)


def test_a_module_with_classes_gets_labels() -> None:
    sampler = ModuleSampler(Linear(num_classes=4), name="linear")
    batch = sampler.batch(range(200), seed=0)
    assert sampler.spec.num_classes == 4
    assert batch.labels is not None
    assert set(batch.labels.tolist()) == {0, 1, 2, 3}
    plain = ModuleSampler(Linear(), name="linear").batch(range(200), seed=0).images
    assert torch.allclose(batch.images - plain, batch.labels[:, None, None, None].float(), atol=1e-5)
    with pytest.raises(InputError, match="labels were expected"):
        sampler.synthesize(torch.zeros(1, 6), space="z")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"z_dim": None}, "`z_dim` is missing"),
        ({"z_dim": "6"}, "`z_dim` is '6'"),
        ({"z_dim": 0}, "`z_dim` is 0"),
        ({"num_classes": -1}, "`num_classes` is -1"),
    ],
)
def test_a_module_must_say_how_it_is_called(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ModuleSampler(Linear(**options), name="linear")


def test_a_module_that_gives_no_images_is_refused() -> None:
    class Flat(Linear):
        def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
            return z

    with pytest.raises(InputError, match=r"shape \(2, 6\)"):
        ModuleSampler(Flat(), name="flat")


def test_a_module_with_weights_that_are_not_finite_is_refused() -> None:
    module = Linear()
    nn.init.constant_(module.weight, torch.nan)
    with pytest.raises(DataError, match=r"not finite \(indices 0, 1\)"):
        ModuleSampler(module, name="linear")


def test_what_a_foreign_module_lacks_is_refused() -> None:
    sampler = ModuleSampler(Linear(), name="linear")
    z = torch.zeros(1, 6)
    with pytest.raises(CapabilityError, match="no space 'w'; it has: z"):
        sampler.map(z)
    with pytest.raises(CapabilityError, match="no space 'w'"):
        sampler.synthesize(z, space="w")
    with pytest.raises(CapabilityError, match="neither noise nor truncation"):
        sampler.synthesize(z, space="z", truncation=0.7)
    with pytest.raises(InputError, match="N x 6"):
        sampler.synthesize(torch.zeros(1, 5), space="z")


def test_fingerprints_follow_weights_and_names(package: str) -> None:
    one, same, other = Linear(), Linear(), Linear()
    nn.init.zeros_(other.weight)
    prints = [ModuleSampler(module, name="linear").fingerprint for module in (one, same, other)]
    assert prints[0] == prints[1] != prints[2]
    functions = [open_callable(f"{package}:{name}") for name in ("noise", "noise", "with_defaults")]
    names = [function.fingerprint for function in functions if isinstance(function, FunctionSampler)]
    assert names[0] == names[1] != names[2]


def test_a_function_that_does_not_draw_from_its_seed_is_refused() -> None:
    source = torch.Generator().manual_seed(0)
    with pytest.raises(InputError, match="two different sets of images for one seed"):
        FunctionSampler(lambda n, seed: torch.rand(n, 3, 8, 8, generator=source), name="restless")
