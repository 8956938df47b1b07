"""Code of others while it runs: what it raises is one line, with the place in their file and what it was given.

>>> try:
...     with calling("mine:net", z=3):
...         {}["layers"]
... except ForeignCodeError as problem:
...     print(problem)
mine:net raised KeyError: 'layers', given z 3; --traceback shows the rest
"""

from __future__ import annotations

import linecache
import os
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ganprobe.core.errors import ForeignCodeError, GanprobeError, one_line, out_of_memory

REST: Final = "--traceback shows the rest"
_OURS: Final = str(Path(__file__).resolve().parents[2]) + os.sep
_INSTALLED: Final = tuple(
    str(Path(sysconfig.get_path(kind)).resolve()) + os.sep for kind in ("stdlib", "platstdlib", "purelib", "platlib")
)
_LONGEST: Final = 300
_COMPILED_TRACE: Final = "Traceback of TorchScript"


@contextmanager
def calling(name: str, *, of: Any = None, **given: Any) -> Iterator[None]:
    """Within: code that is called `name` runs, on what is `given` by name. What it raises, a SystemExit included,
    becomes a ForeignCodeError, with the exception as its cause. An interruption, memory that ran out and errors of our
    own pass through. of: the function or object that runs, whose place is named where no line of its code was reached.
    """
    try:
        yield
    except GanprobeError:
        raise
    except (Exception, SystemExit) as problem:
        if out_of_memory(problem):
            raise
        words = ", ".join(f"{key} {_described(value)}" for key, value in given.items())
        place = place_of(problem, of)
        raise ForeignCodeError(
            f"{name} {_raised(problem)}"
            + (f" ({place})" if place else "")
            + (f", given {words}" if words else "")
            + f"; {REST}"
        ) from problem


def said_by(problem: BaseException) -> str:
    """The type and the message of an exception, in one line."""
    text = str(problem)
    if _COMPILED_TRACE in text:
        text = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    if isinstance(problem, SyntaxError):
        text = problem.msg or text
    kind = type(problem).__name__
    said = one_line(text.strip().removeprefix(f"{kind}: "), _LONGEST)
    return f"{kind}: {said}" if said else kind


def place_of(problem: BaseException, of: Any = None) -> str:
    """Where in somebody's own file it was raised, "file:line"; else where what ran is defined (`of`); else where in an
    installed package; "" where that is not known."""
    if isinstance(problem, SyntaxError) and problem.filename:
        return f"{_shown(problem.filename)}:{problem.lineno}"
    frames = [(each.filename, each.lineno) for each in traceback.extract_tb(problem.__traceback__)]
    if frames and frames[0][0] == __file__:
        frames = frames[2:]  # without `calling` itself and whoever calls
    foreign = [each for each in frames if not _is_within(each[0], (_OURS,)) and _is_source(each[0])]
    own = [each for each in foreign if not _is_within(each[0], _INSTALLED)]
    if not own and (defined := _defined(of)):
        return defined
    return next((f"{_shown(file)}:{line}" for file, line in reversed(own or foreign)), "")


def _raised(problem: BaseException) -> str:
    if isinstance(problem, SystemExit):
        return f"asked to end the process (SystemExit: {problem.code})"
    return f"raised {said_by(problem)}"


def _described(value: Any) -> str:
    """A tensor by its shape, type and device; anything else as it is written."""
    shape = getattr(value, "shape", None)
    if shape is None:
        return one_line(repr(value))
    sizes = " x ".join(map(str, shape)) or "one number"
    where = getattr(value, "device", None)
    return f"{sizes} {str(value.dtype).removeprefix('torch.')}" + ("" if where is None else f" on {where}")


def _defined(of: Any) -> str:
    """Where a function, the call of an object, or the forward pass of a network stands."""
    for thing in (of, *(getattr(of, name, None) for name in ("forward", "__init__", "__call__"))):
        code = getattr(thing, "__code__", None)
        if code is not None and _is_source(code.co_filename) and not _is_within(code.co_filename, (_OURS, *_INSTALLED)):
            return f"{_shown(code.co_filename)}:{code.co_firstlineno}"
    return ""


def _is_source(file: str) -> bool:
    return not file.startswith("<") or file in linecache.cache


def _is_within(file: str, folders: tuple[str, ...]) -> bool:
    return str(Path(file).resolve()).startswith(folders) if not file.startswith("<") else False


def _shown(file: str) -> str:
    """From the working folder, where it lies in it."""
    try:
        return str(Path(file).resolve().relative_to(Path.cwd().resolve()))
    except (ValueError, OSError):
        return file
