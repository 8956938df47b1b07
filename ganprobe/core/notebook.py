"""How things show themselves in a notebook: a piece of HTML that needs nothing beside it, with every text escaped.

>>> shown("a <b>", rows=[("x", Bold("1"))]).count("<b>"), "a &lt;b&gt;" in shown("a <b>")
(1, True)
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

MOST: Final = 20
"""Rows that are shown."""
_QUIET: Final = "opacity:.7"
_CELL: Final = "padding:2px 12px 2px 0;border-bottom:1px solid rgba(128,128,128,.3);text-align:"


class Bold(str):
    """A cell that is set in bold type."""

    __slots__ = ()


def shown(
    title: str,
    *,
    facts: Iterable[tuple[str, object]] = (),
    head: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
    pictures: Iterable[tuple[str, bytes]] = (),
    note: str = "",
) -> str:
    """A title, facts by name, a table of at most MOST rows and PNGs by their captions, which become data URIs."""
    said = [f"{escape(name)} {escape(str(value))}" for name, value in facts]
    parts = [f"<p><strong>{escape(title)}</strong>"]
    parts += [f'<br><span style="{_QUIET}">{" · ".join(said)}</span>'] if said else []
    parts.append("</p>")
    if rows:
        parts.append(_table(head, rows[:MOST]))
    if len(rows) > MOST:
        parts.append(f'<p style="{_QUIET}">The first {MOST} of {len(rows)}.</p>')
    if note:
        parts.append(f'<p style="{_QUIET}">{escape(note)}</p>')
    for caption, data in pictures:
        address = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        parts.append(f'<p><img alt="{escape(caption)}" src="{address}" style="max-width:100%"></p>')
    return f"<div>{''.join(parts)}</div>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(_cell("th", at, text) for at, text in enumerate(head))
    body = "".join(f"<tr>{''.join(_cell('td', at, text) for at, text in enumerate(row))}</tr>" for row in rows)
    return f'<table style="border-collapse:collapse">{f"<tr>{top}</tr>" if head else ""}{body}</table>'


def _cell(tag: str, at: int, text: str) -> str:
    inside = f"<b>{escape(text)}</b>" if isinstance(text, Bold) else escape(text)
    return f'<{tag} style="{_CELL}{"right" if at else "left"}">{inside}</{tag}>'
