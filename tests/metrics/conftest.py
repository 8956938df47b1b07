"""Thousands of small sums run faster on one thread than shared among many, the more so on a busy machine."""

import pytest
import torch
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):  # NumPy's and SciPy's; scikit-learn brings threadpoolctl
        yield
    torch.set_num_threads(before)
