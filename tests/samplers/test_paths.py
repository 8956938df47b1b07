"""Path pairs against the truth: where images are a known linear function of the latents, lengths have a closed form."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
import small_networks
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import CapabilityError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.spaces import SamplerSpec, Space, Truncation
from ganprobe.core.streams import uniform
from ganprobe.engine.columns.sources import PairColumns
from ganprobe.features.images.quantise import to_uint8
from ganprobe.generators.base import Generator, NoiseShapes, draw_noise, resolve_noise
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.modules import ModuleSampler
from ganprobe.samplers.paths import PathPairs, PathSpace, PathSpec, Sampling, lerp, slerp, slerp_keeping_length

DIM, SIDE, N = 16, 8, 320


class Linear(Generator):
    """w = z M; images = scale * w A + noise_strength * noise, the rows of A orthonormal: distances of images are
    `scale` times distances of w."""

    architecture: ClassVar[str] = "linear"

    def __init__(self, *, scale: float = 1.0, noise_strength: float = 0.0) -> None:
        super().__init__()
        rng = np.random.default_rng(0)
        self.matrix = torch.nn.Parameter(torch.from_numpy(rng.normal(size=(DIM, DIM)) / 4).float())
        basis = np.linalg.qr(rng.normal(size=(3 * SIDE * SIDE, DIM)))[0].T * scale
        self.basis = torch.nn.Parameter(torch.from_numpy(basis).float())
        self.register_buffer("constant", torch.zeros(SIDE, SIDE))
        self.noise_strength = noise_strength

    @property
    def spec(self) -> SamplerSpec:
        return SamplerSpec((3, SIDE, SIDE), spaces={"z": (DIM,), "w": (DIM,)})

    @property
    def noise_shapes(self) -> NoiseShapes:
        return ((SIDE, SIDE),)

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return z @ self.matrix

    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: str | int | Sequence[Tensor] = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        w = self.map(latents) if space == "z" else latents
        psi = truncation[0] if isinstance(truncation, tuple) else truncation
        (drawn,) = resolve_noise(noise, [self.constant], len(latents))  # type: ignore[list-item]
        return (psi * w @ self.basis).reshape(-1, 3, SIDE, SIDE) + self.noise_strength * drawn


def linear(**words: Any) -> GeneratorSampler:
    keep = {key: words.pop(key) for key in ("noise", "truncation") if key in words}
    return GeneratorSampler(Linear(**words), name="linear", fingerprint="0" * 64, **keep)


def squared_l2(a: Tensor, b: Tensor) -> Tensor:
    return (a.double() - b.double()).square().sum((1, 2, 3))


def lengths(
    sampler: LatentSampler,
    space: PathSpace,
    sampling: Sampling,
    *,
    epsilon: float = 1e-4,
    distance: Callable[[Tensor, Tensor], Tensor] = squared_l2,
    seed: int = 0,
) -> NDArray[np.float64]:
    spec = PathSpec(space=space, sampling=sampling, epsilon=epsilon)
    return path_columns(sampler, spec, distance=distance, seed=seed).columns(range(N))["path"].numpy()


def path_columns(
    sampler: LatentSampler,
    spec: PathSpec,
    *,
    distance: Callable[[Tensor, Tensor], Tensor] = squared_l2,
    seed: int = 0,
) -> PairColumns:
    pairs = PathPairs(sampler, spec)
    return PairColumns(pairs, {"path": distance}, seed=seed, scale=pairs.scale)


def ends(sampler: GeneratorSampler) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b, _ = sampler.draw_ends(range(N), seed=0)
    return a.double().numpy(), b.double().numpy()


def textbook_slerp(a: NDArray[np.float64], b: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shoemake 1985: sin((1 - t) angle) / sin(angle) a + sin(t angle) / sin(angle) b, of the unit vectors."""
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    angle = np.arccos((a * b).sum(1, keepdims=True))
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def test_slerp_is_the_textbooks() -> None:
    rng = np.random.default_rng(0)
    a, b, t = rng.normal(size=(2, 500, 7)), rng.normal(size=(500, 7)), rng.random((500, 1))
    got = slerp(*(torch.from_numpy(v) for v in (a[0], b, t)))
    np.testing.assert_allclose(got.numpy(), textbook_slerp(a[0], b, t), rtol=1e-9, atol=1e-12)
    straight = lerp(*(torch.from_numpy(v) for v in (a[0], b, t)))
    np.testing.assert_allclose(straight.numpy(), (1 - t) * a[0] + t * b, rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.integers(2, 12))
