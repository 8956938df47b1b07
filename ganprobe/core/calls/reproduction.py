"""How a paper is reproduced: every option of `reproduce`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganprobe.core.calls.options import option
from ganprobe.core.calls.shared import Looking, Placing, split_names
from ganprobe.core.errors import InputError


def parse_pairs(text: str) -> dict[str, str]:
    """ "a=b,c=d" to {"a": "b", "c": "d"}. InputError for anything else.

    >>> parse_pairs("celebahq=faces/, stl10=stl")
    {'celebahq': 'faces/', 'stl10': 'stl'}
    """
    pairs: dict[str, str] = {}
    for word in split_names(text):
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise InputError(f"expected names and values, as in celebahq=FOLDER,stl10=FOLDER; got {word!r}")
        pairs[name] = value
    return pairs


@dataclass(frozen=True, kw_only=True)
class ReproduceCall(Placing, Looking):
    """`reproduce`; of the features, weights alone are chosen."""

    budget: str = option(
        "smoke", help="smoke (minutes, means nothing), cpu (hours), gpu (minutes on a large one) or paper."
    )
    tables: Sequence[str] | None = option(
        None, word=str, read=split_names, help="Tables and figures by name, joined by commas; left out, all."
    )
    rows: Sequence[str] | None = option(
        None,
        word=str,
        read=split_names,
        help="Patterns of recipes, such as 'cifar10-sndcgan*', joined by commas; left out, all.",
    )
    data: Mapping[str, str | Path] | None = option(
        None,
        word=str,
        read=parse_pairs,
        help="Where data sets lie, each with train/ and test/ in it, as in celebahq=FOLDER, joined by commas.",
    )
    scorers: Mapping[str, str] | None = option(
        None,
        word=str,
        read=parse_pairs,
        flag="--scorer",
        help="The scorer of a data set's attributes, as in celebahq=SCORER, joined by commas.",
    )
    seeds: int | None = option(None, least=1, help="Training runs of each row; left out, the budget's.")
    jobs: int | None = option(None, least=1, help="Rows at a time, each in a process; left out, the budget's.")
    max_minutes: float | None = option(
        None, help="Of all the work; rows that are compared then train as many steps as the slowest can."
    )
    report_only: bool = option(False, help="Train and measure nothing: write the report of what is there.")
