"""The stream of real images: permutations, independence of batch boundaries, flips, and refusals."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import DataError
from ganprobe.training.data import ArraySource, RealImages, examine, held_in_memory

SIZE = 23


def make_source(labels=True):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (SIZE, 3, 8, 8), dtype=np.uint8)
    return ArraySource(images, np.arange(SIZE) % 4 if labels else None)


def stream_of(source, *, seed=0, flips=False):
    return RealImages(source, seed=seed, flips=flips, resolution=8, device=torch.device("cpu"))


def test_every_epoch_is_another_permutation():
    with stream_of(make_source()) as real:
        epochs = [real.rows(range(e * SIZE, (e + 1) * SIZE)).tolist() for e in range(4)]
    assert all(sorted(epoch) == list(range(SIZE)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_the_order_depends_on_the_seed_alone():
    with stream_of(make_source()) as a, stream_of(make_source()) as b, stream_of(make_source(), seed=1) as c:
        assert a.rows(range(50)).tolist() == b.rows(range(50)).tolist() != c.rows(range(50)).tolist()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 90), min_size=3, max_size=3, unique=True).map(sorted))
def test_positions_join(bounds):
    first, middle, last = bounds
    with stream_of(make_source()) as real:
        joined = np.concatenate([real.rows(range(first, middle)), real.rows(range(middle, last))])
        assert joined.tolist() == real.rows(range(first, last)).tolist()


def test_a_batch_is_the_same_whether_read_ahead_or_not():
    with stream_of(make_source(), flips=True) as on, stream_of(make_source(), flips=True) as jumping:
        ahead = [on.batch(range(n * 7, n * 7 + 7)) for n in range(8)]
        for number in (5, 2, 7):
            again = jumping.batch(range(number * 7, number * 7 + 7))
            assert torch.equal(again.images, ahead[number].images)
            assert torch.equal(again.labels, ahead[number].labels)


def test_images_and_labels_belong_together_and_lie_in_range():
    source = make_source()
    with stream_of(source) as real:
        batch, rows = real.batch(range(20, 30)), real.rows(range(20, 30))
    np.testing.assert_allclose(batch.images.numpy(), source.images[rows] / 127.5 - 1, rtol=0, atol=1e-6)
    assert batch.labels.tolist() == (rows % 4).tolist()
    assert batch.images.dtype == torch.float32


def test_flips_mirror_about_half_of_the_images_and_change_nothing_else():
    source = make_source(labels=False)
    with stream_of(source, flips=True) as flipped, stream_of(source) as plain:
        a, b = flipped.batch(range(200)), plain.batch(range(200))
    same = (a.images == b.images).flatten(1).all(1)
    mirrored = (a.images == b.images.flip(3)).flatten(1).all(1)
    assert (same | mirrored).all()
    assert 60 < int(mirrored.sum()) < 140
    assert a.labels is None


def test_what_is_in_memory_reads_the_same():
    class Slow:
        labels = None

        def __len__(self):
            return SIZE

        def read(self, index):
            return make_source().images[index]

    held = held_in_memory(Slow(), examine(Slow()))
    assert isinstance(held, ArraySource)
    assert np.array_equal(held.images, make_source().images)


def test_the_fingerprint_follows_images_and_labels():
    source = make_source()
    other = ArraySource(source.images ^ 1, source.labels)
    prints = {examine(s).fingerprint for s in (source, make_source(), other, make_source(labels=False))}
    assert len(prints) == 3
    assert (examine(source).num_classes, examine(source).images, examine(source).resolution) == (4, SIZE, 8)


@pytest.mark.parametrize("shape", [(0, 3, 8, 8), (5, 1, 8, 8), (5, 3, 8, 16)])
def test_unusable_images_are_refused(shape):
    with pytest.raises(DataError):
        examine(ArraySource(np.zeros(shape, dtype=np.uint8)))


def test_an_image_of_another_size_stops_the_reading():
    with (
        RealImages(make_source(), seed=0, flips=False, resolution=16, device=torch.device("cpu")) as real,
        pytest.raises(DataError, match="16 x 16"),
    ):
        real.batch(range(4))
