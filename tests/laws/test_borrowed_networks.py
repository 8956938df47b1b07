"""The law of what is lent: a caller's network, and the global random numbers, come back as they were."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import MethodType

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor, nn

import ganprobe
from ganprobe.core.borrowing import borrowed, on_device, version_of
from ganprobe.core.errors import ForeignCodeError
from ganprobe.directions.methods.steering.rendering import renderer
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.features.custom.callable_extractor import load_callable_features, load_callable_scorer


class Net(nn.Module):
    """One that shows every way to be changed: modes, batch norms, a buffer that a pass counts in and one that it
    replaces, frozen parts, global random numbers, a hook, channels-last weights."""

    z_dim = 6
    fails = False
    counts: Tensor
    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 3 * 16 * 16)
        self.conv = nn.Conv2d(3, 3, 3, padding=1).to(memory_format=torch.channels_last)
        self.norm = nn.BatchNorm2d(3)
        self.drop = nn.Dropout(0.5)
        self.linear.bias.requires_grad_(False)
        self.register_buffer("counts", torch.zeros(1))
        self.register_buffer("seen", torch.zeros(2), persistent=False)
        self.conv.register_forward_hook(lambda *_: None)

    def forward(self, z: Tensor) -> Tensor:
        self.counts += 1
        self.seen = torch.ones(2)
        torch.manual_seed(3), np.random.seed(3), random.seed(3)  # noqa: NPY002
        if self.fails:
            raise OSError("the disk is gone")
        return self.norm(self.conv(self.drop(self.linear(z)).view(-1, 3, 16, 16))).tanh()


def state(net: nn.Module) -> object:
    parts = [(name, part.training, len(part._forward_hooks)) for name, part in net.named_modules()]
    weights = [
        (name, id(p), p.requires_grad, p.device, p.stride(), p.grad is None, p.detach().clone().flatten().tolist())
        for name, p in net.named_parameters()
    ]
    buffers = [(name, id(b), b.flatten().tolist()) for name, b in net.named_buffers()]
    randomness = torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    return parts, weights, buffers, randomness


@pytest.fixture
def net(small_features: None) -> Net:
    torch.manual_seed(0)
    made = Net().train()
    made.norm.eval()
    return made


@pytest.fixture
def lender(net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    """The module "lender" with the objects that calls can name."""
    (tmp_path / "lender.py").write_text(
        "import torch\nnet = None\n"
        "def images(n, seed):\n    torch.manual_seed(seed)\n    return torch.rand(n, 3, 16, 16) * 2 - 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import lender  # type: ignore[import-not-found]

    lender.net = net
    yield net
    del sys.modules["lender"]


MEASURES: dict[str, Callable[[object], object]] = {
    "evaluate": lambda given: ganprobe.evaluate(given, metrics=["ppl_z_end"], samples=20),
    "compare": lambda given: ganprobe.compare([given, given], metrics=["cs"], samples=20),
    "sampler": lambda given: ganprobe.load(given).batch(range(70), seed=1),
    "steering": lambda given: renderer(ganprobe.load(given), "z").images(torch.zeros(2, 6), None),
}


@pytest.mark.parametrize("measure", MEASURES)
def test_a_module_is_left_as_it_was(net: Net, measure: str) -> None:
    before = state(net)
    MEASURES[measure](net)
    assert state(net) == before


def test_training_goes_on(net: Net) -> None:
    """The literal case: gradients reach every weight that wants them after a measurement."""
    ganprobe.evaluate(net, metrics=["cs"], samples=20)
    net(torch.randn(4, 6)).mean().backward()
    assert net.linear.weight.grad is not None
    assert net.linear.bias.grad is None
    assert (net.training, net.norm.training) == (True, False)


def test_gradients_of_a_pass_before_still_come(net: Net) -> None:
    loss = net(torch.randn(4, 6)).square().mean()
    ganprobe.evaluate(net, metrics=["cs"], samples=20)
    loss.backward()
    assert net.conv.weight.grad is not None


def test_a_failure_leaves_it_too(net: Net) -> None:
    sampler = ganprobe.load(net)
    before = state(net)
    net.fails = True
    with pytest.raises(ForeignCodeError, match="raised OSError") as caught:
        sampler.batch(range(8), seed=1)
    assert isinstance(caught.value.__cause__, OSError)
    assert state(net) == before


def test_measuring_is_in_evaluation_mode(net: Net) -> None:
    """Neither dropout nor the batch decides: image 3 is image 3."""
    sampler = ganprobe.load(net)
    torch.testing.assert_close(
        sampler.synthesize(torch.ones(5, 6), space="z")[:1], sampler.synthesize(torch.ones(1, 6), space="z")
    )


@pytest.mark.parametrize("make", [small_networks.stylegan, small_networks.biggan])
@pytest.mark.parametrize("measure", ["evaluate", "sweep"])
def test_native_generators_are_left_too(make: Callable[[], nn.Module], measure: str, small_features: None) -> None:
    generator = make().train()
    before = state(generator)
    if measure == "evaluate":
        ganprobe.evaluate(generator, metrics=["cs", "ppl_z_end"], samples=20)
    else:
        ganprobe.sweep(generator, [1.0, 0.5], metrics=["cs"], samples=20)
    assert state(generator) == before


def test_an_instance_that_a_call_names(lender: Net) -> None:
    before = state(lender)
    ganprobe.evaluate("lender:net", metrics=["cs"], samples=20)
    assert state(lender) == before


def test_a_function_may_seed_the_global_generators(lender: Net) -> None:
    before = torch.get_rng_state()
    open_sampler("lender:images").batch(range(8), seed=5)
    assert torch.equal(torch.get_rng_state(), before)


LOOKER = """
from torch import nn
class Look(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
    def forward(self, x):
        y = self.norm(x).mean((2, 3))
        return """
NET = "net = Look().train()\n"


@pytest.mark.parametrize("load", [load_callable_features, load_callable_scorer])
def test_extractors_and_scorers_are_left(
    load: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "looker.py").write_text(
        LOOKER + ("y" if load is load_callable_features else "{'a': y[:, 0]}") + "\n" + NET
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "looker", raising=False)
    import looker  # type: ignore[import-not-found]

    images = torch.rand(4, 3, 16, 16)
    before = state(looker.net)
    load("looker:net").observe(images)  # type: ignore[attr-defined]
    assert state(looker.net) == before


def test_a_sampler_follows_the_training(net: Net) -> None:
    """Nothing of the weights before is served after a step."""
    sampler = ganprobe.load(net)
    before, name = sampler.batch(range(4), seed=0).images, sampler.fingerprint
    with torch.no_grad():
        net.linear.weight.mul_(2)
    assert not torch.equal(sampler.batch(range(4), seed=0).images, before)
    assert sampler.fingerprint != name


def test_borrowed_twice_and_errors_of_values(net: Net) -> None:
    before = state(net)
    net.fails = True
    with pytest.raises(OSError), borrowed(net), borrowed(net):
        net(torch.zeros(2, 6))
    assert state(net) == before


def test_versions_tell_training_from_reading(net: Net) -> None:
    first = version_of(net)
    net.linear.weight.sum().backward()
    assert version_of(net) == first
    torch.optim.SGD([net.linear.weight], lr=0.1).step()
    second = version_of(net)
    net.counts.zero_()
    assert len({first, second, version_of(net)}) == 3


def test_a_network_elsewhere_is_copied_not_moved() -> None:
    net = nn.Linear(2, 2)
    there = on_device(net, "meta")
    assert there is not net
    assert (there.weight.is_meta, net.weight.is_meta) == (True, False)
    assert on_device(net, "cpu") is net


class Holder:
    """An object that is no network and keeps one among other things."""

    z_dim = 6

    def __init__(self, net: Net) -> None:
        self.networks = {"generator": [net]}

    def __call__(self, z: Tensor) -> Tensor:
        return self.networks["generator"][0](z)


def drawn_by(net: nn.Module, n: int, seed: int) -> Tensor:
    images: Tensor = net(torch.randn(n, 6, generator=torch.Generator().manual_seed(seed)))
    return images


RUNNERS: dict[str, Callable[[Net], object]] = {
    "closure": lambda net: lambda n, seed: drawn_by(net, n, seed),
    "partial": lambda net: partial(drawn_by, net),
    "in a list of a mapping": Holder,
    "a method": lambda net: MethodType(drawn_by, net),
    "comprehension": lambda net: lambda n, seed: torch.cat([each(torch.ones(n, 6) * seed % 7) for each in [net]]),
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_network_that_something_else_runs_is_left_too(net: Net, runner: str) -> None:
    before = state(net)
    ganprobe.evaluate(RUNNERS[runner](net), metrics=["cs"], samples=20)
    assert state(net) == before


def test_a_network_that_a_scorer_names_is_left_too(lender: Net, tmp_path: Path) -> None:
    lines = "\ndef bright(x):\n    return {'a': net.norm(x).mean((1, 2, 3))}\ndef embed(x):\n    return help(x)\n"
    lines += "def help(x):\n    return net.norm(x).flatten(1)[:, :4]\n"
    exec(lines, vars(sys.modules["lender"]))
    lender.norm.train()
    before = state(lender)
    images = torch.linspace(-1, 1, 768).view(4, 3, 8, 8)
    load_callable_scorer("lender:bright").observe(images)
    load_callable_features("lender:embed").observe(images)
    assert state(lender) == before


class OldSpectral(nn.Module):
    """Power iteration as it was written before torch had it: a weight without gradients, replaced at every pass."""

    z_dim = 6

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 3 * 8 * 8)
        self.u = nn.Parameter(torch.ones(6), requires_grad=False)
        self.register_buffer("v", torch.ones(6))

    def forward(self, z: Tensor) -> Tensor:
        self.u.data = self.u.data * 2
        self.v.data.add_(1)
        self.train()
        return self.linear(z).view(-1, 3, 8, 8).tanh()


def test_what_a_pass_writes_by_way_of_data_is_undone(small_features: None) -> None:
    net = OldSpectral().eval()
    ganprobe.evaluate(net, metrics=["cs"], samples=20)
    assert torch.equal(net.u, torch.ones(6))
    assert torch.equal(net.v, torch.ones(6))
    assert (net.training, net.linear.training) == (False, False)


def test_weights_that_are_averaged_by_way_of_data_are_drawn_anew(net: Net) -> None:
    """As averages of weights are kept: torch counts no such write."""
    for given in (net, partial(drawn_by, net)):
        sampler = ganprobe.load(given)
        before, was = sampler.batch(range(8), seed=0).images, sampler.fingerprint
        for weight in net.parameters():
            weight.data.mul_(0.5)
        assert not torch.equal(sampler.batch(range(8), seed=0).images, before)
        assert sampler.fingerprint != was


def test_a_network_that_was_made_for_inference_is_measured(small_features: None) -> None:
    with torch.inference_mode():
        made = nn.Sequential(nn.Linear(6, 3 * 8 * 8), nn.BatchNorm1d(3 * 8 * 8), nn.Unflatten(1, (3, 8, 8)), nn.Tanh())
    made.z_dim = 6  # type: ignore[assignment]
    assert ganprobe.evaluate(made, metrics=["cs"], samples=20)["cs"].n == 20
