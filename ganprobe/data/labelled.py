"""Files to files with labels: as a call says, or as the files themselves do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ganprobe.core.classes.order import NAMES, Order, in_order
from ganprobe.core.classes.words import few
from ganprobe.core.errors import DataError, InputError
from ganprobe.data.files import Files, parts_of
from ganprobe.data.images import Images
from ganprobe.data.labels.class_folders import from_folders
from ganprobe.data.labels.label_files import Class, classes_in, is_labels_json
from ganprobe.data.labels.labelling import FOLDERS, MOST_CLASSES, NONE, LabelFacts, Labelling


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """What a call says of labels. labels: NONE, FOLDERS, a file that says them, or None for what the images have.
    order: of classes that have names; None for that of the names."""

    labels: str | Path | None = None
    order: Order | None = None

    @property
    def told(self) -> Order:
        return NAMES if self.order is None else self.order


AS_THEY_ARE = LabelChoice()


def labelled(files: Files, choice: LabelChoice = AS_THEY_ARE) -> Files:
    """`files` with their labels. DataError where what is asked for cannot be had, InputError for a file that is not
    there."""
    return replace(files, labelling=_found(files, choice))


def noted(labelling: Labelling, note: str) -> Labelling:
    """With one more thing to say."""
    return replace(labelling, facts=replace(labelling.facts, notes=(*labelling.facts.notes, note)))


def _found(files: Files, choice: LabelChoice) -> Labelling:
    if choice.labels == NONE:
        return Labelling(facts=LabelFacts(why="its labels were left out (--labels none)"))
    if choice.labels == FOLDERS:
        return from_folders(files.tree(), asked=True, order=choice.told)
    if choice.labels is not None:
        return _from_file(files, Path(choice.labels), choice.told)
    if files.labelling.facts.source or files.labelling.facts.why:
        return _reordered(files.labelling, choice)
    return _from_beside(files, choice.told)


def _reordered(found: Labelling, choice: LabelChoice) -> Labelling:
    """Labels that a source brings along stay as they are, unless an order is asked for."""
    if choice.order is None or found.labels is None:
        return found
    if not isinstance(choice.order, str) and _are_numbers(found.names):
        return replace(found, names=_called(len(found.names), choice.order))
    names = in_order(found.names, choice.order)
    numbers = np.array([names.index(name) for name in found.names], dtype=np.int64)
    return Labelling(numbers[found.labels], names, found.facts)


def _are_numbers(names: Sequence[str]) -> bool:
    return list(names) == [str(number) for number in range(len(names))]


def in_another_order(images: Images, choice: LabelChoice) -> Images:
    """Images whose labels come with them, in the order that is asked for."""
    found = _reordered(Labelling(images.labels, images.class_names, images.facts), choice)
    return replace(images, labels=found.labels, class_names=found.names)


def _from_beside(files: Files, order: Order) -> Labelling:
    """The labels of a dataset.json beside the images; without one those of the folders."""
    above, notes = parts_of(files.tree().above), []
    for path, load in sorted(files.beside.items()):
        folder = parts_of(path)[:-1]
        if folder != above[: len(folder)]:
            continue
        data = load()
        if not is_labels_json(data):
            notes.append(f"{path} is none of NVIDIA's and was passed over")
            continue
        where = f"{files.source}: {path}"
        classes = classes_in(data, where)
        if classes is None:
            return Labelling(facts=LabelFacts(why=f"{path} says that there are none", source=""))
        within = {"/".join((*folder, *parts_of(file))): value for file, value in classes.items()}
        return _assigned(_Said(within, where, path), files, order)
    found = from_folders(files.tree(), order=order)
    for note in notes:
        found = noted(found, note)
    return found


def _from_file(files: Files, path: Path, order: Order) -> Labelling:
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise InputError(
            f"labels are {NONE}, {FOLDERS} or a file, and {path} cannot be read ({problem.strerror})"
        ) from problem
    classes = classes_in(data, str(path))
    if classes is None:
        return Labelling(facts=LabelFacts(why=f"{path.name} says that there are none"))
    said = _Said(classes, str(path), path.name)
    tree = files.tree()
    folders = tree.folders
    if folders and not tree.loose and set(folders) <= classes.keys():
        return _by_folder(said, tree.names, folders, order)
    return _assigned(said, files, order)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a file says. called: its name in messages; source: in results."""

    classes: Mapping[str, Class]
    called: str
    source: str
    notes: tuple[str, ...] = field(default_factory=tuple)


