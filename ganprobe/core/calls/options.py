"""What a call can be told, said once: a record's fields, from which Python's signatures and the command line's options
both come, with their help, kinds, ranges and defaults.

>>> @dataclass(frozen=True, kw_only=True)
... class Steps(Options):
...     steps: int = option(3, help="How many.", least=1)
>>> @called_with(Steps)
... def walk(start: int, call: Steps) -> int:
...     '''Walk.'''
...     return start + call.steps
>>> walk(2, steps=5), str(inspect.signature(walk))
(7, "(start: 'int', *, steps: 'int' = 3) -> 'int'")
>>> walk(2, steps=0)
Traceback (most recent call last):
ganprobe.core.errors.InputError: steps must be at least 1, got 0
"""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast, overload

from ganprobe.core.errors import InputError

_KEY: Final = "option"
_WIDTH: Final = 100

P = ParamSpec("P")
C_co = TypeVar("C_co", covariant=True)
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What is said of a field. least: the smallest number. choices: the words that are known. On the command line:
    word: the kind of its word, where it is not that of the field; read: the value of a word; written: the word of the
    default, where `read` makes it another thing; flag: its name."""

    help: str
    least: int | None = None
    choices: tuple[str, ...] = ()
    word: type | None = None
    read: Callable[[str], Any] | None = None
    written: str | None = None
    flag: str | None = None

    def check(self, name: str, value: Any) -> None:
        """InputError for a number below `least` and a word that is none of `choices`."""
        said = name.replace("_", " ")
        if self.least is not None and value is not None and not (isinstance(value, int) and value >= self.least):
            raise InputError(f"{said} must be at least {self.least}, got {value!r}")
        if self.choices and value is not None and value not in self.choices:
            known = f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
            raise InputError(f"{said} must be {known}, got {value!r}")


def option(
    default: Any,
    *,
    help: str,
    least: int | None = None,
    choices: tuple[str, ...] = (),
    word: type | None = None,
    read: Callable[[str], Any] | None = None,
    written: str | None = None,
    flag: str | None = None,
) -> Any:
    """A field with this default that a call can be told; see `Option`."""
    said = Option(help=help, least=least, choices=choices, word=word, read=read, written=written, flag=flag)
    return field(default=default, metadata={_KEY: said})


@dataclass(frozen=True, kw_only=True)
class Options:
    """The base of such records: frozen dataclasses whose fields are options, checked when one is made."""

    def __post_init__(self) -> None:
        for name, each in options_of(type(self)).items():
            each.check(name, getattr(self, name))


def options_of(record: type[Any]) -> dict[str, Option]:
    """Name to what is said of it, in the record's order."""
    return {each.name: each.metadata[_KEY] for each in _optional(record)}


def default_of(record: type[Any], name: str) -> Any:
    """The default of a field."""
    return next(each.default for each in fields(record) if each.name == name)


def _optional(record: type[Any]) -> list[Field[Any]]:
    return [each for each in fields(record) if _KEY in each.metadata]


class Called(Protocol[P, C_co]):
    """Gives a function of leading arguments and a record the record's fields as keyword arguments instead."""

    @overload
    def __call__(self, body: Callable[[A, C_co], R]) -> Callable[Concatenate[A, P], R]: ...
    @overload
    def __call__(self, body: Callable[[A, B, C_co], R]) -> Callable[Concatenate[A, B, P], R]: ...


def called_with(record: Callable[P, C]) -> Called[P, C]:
    """A decorator for a function whose last argument is `record`: it is then called with the fields of the record as
    keyword arguments, and its signature and docstring name them."""
    kind = cast(type[Any], record)

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        *leading, last = inspect.signature(body).parameters.values()
        signature = inspect.Signature(
            [*leading, *parameters_of(kind)], return_annotation=inspect.signature(body).return_annotation
        )

        @functools.wraps(body)
        def call(*args: Any, **keywords: Any) -> Any:
            bound = signature.bind(*args, **keywords).arguments
            given = {each.name: bound.pop(each.name) for each in leading if each.name in bound}
            return body(**given, **{last.name: kind(**bound)})

        vars(call)["__signature__"] = signature
        call.__doc__ = f"{inspect.getdoc(body) or ''}\n\n{described(options_of(kind))}"
        return call

    return cast(Called[P, C], decorate)


def parameters_of(record: type[Any]) -> list[inspect.Parameter]:
    """The fields as keyword-only parameters."""
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.default is MISSING else each.default,
            annotation=each.type,
        )
        for each in _optional(record)
    ]


def described(options: Mapping[str, Option]) -> str:
    """A line or two for each."""
    return "\n".join(
        textwrap.fill(f"{name}: {each.help}", _WIDTH, subsequent_indent="    ") for name, each in options.items()
    )
