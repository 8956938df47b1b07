"""Steering finds what was planted: blobs whose place, size and light are linear in known latents."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direction_fakes import biggan, stylegan
from torch import Tensor, nn

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.directions import Direction, Directions, edit, load_directions, save_directions
from ganprobe.directions.methods.steering.descent import descended
from ganprobe.directions.methods.steering.jahanian import Descent
from ganprobe.directions.methods.steering.plumerault import (
    Response,
    Trajectories,
    fit_direction,
    fit_response,
    trajectories,
)
from ganprobe.directions.methods.steering.rendering import renderer
from ganprobe.directions.methods.steering.search import Achieved, Steering, achieved, scored, steer
from ganprobe.directions.methods.steering.transforms import FACTORS
from ganprobe.samplers.modules import ModuleSampler

DIM = 12
SIZE = 24
PLANTED = np.linalg.qr(np.random.default_rng(0).standard_normal((DIM, 4)))[0].T
PER_UNIT = {"shift_x": 0.1, "shift_y": 0.1, "zoom": 0.3, "brightness": 0.1}
"""What a unit of each planted latent is, in the factor's unit."""


class Blob(nn.Module):
    """A Gaussian blob: the first two planted coordinates move it, the third zooms, the fourth lights."""

    z_dim = DIM

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("planted", torch.from_numpy(PLANTED).float())

    def forward(self, z: Tensor) -> Tensor:
        x, y, zoom, light = (z @ self.planted.T)[:, :, None, None].unbind(1)
        at = torch.arange(SIZE) - (SIZE - 1) / 2
        scale = torch.exp2(PER_UNIT["zoom"] * zoom)
        across = at[None, None, :] / scale - PER_UNIT["shift_x"] * SIZE * x
        down = at[None, :, None] / scale - PER_UNIT["shift_y"] * SIZE * y
        blob = torch.exp(-(across**2 + down**2) / (2 * 4.0**2))
        colour = torch.tensor([1.0, 0.6, 0.2])[None, :, None, None]
        return -0.5 + 0.9 * blob[:, None] * colour + PER_UNIT["brightness"] * light[:, None]


def _blob() -> ModuleSampler:
    return ModuleSampler(Blob(), name="blob")


@pytest.mark.parametrize(("approach", "walk"), [("jahanian", "linear"), ("plumerault", "linear")])
@pytest.mark.parametrize(("factor", "number"), [("shift_x", 0), ("shift_y", 1), ("zoom", 2)])
def test_planted_directions_are_recovered(approach: str, walk: str, factor: str, number: int) -> None:
    of = renderer(_blob(), "z")
    found = steer(of, factor, Steering(approach=approach, walk=walk), samples=1000, seed=0)  # type: ignore[arg-type]
    item = found.direction
    assert (item.name, item.space, item.scale) == (factor, "z", 1.0)
    assert item.vector @ PLANTED[number] > 0.98
    assert item.scores["per_strength"] == pytest.approx(PER_UNIT[factor], rel=0.15)
    shown = achieved(of, found, samples=24, seed=1)
    assert np.abs(shown.median - shown.requested).max() < 0.2 * FACTORS[factor].reach
    assert shown.slope == pytest.approx(1, abs=0.15)
    assert shown.holds(1) == -shown.holds(-1) == FACTORS[factor].reach


def test_light_is_found_along_a_line() -> None:
    of = renderer(_blob(), "z")
    item = steer(of, "brightness", Steering(), samples=100, seed=0).direction
    assert item.vector @ PLANTED[3] > 0.95
    assert np.abs(item.vector @ PLANTED[:2].T).max() < 0.05


