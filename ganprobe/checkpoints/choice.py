"""Which of the networks in a file is read: the averaged generator, or the one that a caller names; and why none is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ganprobe.checkpoints.candidates import FEWEST, Candidate, is_averaged, is_of_another, rank
from ganprobe.checkpoints.containers import Opened
from ganprobe.checkpoints.layout import Contents, Layout, Role
from ganprobe.checkpoints.layouts.table import LAYOUTS
from ganprobe.checkpoints.plugins import GROUP, plug_ins
from ganprobe.checkpoints.reader.pickled_modules import is_module
from ganprobe.core.errors import CheckpointError, InputError, one_line

WHOLE: Final = "(the file itself)"
"""What stands for the key of a network that is the whole file."""
# What indexing and reshaping tensors that are not as they should be can raise.
MISSHAPEN = (KeyError, IndexError, RuntimeError, TypeError, ValueError, ZeroDivisionError, OverflowError, InputError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The network of a file that is read, and what its layout is called."""

    contents: Contents
    name: str
    layout: Layout


def choose(opened: Opened, *, key: str | None = None, role: Role = "generator") -> Chosen:
    """The network to read.

    key: the place of the one that is meant, or the beginning or the end of it; None for the averaged generator where
    there is one, else the generator. role: which is looked for first. CheckpointError where there is none, InputError
    for a key under which there is none.
    """
    claimed, problems = _claimed(opened)
    wanted = _under(key, claimed)
    if not wanted:
        raise _no_key(opened, key, claimed) if key is not None and claimed else _of_no_layout(opened, key, problems)
    best = min(wanted, key=lambda each: (each.layout.role != role, *rank(each.contents.place)))
    if key is None and best.layout.role == "generator":
        _check_average(opened, best, claimed)
    others = {each.contents.place or WHOLE: each.name for each in claimed if each is not best}
    return replace(best, contents=replace(best.contents, others=others))


def _claimed(opened: Opened) -> tuple[list[Chosen], list[str]]:
    """Every network of a known layout: a built-in one or, where none of them claims anything, one of another package;
    and what went wrong with packages."""
    found = [each.contents(opened.path, opened.container) for each in opened.found]
    ours = [(contents, name, layout) for contents in found for name, layout in LAYOUTS.items()]
    claimed: dict[str, Chosen] = {}
    for contents, name, layout in ours:
        if contents.place not in claimed and layout.claims(contents):
            claimed[contents.place] = Chosen(contents=contents, name=name, layout=layout)
    return (list(claimed.values()), []) if claimed else _claimed_by_packages(found)


def _claimed_by_packages(found: Sequence[Contents]) -> tuple[list[Chosen], list[str]]:
    claimed: dict[str, Chosen] = {}
    problems: list[str] = []
    for plug_in in plug_ins(LAYOUTS):
        try:
            for contents in found if plug_in.item is not None else ():
                if contents.place not in claimed and plug_in.item is not None and plug_in.item.claims(contents):
                    claimed[contents.place] = Chosen(contents=contents, name=plug_in.name, layout=plug_in.item)
            problems.append(plug_in.problem)
        except MISSHAPEN as problem:
            problems.append(f"the layout {plug_in.name!r} of package {plug_in.package} failed ({one_line(problem)})")
    return list(claimed.values()), [problem for problem in problems if problem]


def _under(key: str | None, claimed: Sequence[Chosen]) -> list[Chosen]:
    """Those that a key means: the one of just that place, else those whose place it begins or ends."""
    exact = [each for each in claimed if key == (each.contents.place or WHOLE)]
    return exact or [each for each in claimed if key is None or _leads_to(key, each.contents.place)]


def _leads_to(key: str, place: str) -> bool:
    return place == key or place.startswith(f"{key}.") or place.endswith(f".{key}")


