"""The parts of a projection: its schedule, its noise, its steps."""

from __future__ import annotations

import math

import pytest
import torch
from small_networks import stylegan_sampler

from ganprobe.core.spaces import Space
from ganprobe.directions.inversion import descent
from ganprobe.directions.inversion.descent import Projecting, State, descended
from ganprobe.directions.inversion.noise_maps import autocorrelation, normalised
from ganprobe.directions.inversion.schedule import rate, shaking
from ganprobe.directions.inversion.start import started

SAMPLER = stylegan_sampler()


def squared(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a - b).square().mean((1, 2, 3))


def projecting(targets: torch.Tensor, keys: tuple[str, ...], *, space: Space = "w", maps: bool = False) -> Projecting:
    start = started(SAMPLER, targets, squared, space=space, label=None, seed=0)
    return Projecting(
        sampler=SAMPLER,
        distance=squared,
        space=space,
        targets=targets,
        keys=keys,
        start=start,
        steps=12,
        seed=0,
        maps=maps,
    )


def ended(of: Projecting) -> State:
    return descended(of, of.begun(), after=lambda state: None)


def test_the_schedule_is_the_papers() -> None:
    assert [rate(step, 1000) for step in (0, 25, 50, 750)] == pytest.approx([0, 0.05, 0.1, 0.1])
    assert rate(875, 1000) == pytest.approx(0.05)
    assert [shaking(step, 1000) for step in (0, 375, 750, 999)] == pytest.approx([0.05, 0.0125, 0, 0])


def test_neighbours_that_agree_are_told_at_every_size() -> None:
    white = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    coarse = normalised(white[:, :, ::4, ::4].repeat_interleave(4, 2).repeat_interleave(4, 3))
    assert float(autocorrelation([white])) < 0.1
    assert float(autocorrelation([coarse])) > 1
    four = torch.tensor([[1.0, -1, 1, -1]]).repeat(4, 1)[None, None]
    assert float(autocorrelation([four])) == pytest.approx(2)  # across -1, down 1, squared; 4 pixels are not halved
    assert autocorrelation([white, white]) == pytest.approx(2 * autocorrelation([white]))


def test_a_step_is_adams() -> None:
    generator = torch.Generator().manual_seed(0)
    ours = torch.randn(3, 5, generator=generator)
    theirs = ours.clone().requires_grad_(True)
    optimiser = torch.optim.Adam([theirs], lr=0.1)
    first, second = torch.zeros_like(ours), torch.zeros_like(ours)
    for number in range(1, 6):
        gradient = torch.randn(3, 5, generator=generator)
        theirs.grad = gradient.clone()
        optimiser.step()
        ours, first, second = descent._moved(ours, gradient, first, second, 0.1, number)
    torch.testing.assert_close(ours, theirs.detach())


def test_maps_stay_of_unit_variance_and_move() -> None:
    of = projecting(SAMPLER.batch(range(2), seed=1).images, ("a", "b"), maps=True)
    state = ended(of)
    assert [tuple(each.shape[1:]) for each in state.weights[1:]] == [
        (1, *shape) for shape in SAMPLER.generator.noise_shapes
    ]
    for before, each in zip(of.begun().weights[1:], state.weights[1:], strict=True):
        torch.testing.assert_close(each.mean((1, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
        torch.testing.assert_close(each.square().mean((1, 2, 3)), torch.ones(2), atol=1e-4, rtol=0)
        assert not torch.allclose(before, each, atol=1e-3)


@pytest.mark.parametrize("space", ["w", "w+", "z"])
def test_a_picture_does_not_depend_on_its_companions(space: Space) -> None:
    images = SAMPLER.batch(range(3), seed=1).images
    together = ended(projecting(images, ("a", "b", "c"), space=space))
    alone = ended(projecting(images[1:2], ("b",), space=space))
    torch.testing.assert_close(together.weights[0][1:2], alone.weights[0], atol=1e-4, rtol=1e-3)
    assert together.losses.shape == (12, 3)


def test_less_at_a_time_is_the_same(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    of = projecting(SAMPLER.batch(range(4), seed=1).images, tuple("abcd"))
    expected, whole = ended(of), descent._gradients

    def scarce(of: Projecting, shaken: torch.Tensor, maps: list[torch.Tensor], part: range) -> tuple[torch.Tensor, ...]:
        if len(part) > 2:
            raise MemoryError("out of memory")
        return whole(of, shaken, maps, part)

    monkeypatch.setattr(descent, "_gradients", scarce)
    torch.testing.assert_close(ended(of).weights[0], expected.weights[0], atol=1e-4, rtol=1e-3)
    assert "2 at a time" in capsys.readouterr().err


def test_the_start_is_the_mean_and_its_deviation() -> None:
    start = projecting(SAMPLER.batch(range(2), seed=1).images, ("a", "b")).start
    w = SAMPLER.map(SAMPLER.draw(range(20_000), seed=5).z)
    spread = math.sqrt(float((w - w.mean(0)).square().sum(1).mean()))
    torch.testing.assert_close(start.points[0], w.mean(0), atol=0.03 * spread, rtol=0)
    torch.testing.assert_close(start.points[0], start.points[1])
    assert float(start.deviation[0]) == pytest.approx(spread, rel=0.05)
