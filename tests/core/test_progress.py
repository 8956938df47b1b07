"""Progress: nothing for two seconds, then lines where there is no terminal and a bar where there is one."""

import io
import sys
from collections.abc import Iterator

import pytest

from ganprobe.core import progress
from ganprobe.core.progress import Track


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_what_is_quick_is_silent(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Track("images", total=100) as track:
        for _ in range(100):
            clock.now += 0.015
            track.advance(1)
    assert capsys.readouterr() == ("", "")


def test_plain_lines_go_to_standard_error(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Track("images of x", total=1000, done=200) as track:
        for _ in range(30):
            clock.now += 1
            track.advance(10)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "images of x: 220/1000 images, 10.0 a second, 78 s left"
    assert lines[1:] == [
        "images of x: 320/1000 images, 10.0 a second, 68 s left",
        "images of x: 420/1000 images, 10.0 a second, 58 s left",
    ]
    assert "\x1b" not in err


def test_a_terminal_gets_a_bar(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with Track("images", total=10, unit="pairs") as track:
        for _ in range(5):
            clock.now += 1
            track.advance(1)
    shown = terminal.getvalue()
    assert "images" in shown
    assert "5/10" in shown
    assert "1.0 pairs/s" in shown
