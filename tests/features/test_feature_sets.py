"""The registry of feature sets says what the shipped extractors provide."""

from __future__ import annotations

import pytest

from ganprobe.core.errors import InputError
from ganprobe.features import FEATURES


@pytest.mark.parametrize("name", ["embedded", "toyfaces"])
def test_columns_are_those_of_the_extractor(name: str) -> None:
    record = FEATURES[name]
    extractor = record.load("cpu")
    assert extractor.provides == set(record.columns)
    assert len(extractor.fingerprint) == 64
    assert record.summary
    assert record.licence
    assert record.origin


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'embedded'"):
        FEATURES["embeded"]