def test_a_curved_walk_goes_the_planted_way_and_survives_a_file(tmp_path: object) -> None:
    of = renderer(_blob(), "z")
    found = steer(of, "shift_x", Steering(walk="nonlinear"), samples=100, seed=0)
    item = found.direction
    assert item.walk is not None
    assert item.vector @ PLANTED[0] > 0.98
    shown = achieved(of, found, samples=24, seed=1)
    assert shown.slope == pytest.approx(1, abs=0.25)
    whole = Directions(items=(item,), method="steer", generator="blob", fingerprint=None, seed=0)
    save_directions(f"{tmp_path}/walk.safetensors", whole)
    again = load_directions(f"{tmp_path}/walk.safetensors").named("shift_x")
    sampler = _blob()
    latents = sampler.draw(range(3), seed=2)
    amount = 2 * item.scores["per_strength"]
    expected = sampler.synthesize(found.at(latents.z, amount), space="z")
    torch.testing.assert_close(edit(sampler, latents, again, [2.0])[:, 0], expected, atol=1e-5, rtol=1e-4)
    assert item.walk.keeps_length
    far = item.walk.moved(latents.z, -3.3)
    torch.testing.assert_close(far.norm(dim=1), latents.z.norm(dim=1))
    untouched = edit(sampler, latents, again, [0.0])[:, 0]
    torch.testing.assert_close(untouched, sampler.synthesize(latents.z, space="z"))