def test_slerp_stays_on_the_sphere_and_divides_the_angle(seed: int, t: float, dim: int) -> None:
    a, b = torch.from_numpy(np.random.default_rng(seed).normal(size=(2, 1, dim)))
    point = slerp(a, b, torch.full((1, 1), t, dtype=torch.float64))
    unit = [v / v.norm() for v in (a, b)]
    whole = float(torch.atan2((unit[0] - unit[1]).norm(), (unit[0] + unit[1]).norm())) * 2
    part = float(torch.atan2((unit[0] - point).norm(), (unit[0] + point).norm())) * 2
    assert float(point.norm()) == pytest.approx(1, abs=1e-9)
    assert part == pytest.approx(t * whole, abs=1e-6)


def test_slerp_of_two_like_directions_is_that_direction() -> None:
    a = torch.tensor([[3.0, 4.0]], dtype=torch.float64)
    t = torch.tensor([[0.3]], dtype=torch.float64)
    torch.testing.assert_close(slerp(a, 2 * a, t), a / 5)
    torch.testing.assert_close(slerp_keeping_length(a, 2 * a, t), a * 1.3)


@pytest.mark.parametrize("sampling", ["full", "end"])
def test_lerp_in_w_has_a_closed_form(sampling: Sampling) -> None:
    """d(epsilon) = epsilon (w_b - w_a), wherever on the path: the length is |w_b - w_a|^2."""
    sampler = linear()
    a, b = (v @ sampler.generator.matrix.detach().double().numpy() for v in ends(sampler))  # type: ignore[union-attr,operator]
    got = lengths(sampler, "w", sampling)
    np.testing.assert_allclose(got, ((b - a) ** 2).sum(1), rtol=2e-3)
    assert abs(np.mean(got / ((b - a) ** 2).sum(1)) - 1) < 2e-4


