"""Generators of the caller's own: how they are called, their own W, and what they draw beside z."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganprobe
from ganprobe.core.errors import CapabilityError, ForeignCodeError, InputError
from ganprobe.core.protocols import LatentSampler
from ganprobe.samplers.callables import FunctionSampler, own_sampler
from ganprobe.samplers.modules import ModuleSampler
from ganprobe.samplers.paths import PathPairs, PathSpec

Z, CLASSES, SIDE = 5, 3, 4


class Net(nn.Module):
    z_dim: Any = Z

    def __init__(self, **said: Any) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layer = nn.Linear(Z, 3 * SIDE * SIDE)
        for name, value in said.items():
            setattr(self, name, value)

    def images(self, z: Tensor) -> Tensor:
        return self.layer(z).tanh().view(-1, 3, SIDE, SIDE)

    def forward(self, z: Tensor) -> Tensor:
        return self.images(z)


class Labelled(Net):
    num_classes = CLASSES

    def tinted(self, z: Tensor, y: Tensor) -> Tensor:
        return self.images(z) / 2 + y[:, None, None, None] / 4

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return self.tinted(z, y)


class OneHot(Labelled):
    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return self.tinted(z, y @ torch.arange(y.shape[1], dtype=y.dtype))


class Swapped(Labelled):
    def forward(self, c: Tensor, z: Tensor) -> Tensor:
        return self.tinted(z, c)


class ByName(Labelled):
    def forward(self, *, noise: Tensor, label: Tensor, psi: float) -> Tensor:
        return self.tinted(noise, label) * psi


class Any_(Labelled):
    def forward(self, *given: Tensor, **more: Any) -> Tensor:
        return self.tinted(*given)


class Described(OneHot):
    num_classes = None  # type: ignore[assignment]
    c_dim = CLASSES


class Styled(nn.Module):
    """As StyleGAN3's networks are called."""

    z_dim, c_dim, w_dim, num_ws = Z, 0, 6, 4

    def __init__(self, said: int = 0) -> None:
        super().__init__()
        self.c_dim = said
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.first, self.second = nn.Linear(Z + said, 6), nn.Linear(24, 3 * SIDE * SIDE)

    def mapping(self, z: Tensor, c: Tensor | None, truncation_psi: float = 1, update_emas: bool = False) -> Tensor:
        z = z if c is None else torch.cat([z, c], 1)
        return self.first(z)[:, None].repeat(1, 4, 1)

    def synthesis(self, ws: Tensor, noise_mode: str = "random") -> Tensor:
        return self.second(ws.flatten(1)).tanh().view(-1, 3, SIDE, SIDE)

    def forward(self, z: Tensor, c: Tensor | None, truncation_psi: float = 1) -> Tensor:
        return self.synthesis(self.mapping(z, c))


class OnlyParts:
    """No network, and nothing to be called."""

    z_dim = Z

    def __init__(self) -> None:
        self.first, self.second = nn.Linear(Z, 6), nn.Linear(6, 3 * SIDE * SIDE)

    def mapping(self, z: Tensor) -> Tensor:
        return self.first(z)

    def synthesis(self, w: Tensor) -> Tensor:
        return self.second(w).tanh().view(-1, 3, SIDE, SIDE)


def opened(thing: Any, **said: Any) -> ModuleSampler:
    found = own_sampler(thing, "own", **said)
    assert isinstance(found, ModuleSampler)
    return found


@pytest.mark.parametrize("kind", [OneHot, Swapped, ByName, Any_, Described])
def test_arguments_are_told_by_their_names_and_labels_may_be_one_hot(kind: type[Net]) -> None:
    expected, found = (opened(each()).batch(range(70), seed=3) for each in (Labelled, kind))
    assert found.labels is not None
    torch.testing.assert_close(found.images, expected.images)


def test_the_way_of_the_labels_is_said() -> None:
    assert opened(OneHot()).called == {"labels": "one-hot"}
    assert opened(Labelled()).called == {}
    assert opened(OneHot(one_hot=True)).called == {"labels": "one-hot"}
    with pytest.raises(ForeignCodeError):
        opened(OneHot(one_hot=False))


