"""Nominal 95% intervals hold the mean of the estimate in 92% to 98% of 600 replicates (docs/precision.md has more)."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def coverage():
    spec = importlib.util.spec_from_file_location("coverage_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def cases(module):
    return {
        "fd": module.frechet(1000, 1000, 8),
        "kd": module.kernel(500, 500, 8, 0.3),
        "cs": module.classifier(1000),
        "ppl": module.path(1000),
    }


@pytest.mark.parametrize("name", ["fd", "kd", "cs", "ppl"])
def test_intervals_are_95_percent_intervals(coverage, name):
    got = coverage.measure(cases(coverage)[name], 600, seed=1)
    assert 0.92 <= got.covered <= 0.98
    assert got.said == pytest.approx(got.sd, rel=0.12)


def test_the_interval_does_not_collapse_where_both_sides_are_alike(coverage):
    got = coverage.measure(coverage.kernel(200, 200, 8, 0.0), 300, seed=1)
    assert got.covered >= 0.92
    assert got.sd < got.said < 1.7 * got.sd
