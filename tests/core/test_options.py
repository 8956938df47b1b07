"""One home for an option: a field of a record is a keyword in Python, an option of the command line, and checked."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

import ganprobe
from ganprobe.cli import options as command_options
from ganprobe.core.calls.options import called_with, option, options_of
from ganprobe.core.calls.settings import (
    CompareCall,
    EvaluateCall,
    ReferenceCall,
    Settings,
    SweepCall,
    said,
    settings_of,
)
from ganprobe.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Brighter(EvaluateCall):
    """`evaluate` with one option more: this field is all that is added."""

    gamma: int = option(1, help="How bright.", least=1)
    layers: tuple[int, ...] | None = option(
        None, word=str, read=lambda text: tuple(map(int, text.split("+"))), help="Which layers."
    )


@called_with(Brighter)
def measured(generator: str, call: Brighter) -> Brighter:
    """Measure."""
    return call


def test_an_option_is_a_keyword_of_the_call() -> None:
    assert measured("G", gamma=2, samples=7).gamma == 2
    signature = inspect.signature(measured)
    assert signature.parameters["gamma"].default == 1
    assert all(
        p.kind is inspect.Parameter.KEYWORD_ONLY for name, p in signature.parameters.items() if name != "generator"
    )
    assert "gamma: How bright." in str(measured.__doc__)
    with pytest.raises(InputError, match="gamma must be at least 1, got 0"):
        measured("G", gamma=0)
    with pytest.raises(TypeError, match="sampels"):
        measured("G", sampels=3)  # type: ignore[call-arg]


def test_an_option_is_one_of_the_command_line() -> None:
    app, seen = typer.Typer(), []

    @app.command()
    @command_options.taking(Brighter, but=["out"])
    def evaluate(generator: Annotated[str, typer.Argument()], call: Brighter) -> None:
        """Measure."""
        seen.append((generator, call))

    runner = CliRunner()
    assert "--gamma" in runner.invoke(app, ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    assert "--out " not in runner.invoke(app, ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    words = ["G", "--gamma", "2", "--layers", "1+2", "--truncation", "0.7:4", "--metrics", "fd, kd", "--resume"]
    assert runner.invoke(app, words).exit_code == 0
    ((name, call),) = seen
    assert (name, call.gamma, call.layers, call.truncation) == ("G", 2, (1, 2), (0.7, 4))
    assert (call.metrics, call.resume, call.samples, call.noise) == (["fd", "kd"], True, None, "random")
    assert isinstance(runner.invoke(app, ["G", "--noise", "loud"]).exception, InputError)


@pytest.mark.parametrize(
    ("public", "record"), [("evaluate", EvaluateCall), ("compare", CompareCall), ("sweep", SweepCall)]
)
def test_the_public_calls_are_their_records(public: str, record: type) -> None:
    parameters = inspect.signature(getattr(ganprobe, public)).parameters
    keywords = [name for name, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY]
    assert keywords == list(options_of(record))
    doc = str(getattr(ganprobe, public).__doc__)
    assert all(f"\n{name}: {each.help[:20]}" in doc for name, each in options_of(record).items())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"samples": 0}, "samples must be at least 1, got 0"),
        ({"samples": "many"}, "samples must be at least 1, got 'many'"),
        ({"batch_size": 0}, "batch size must be at least 1, got 0"),
        ({"noise": "loud"}, "noise must be random, const or zero, got 'loud'"),
    ],
)
def test_ranges_hold_in_every_record(given: dict[str, object], message: str) -> None:
    for record in (Settings, EvaluateCall, CompareCall, SweepCall):
        if given.keys() <= options_of(record).keys():
            with pytest.raises(InputError, match=message):
                record(**given)


def test_a_comparison_draws_less_unless_told() -> None:
    assert (EvaluateCall().count, CompareCall().count, CompareCall(samples=7).count) == (50_000, 5_000, 7)
    assert CompareCall().settled(300).samples == 300


def test_settings_of_a_call_leave_out_what_is_not_theirs() -> None:
    call = SweepCall(samples=9, device="cpu", metrics=["fd"], out=Path("there"))
    assert (call.settings.samples, call.settings.device, call.settings.truncation) == (9, "cpu", 1.0)
    assert said(EvaluateCall(samples=9, out="x")) == said(Settings(samples=9))
    assert settings_of(EvaluateCall(seed=4)) == Settings(seed=4)


def test_every_option_has_help_that_ends_as_a_sentence() -> None:
    for record in (EvaluateCall, CompareCall, SweepCall, ReferenceCall):
        assert all(each.help.endswith(".") and len(each.help) > 10 for each in options_of(record).values())