def test_the_same_seed_gives_the_same_direction() -> None:
    of = renderer(_blob(), "z")
    few = Steering(iterations=8, batch=4)
    first, again, other = (steer(of, "zoom", few, samples=100, seed=seed).direction.vector for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("space", ["z", "w"])
def test_networks_of_the_field_are_steered(space: str) -> None:
    sampler = stylegan(num_classes=3)
    of = renderer(sampler, space)  # type: ignore[arg-type]
    found = steer(of, "red", Steering(iterations=4, batch=2), samples=500, seed=0)
    latents = sampler.draw(range(2), seed=0)
    start = latents.z if space == "z" else sampler.map(latents.z, latents.labels)
    one = found.at(start, found.direction.scores["per_strength"])
    expected = sampler.synthesize(one, space=space, labels=latents.labels)  # type: ignore[arg-type]
    torch.testing.assert_close(edit(sampler, latents, found.direction, [1.0])[:, 0], expected, atol=1e-4, rtol=1e-3)


def test_classes_stay_with_their_samples() -> None:
    of = renderer(biggan(truncation=0.5), "z")
    points, labels = of.points(range(5), seed=0)
    assert labels is not None
    assert float(points.abs().max()) <= 0.5
    torch.testing.assert_close(of.images(points, labels)[3:], of.images(points[3:], labels[3:]), atol=1e-4, rtol=1e-4)
    found = steer(of, "zoom", Steering(iterations=3, batch=2), samples=10, seed=0)
    assert np.isfinite(achieved(of, found, samples=3, seed=0).achieved).all()


def test_inversions_stay_in_the_ball_of_their_start() -> None:
    paths = trajectories(renderer(_blob(), "z"), "shift_x", Descent())
    lengths = np.linalg.norm(paths.latents, axis=2)
    limit = np.maximum(lengths[paths.amounts == 0], np.sqrt(DIM))
    assert (lengths <= limit + 1e-4).all()
    assert lengths[-1].max() > 0.999 * limit.min()
    assert (np.diff((paths.latents @ PLANTED[0]).mean(1)) > 0).all()


def test_monotone_maps_are_fitted_to_differences() -> None:
    """Positions x with a factor that bends at 0, known only up to each sample's own offset."""
    rng = np.random.default_rng(0)
    u = np.array([0.6, 0.8, 0.0])
    start = rng.standard_normal((40, 3))
    amounts = np.linspace(-1, 1, 9)

    def bent(x: np.ndarray) -> np.ndarray:
        return np.where(x < 0, 0.5 * x, 1.5 * x)

    at = np.interp(bent(start @ u) + amounts[:, None], bent(grid := np.linspace(-9, 9, 4001)), grid)
    latents = start + (at - start @ u)[..., None] * u
    paths = Trajectories(amounts=amounts, latents=latents)
    found = fit_direction(paths)
    np.testing.assert_allclose(found, u, atol=1e-9)
    response = fit_response(paths, found, rng.standard_normal(5000))
    assert (response.slopes >= 0).all()
    np.testing.assert_allclose(np.diff(response.value(np.array([0.5, 1.5])))[0], 1.5, rtol=0.05)
    np.testing.assert_allclose(np.diff(response.value(np.array([-1.5, -0.5])))[0], 0.5, rtol=0.1)
    step = response.displacement(np.array([0.5]), 0.6)
    np.testing.assert_allclose(step, 0.4, rtol=0.05)


def test_what_a_map_cannot_reach_ends_four_deviations_out() -> None:
    response = Response(knots=np.array([0.0]), slopes=np.array([1.0, 1.0]), mean=0.0, deviation=0.5)
    np.testing.assert_allclose(response.displacement(np.array([0.0, 1.0]), 9.0), [2.0, 1.0])
    np.testing.assert_allclose(response.displacement(np.array([0.0, 1.0]), 0.0), 0.0)
    np.testing.assert_allclose(response.displacement(np.array([3.0, -3.0]), 0.5), [0.0, 0.5])
    assert response.gain == pytest.approx(0.5)


def test_latents_that_do_not_move_have_no_direction() -> None:
    still = Trajectories(amounts=np.array([-1.0, 0.0, 1.0]), latents=np.zeros((3, 4, 2)))
    with pytest.raises(MetricError, match="no latent moved"):
        fit_direction(still)
    back = Trajectories(amounts=np.array([-1.0, 0.0, 1.0]), latents=np.array([1.0, 0.0, -1.0])[:, None, None])
    with pytest.raises(MetricError, match="cannot be steered"):
        fit_response(back, np.array([1.0]), np.linspace(-1, 1, 9))


def test_an_edit_holds_as_far_as_half_of_it_shows() -> None:
    requested = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    shown = np.array([-0.9, -0.9, 0.0, 0.6, 1.9])[:, None].repeat(3, 1)
    both = Achieved(requested=requested, achieved=shown)
    assert (both.holds(-1), both.holds(1)) == (-1.0, 2.0)
    assert Achieved(requested=requested, achieved=-shown).holds(1) == 0.0
    assert both.slope == pytest.approx((1.8 + 0.9 + 0.6 + 3.8) / 10)


def test_scores_are_added_to_those_that_are_there() -> None:
    of = renderer(_blob(), "z")
    found = steer(of, "shift_y", Steering(iterations=20), samples=100, seed=0)
    shown = achieved(of, found, samples=4, seed=0)
    item = scored(found, shown, {"fd_high": 2.0})
    assert set(item.scores) == {"per_strength", "slope", "holds_low", "holds_high", "fd_high"}


def test_descent_stays_in_the_span_of_its_gradients() -> None:
    normal = torch.tensor([3.0, 4.0, 0.0]) / 5
    x = torch.zeros(3, requires_grad=True)
    descended([x], lambda number: (x @ normal - 2.0).square(), iterations=200, rate=0.1)
    torch.testing.assert_close(x.detach(), 2 * normal, atol=1e-2, rtol=0)


def test_samplers_without_gradients_are_refused() -> None:
    with pytest.raises(CapabilityError, match="no space 'w'"):
        renderer(_blob(), "w")

    class Numb(nn.Module):
        z_dim = 4

        def forward(self, z: Tensor) -> Tensor:
            return z.detach()[:, :3, None, None].expand(-1, 3, 4, 4)

    with pytest.raises(CapabilityError, match="differentiably"):
        renderer(ModuleSampler(Numb(), name="numb"), "z")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"factors": ("zoon",)}, "did you mean 'zoom'"),
        ({"approach": "plumerault", "walk": "nonlinear"}, "finds lines"),
        ({"walk": "round"}, "linear or nonlinear"),
        ({"iterations": 0}, "at least 1 iteration"),
        ({"measured": 1}, "at least 2 samples"),
    ],
)
def test_steering_that_makes_no_sense_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Steering(**fields)  # type: ignore[arg-type]


def test_a_walk_fits_its_direction() -> None:
    of = renderer(_blob(), "z")
    walk = steer(of, "zoom", Steering(walk="nonlinear", iterations=2), samples=10, seed=0).direction.walk
    with pytest.raises(InputError, match="does not fit"):
        Direction(name="a", space="z", vector=np.ones(5), walk=walk)
    with pytest.raises(InputError, match="does not fit"):
        Direction(name="a", space="s", vector=np.ones(DIM), walk=walk)
