"""Losses against their formulas, R1 against a discriminator whose gradient is known."""

import numpy as np
import pytest
import torch
from torch import nn

from ganprobe.training.losses import adversarial as losses
from ganprobe.training.losses import penalties


@pytest.fixture
def logits():
    rng = np.random.default_rng(0)
    return rng.normal(0, 3, 50), rng.normal(0, 3, 50)


def test_logistic_losses_are_cross_entropies(logits):
    real, fake = logits
    probability = {name: 1 / (1 + np.exp(-x)) for name, x in (("real", real), ("fake", fake))}
    discriminator = -np.log(probability["real"]).mean() - np.log(1 - probability["fake"]).mean()
    assert float(losses.logistic_discriminator_loss(*map(torch.tensor, logits))) == pytest.approx(discriminator, 1e-5)
    generator = -np.log(probability["fake"]).mean()
    assert float(losses.logistic_generator_loss(torch.tensor(fake))) == pytest.approx(generator, 1e-5)


def test_hinge_losses(logits):
    real, fake = logits
    expected = np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()
    assert float(losses.hinge_discriminator_loss(*map(torch.tensor, logits))) == pytest.approx(expected, 1e-5)
    assert float(losses.minus_mean(torch.tensor(fake))) == pytest.approx(-fake.mean(), 1e-5)


def test_losses_of_half_precision_logits_are_float32():
    big = torch.full((4,), 300.0, dtype=torch.bfloat16)
    assert losses.logistic_generator_loss(-big).dtype == torch.float32
    assert float(losses.logistic_generator_loss(-big)) == 300.0


def test_r1_of_a_quadratic_discriminator():
    rng = np.random.default_rng(1)
    weights, x = rng.normal(size=(12, 12)), rng.normal(size=(5, 3, 2, 2))
    matrix = nn.Parameter(torch.tensor(weights + weights.T))

    def quadratic(images):
        flat = images.flatten(1)
        return (flat @ matrix * flat).sum(1) / 2

    penalty = penalties.r1_penalty(quadratic, torch.tensor(x))
    gradients = x.reshape(5, 12) @ (weights + weights.T)
    assert float(penalty.detach()) == pytest.approx((gradients**2).sum(1).mean())

    penalty.backward()
    # d/dA mean |(A + A') x / 2|^2 at a symmetric A is the symmetric part of 2 A mean(x x').
    moment = x.reshape(5, 12).T @ x.reshape(5, 12) / 5
    product = 2 * (weights + weights.T) @ moment
    np.testing.assert_allclose(matrix.grad.numpy(), (product + product.T) / 2, rtol=1e-9)


def test_r1_leaves_the_images_alone():
    images = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    penalties.r1_penalty(lambda x: x.square().flatten(1).sum(1), images)
    assert not images.requires_grad
    assert images.grad is None


def test_wasserstein_losses(logits):
    real, fake = logits
    expected = fake.mean() - real.mean()
    assert float(losses.wasserstein_discriminator_loss(*map(torch.tensor, logits))) == pytest.approx(expected, 1e-5)


def test_the_gradient_penalty_of_a_linear_discriminator():
    rng = np.random.default_rng(2)
    weight = torch.tensor(rng.normal(size=12))
    real, fake = (torch.tensor(rng.normal(size=(5, 3, 2, 2))) for _ in range(2))
    penalty = penalties.gradient_penalty(lambda x: x.flatten(1) @ weight, real, fake, torch.rand(5))
    assert float(penalty) == pytest.approx((float(weight.norm()) - 1) ** 2)


def test_the_gradient_penalty_is_taken_between_real_and_fake():
    seen = []

    def discriminate(x):
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    real, fake = torch.ones(3, 1, 2, 2), torch.zeros(3, 1, 2, 2)
    penalties.gradient_penalty(discriminate, real, fake, torch.tensor([0.0, 0.25, 1.0]))
    assert seen[0][:, 0, 0, 0].tolist() == [0.0, 0.25, 1.0]


def test_the_drift_penalty_is_the_mean_square_of_real_logits():
    logits = torch.tensor([1.0, -2.0, 3.0, 0.5], requires_grad=True)
    penalty = penalties.drift_penalty(logits)
    assert penalty.item() == (1 + 4 + 9 + 0.25) / 4
    penalty.backward()
    assert logits.grad.tolist() == [0.5, -1.0, 1.5, 0.25], "2 D(x) / N"
    assert penalties.drift_penalty(torch.full((4,), 300.0, dtype=torch.bfloat16)).item() == 90_000
