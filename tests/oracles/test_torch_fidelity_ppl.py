"""ppl_z_end@torch-fidelity against torch-fidelity: the same VGG16, the same images, and from end to end."""

import numpy as np
import pytest
import torch
import torchvision

from ganprobe.core.spaces import Latents, SamplerSpec
from ganprobe.core.streams import derive_seed
from ganprobe.engine.columns.distances import DISTANCES
from ganprobe.engine.columns.sources import PairColumns
from ganprobe.features.images.quantise import to_uint8
from ganprobe.features.published.lpips_distance import _linear_file
from ganprobe.metrics import METRICS
from ganprobe.samplers.paths import PathPairs, PathSpec

torch_fidelity = pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

DIM, SIDE, N, SEED = 12, 32, 128, 5
KEY = "torch-fidelity"


@pytest.fixture
def offline(monkeypatch, vgg16_file):
    """Their weights are ours: the linear ones of the package, and the random trunk. NumPy 2 has another word for the
    kind of percentile."""
    from torch_fidelity import sample_similarity_lpips as theirs

    network = torchvision.models.vgg16()
    network.load_state_dict(torch.load(vgg16_file, weights_only=True))
    linear = torch.load(_linear_file(), map_location="cpu", weights_only=True)
    monkeypatch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: linear)
    monkeypatch.setattr(theirs, "torchvision_load_pretrained_vgg16", lambda **_: network)
    percentile = np.percentile

    def either_word(a, q, *, method="linear", interpolation=None):
        return percentile(a, q, method=interpolation or method)

    monkeypatch.setattr(np, "percentile", either_word)
    return theirs.SampleSimilarityLPIPS


@pytest.fixture
def ours(vgg16_file):
    return DISTANCES[KEY](torch.device("cpu"), vgg16_file).call


@pytest.mark.parametrize("side", [32, 64, 80, 128])
def test_the_distance(side, offline, ours):
    pixels = torch.randint(0, 256, (2, 3, 3, side, side), generator=torch.Generator().manual_seed(side))
    a, b = pixels.to(torch.uint8)
    peer = offline("peer", sample_similarity_resize=64, sample_similarity_dtype="uint8")
    wanted = peer(a, b)
    assert wanted.min() > 0.01
    torch.testing.assert_close(ours(a / 127.5 - 1, b / 127.5 - 1), wanted, rtol=1e-4, atol=0)


class Waves(torch.nn.Module):
    """A small smooth generator, (N, 12) to images in [-1, 1]."""

    def __init__(self):
        super().__init__()
        draws = torch.Generator().manual_seed(0)
        self.coarse = torch.randn(DIM, 3 * 8 * 8, generator=draws)

    def images(self, z):
        waves = torch.sin(z @ self.coarse / 2).view(-1, 3, 8, 8)
        return torch.nn.functional.interpolate(waves, (SIDE, SIDE), mode="bilinear")

    def forward(self, z):
        return to_uint8(self.images(z))


class TheirDraws:
    """The generator as a sampler whose latents are those that torch-fidelity draws."""

    name, fingerprint = "waves", "0" * 64
    spec = SamplerSpec((3, SIDE, SIDE), spaces={"z": (DIM,)})

    def __init__(self):
        self.module = Waves()
        rng = np.random.RandomState(SEED)
        ends = {end: torch.from_numpy(rng.randn(N, DIM)).float() for end in ("z0", "z1")}
        self.ends = {derive_seed(SEED, "path", end): z for end, z in ends.items()}

    def draw(self, index, *, seed):
        z = self.ends.get(seed, next(iter(self.ends.values())))
        return Latents(index, z[index.start : index.stop], None, seed)

    def synthesize(self, latents, **_):
        return self.module.images(latents)


# At 1e-4 few pixels flip, and which ones do depends on the last bit of a latent.
@pytest.mark.parametrize(("epsilon", "tolerance"), [(1e-2, 1e-4), (1e-4, 2e-3)])
def test_from_end_to_end(epsilon, tolerance, offline, ours):
    wanted = torch_fidelity.calculate_metrics(
        input1=torch_fidelity.GenerativeModelModuleWrapper(Waves(), DIM, "normal", 0),
        input1_model_num_samples=N,
        ppl=True,
        ppl_epsilon=epsilon,
        rng_seed=SEED,
        cuda=False,
        verbose=False,
        cache=False,
        batch_size=40,
    )["perceptual_path_length_mean"]
    pairs = PathPairs(TheirDraws(), PathSpec(space="z", sampling="end", epsilon=epsilon, straight=True))
    metric = METRICS[f"ppl_z_end@{KEY}"].build()
    source = PairColumns(pairs, {metric.column: ours}, seed=SEED, scale=pairs.scale)
    state = metric.update(metric.empty(), source.columns(range(N)))
    got = metric.compute(state)[f"ppl_z_end@{KEY}"].value
    assert got == pytest.approx(wanted, rel=tolerance)
