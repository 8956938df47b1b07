"""How numbers are written, in one place: as many digits as the interval warrants.

>>> from ganprobe.core.results import Estimate
>>> estimate_text(Estimate(9.8123, (9.6219, 10.0027), 50_000))
'9.81 [9.62, 10.00]'
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ganprobe.core.results import Better, Estimate

ARROWS: Mapping[Better, str] = {"lower": "↓", "higher": "↑", "neither": ""}
BETTER_WORDS: Mapping[Better, str] = {"lower": "lower is better", "higher": "higher is better", "neither": ""}
MISSING = "—"
DIGITS_WITHOUT_INTERVAL = 4
MOST_DECIMALS = 7


def number(value: float, half: float | None = None) -> str:
    """`value` to two significant digits of `half`, the half-width of its interval, and never to fewer than whole
    units; to four significant digits where there is no interval or it has no width."""
    if not half:
        return f"{value:z.{DIGITS_WITHOUT_INTERVAL}g}"
    decimals = max(0, 1 - _exponent(half))
    if decimals <= MOST_DECIMALS:
        return f"{value:z.{decimals}f}"
    digits = decimals + _exponent(value) if value else 0
    return f"{value:z.{max(0, digits)}e}"


def _exponent(value: float) -> int:
    """The power of ten of `value` once it is rounded to two significant digits, so that 0.0996 counts as 0.10."""
    return math.floor(math.log10(float(f"{abs(value):.1e}")))


def half_width(estimate: Estimate) -> float | None:
    """Half the width of the 95% interval; None where there is none."""
    return None if estimate.ci95 is None else (estimate.ci95[1] - estimate.ci95[0]) / 2


def value_text(estimate: Estimate) -> str:
    """The value alone, such as '9.81'."""
    return number(estimate.value, half_width(estimate))


def interval_text(estimate: Estimate) -> str:
    """The interval alone, such as '[9.62, 10.00]'; empty where there is none."""
    if estimate.ci95 is None:
        return ""
    low, high = (number(end, half_width(estimate)) for end in estimate.ci95)
    return f"[{low}, {high}]"


def estimate_text(estimate: Estimate) -> str:
    """Value and interval, such as '9.81 [9.62, 10.00]'."""
    return f"{value_text(estimate)} {interval_text(estimate)}".rstrip()


def signed_text(estimate: Estimate) -> str:
    """A difference with its interval, such as '+1.23 [1.05, 1.41]'."""
    sign = "+" if estimate.value > 0 else ""
    return sign + estimate_text(estimate)


def count(n: int) -> str:
    """A number of samples, such as '50,000'."""
    return f"{n:,}"


def short(fingerprint: str) -> str:
    """The first twelve digits of a fingerprint."""
    return fingerprint[:12]


def plain(value: Any) -> str:
    """A JSON value of a protocol or of the provenance, as text on one line."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(plain(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A nested mapping as one level of dotted names with their values as text."""
    rows: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows.update(flat(value, f"{prefix}{key}."))
        else:
            rows[f"{prefix}{key}"] = plain(value)
    return rows
