"""precision, recall, density and coverage against the authors' package of the last two (Naeem et al. 2020)."""

import numpy as np
import pytest

from ganprobe.metrics import prdc

peer = pytest.importorskip("prdc", reason="prdc is not installed")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.mark.parametrize(("n", "m", "d", "k"), [(300, 300, 8, 5), (200, 350, 64, 3), (40, 40, 2048, 5), (12, 9, 3, 1)])
def test_the_four_numbers(n: int, m: int, d: int, k: int) -> None:
    rng = np.random.default_rng(n + d)
    real = rng.standard_normal((n, d)).astype(np.float32)
    fake = (0.8 * rng.standard_normal((m, d)) + 0.1).astype(np.float32)
    wanted = peer.compute_prdc(real_features=real, fake_features=fake, nearest_k=k)
    got = prdc(real, fake, k=k)
    for name in ("precision", "recall", "density", "coverage"):
        assert got[name] == pytest.approx(wanted[name], rel=1e-6), name