def _by_folder(said: _Said, names: Sequence[str], folders: Sequence[str], order: Order) -> Labelling:
    """Of a mapping of class folders, as class_to_idx: a number keeps the folder's name, a name replaces it."""
    each = [name.split("/")[0] for name in names]
    values = [said.classes[folder] for folder in each]
    if not all(isinstance(value, int) for value in values):
        return _numbered(values, said, order)
    numbers = {folder: int(said.classes[folder]) for folder in folders}
    if len(set(numbers.values())) < len(numbers):
        return _numbered(values, said, order)
    every = {int(value): folder for folder, value in said.classes.items()}
    _check_most(max(every), said)
    called = tuple(every.get(number, str(number)) for number in range(max(every) + 1))
    return Labelling(np.array([numbers[folder] for folder in each], dtype=np.int64), called, LabelFacts(said.source))


def _assigned(said: _Said, files: Files, order: Order) -> Labelling:
    """Of a mapping of files."""
    places = files.places()
    given: dict[int, Class] = {}
    strange = []
    for file, value in said.classes.items():
        place = places.get(file)
        if place is None:
            strange.append(file)
        else:
            given[place] = value
    if not given:
        raise DataError(
            f"{said.called} says the classes of {few(list(said.classes))}, and {files.source} holds none of these, but "
            f"{few(files.names)}; give the file that belongs to these images, or --labels none"
        )
    if missing := [files.names[number] for number in range(len(files)) if number not in given]:
        raise DataError(
            f"{said.called} says no class of {len(missing)} of the {len(files)} images ({few(missing)}); add them, "
            "take these images away, or give --labels none"
        )
    note = f"{said.source} names {len(strange)} images that are not there ({few(strange)})"
    notes = (*said.notes, note) if strange else said.notes
    return _numbered([given[number] for number in range(len(files))], replace(said, notes=notes), order)


def _numbered(values: Sequence[Class], said: _Said, order: Order) -> Labelling:
    """Numbers are labels as they are; names are put in order."""
    facts = LabelFacts(said.source, said.notes)
    if all(isinstance(value, int) for value in values):
        labels = np.array(values, dtype=np.int64)
        _check_most(int(labels.max()), said)
        found = Labelling(labels, _called(int(labels.max()) + 1, order), facts)
        return noted(found, _counted_from(said)) if labels.min() > 0 else found
    names = in_order({str(value) for value in values}, order)
    numbers = {name: number for number, name in enumerate(names)}
    return Labelling(np.array([numbers[str(value)] for value in values], dtype=np.int64), names, facts)


def _counted_from(said: _Said) -> str:
    return (
        f"no image has the class 0 in {said.source}: numbers are labels as they are, and generators count theirs from 0"
    )


def _called(classes: int, order: Order) -> tuple[str, ...]:
    """The names of classes that are numbers: those that a file of names has, else the numbers."""
    names = () if isinstance(order, str) else tuple(order)
    if names and len(names) < classes:
        raise DataError(f"{classes} classes need {classes} names, and the order of classes has {len(names)}")
    return names or tuple(str(number) for number in range(classes))


def _check_most(largest: int, said: _Said) -> None:
    if largest >= MOST_CLASSES:
        raise DataError(f"{said.called} has a class {largest}; classes count from 0, to {MOST_CLASSES - 1} at most")
