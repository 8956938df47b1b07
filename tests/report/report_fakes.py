"""Made-up records and pictures for the tests of reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from ganprobe.core.results import Better, Estimate, Record, Result, Subject, normal_estimate
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.report import RunPictures

HOSTILE = "<script>alert(1)</script> | a_b%&*c* [x](http://evil.example/) $y$ `z`"


def make_result(
    metric: str = "fd",
    value: float = 9.8123,
    *,
    variance: float = 1e-4,
    terms: Any = None,
    n: int = 500,
    better: Better = "lower",
    features: str = "embedded-1a2b",
    protocol: Mapping[str, Any] | None = None,
) -> Result:
    return Result(metric, normal_estimate(value, n, variance, terms), better, features, protocol or {}, 1.25)


def make_record(
    name: str = "biggan", *results: Result, reference: str | None = "cifar10", fingerprint: str = "ef" * 32
) -> Record:
    subject = None if reference is None else Subject(reference, fingerprint, 50_000)
    provenance = {"ganprobe": "0.1.0", "torch": "2.5.0", "device": "cpu", "seed": 0, "started": "2025-01-01T00:00:00Z"}
    rows = results or (
        make_result(terms=np.linspace(0, 1e-3, 64), protocol={"resize": "none", "size": [32, 32]}),
        make_result("cs", 7.9, better="higher", protocol={"splits": 10}),
        make_result("ppl_w_end", 124.9, variance=4.0, protocol={"epsilon": 1e-4, "trim": {"low": 1, "high": 99}}),
    )
    return Record(
        Subject(name, "ab" * 32), subject, tuple(rows), {**provenance, "command": f"ganprobe evaluate {name}"}
    )


def make_pictures() -> RunPictures:
    """Twelve samples in three classes, a strip in W, path lengths."""
    rng = np.random.default_rng(0)
    return RunPictures(
        samples=rng.integers(0, 256, (12, 3, 8, 8), np.uint8),
        sample_labels=("cat", "dog", "ship"),
        interpolation=rng.integers(0, 256, (2, 5, 3, 8, 8), np.uint8),
        interpolation_space="w",
        distances={"ppl_w_end": rng.lognormal(4, 1, 300)},
    )


def files_in(folder: Path) -> set[str]:
    """The files below a folder, by their paths from it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


class Page(HTMLParser):
    """What a browser would load and show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "srcset", "href", "data", "xlink:href"}]

    def handle_data(self, data: str) -> None:
        self.text += data


ATTRIBUTES = ("smile", "glasses", "hair_dark", "beard", "round_face")


def make_correlation(seed: int = 0, names: tuple[str, ...] = ATTRIBUTES) -> DetailTable:
    """A correlation matrix with intervals."""
    drawn = np.random.default_rng(seed).normal(size=(20, len(names)))
    values = np.corrcoef(drawn + 0.8 * drawn[:, :1], rowvar=False)
    rows = {
        name: [
            1.0 if i == j else Estimate(float(v), (float(v) - 0.05, float(v) + 0.05), 500) for j, v in enumerate(row)
        ]
        for i, (name, row) in enumerate(zip(names, values, strict=True))
    }
    return detail_table("correlation", "Correlation of attribute scores", rows, columns=names, kind="matrix", note="r.")


def make_change(seed: int = 0) -> DetailTable:
    """A matrix that is of no thing with itself, without intervals."""
    values = np.random.default_rng(seed).normal(size=(3, 5))
    rows = {f"toward {name}": tuple(map(float, row)) for name, row in zip(ATTRIBUTES, values, strict=False)}
    return detail_table("change", "Change of scores per step", rows, columns=ATTRIBUTES, kind="matrix")


def make_accuracies(seed: int = 0) -> DetailTable:
    """Per attribute: two columns with intervals, one of counts."""
    values = np.random.default_rng(seed).uniform(0.6, 0.98, size=(len(ATTRIBUTES), 2))
    rows = {
        name: [*(Estimate(float(v), (float(v) - 0.02, float(v) + 0.02), 500) for v in row), 12_000.0]
        for name, row in zip(ATTRIBUTES, values, strict=True)
    }
    return detail_table("attributes", "Accuracy by attribute", rows, columns=("validation", "all", "samples"))


def make_classes(seed: int = 0, n: int = 1000) -> DetailTable:
    """Per class, a long one."""
    values = np.random.default_rng(seed).gamma(4, 3, size=n)
    rows = {f"class {i}": (Estimate(float(v), (float(v) - 1, float(v) + 1), 50), 50.0) for i, v in enumerate(values)}
    return detail_table(
        "classes", "By class", rows, columns=("FD", "images"), note="Classes of fewer images are noisy."
    )


def make_detailed(name: str = "biggan", seed: int = 0) -> Record:
    """A run with a table of each kind."""

    def with_tables(result: Result, *tables: DetailTable) -> Result:
        return replace(result, estimate=replace(result.estimate, tables=tables))

    return make_record(
        name,
        with_tables(make_result("attribute_correlation", 0.21), make_correlation(seed)),
        with_tables(make_result("intra_fd", 12.3), make_classes(seed)),
        with_tables(make_result("boundary_accuracy", 0.8, better="higher"), make_accuracies(seed), make_change(seed)),
        make_result("cs", 7.9, better="higher"),
    )
