"""The stream of real images: permutations, independence of batch boundaries, flips, and refusals."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import DataError
from ganprobe.training.data.batches import RealBatches
from ganprobe.training.data.real_images import RealImages
from ganprobe.training.data.source import ArraySource, examine, held_in_memory
from ganprobe.training.draws.draws import Draws
from ganprobe.training.draws.requests import Host
from ganprobe.training.draws.tables import Immediate
from ganprobe.training.parallel.processes import Processes

SIZE = 23


def make_source(labels=True):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (SIZE, 3, 8, 8), dtype=np.uint8)
    return ArraySource(images, np.arange(SIZE) % 4 if labels else None)


def stream_of(source, *, seed=0, flips=False):
    return RealImages(source, seed=seed, flips=flips, resolution=8)


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


def test_pixels_are_the_same_whether_read_ahead_or_not():
    with stream_of(make_source()) as on, stream_of(make_source()) as jumping:
        ahead = [on.pixels(range(n * 7, n * 7 + 7)) for n in range(8)]
        for number in (5, 2, 7):
            assert np.array_equal(jumping.pixels(range(number * 7, number * 7 + 7)), ahead[number])


class Streamed:
    """A source that does not lie in memory."""

    def __init__(self, source):
        self.source, self.labels = source, source.labels

    def __len__(self):
        return len(self.source)

    def read(self, index):
        return self.source.images[index]


def batch_of(real, *, update=0, n=10, labelled=True, processes=Processes()):  # noqa: B008
    batches = RealBatches(real, device=torch.device("cpu"), channels_last=False, labelled=labelled)
    table = Immediate(Host(0, real, 1, processes), torch.device("cpu"))
    table.begin(update)
    return batches.batch(Draws(table, "discriminator"), n)


def test_images_and_labels_belong_together_and_lie_in_range():
    source = make_source()
    with stream_of(source) as real:
        batch, rows = batch_of(real, update=2), real.rows(range(20, 30))
    np.testing.assert_allclose(batch.images.numpy(), source.images[rows] / 127.5 - 1, rtol=0, atol=1e-6)
    assert batch.labels.tolist() == (rows % 4).tolist()
    assert batch.images.dtype == torch.float32


def test_a_stream_from_elsewhere_gives_the_same_batches():
    with stream_of(make_source(), flips=True) as held, stream_of(Streamed(make_source()), flips=True) as streamed:
        for update in (0, 1, 4):
            a, b = batch_of(held, update=update), batch_of(streamed, update=update)
            assert torch.equal(a.images, b.images)
            assert torch.equal(a.labels, b.labels)


def test_processes_share_a_batch_row_by_row():
    with stream_of(make_source(), flips=True) as real:
        whole = batch_of(real, n=10).images
        parts = [batch_of(real, n=5, processes=Processes(rank, 2)).images for rank in (0, 1)]
    assert torch.equal(whole[0::2], parts[0])
    assert torch.equal(whole[1::2], parts[1])


def test_flips_mirror_about_half_of_the_images_and_change_nothing_else():
    source = make_source(labels=False)
    with stream_of(source, flips=True) as flipped, stream_of(source) as plain:
        a, b = batch_of(flipped, n=200), batch_of(plain, n=200)
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
        RealImages(make_source(), seed=0, flips=False, resolution=16) as real,
        pytest.raises(DataError, match="16 x 16"),
    ):
        real.pixels(range(4))


def test_classes_with_names_count_though_none_of_their_images_is_here():
    source = make_source()
    classes = examine(source).num_classes
    assert examine(source, named=classes + 2).num_classes == classes + 2
    assert examine(source, named=1).num_classes == classes
    assert examine(make_source(labels=False), named=3).num_classes == 0
