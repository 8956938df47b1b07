"""precision and recall against torch-fidelity: the same pixels, the same VGG16, the same features and shares."""

import pytest
import torch

from ganprobe.features.published.vgg16 import COLUMN, load_vgg16
from ganprobe.metrics import METRICS

pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

FEW = 30


def test_features_and_shares(real, fake, vgg16_file):
    from torch_fidelity.feature_extractor_vgg16 import FeatureExtractorVGG16
    from torch_fidelity.metric_prc import prc_features_to_metric

    peer = FeatureExtractorVGG16("peer", ["fc2_relu"], feature_extractor_weights_path=str(vgg16_file))
    extractor, states, theirs = load_vgg16(vgg16_file), {}, []
    for pixels in (fake[:FEW], real[:FEW]):
        with torch.no_grad():
            wanted = torch.cat([peer(part)[0] for part in pixels.split(10)])
        got = extractor.observe(pixels / 127.5 - 1)[COLUMN]
        assert (got - wanted).abs().max() < 2e-5 * wanted.abs().max()
        theirs.append(wanted)
        for name in ("precision", "recall"):
            metric = METRICS[name].build()
            columns = {"index": torch.arange(FEW), COLUMN: got}
            states.setdefault(name, []).append(metric.update(metric.empty(), columns))
    options = {"prc_neighborhood": 3, "prc_batch_size": 100, "save_cpu_ram": False, "verbose": False}
    wanted = prc_features_to_metric(*theirs, **options)
    for name, sides in states.items():
        assert METRICS[name].build().compute(*sides)[name].value == pytest.approx(wanted[name], abs=1e-6)
