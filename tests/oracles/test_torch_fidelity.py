"""fid, kid and is against torch-fidelity: the same pixels, the same weights, the numbers to 1e-4."""

import pytest
import torch

from ganprobe.features.published.inception_extractor import load_inception
from ganprobe.metrics import FrechetDistance
from ganprobe.metrics.kernel.inception import KernelInceptionDistance
from ganprobe.metrics.scores.inception import InceptionScore

torch_fidelity = pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

LEVELS = {"64": "64", "192": "192", "768": "768", "pool3": "2048", "logits_unbiased": "logits_unbiased"}
FEW, SUBSET = 48, 30


class Pixels(torch.utils.data.Dataset):
    def __init__(self, pixels):
        self.pixels = pixels

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        return self.pixels[index]


def read(metric, extractor, *sides):
    states = []
    for pixels in sides:
        columns = extractor.observe(pixels / 127.5 - 1)
        states.append(metric.update(metric.empty(), {**columns, "index": torch.arange(len(pixels))}))
    return metric.compute(*states)[metric.name]


def theirs(weights, sides, **options):
    inputs = {f"input{number}": Pixels(pixels) for number, pixels in enumerate(sides, start=1)}
    return torch_fidelity.calculate_metrics(
        **inputs,
        feature_extractor_weights_path=str(weights),
        cuda=False,
        verbose=False,
        cache=False,
        batch_size=32,
        save_cpu_ram=True,
        **options,
    )


@pytest.mark.parametrize("kind", ["as they are", "odd size", "grey", "large", "one"])
def test_features(kind, real, inception_file):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    pixels = {
        "as they are": real[:6],
        "odd size": torch.cat([real[:4], real[4:8]], 3)[:, :, 1:, 2:],
        "grey": real[:3, :1].expand(-1, 3, -1, -1),
        "large": real[:2].repeat(1, 1, 11, 13),
        "one": real[:1],
    }[kind]
    names = [*LEVELS.values(), "logits"]
    peer = FeatureExtractorInceptionV3("peer", names, feature_extractor_weights_path=str(inception_file))
    with torch.no_grad():
        wanted = dict(zip(names, peer(pixels), strict=True))
    got = load_inception(inception_file).observe(pixels / 127.5 - 1)
    for level, name in {**LEVELS, "logits": "logits"}.items():
        error = (got[f"inception.{level}"] - wanted[name]).abs().max() / wanted[name].abs().max()
        assert error < 2e-5, level


def test_kid_and_is(real, fake, inception_file):
    sides = fake[:FEW], real[:FEW]
    wanted = theirs(inception_file, sides, isc=True, kid=True, kid_subset_size=SUBSET)
    kid = KernelInceptionDistance(column="inception.pool3", subset_size=SUBSET)
    score = InceptionScore(column="inception.logits_unbiased")
    extractor = load_inception(inception_file, columns=kid.needs | score.needs)
    got = read(kid, extractor, *sides).value
    assert got == pytest.approx(wanted["kernel_inception_distance_mean"], rel=1e-4)
    assert read(score, extractor, sides[0]).value == pytest.approx(wanted["inception_score_mean"], rel=1e-4)


def test_is_without_the_shuffle_and_with_the_bias(fake, inception_file):
    for options, column, shuffled in (
        ({"samples_shuffle": False}, "logits_unbiased", False),
        ({"feature_layer_isc": "logits"}, "logits", True),
    ):
        wanted = theirs(inception_file, [fake[:FEW]], isc=True, **options)["inception_score_mean"]
        score = InceptionScore(column=f"inception.{column}", shuffled=shuffled)
        extractor = load_inception(inception_file, columns=score.needs)
        assert read(score, extractor, fake[:FEW]).value == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(("level", "n"), [("64", 120), ("pool3", FEW)])
def test_fid(level, n, real, fake, inception_file):
    """At 64 features with full covariances, and at 2048 with singular ones."""
    sides = fake[:n], real[:n]
    wanted = theirs(inception_file, sides, fid=True, feature_layer_fid=LEVELS[level])
    metric = FrechetDistance(column=f"inception.{level}", name="fid")
    got = read(metric, load_inception(inception_file, columns=metric.needs), *sides)
    assert got.value == pytest.approx(wanted["frechet_inception_distance"], rel=1e-4)
