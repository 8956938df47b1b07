"""The records of `ganprobe.core.calls.settings` as options of commands, and what several commands say."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ganprobe.core.calls.options import Option, default_of, options_of
from ganprobe.core.calls.shared import parse_truncation, split_names

__all__ = ["Out", "parse_truncation", "say_skipped", "split_names", "taking"]

Out = Annotated[Path, typer.Option(help="Folder for the results.")]


def taking(record: type[Any], *, but: Collection[str] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator for a command whose argument `call` is a `record`: the command line gets an option for each of its
    fields but those named in `but`, and the command the record that they make."""
    fields = {name: each for name, each in options_of(record).items() if name not in but}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        own = [each for each in inspect.signature(command, eval_str=True).parameters.values() if each.name != "call"]
        ours = [_parameter(record, name, each) for name, each in fields.items()]

        @functools.wraps(command)
        def run(**words: Any) -> Any:
            given = {name: _read(each, words.pop(name)) for name, each in fields.items()}
            return command(**words, call=record(**given))

        parameters = sorted([*own, *ours], key=lambda each: each.default is not inspect.Parameter.empty)
        keyword = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
        vars(run)["__signature__"] = inspect.Signature(keyword)
        run.__annotations__ = {each.name: each.annotation for each in keyword}
        return run

    return decorate


def _parameter(record: type[Any], name: str, said: Option) -> inspect.Parameter:
    default = default_of(record, name)
    default = default if said.written is None else said.written
    kind = said.word or _plain(typing.get_type_hints(record)[name])
    flag = said.flag or f"--{name.replace('_', '-')}"
    whole = kind if default is not None else kind | None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[whole, typer.Option(flag, help=said.help)],
    )


def _plain(kind: Any) -> type:
    """The kind of a word for a field: bool, int or float as they are, anything else is text."""
    kinds = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    return next((each for each in kinds if each in (bool, int, float)), str)


def _read(said: Option, word: Any) -> Any:
    return word if said.read is None or word is None else said.read(word)


def say_skipped(name: str, count: int, files: Sequence[str]) -> None:
    """On standard error: how many files of `name` could not be read and were left out, and the first of them."""
    if count:
        some = ", ".join(files[:3]) + (", ..." if count > 3 else "")
        typer.echo(f"ganprobe: unreadable images of {name} left out: {count} ({some})", err=True)
