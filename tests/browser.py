"""Pages in a headless Chromium: what they show, what they complain of, and what they try to load.

The browser is the system's own (Debian: apt-get install chromium); playwright's package drives it. The fixtures are in
conftest.py: a test takes `browse` and says

    view = browse(address, width=420, dark=True)
    view.page.keyboard.press("ArrowRight")

When the test ends, its pages must have logged no error and asked for nothing outside their own address.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SERIOUS = ("serious", "critical")
WITHOUT_NETWORK = ("data", "blob", "about")
HEIGHT = 900
PATIENCE = 30_000
"""Milliseconds for what is expected to come about: machines that test are busy."""


def launched() -> Iterator[Browser]:
    """The browser; the test is skipped where none is installed."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium is installed; apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found)
        yield browser
        browser.close()


@dataclass
class View:
    """A page and what came of it. errors: what the console says of errors and warnings, and what scripts raised.
    outside: addresses that the page asked for beyond its own origin; none of them is answered."""

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Fails unless nothing was complained of and nothing came from elsewhere."""
        assert not self.errors, self.errors
        assert not self.outside, self.outside

    def findings(self) -> list[str]:
        """What axe-core finds serious or worse, a line each, with the elements."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']}: {each['help']}: {[node['html'][:120] for node in each['nodes']]}"
            for each in found
            if each["impact"] in SERIOUS
        ]

    def sideways(self) -> int:
        """By how many pixels the page is wider than its window; 0 where nobody has to scroll sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def on_route(self, route: Route) -> None:
        address = route.request.url
        if address.startswith(self.origin) or urlsplit(address).scheme in WITHOUT_NETWORK:
            route.continue_()
        else:
            self.outside.append(address)
            route.abort()


class Views:
    """Opens pages, and closes them all."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._open: list[tuple[View, BrowserContext]] = []

    def __call__(self, address: str | Path, *, width: int = 1200, dark: bool = False) -> View:
        """A page at an address or of a file, in a window so many pixels wide."""
        where = address.resolve().as_uri() if isinstance(address, Path) else address
        context = self._browser.new_context(
            viewport={"width": width, "height": HEIGHT}, color_scheme="dark" if dark else "light"
        )
        view = View(context.new_page(), _origin(where))
        self._open.append((view, context))
        context.route("**/*", view.on_route)
        view.page.on("console", view.on_console)
        view.page.on("pageerror", lambda problem: view.errors.append(str(problem)))
        view.page.goto(where)
        return view

    def close(self) -> None:
        for _, context in self._open:
            context.close()

    def check(self) -> None:
        for view, _ in self._open:
            view.check()


def _origin(address: str) -> str:
    """What the addresses of a page's own things begin with: of a file, itself."""
    parts = urlsplit(address)
    return address.partition("#")[0] if parts.scheme == "file" else f"{parts.scheme}://{parts.netloc}/"