def test_as_many_labels_as_classes_do_not_pass_for_a_row() -> None:
    """y.float() @ weights would take two numbers for two classes."""

    class Two(OneHot):
        num_classes = 2

        def forward(self, z: Tensor, y: Tensor) -> Tensor:
            return self.tinted(z, (y.float() @ torch.tensor([0.0, 1.0])).expand(len(z)))

    assert opened(Two()).called == {"labels": "one-hot"}


@pytest.mark.parametrize(
    ("forward", "said"),
    [
        (lambda self, z, alpha: z, "give alpha a default"),
        (lambda self, z, *, alpha: z, "give alpha a default"),
    ],
)
def test_arguments_that_are_not_known_are_named(forward: Any, said: str) -> None:
    class Other(Net):
        pass

    Other.forward = forward
    with pytest.raises(InputError, match=said):
        opened(Other())


def test_a_network_with_classes_takes_labels() -> None:
    with pytest.raises(InputError, match=r"has 3 classes; \(z, labels\) was expected"):
        opened(Net(num_classes=3))


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16, torch.float16])
def test_z_has_the_type_of_the_weights(kind: torch.dtype) -> None:
    expected = opened(Net()).batch(range(4), seed=0).images
    torch.testing.assert_close(opened(Net().to(kind)).batch(range(4), seed=0).images, expected, rtol=0, atol=0.02)


@pytest.mark.parametrize("classes", [0, CLASSES])
def test_networks_like_those_of_stylegan3_have_their_w(classes: int) -> None:
    sampler = opened(Styled(classes))
    assert isinstance(sampler, LatentSampler)
    assert dict(sampler.spec.spaces) == {"z": (Z,), "w": (6,), "w+": (4, 6)}
    drawn = sampler.draw(range(7), seed=1)
    w = sampler.map(drawn.z, drawn.labels)
    expected = sampler.batch(range(7), seed=1).images
    for space, latents in (("w", w), ("w+", w[:, None].expand(-1, 4, -1))):
        images = sampler.synthesize(latents, space=space, labels=drawn.labels)  # type: ignore[arg-type]
        torch.testing.assert_close(images, expected, rtol=0, atol=1e-5)


def test_an_object_may_have_nothing_but_its_parts() -> None:
    thing = OnlyParts()
    thing.first.train()
    sampler = opened(thing)
    assert dict(sampler.spec.spaces) == {"z": (Z,), "w": (6,)}
    assert thing.first.training
    drawn = sampler.draw(range(3), seed=0)
    torch.testing.assert_close(
        sampler.synthesize(sampler.map(drawn.z), space="w"), sampler.batch(range(3), seed=0).images, rtol=0, atol=1e-5
    )
    before = sampler.fingerprint
    nn.init.zeros_(thing.second.weight)
    assert sampler.fingerprint != before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"synthesis": lambda ws: torch.zeros(len(ws), 3, SIDE, SIDE)}, "other images than the network itself"),
        ({"mapping": lambda z, c: torch.rand(len(z), 4, 6)}, "differs from layer to layer"),
        ({"mapping": lambda z, c: z[0]}, "the mapping of own gave"),
        ({"w_dim": 7}, "w_dim is 7, and its mapping gave w of 6"),
    ],
)
def test_a_w_that_is_none_is_left_out_with_the_reason(change: dict[str, Any], said: str) -> None:
    network = Styled()
    whole = Styled()
    network.forward = whole.forward  # type: ignore[method-assign]
    for name, value in change.items():
        setattr(network, name, value)
    sampler = opened(network)
    assert tuple(sampler.spec.spaces) == ("z",)
    with pytest.raises(CapabilityError, match=said):
        sampler.map(torch.zeros(1, Z))


def test_ppl_and_edits_in_w_run_on_ones_own_network() -> None:
    run = ganprobe.evaluate(Styled(), metrics=["ppl_w_end", "ppl_w_full"], samples=32)
    assert run["ppl_w_end"].value > 0


def test_random_numbers_of_its_own_follow_from_the_seed_and_the_block() -> None:
    class Restless(Net):
        def forward(self, z: Tensor) -> Tensor:
            return self.images(torch.randn_like(z))

    sampler = opened(Restless())
    assert sampler.restless
    assert any("random numbers of its own" in note for note in sampler.notes)
    images = sampler.batch(range(128), seed=0).images
    assert len(torch.unique(images.flatten(1), dim=0)) == 128, "not the same in every block"
    torch.manual_seed(5)
    assert torch.equal(opened(Restless()).batch(range(128), seed=0).images, images)
    assert not torch.equal(sampler.batch(range(128), seed=1).images, images)


