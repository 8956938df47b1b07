"""ms_ssim against torchmetrics, where images are large enough for a window of 11 pixels at every scale.

At the last scale torchmetrics averages over positions where the window hangs over the edge of the image, onto pixels
mirrored there; at all others it leaves those out, as the paper and its authors' program do at every scale.
"""

import numpy as np
import pytest
import torch

from ganprobe.core.streams import stream
from ganprobe.metrics import ms_ssim
from ganprobe.metrics.pictures.protocol import WEIGHTS

pytest.importorskip("torchmetrics", reason="torchmetrics is not installed")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(params=[(176, 176), (192, 256), (256, 208)])
def sides(request):
    rng = stream(0, "torchmetrics ms_ssim")
    coarse = torch.from_numpy(rng.uniform(0, 255, (3, 3, 12, 12)))
    a = torch.nn.functional.interpolate(coarse, request.param, mode="bilinear").round()
    b = (a * 0.8 + torch.from_numpy(rng.normal(20, 25, a.shape))).clamp(0, 255).round()
    return a, b


def test_torchmetrics_scale_by_scale(sides):
    from torchmetrics.functional.image import structural_similarity_index_measure

    value, (x, y) = 1.0, sides
    for weight in WEIGHTS[:-1]:
        _, structure = structural_similarity_index_measure(
            x, y, data_range=255.0, reduction="none", return_contrast_sensitivity=True
        )
        value = value * structure**weight
        x, y = (torch.nn.functional.avg_pool2d(side, 2) for side in (x, y))
    _, whole = structural_similarity_index_measure(x, y, data_range=255.0, reduction="none", return_full_image=True)
    value = value * whole[:, :, 5:-5, 5:-5].mean((1, 2, 3)) ** WEIGHTS[-1]
    np.testing.assert_allclose(ms_ssim(*sides), value.numpy(), rtol=1e-6)


def test_torchmetrics_own(sides):
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

    wanted = multiscale_structural_similarity_index_measure(*sides, data_range=255.0, reduction="none")
    np.testing.assert_allclose(ms_ssim(*sides), wanted.numpy(), rtol=1e-3)
