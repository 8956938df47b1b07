"""What `ganprobe list` shows is what the other commands take."""

from pathlib import Path

import pytest

from ganprobe.checkpoints import LAYOUTS
from ganprobe.data import DATASETS
from ganprobe.directions import METHODS
from ganprobe.engine.listing import listing
from ganprobe.engine.opening.metrics import CATALOGUE
from ganprobe.features import FEATURES


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("metrics", CATALOGUE),
        ("datasets", DATASETS),
        ("features", FEATURES),
        ("layouts", LAYOUTS),
        ("directions", METHODS),
        ("generators", ["dots", "dashes", "classes"]),
    ],
)
def test_every_name_has_a_line(kind: str, names: list[str], small_shipped: Path) -> None:
    titles, rows = listing(kind)
    assert [row[0] for row in rows] == list(names)
    assert all(len(row) == len(titles) and all(row) for row in rows)


def test_where_nothing_is_shipped_the_list_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganprobe.engine.listing.manifest", dict)
    assert listing("generators")[1] == []
