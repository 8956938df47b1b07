"""The page of directions in a browser: it moves by slider, key and button, prints as strips, shows names as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import View, Views
from directions_fakes import HOSTILE_NAMES, all_frames, numbers, strips

from ganprobe.report.folders.directions import found_report

STILL = HOSTILE_NAMES[-1]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    said = numbers()
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_bytes(found_report(said, all_frames(said), strips(said))["report.html"])
    return path


def shown(view: View) -> list[str]:
    """Which step the first player shows, for every frame that is seen."""
    return view.page.eval_on_selector_all(
        ".player >> nth=0 >> .frame", "all => all.filter(e => e.offsetParent).map(e => e.dataset.step)"
    )


@pytest.mark.parametrize(("width", "dark"), [(420, False), (420, True), (1200, False), (1200, True)])
def test_it_is_readable_wide_and_narrow_light_and_dark(browse: Views, page: Path, width: int, dark: bool) -> None:
    view = browse(page, width=width, dark=dark)
    assert view.findings() == []
    assert view.sideways() == 0


def test_slider_keys_and_play_move_the_pictures(browse: Views, page: Path) -> None:
    view = browse(page)
    assert shown(view) == ["6"] * 4
    slider = view.page.locator(".player input").first
    slider.focus()
    view.page.keyboard.press("ArrowRight")
    assert shown(view) == ["7"] * 4
    assert slider.get_attribute("aria-valuetext") == "+0.5"
    slider.fill("0")
    assert shown(view) == ["0"] * 4
    play = view.page.locator(".player button").first
    play.focus()
    view.page.keyboard.press("ArrowRight")
    assert shown(view) == ["1"] * 4
    play.click()
    assert play.get_attribute("aria-pressed") == "true"
    view.page.locator(".player").first.locator(".on[data-step='3']").first.wait_for()
    play.click()
    assert play.get_attribute("aria-pressed") == "false"
    view.page.locator(".film img").first.click()
    assert shown(view) == ["0"] * 4


def test_what_mends_a_direction_moves_with_it(browse: Views, page: Path) -> None:
    view = browse(page)
    card = view.page.locator("article").first
    card.locator("input").first.fill("12")
    assert card.locator(".mended input").input_value() == "12"
    assert view.page.locator("article").nth(1).locator("input").input_value() == "6"
    assert "--condition" in card.locator(".mended").inner_text()


def test_on_paper_and_without_scripts_it_is_a_strip(browse: Views, page: Path, tmp_path: Path) -> None:
    strip = [str(step) for step in range(0, 13, 2)] * 4
    view = browse(page)
    view.page.emulate_media(media="print")
    assert shown(view) == strip
    still = tmp_path / "still.html"
    text = page.read_text(encoding="utf-8")
    still.write_text(text[: text.index("<script>")] + text[text.index("</script>", text.index("<script>")) :], "utf-8")
    view = browse(still)
    assert shown(view) == strip
    assert not view.page.locator(".player input").first.is_visible()


def test_names_are_text(browse: Views, page: Path) -> None:
    view = browse(page)
    assert view.page.locator("script").count() == 1
    assert view.page.locator("h1").inner_text() == HOSTILE_NAMES[0]
    heads = view.page.locator("article h3").all_inner_texts()
    assert [head.removesuffix(" in w") for head in heads] == list(HOSTILE_NAMES)
    labels = view.page.eval_on_selector_all(".player input", "all => all.map(e => e.getAttribute('aria-label'))")
    assert labels[0] == f"Strength of {HOSTILE_NAMES[0]}"
    view.page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
    )
    assert view.page.evaluate("window.ran") is None
    view.errors.clear()  # the page's policy complained of that script, as it must


def test_what_moves_nothing_is_said_to(browse: Views, page: Path) -> None:
    view = browse(page)
    card = view.page.locator("article").nth(len(HOSTILE_NAMES) - 1)
    assert f"Does not move {STILL}." in card.inner_text()
    assert not card.locator(".player").is_visible()
    card.locator("summary").click()
    assert card.locator(".player").is_visible()
    assert "It is not known to do better." in card.inner_text()
