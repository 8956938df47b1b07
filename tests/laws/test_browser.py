"""The helper that opens pages sees what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Views
from playwright.sync_api import Browser

GOOD = '<!doctype html><html lang="en"><title>Good</title><main><h1>Good</h1></main></html>'


def written(folder: Path, text: str) -> Path:
    (folder / "page.html").write_text(text, encoding="utf-8")
    return folder / "page.html"


def test_a_good_page_passes_in_light_and_dark_wide_and_narrow(browse: Views, tmp_path: Path) -> None:
    for width, dark in ((420, False), (1200, True)):
        view = browse(written(tmp_path, GOOD), width=width, dark=dark)
        assert view.page.evaluate("innerWidth") == width
        assert view.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark
        assert view.findings() == []
        assert view.sideways() == 0


@pytest.mark.parametrize(
    "flaw", ["<script>nothing()</script>", "<script>console.error('no')</script>", "<img src='http://x.test/a.png'>"]
)
def test_a_page_that_complains_or_asks_elsewhere_fails(chromium: Browser, tmp_path: Path, flaw: str) -> None:
    views = Views(chromium)
    views(written(tmp_path, GOOD + flaw)).page.wait_for_load_state("networkidle")
    views.close()
    with pytest.raises(AssertionError):
        views.check()


def test_what_hinders_people_is_found(browse: Views, tmp_path: Path) -> None:
    view = browse(written(tmp_path, GOOD + "<input><p style='width: 3000px'>wide</p>"))
    assert [each.split(":")[0] for each in view.findings()] == ["label"]
    assert view.sideways() > 1000