def test_both_ends_of_a_path_share_them() -> None:
    class Noisy(Net):
        def forward(self, z: Tensor) -> Tensor:
            return self.images(z) + torch.randn(len(z), 1, SIDE, SIDE) / 10

    first, second = PathPairs(opened(Noisy()), PathSpec(space="z", sampling="end")).pairs(range(4), seed=0)
    assert float((first - second).abs().max()) < 1e-2


def test_a_function_finds_the_global_random_numbers_by_block() -> None:
    sampler = FunctionSampler(lambda n, seed: torch.rand(n, 3, 4, 4) * 2 - 1, name="random")
    assert len(torch.unique(sampler.batch(range(128), seed=0).images.flatten(1), dim=0)) == 128


def test_a_function_may_name_its_arguments_in_any_order() -> None:
    def images(seed: int, count: int) -> Tensor:
        return torch.full((count, 3, 4, 4), float(seed % 7) / 10)

    assert FunctionSampler(images, name="swapped").batch(range(3), seed=0).images.shape == (3, 3, 4, 4)


def test_functions_and_objects_can_be_handed_over() -> None:
    assert ganprobe.load(OnlyParts()).spec.spaces  # type: ignore[arg-type]
    net = Net()

    def generate(z: Tensor) -> Tensor:
        return net.images(z)

    generate.z_dim = Z  # type: ignore[attr-defined]
    assert isinstance(ganprobe.load(generate), ModuleSampler)  # type: ignore[arg-type]
    assert isinstance(ganprobe.load(lambda n, seed: torch.zeros(n, 3, 4, 4)), FunctionSampler)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="a generator was expected"):
        ganprobe.load(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrap", [lambda net: nn.DataParallel(net), lambda net: net])
def test_wrappers_say_what_they_wrap(wrap: Any) -> None:
    assert opened(wrap(Labelled())).spec.num_classes == CLASSES


def test_lazy_layers_are_refused() -> None:
    with pytest.raises(InputError, match=r"more.weight has no values yet \(a lazy layer\)"):
        opened(Net(more=nn.LazyLinear(3)))


class Sigmoid(Net):
    def forward(self, z: Tensor) -> Tensor:
        return (self.layer(z) * 9).sigmoid().view(-1, 3, SIDE, SIDE)


def test_floats_of_zero_to_one_are_refused_until_their_range_is_stated() -> None:
    with pytest.raises(InputError, match="none of 64 images with a value below 0"):
        ganprobe.load(Sigmoid())
    stated = ganprobe.load(Sigmoid(), output_range=(0, 1))
    by_attribute = ganprobe.load(Sigmoid(output_range=(0, 1)))
    images = stated.batch(range(8), seed=0).images
    assert float(images.min()) < -0.5
    assert torch.equal(by_attribute.batch(range(8), seed=0).images, images)
    assert stated.fingerprint == by_attribute.fingerprint
    assert ganprobe.load(Sigmoid(), output_range=(-1, 1)).batch(range(8), seed=0).images.min() >= 0
    with pytest.raises(InputError, match="output range must be one of"):
        ganprobe.load(Sigmoid(), output_range=(0, 2))


def test_a_stated_range_is_in_the_results() -> None:
    run = ganprobe.evaluate(Sigmoid(), metrics=["cs"], samples=32, output_range=(0, 1))
    assert run.record.provenance["called"] == {"output_range": [0, 1]}


def test_a_doubtful_range_is_noted_in_every_result() -> None:
    class Bright(Net):
        def forward(self, z: Tensor) -> Tensor:
            return super().forward(z) / 4 + 0.5

    assert "below 0" in str(ganprobe.evaluate(Bright(), metrics=["cs"], samples=32)["cs"].notes)


def test_a_range_is_for_code_of_ones_own() -> None:
    with pytest.raises(InputError, match="an output range is for code of your own"):
        ganprobe.load("toyfaces-stylegan", output_range=(0, 1))
