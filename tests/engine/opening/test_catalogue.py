"""Every metric that a run can ask for: what its declaration says is what is built, and it has a card, a test, words."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from ganprobe.core.errors import InputError
from ganprobe.core.registry import Registry
from ganprobe.engine.opening.metrics import CATALOGUE, catalogue_of, resolve
from ganprobe.metrics import METRICS, MetricSpec
from ganprobe.metrics.registry import declared, ordered
from ganprobe.report.glossary import WORDS, words_of

ROOT = Path(__file__).parents[3]
CARDS = {card.stem: card.read_text() for card in (ROOT / "docs" / "metrics").glob("*.md") if card.stem != "README"}
TESTS = {test: test.read_text() for test in (ROOT / "tests").rglob("test_*.py") if test.name != "test_catalogue.py"}
EVERY = pytest.mark.parametrize("name", CATALOGUE)


def test_what_is_declared_is_found_once() -> None:
    modules = [*declared("ganprobe.metrics"), *declared("ganprobe.directions"), *declared("ganprobe.probes")]
    specs = [spec for module in modules for spec in module.SPECS]
    assert sorted(spec.name for spec in specs) == sorted(CATALOGUE)
    assert all(CATALOGUE[spec.name] is spec for spec in specs)
    assert list(CATALOGUE)[: len(METRICS)] == list(METRICS)


def test_families_stand_together_and_unknown_ones_last() -> None:
    assert list(CATALOGUE)[:5] == ["fd", "fd_infinity", "kd", "kd@subsets", "cs"]
    axes = [f"{name}_{space}" for name in ("dci", "mig", "sap") for space in "zws"]
    assert list(CATALOGUE)[-13:] == [*axes, "cas", "cas@short", "lt_probe", "lt_probe@inception"]
    named = {name: MetricSpec(**{**_fields_of(CATALOGUE["fd"]), "name": name}) for name in ("zebra", "ppl_x", "fd@x")}
    assert [spec.name for spec in ordered(named.values())] == ["fd@x", "ppl_x", "zebra"]


def _fields_of(spec: MetricSpec) -> dict[str, object]:
    return {field.name: getattr(spec, field.name) for field in fields(spec)}


@EVERY
def test_what_is_built_is_what_the_protocol_says(name: str) -> None:
    spec = CATALOGUE[name]
    metric, said = spec.build(), dict(spec.protocol)
    assert json.loads(json.dumps(said)) == said
    assert metric.needs - {"label"} == {said["column"]}
    options = {field.name: getattr(metric, field.name) for field in fields(metric)}  # type: ignore[arg-type]
    assert options.get("name", name) == name
    told = {key: value for key, value in options.items() if key in said and key != "name"}
    assert {key: said[key] for key in told} == told
    assert said.get("interval_rows", options.get("capacity")) == options.get("capacity")


@EVERY
def test_it_has_one_card(name: str) -> None:
    base, _, variant = name.partition("@")
    words = [word for word in (f"`{base}`", variant and f"@{variant}`") if word]
    row = next((row for row in _rows() if all(word in row for word in words)), None)
    assert row is not None, f"no row of docs/metrics/README.md names {name}"
    (card,) = re.findall(r"\]\((\w+)\.md\)", row)
    assert base.rpartition("_")[0] in CARDS[card] or base in CARDS[card]


def _rows() -> list[str]:
    return [line for line in (ROOT / "docs" / "metrics" / "README.md").read_text().splitlines() if "](" in line]


@EVERY
def test_a_test_names_it(name: str) -> None:
    alike = re.sub("_s$", "_w", name.partition("@")[0])
    assert any(f'"{alike}"' in text for text in TESTS.values())


@EVERY
def test_a_report_has_words_for_it(name: str) -> None:
    assert words_of(name, CATALOGUE[name].features) in WORDS.values()


def test_a_metric_that_is_added_is_known_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(METRICS, "_items", dict(METRICS._items))
    spec = MetricSpec(**{**_fields_of(CATALOGUE["fd"]), "name": "fd_of_mine"})
    METRICS.add(spec.name, spec)
    assert resolve(["fd_of_mine"]) == [spec]
    assert "fd_of_mine" in catalogue_of(["custom"])


def test_with_a_network_of_ones_own_names_mean_its_features() -> None:
    (ours,), (theirs,) = resolve(["fd"]), resolve(["fd"], ["custom"])
    assert (ours.features, theirs.features) == ("embedded", "custom")
    assert list(catalogue_of(["custom"]))[: len(CATALOGUE)] == list(CATALOGUE)


def test_layers_of_a_registry() -> None:
    low = Registry[int]("number")
    low.add("one", 1)
    both = Registry("number", low, {"one": 10, "two": 20})
    low.add("three", 3)
    both.add("four", 4)
    assert dict(both) == {"one": 10, "three": 3, "two": 20, "four": 4}
    assert len(both) == 4
    with pytest.raises(ValueError, match="registered already"):
        both.add("three", 33)
    with pytest.raises(InputError, match="unknown number 'thre'; did you mean 'three'"):
        both["thre"]
