"""The law of what is lent: a caller's network, and the global random numbers, come back as they were."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

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