@pytest.mark.parametrize("sampling", ["full", "end"])
def test_slerp_in_z_has_a_closed_form(sampling: Sampling) -> None:
    """The point L(t) u(t) has the velocity L' u + L angle v, v the unit vector at right angles to u on the way to b;
    through images = z M A the length is |(L' u + L angle v) M|^2."""
    sampler = linear()
    a, b = ends(sampler)
    t = uniform(0, "path.t", range(N), (1,)) if sampling == "full" else np.zeros((N, 1))
    norm_a, norm_b = (np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    angle = np.arccos((a * b).sum(1, keepdims=True) / norm_a / norm_b)
    u = textbook_slerp(a, b, t)
    v = (np.cos(t * angle) * b / norm_b - np.cos((1 - t) * angle) * a / norm_a) / np.sin(angle)
    velocity = (norm_b - norm_a) * u + (norm_a + (norm_b - norm_a) * t) * angle * v
    expected = ((velocity @ sampler.generator.matrix.detach().double().numpy()) ** 2).sum(1)  # type: ignore[union-attr,operator]
    got = lengths(sampler, "z", sampling)
    np.testing.assert_allclose(got, expected, rtol=3e-3)
    assert abs(np.mean(got / expected) - 1) < 2e-4
    if sampling == "full":
        assert not np.allclose(got, lengths(sampler, "z", "end"), rtol=1e-2)


def test_the_length_does_not_depend_on_epsilon_where_the_path_is_straight() -> None:
    small, large = (lengths(linear(), "w", "end", epsilon=epsilon) for epsilon in (1e-3, 1e-1))
    np.testing.assert_allclose(small, large, rtol=1e-3)


def test_the_length_is_quadratic_in_the_scale_of_the_images() -> None:
    one, three = (lengths(linear(scale=scale), "w", "end") for scale in (1.0, 3.0))
    np.testing.assert_allclose(three, 9 * one, rtol=3e-3)


def test_truncation_shrinks_the_path() -> None:
    whole, half = (lengths(linear(truncation=psi), "w", "end") for psi in (1.0, 0.5))
    np.testing.assert_allclose(half, whole / 4, rtol=3e-3)


def test_both_ends_share_their_noise() -> None:
    """With other noise at the two ends the length would be about (0.1 / epsilon)^2 = 1e6 a pixel."""
    noisy, quiet = (lengths(linear(noise_strength=0.1, noise=noise), "w", "end") for noise in ("random", "zero"))
    np.testing.assert_allclose(noisy, quiet, rtol=5e-3)
    images = linear(noise_strength=0.1).batch(range(4), seed=0).images
    assert not torch.allclose(images, linear(noise_strength=0.1, noise="zero").batch(range(4), seed=0).images, atol=0.1)


def test_quantised_images_inflate_the_length() -> None:
    """A step of 1e-4 moves pixels by far less than 1 / 127.5: few of them flip, and those by a whole level. Where a
    pixel moves by d it flips with probability 127.5 d, and the length grows by about 1 / (127.5 d)."""

    def quantised(a: Tensor, b: Tensor) -> Tensor:
        return squared_l2(*(to_uint8(x).double() / 127.5 - 1 for x in (a, b)))

    sampler = linear(scale=3.0)
    exact, inflated = (lengths(sampler, "w", "end", distance=d).mean() for d in (squared_l2, quantised))
    assert inflated / exact > 20


def test_pairs_of_classes_share_their_label_and_other_samplers_work_alike() -> None:
    biggan = small_networks.biggan_sampler()
    pairs = PathPairs(biggan, PathSpec(space="z", sampling="full"))
    first, second, labels = pairs.latents(range(64), seed=3)
    assert labels is not None
    assert torch.equal(labels, biggan.draw(range(64), seed=3).labels)  # type: ignore[arg-type]
    a, b = pairs.pairs(range(64), seed=3)
    expected = biggan.synthesize(torch.cat([first, second]), space="z", labels=torch.cat([labels, labels]))
    assert torch.equal(torch.cat([a, b]), expected)


class Dots(torch.nn.Module):
    z_dim = DIM

    def __init__(self) -> None:
        super().__init__()
        self.basis = Linear().basis

    def forward(self, z: Tensor) -> Tensor:
        return (z @ self.basis).reshape(-1, 3, SIDE, SIDE)


def test_a_foreign_module_has_paths_in_z_too() -> None:
    got = lengths(ModuleSampler(Dots(), name="dots"), "z", "end")
    # At the start: (|b| - |a|)^2 + |a|^2 angle^2, of independent normals.
    a, b = np.random.default_rng(1).normal(size=(2, 200_000, DIM))
    norm_a, norm_b = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    expected = (norm_b - norm_a) ** 2 + (norm_a * np.arccos((a * b).sum(1) / norm_a / norm_b)) ** 2
    assert abs(got.mean() - expected.mean()) < 4 * expected.std() / N**0.5


def test_lengths_are_the_same_in_any_grouping() -> None:
    spec = PathSpec(space="w", sampling="full")
    make = lambda seed=0: path_columns(small_networks.stylegan_sampler(), spec, seed=seed)  # noqa: E731
    whole = make().columns(range(150))["path"]
    source = make()
    parts = [source.columns(range(i, min(i + 7, 150)))["path"] for i in range(0, 150, 7)]
    assert torch.equal(torch.cat(parts), whole)
    assert not torch.equal(whole, make(seed=1).columns(range(150))["path"])


def test_a_space_that_is_not_there_is_refused() -> None:
    with pytest.raises(CapabilityError, match="small-biggan has no space 'w' for a path length; it has: z"):
        PathPairs(small_networks.biggan_sampler(), PathSpec(space="w", sampling="end"))


@pytest.mark.parametrize("space", ["z", "w"])
def test_float32_is_precise_enough(space: PathSpace) -> None:
    """Against the whole computation in float64: a step of 1e-4 leaves float32 about three digits."""
    sampler = small_networks.stylegan_sampler()
    got = lengths(sampler, space, "end")
    double = small_networks.stylegan().double()
    a, b, _ = sampler.draw_ends(range(N), seed=0)
    a, b = (double.map(v.double()) if space == "w" else v.double() for v in (a, b))
    walk = lerp if space == "w" else slerp_keeping_length
    noise = [layer.double() for layer in draw_noise(double.noise_shapes, range(N), seed=0)]
    with torch.no_grad():
        first, second = (
            double.synthesize(walk(a, b, torch.full((N, 1), t, dtype=torch.float64)), space=space, noise=noise)
            for t in (0.0, 1e-4)
        )
    exact = squared_l2(first, second).numpy() / 1e-8
    np.testing.assert_allclose(got, exact, rtol=0.02, atol=2e-3 * exact.mean())
    assert abs(got.mean() / exact.mean() - 1) < 2e-3
