"""The sampler of a native generator beyond the sampler laws: what its streams are, and what it refuses."""

import numpy as np
import pytest
import small_networks
import torch

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.streams import integers, normal
from ganprobe.generators.base import draw_noise

SAMPLER = small_networks.stylegan_sampler()


def test_it_is_a_latent_sampler() -> None:
    assert isinstance(SAMPLER, LatentSampler)


def test_latents_are_the_stream_of_seed_and_index() -> None:
    z = SAMPLER.draw(range(3, 200), seed=5).z
    assert np.array_equal(z.numpy(), normal(5, "z", range(200), (12,))[3:])
    assert not np.array_equal(z.numpy(), SAMPLER.draw(range(3, 200), seed=6).z.numpy())


def test_labels_are_uniform_over_the_classes() -> None:
    labels = small_networks.biggan_sampler().draw(range(5000), seed=0).labels
    assert labels is not None
    assert np.array_equal(labels.numpy(), integers(0, "label", range(5000), below=5))
    assert (torch.bincount(labels) - 1000).abs().max() < 150


def test_a_batch_is_the_synthesis_of_its_latents_labels_and_noise() -> None:
    index = range(64, 128)
    for sampler in (SAMPLER, small_networks.biggan_sampler()):
        batch = sampler.batch(index, seed=2)
        assert batch.latents is not None
        noise = draw_noise(sampler.generator.noise_shapes, index, seed=2)
        images = sampler.synthesize(batch.latents.z, space="z", labels=batch.labels, noise=noise)
        torch.testing.assert_close(images, batch.images, rtol=1e-5, atol=1e-6)


def test_noise_modes_differ_and_random_noise_is_each_samples_own() -> None:
    images = {
        mode: small_networks.stylegan_sampler(noise=mode).batch(range(8), seed=0).images
        for mode in ("random", "const", "zero")
    }
    assert (images["random"] - images["zero"]).abs().mean() > 1e-3
    assert (images["random"] - images["const"]).abs().mean() > 1e-3
    assert (images["const"] - images["zero"]).abs().mean() > 1e-3
    again = SAMPLER.synthesize(
        SAMPLER.draw(range(8), seed=0).z,
        space="z",
        noise=draw_noise(SAMPLER.generator.noise_shapes, range(8, 16), seed=0),
    )
    assert not torch.allclose(again, images["random"], atol=1e-3)


def test_truncation_in_w_draws_towards_the_mean() -> None:
    whole = SAMPLER.batch(range(16), seed=0).images
    none = small_networks.stylegan_sampler(truncation=0.0, noise="const").batch(range(16), seed=0).images
    half = small_networks.stylegan_sampler(truncation=0.5).batch(range(16), seed=0).images
    assert torch.allclose(none, none[:1].expand_as(none), atol=1e-6)
    assert none.std() > 0
    assert not torch.allclose(half, whole, atol=1e-3)
    expected = SAMPLER.synthesize(
        SAMPLER.draw(range(16), seed=0).z, space="z", noise=SAMPLER.noise_of(range(16), seed=0), truncation=0.5
    )
    torch.testing.assert_close(half, expected, rtol=1e-5, atol=1e-6)


def test_biggan_truncates_z_itself() -> None:
    sampler = small_networks.biggan_sampler(truncation=0.5)
    z = sampler.draw(range(500), seed=0).z
    assert z.abs().max() <= 0.5
    # The variance of a normal within +-a is 1 - 2 a phi(a) / (2 Phi(a) - 1): 0.0804 for a = 0.5.
    assert float(z.var()) == pytest.approx(0.0804, abs=0.004)
    first, second, _ = sampler.draw_ends(range(500), seed=0)
    assert max(first.abs().max(), second.abs().max()) <= 0.5
    assert small_networks.biggan_sampler().draw(range(500), seed=0).z.abs().max() > 2


def test_path_ends_are_independent_of_each_other_and_of_the_samples() -> None:
    a, b, _ = SAMPLER.draw_ends(range(2000), seed=0)
    z = SAMPLER.draw(range(2000), seed=0).z
    for one, two in ((a, b), (a, z), (b, z)):
        assert abs(float(np.corrcoef(one.flatten(), two.flatten())[0, 1])) < 0.03


@pytest.mark.parametrize("truncation", [float("nan"), float("inf"), -float("inf"), (0.7, -1), (float("nan"), 2)])
def test_truncation_must_be_finite(truncation: float | tuple[float, int]) -> None:
    with pytest.raises(InputError, match="truncation must be a finite psi"):
        small_networks.stylegan_sampler(truncation=truncation)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1e-6])
def test_a_threshold_that_rejects_everything_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match=r"its threshold must be at least 0\.01"):
        small_networks.biggan_sampler(truncation=threshold)


def test_biggan_takes_no_cutoff() -> None:
    with pytest.raises(InputError, match="must be one threshold"):
        small_networks.biggan_sampler(truncation=(0.5, 2))


def test_the_fingerprint_is_that_of_the_images() -> None:
    same = [SAMPLER, small_networks.stylegan_sampler(truncation=(1.0, 3)), small_networks.stylegan_sampler(name="x")]
    assert len({sampler.fingerprint for sampler in same}) == 1
    other = [
        small_networks.stylegan_sampler(noise="const"),
        small_networks.stylegan_sampler(noise="zero"),
        small_networks.stylegan_sampler(truncation=0.7),
        small_networks.stylegan_sampler(truncation=(0.7, 2)),
    ]
    assert len({sampler.fingerprint for sampler in [SAMPLER, *other]}) == 5
    assert {sampler.weights_fingerprint for sampler in other} == {SAMPLER.fingerprint}
    biggan = small_networks.biggan_sampler(noise="const")
    assert biggan.fingerprint == small_networks.biggan_sampler().fingerprint, "it has no noise inputs"


def test_images_may_be_changed_and_carry_no_gradients() -> None:
    z = SAMPLER.draw(range(2), seed=0).z.requires_grad_(True)
    images = SAMPLER.synthesize(z, space="z")
    assert not images.requires_grad
    images.clamp_(-1, 1)
    images.requires_grad_(True).sum().backward()
    assert not SAMPLER.map(z).requires_grad


def test_what_it_cannot_do_is_refused() -> None:
    biggan = small_networks.biggan_sampler()
    with pytest.raises(CapabilityError, match="small-biggan has no space 'w'; it has: z"):
        biggan.synthesize(torch.zeros(1, 12), space="w")
    with pytest.raises(CapabilityError, match="no W"):
        biggan.map(torch.zeros(1, 12))
    with pytest.raises(InputError, match=r"must be N x \(12,\), got \(1, 13\)"):
        SAMPLER.synthesize(torch.zeros(1, 13), space="z")


@pytest.mark.parametrize("index", [range(0, 10, 2), range(5, 0, -1), range(-3, 2)])
def test_an_index_is_of_step_one_from_zero_on(index: range) -> None:
    with pytest.raises(InputError, match="step 1 from 0 on"):
        SAMPLER.draw(index, seed=0)
    with pytest.raises(InputError, match="step 1 from 0 on"):
        SAMPLER.batch(index, seed=0)
