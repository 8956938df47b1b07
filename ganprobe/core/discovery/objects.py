"""Python objects by name, `package.module:name`, the arguments that they take, and the source that they come from.

>>> named_object("math:pi")
3.141592653589793
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganprobe.core.discovery.foreign import REST, calling, place_of, said_by
from ganprobe.core.errors import ForeignCodeError, InputError
from ganprobe.core.registry import unknown

_NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def names_an_object(ref: str) -> bool:
    """Whether `ref` has the form `package.module:name`."""
    return _NAME.fullmatch(ref) is not None


def named_object(ref: str) -> Any:
    """What `package.module:name` names; modules in the working folder are found too. Importing a module runs it.

    InputError where `ref` has another form, or there is no such module or name in it.
    """
    module_name, colon, path = ref.partition(":")
    if not (module_name and colon and path) or ":" in path:
        raise InputError(f"{ref!r} is not understood; package.module:name was expected")
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())
    found: Any = _imported(module_name, ref)
    for part in path.split("."):
        with calling(f"looking up {part!r} of {ref}"):
            known = dir(found)
            if part not in known:
                raise unknown(f"name in {module_name}", part, [name for name in known if not name.startswith("_")])
            found = getattr(found, part)
    return found


def _imported(module_name: str, ref: str) -> Any:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as problem:
        missing = problem.name or ""
        if module_name == missing or module_name.startswith(f"{missing}."):
            hint = "is it installed or in this folder?"
        else:
            hint = f"{place_of(problem)} wants it: install it, or mend the import"
        raise InputError(f"cannot import {module_name!r} of {ref}: {problem}; {hint}") from problem
    except (Exception, SystemExit) as problem:
        place = place_of(problem)
        raise ForeignCodeError(
            f"cannot import {module_name!r} of {ref}: {said_by(problem)}"
            + (f" ({place})" if place else "")
            + f"; {REST}"
        ) from problem


def signature_of(function: Callable[..., Any], ref: str, *, wanted: str) -> inspect.Signature:
    """What arguments it takes. InputError where that cannot be told, as of some compiled ones: to be wrapped in what is
    `wanted`."""
    try:
        return inspect.signature(function)
    except ValueError as problem:
        raise InputError(f"the arguments of {ref} cannot be told ({problem}); wrap it in {wanted}") from problem


def takes(signature: inspect.Signature, count: int) -> bool:
    """Whether it can be called with `count` arguments, by their places."""
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def source_of(thing: Any) -> bytes:
    """The source file of a class or function; empty where it has none (defined at a prompt, compiled)."""
    try:
        file = inspect.getsourcefile(inspect.unwrap(thing))
        return Path(file).read_bytes() if file else b""
    except (TypeError, OSError):
        return b""