def _check_average(opened: Opened, best: Chosen, claimed: Sequence[Chosen]) -> None:
    """CheckpointError where the file has an average of the weights that cannot be read: the raw generator is never
    taken in its place unasked."""
    place = best.contents.place
    if is_averaged(place):
        return
    read = {each.contents.place for each in claimed}
    for candidate in opened.found:
        averaged = is_averaged(candidate.place) and not is_of_another(candidate.place)
        if averaged and len(candidate.records) >= FEWEST and not any(_leads_to(candidate.place, each) for each in read):
            why = _unnamed(candidate) or f" that is of no known layout{_lacking(opened, [candidate])}"
            raise CheckpointError(
                f"{opened.path} holds an average of the weights under {candidate.place!r}{why}; "
                f"--key {place or 'NAME'} (key=) takes the network that was trained itself, {place!r}"
            )


def _unnamed(candidate: Candidate) -> str:
    """What is said of tensors that are only numbered; "" where they have names."""
    if not candidate.records or not all(name.isdecimal() for name in candidate.records):
        return ""
    return (
        f" as a list of {len(candidate.records)} tensors without names, as torch-ema and diffusers keep averages, "
        "which do not tell which is which: where it was trained, copy it into the network (ema.copy_to(...)) and "
        "save the network's state_dict()"
    )


def _no_key(opened: Opened, key: str, claimed: Sequence[Chosen]) -> InputError | CheckpointError:
    there = [candidate for candidate in opened.found if _leads_to(key, candidate.place)]
    known = ", ".join(f"{each.contents.place or WHOLE} ({each.name})" for each in claimed[:8])
    if there:
        return CheckpointError(
            f"{opened.path} holds no network of a known layout under {key!r}{_lacking(opened, there)}; it has: {known}"
        )
    return InputError(f"{opened.path} has nothing under the key {key!r}; its networks: {known}")


def _of_no_layout(opened: Opened, key: str | None, problems: Sequence[str]) -> CheckpointError:
    subject = f"{opened.path} ({opened.container})"
    there = [each for each in opened.found if key is None or _leads_to(key, each.place)] or opened.found
    whole = is_module(opened.root)
    advice = (
        "; it is a network pickled whole: if its code is of a known project, save its state_dict()" if whole else ""
    )
    lists = [each for each in there if _unnamed(each)]
    if lists and len(lists) == len([each for each in there if len(each.records) >= FEWEST]):
        advice = f"; {lists[0].place or WHOLE} comes{_unnamed(lists[0])}"
    return CheckpointError(
        f"{subject} is of no known layout: it holds {_held(opened)}, ...{_lacking(opened, there)}{advice}; "
        f"known layouts: {', '.join(LAYOUTS)}; a package can add a reader by the entry-point group {GROUP.name} "
        f"(docs/contributing/layout.md){''.join(f'; {problem}' for problem in problems)}"
    )


def _held(opened: Opened) -> str:
    """The first names at the top of a file: of tensors, else of what there is."""
    top = next((each for each in opened.found if not each.path), None)
    names = [*(top.records if top else ()), *(top.beside if top else ())]
    if not names and isinstance(opened.root, Mapping):
        names = [str(name) for name in opened.root]
    return ", ".join(one_line(name) for name in names[:4]) or "nothing"


def _lacking(opened: Opened, found: Sequence[Candidate]) -> str:
    """Which mapping comes nearest to a layout, and what it lacks for it; "" where nothing comes near one."""
    nearest: tuple[float, int] = (0.0, 0)
    said = ""
    for candidate in found:
        names = {name.removesuffix("_orig") for name in candidate.records} | set(candidate.records)
        for layout_name, layout in LAYOUTS.items():
            marks = layout.marks()
            share = sum(mark in names for mark in marks) / max(len(marks), 1)
            if (share, len(names)) > nearest and share > 0:
                missing = [mark for mark in marks if mark not in names]
                nearest = (share, len(names))
                what = f"lacks {', '.join(missing)}" if missing else "has tensors that it has not"
                under = f" under {one_line(candidate.place)!r}" if candidate.place else ""
                said = f"; nearest is {layout_name}{under}, for which it {what}"
    return said
