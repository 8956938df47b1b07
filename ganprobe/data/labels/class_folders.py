"""Labels from folders: the first folder of each image's name is its class, where the folders are classes.

Folders have other reasons too: the parts of a data set (train, test), chunks of a large set (00000, 01000, ...), kinds
of files (images, masks). Such are never taken for classes unasked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ganprobe.core.classes.order import NAMES, Order, in_order
from ganprobe.core.classes.words import few, listed
from ganprobe.core.errors import DataError
from ganprobe.data.labels.labelling import FOLDERS, LabelFacts, Labelling

_PART = re.compile(
    r"(train(ing|val)?|trn|test(ing)?|tst|val(id(ation)?)?|dev(el)?|eval(uation)?|hold[-_ ]?out|held[-_ ]?out"
    r"|unlabell?ed|extra|images?|imgs?|masks?|annotations?|labels?|thumb(nail)?s?|previews?)"
    r"([-_ ]?(set|data|images?|imgs?|[a-d]|\d{1,4}|\d+x\d+))?"
)
_SPLIT = re.compile(
    r"(?<![a-z])(train(ing|val)?|trn|test(ing)?|tst|val(id(ation)?)?|dev|eval(uation)?|hold[-_ ]?out)(?![a-z])"
)
"""Of several folders that are called alike but for such a word, as seg_train and seg_test."""
_CHUNK = re.compile(r"((part|shard|chunk|batch|block|bucket|dir|folder|subset|split|fold|page)[-_ ]?)\d+|\d+[-_]\d+")
_HASHES = re.compile(r"[0-9a-f]{1,3}")
LEAST_HASHES = 16
"""So many folders called 00 to ff, one with a letter in it, are taken for the first characters of hashes."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Where images lie. place: the folder or archive, for messages. above: the folders that all of them share, joined
    by "/"; names: below those. empty: folders beside theirs that hold no image. splittable: whether a part of it can be
    named by its path."""

    place: str
    above: str
    names: Sequence[str]
    empty: Sequence[str] = ()
    splittable: bool = True

    @property
    def folders(self) -> list[str]:
        return sorted({name.split("/")[0] for name in self.names if "/" in name})

    @property
    def loose(self) -> list[str]:
        return [name for name in self.names if "/" not in name]


def from_folders(tree: Tree, *, asked: bool = False, order: Order = NAMES) -> Labelling:
    """The labels of `tree`, or why it has none. asked: whether its folders were said to be the classes. DataError where
    they cannot be, and, unasked, for the parts of a data set."""
    why = "" if asked else _no_classes(tree)
    why = why or _no_folders(tree)
    if why and asked:
        raise DataError(f"{tree.place} has no class folders: {why}; class folders beside one another were expected")
    if why:
        return Labelling(None, (), LabelFacts(why=why))
    folders = tree.folders
    names = in_order(folders, order)
    numbers = {name: number for number, name in enumerate(names)}
    labels = np.array([numbers[name.split("/")[0]] for name in tree.names], dtype=np.int64)
    notes = () if asked else _doubts(tree)
    return Labelling(labels, names, LabelFacts(FOLDERS, (*notes, *_below(tree), *_empty(tree))))


def _no_folders(tree: Tree) -> str:
    folders, loose = tree.folders, tree.loose
    if not folders:
        last = tree.above.rpartition("/")[2]
        return f"all its images lie in one folder, {last}" if last else "its images lie in no folders"
    if not loose:
        return ""
    lie = "images lie" if len(loose) > 1 else "image lies"
    return f"{len(loose)} {lie} beside the folders {listed(folders)}: {few(loose)}; move what is no class away"


def _parts(folders: Sequence[str]) -> list[str]:
    """Those that are called as the parts of a data set are: by a word of their own, or alike but for such a word."""
    alike: dict[str, dict[str, set[str]]] = {}
    for name in folders:
        low = name.casefold()
        if found := _SPLIT.search(low):
            rest = re.sub(r"[\W\d_]+", " ", low[: found.start()] + " " + low[found.end() :]).strip()
            alike.setdefault(rest, {}).setdefault(found[0], set()).add(name)
    split = {name for words in alike.values() if len(words) > 1 for names in words.values() for name in names}
    return [name for name in folders if name in split or _PART.fullmatch(name.casefold())]


def _no_classes(tree: Tree) -> str:
    """Why folders that can be classes are none by their names."""
    folders = tree.folders
    parts = _parts(folders)
    if len(parts) > 1:
        one = "/".join(each for each in (tree.place, tree.above, parts[-1]) if each)
        give = f"give one of them, such as {one}" if tree.splittable else "pack one of them alone"
        raise DataError(
            f"{tree.place} holds the parts {listed(parts)} of a data set, which are no classes: {give}, or say what "
            "the folders are (--labels folders: classes all the same; --labels none: one set)"
        )
    if _are_chunks(folders, tree.names):
        return (
            f"its folders {listed(folders)} look like chunks of one set, no classes; --labels folders takes them for "
            "classes"
        )
    return ""


def _are_chunks(folders: Sequence[str], names: Sequence[str]) -> bool:
    if len(folders) < 2:
        return False
    plain = [name.casefold() for name in folders]
    if all(_CHUNK.fullmatch(name) for name in plain):
        return True
    if all(name.isdecimal() for name in plain):
        return _look_counted(folders) and _run_on(names)
    hashes = all(_HASHES.fullmatch(name) for name in plain) and len({len(name) for name in plain}) == 1
    return hashes and len(folders) >= LEAST_HASHES


def _look_counted(folders: Sequence[str]) -> bool:
    """Whether numbers are written as those of chunks are: 00000, 00001, ... or 0, 1000, 2000, ..."""
    padded = len({len(name) for name in folders}) == 1 and len(folders[0]) > 2
    return padded or all(int(name) % 100 == 0 for name in folders)


def _run_on(names: Sequence[str]) -> bool:
    """Whether the numbers of the files go on from folder to folder; those of a class begin again."""
    ranges: dict[int, tuple[int, int]] = {}
    for name in names:
        if "/" not in name:
            continue
        digits = re.findall(r"\d+", name.rpartition("/")[2].rpartition(".")[0])
        if not digits:
            return False
        folder, number = int(name.split("/")[0]), int(digits[-1])
        low, high = ranges.get(folder, (number, number))
        ranges[folder] = min(low, number), max(high, number)
    ordered = [ranges[folder] for folder in sorted(ranges)]
    return all(before[1] < after[0] for before, after in pairwise(ordered))


def _doubts(tree: Tree) -> tuple[str, ...]:
    """What looks wrong of folders that are taken for classes."""
    folders = tree.folders
    parts = [name for name in folders if _PART.fullmatch(name.casefold())]
    notes = [f"the class {name} is called as the part of a data set is" for name in parts]
    if all(name.isdecimal() and len(name) > 3 and name.startswith("0") for name in folders):
        notes.append(f"the folders {listed(folders)} are taken for classes (--labels none if they are chunks)")
    return tuple(notes)


def _below(tree: Tree) -> tuple[str, ...]:
    inner = sorted({name.split("/")[1] for name in tree.names if name.count("/") > 1})
    if not inner:
        return ()
    first = next("/".join(name.split("/")[:2]) for name in tree.names if name.count("/") > 1)
    if all(_PART.fullmatch(name.casefold()) for name in inner):
        return (f"the class folders hold the parts {listed(inner)} of a data set, which are taken together",)
    return (f"the first folder is the class: folders below it ({first}, ...) are no classes of their own",)


def _empty(tree: Tree) -> tuple[str, ...]:
    return (f"folders without images are no classes: {few(tree.empty)}",) if tree.empty else ()
