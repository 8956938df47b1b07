"""Metrics of other packages, installed as pip would leave them, and broken packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ganprobe
from ganprobe.core.errors import InputError
from ganprobe.engine.listing import listing
from ganprobe.engine.opening.metrics import CATALOGUE, PLUG_INS, catalogue_of, installed, resolve

SOURCE = """
from dataclasses import dataclass, replace

from ganprobe.core.results import Estimate
from ganprobe.metrics.registry import METRICS


def build():
    return replace(METRICS["cs"].build(), name="cs_of_five", splits=5)


SPEC = replace(METRICS["cs"], name="cs_of_five", summary="over five splits", minimum_samples=10, build=build)
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of installed packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("example_metrics", None)


def install(site: Path, source: str, **entries: str) -> None:
    (site / "example_metrics.py").write_text(source)
    information = site / "example_metrics-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: example-metrics\nVersion: 0.1.0\n")
    lines = [f"{name} = example_metrics:{item}" for name, item in entries.items()]
    (information / "entry_points.txt").write_text("\n".join([f"[{PLUG_INS.name}]", *lines, ""]))


def test_a_package_adds_a_metric(site: Path) -> None:
    with pytest.raises(InputError, match="unknown metric 'cs_of_five'"):
        resolve(["cs_of_five"])
    install(site, SOURCE, cs_of_five="SPEC")
    assert [spec.name for spec in resolve(["fd", "cs_of_five"], ["custom"])] == ["fd", "cs_of_five"]
    assert "cs_of_five" not in catalogue_of(())
    run = ganprobe.evaluate("toyfaces-stylegan", metrics=["cs_of_five"], samples=10, seed=0)
    assert 1 <= run["cs_of_five"].value <= 10


def test_packages_are_listed(site: Path) -> None:
    install(site, SOURCE, cs_of_five="SPEC", mine="NO_SUCH_NAME")
    rows = {row[0]: row[1:] for row in listing("metrics")[1]}
    assert rows["cs_of_five"] == ("higher", "embedded", "over five splits (example-metrics)")
    assert rows["mine"][-1].startswith("the metric 'mine' of package example-metrics cannot be used (AttributeError")
    assert list(rows)[: len(CATALOGUE)] == list(CATALOGUE)


def test_a_name_of_no_package_is_answered_with_all_names(site: Path) -> None:
    install(site, SOURCE, cs_of_five="SPEC")
    with pytest.raises(InputError, match="did you mean 'cs_of_five'"):
        resolve(["cs_of_fiv"])


@pytest.mark.parametrize(
    ("source", "name", "reason"),
    [
        ("import no_such_module\n", "mine", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("SPEC = 'a text'\n", "mine", "example_metrics:SPEC is a str, not a MetricSpec"),
        (SOURCE, "mine", "example_metrics:SPEC is the metric 'cs_of_five'"),
    ],
)
def test_a_broken_package_is_named(site: Path, source: str, name: str, reason: str) -> None:
    install(site, source, **{name: "SPEC"})
    with pytest.raises(InputError, match="the metric 'mine' of package example-metrics cannot be used") as caught:
        resolve([name])
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [spec.name for spec in resolve(["fd"])] == ["fd"]


def test_a_name_that_is_taken_stays_with_its_owner(site: Path) -> None:
    install(site, SOURCE, fd="SPEC")
    (found,) = installed()
    assert found.item is None
    assert "another metric has this name" in found.problem
    assert "example_metrics" not in sys.modules
    assert resolve(["fd"]) == [CATALOGUE["fd"]]


def test_packages_are_not_looked_for_where_every_name_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganprobe.core.discovery.plugins.entry_points", lambda **group: pytest.fail("looked for"))
    assert len(resolve(["fd", "ls_w"])) == 2
