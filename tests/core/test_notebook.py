"""Things show themselves in a notebook, and nothing in them is taken for HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import torch

from ganprobe.core.notebook import MOST, Bold, shown
from ganprobe.core.results import Record, Result, Subject, normal_estimate
from ganprobe.core.spaces import Latents
from ganprobe.directions import Direction, Directions, LatentSet
from ganprobe.engine.run import Run
from ganprobe.report import Comparison, RunPictures

EVIL = "<script>alert('x')</script>\"&"
TAGS = {"div", "p", "strong", "br", "span", "table", "tr", "th", "td", "b", "img"}


class Tags(HTMLParser):
    """Collects the tags and the addresses of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href")]
        assert {name for name, _ in attrs} <= {"style", "src", "alt"}

    def handle_data(self, data: str) -> None:
        self.text += data


def read(thing: object) -> Tags:
    page = Tags()
    page.feed(thing._repr_html_())  # type: ignore[attr-defined]
    assert page.tags <= TAGS
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    return page


def record(name: str, value: float) -> Record:
    result = Result("cs", normal_estimate(value, 500, 0.01), "higher", "embedded", {}, 1.0)
    return Record(Subject(name, name * 8), Subject(EVIL, "r"), (result,))


def direction(name: str) -> Direction:
    return Direction(name=name, space="z", vector=np.eye(3)[0], scores={EVIL: 0.25, "accuracy": 0.75})


def test_a_run_shows_its_numbers_and_its_pictures() -> None:
    samples = np.zeros((6, 3, 16, 16), np.uint8)
    page = read(Run(record(EVIL, 5.0), RunPictures(samples=samples)))
    assert page.text.count(EVIL) == 2
    assert "5.0" in page.text
    assert len(page.addresses) == 1


def test_a_comparison_has_the_best_in_bold() -> None:
    comparison = Comparison((record("a", 5.0), record(EVIL, 9.0)))
    assert EVIL in read(comparison).text
    (bold,) = re.findall(r"<b>(.*?)</b>", comparison._repr_html_())
    assert bold.startswith("9.0")


def test_directions_and_latents_show_themselves() -> None:
    found = Directions(items=(direction("a"), direction(EVIL)), method="sefa", generator=EVIL, fingerprint=None, seed=0)
    assert read(found).text.count(EVIL) == 3
    assert "0.25" in read(direction("a")).text
    own = LatentSet(space="w", values=torch.ones(2, 3), names=(EVIL, "b"), labels=torch.tensor([4, 7]))
    page = read(own)
    assert EVIL in page.text
    assert "2 x 3" in page.text
    drawn = Latents(range(5, 7), torch.ones(2, 3), torch.tensor([1, 2]), 0)
    assert "5" in read(drawn).text


def test_long_tables_are_cut() -> None:
    text = shown("t", head=("a",), rows=[(str(k),) for k in range(MOST + 1)])
    assert text.count("<tr>") == MOST + 1
    assert f"The first {MOST} of {MOST + 1}." in text
    assert "<b>&lt;</b>" in shown("t", rows=[("x", Bold("<"))])
