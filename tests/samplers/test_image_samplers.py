"""The sampler of images: float images of the stored bytes, their labels, and its end."""

import numpy as np
import pytest
import torch

from ganprobe.core.errors import InputError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.data import array_images, open_data
from ganprobe.samplers.images import ImageSampler

PIXELS = np.arange(256, dtype=np.uint8).reshape(4, 1, 8, 8).repeat(3, axis=1)


def test_images_are_scaled_and_come_back_exactly() -> None:
    sampler = ImageSampler(array_images(PIXELS, name="ramp"))
    images = sampler.batch(range(4), seed=0).images
    assert images.dtype == torch.float32
    assert images.min() == -1
    assert images.max() == 1
    assert torch.equal(((images + 1) * 127.5).round().to(torch.uint8), torch.from_numpy(PIXELS))


def test_order_is_the_set_s_own_whatever_the_seed() -> None:
    sampler = ImageSampler(array_images(PIXELS, name="ramp"))
    assert torch.equal(sampler.batch(range(1, 3), seed=0).images, sampler.batch(range(1, 3), seed=9).images)
    assert sampler.batch(range(2, 3), seed=0).images[0, 0, 0, 0].item() == pytest.approx(128 / 127.5 - 1, abs=1e-6)


def test_spec_labels_and_fingerprint() -> None:
    source = array_images(PIXELS, name="ramp", labels=np.array([1, 0, 2, 1]))
    sampler = ImageSampler(source)
    assert (sampler.spec.image_shape, sampler.spec.num_classes, sampler.spec.length) == ((3, 8, 8), 3, 4)
    assert (sampler.name, sampler.fingerprint, dict(sampler.spec.spaces)) == ("ramp", source.fingerprint, {})
    labels = sampler.batch(range(1, 4), seed=0).labels
    assert labels is not None
    assert labels.dtype == torch.int64
    assert labels.tolist() == [0, 2, 1]
    assert ImageSampler(array_images(PIXELS, name="ramp")).batch(range(2), seed=0).labels is None


def test_it_is_a_sampler_without_latents() -> None:
    sampler = ImageSampler(array_images(PIXELS, name="ramp"))
    assert isinstance(sampler, Sampler)
    assert not isinstance(sampler, LatentSampler)


def test_beyond_the_end_is_refused() -> None:
    sampler = ImageSampler(array_images(PIXELS, name="ramp"))
    with pytest.raises(InputError, match="image 4 was asked of ramp, which holds 4 images"):
        sampler.batch(range(2, 5), seed=0)
    with pytest.raises(InputError, match="step 1"):
        sampler.batch(range(0, 4, 2), seed=0)


def test_an_endless_set() -> None:
    sampler = ImageSampler(open_data("toyfaces:16"))
    assert sampler.spec.length is None
    assert sampler.batch(range(10**6, 10**6 + 2), seed=0).images.shape == (2, 3, 16, 16)
