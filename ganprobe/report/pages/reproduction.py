"""A reproduced paper as Markdown, HTML and LaTeX."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ganprobe.core.results import Better
from ganprobe.report.figures.run import DARK_SUFFIX
from ganprobe.report.format import ARROWS, MISSING, interval_text, signed_text, value_text
from ganprobe.report.pages.html import Picture, picture, template
from ganprobe.report.pages.latex import PREAMBLE
from ganprobe.report.pages.latex import escaped as latex_escaped
from ganprobe.report.pages.markdown import escaped, pairs_table
from ganprobe.report.pages.markdown import table as pipe_table
from ganprobe.report.records.orders import Verdict
from ganprobe.report.records.reproduction import NumberCell, NumberColumn, NumberTable, Order, Reproduction

NOT_YET = "not yet"
SIGNS: Mapping[Verdict, str] = {"holds": "✓", "reversed": "✗", "undecided": "≈", "unknown": "?", "": ""}
MEANINGS: Mapping[Verdict, str] = {
    "holds": "the paper's order holds",
    "reversed": "the order is the other way round",
    "undecided": "the interval includes zero",
    "unknown": "not known yet",
    "": "",
}
_LEGEND = (
    "In brackets the 95% interval. ✓ the paper's order holds: the 95% interval of the difference excludes zero, with "
    "the paper's sign; ✗ it excludes zero with the other sign; ≈ it includes zero. The paper's numbers stand beside "
    "ours for their order alone."
)
_ONE_SEED = (
    "One training run a row: an interval is that of the measurement, and tells nothing of how another seed would end."
)
_SEVERAL = "Values are means over training seeds, intervals Student's over the seeds, those of differences Welch's."


def tally(tables: Iterable[NumberTable]) -> Counter[Verdict]:
    """How many of the paper's orders there are of each verdict, each comparison of two rows on one column once, however
    many tables show it."""
    seen: dict[tuple[str, ...], Verdict] = {}
    for table in tables:
        for group in table.groups:
            recipes = {each.row.method: each.row.recipe for each in group.rows}
            for each in group.rows:
                for column, cell in zip(table.columns, each.cells, strict=True):
                    for order in cell.orders:
                        if order.verdict:
                            about = (each.row.recipe, recipes[order.other], column.label, column.key)
                            seen[about] = order.verdict
    return Counter(seen.values())


def tally_words(found: Reproduction) -> str:
    """'5 orders stated: 3 hold, 1 reversed, 1 undecided'; empty where the paper states none."""
    counts = tally(found.tables)
    total = sum(counts.values())
    words = (("hold", "holds"), ("reversed", "reversed"), ("undecided", "undecided"), ("not known yet", "unknown"))
    parts = [f"{counts[key]} {word}" for word, key in words if counts[key]]  # type: ignore[index]
    return f"{total} stated: {', '.join(parts)}" if total else ""


def seed_note(found: Reproduction) -> str:
    """How to read the intervals: by how many runs there are."""
    seeds = [cell.seeds for table in found.tables for group in table.groups for row in group.rows for cell in row.cells]
    most = max(seeds, default=0)
    return "" if not most else (_ONE_SEED if most == 1 else _SEVERAL)


def order_text(order: Order) -> str:
    """'✓ −3.29 [−3.60, −2.98]', and to which method where that is not the baseline."""
    said = MISSING if order.difference is None else signed_text(order.difference)
    return " ".join(filter(None, [SIGNS[order.verdict], said, f"to {order.other}"]))


def lacks_of(tables: Sequence[NumberTable]) -> dict[str, str]:
    """The letters of what cells lack, by text, in order; "not yet" needs none."""
    texts = dict.fromkeys(
        cell.lacks
        for table in tables
        for group in table.groups
        for row in group.rows
        for cell in row.cells
        if cell.lacks and cell.lacks != NOT_YET
    )
    return {text: _letter(i) for i, text in enumerate(texts)}


def _letter(i: int) -> str:
    first, last = divmod(i, 26)
    return (chr(ord("a") + first - 1) if first else "") + chr(ord("a") + last)


def column_head(column: NumberColumn) -> str:
    """'FD ↓ (paper: FID)'."""
    other = f" (paper: {column.paper_label})" if column.paper_label else ""
    return f"{column.label} {ARROWS[column.better]}".rstrip() + other


def reproduction_markdown(found: Reproduction, figures: Mapping[str, bytes]) -> str:
    """report.md. figures: PNG by name, those that lie in figures/."""
    parts = [f"# {escaped(heading(found))}", escaped(_facts_line(found)), f"Source: {escaped(found.source)}"]
    parts += [escaped(found.protocol), "\n".join(f"- {escaped(line)}" for line in found.says)]
    parts += [f"> {escaped(note)}" for note in [seed_note(found)] if note] + [escaped(_LEGEND)]
    for table in found.tables:
        parts += _markdown_table(table, figures)
    for figure in found.figures:
        parts += [f"## {escaped(figure.title)}", escaped(figure.note)]
        parts += (
            [f"![{escaped(figure.title)}](figures/{file_name(figure.id)}.png)"]
            if file_name(figure.id) in figures
            else []
        )
        lacking = [f"- {escaped(line.name)}: {escaped(line.lacks)}" for line in figure.lines if not line.points]
        parts.append("\n".join(lacking))
    parts += _markdown_rest(found, figures)
    return "\n\n".join(filter(None, parts)) + "\n"


def file_name(id: str) -> str:
    """The name of a table's or figure's picture, less its end."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in f"table-{id}")


def _facts_line(found: Reproduction) -> str:
    return "; ".join(f"{key} {text}" for key, text in all_facts(found).items())


def all_facts(found: Reproduction) -> dict[str, str]:
    """The line under the headline."""
    orders = tally_words(found)
    return {"budget": found.budget, **({"orders": orders} if orders else {}), **found.facts}


def heading(found: Reproduction) -> str:
    """'LT-GAN, reproduced'."""
    return f"{found.title}, reproduced"


def _markdown_table(table: NumberTable, figures: Mapping[str, bytes]) -> list[str]:
    letters = lacks_of([table])
    head = ["", *(escaped(column_head(column)) for column in table.columns)]
    rows: list[tuple[str, ...]] = []
    for group in table.groups:
        rows.append((f"**{escaped(group.title)}**", *("" for _ in table.columns)))
        rows += [
            (escaped(each.row.method), *(_markdown_cell(cell, letters) for cell in each.cells)) for each in group.rows
        ]
    parts = [f"## {_title(table)}", f"Numbers of {escaped(table.source)}." if table.source else ""]
    parts += [pipe_table(head, rows, "l" + "r" * len(table.columns)), escaped(table.note)]
    parts.append("<br>\n".join(f"<sup>{letter}</sup> {escaped(text)}" for text, letter in letters.items()))
    parts.append("\n".join(f"- {escaped(line)}" for line in differences(table)))
    name = file_name(table.id)
    return parts + ([f"![{_title(table)}](figures/{name}.png)"] if name in figures else [])


def _title(table: NumberTable) -> str:
    return escaped(title_of_table(table))


def title_of_table(table: NumberTable) -> str:
    """'Table 1: FID of the methods'; a part without a number goes by its title."""
    return f"Table {table.id}: {table.title}" if table.id.isdecimal() else table.title


def differences(table: NumberTable) -> list[str]:
    """What sets each group apart from the paper's, after its title."""
    return [f"{group.title}: {'; '.join(group.differs)}." for group in table.groups if group.differs]


def _markdown_cell(cell: NumberCell, letters: Mapping[str, str]) -> str:
    lines = []
    if cell.found is None:
        mark = letters.get(cell.lacks)
        lines.append(f"{MISSING} <sup>{mark}</sup>" if mark else NOT_YET)
    else:
        interval = f" {escaped(interval_text(cell.found))}" if cell.found.ci95 else ""
        lines.append(f"**{value_text(cell.found)}**{interval}")
    lines += [f"paper {cell.printed}"] if cell.paper is not None else []
    lines += [escaped(order_text(order)) for order in cell.orders if order.difference is not None]
    return "<br>".join(lines)


def _markdown_rest(found: Reproduction, figures: Mapping[str, bytes]) -> list[str]:
    parts: list[str] = []
    if found.failures:
        rows = [(escaped(row), escaped(said)) for row, said in found.failures.items()]
        parts += ["## Rows that failed", pipe_table(["Row", "How it ended"], rows, "ll")]
    if found.trained:
        parts += ["## What was trained", _facts_table(found.trained)]
    shown = [name for name in found.pictures if sample_file(name) in figures]
    if shown:
        parts += ["## Samples", "The first samples of each row, not selected."]
        parts += [f"**{escaped(name)}**\n\n![{escaped(name)}](figures/{sample_file(name)}.png)" for name in shown]
    return [*parts, "## Where it comes from", pairs_table(found.origin)]


def sample_file(name: str) -> str:
    """The name of a row's picture, less its end."""
    return "samples-" + "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in name)


def _facts_table(trained: Mapping[str, Mapping[str, str]]) -> str:
    keys = fact_keys(trained)
    rows = [(escaped(row), *(escaped(facts.get(key, "")) or MISSING for key in keys)) for row, facts in trained.items()]
    return pipe_table(["Row", *map(escaped, keys)], rows, "l" * (1 + len(keys)))


def fact_keys(trained: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The names of the facts, each once."""
    return list(dict.fromkeys(key for facts in trained.values() for key in facts))


def reproduction_html(found: Reproduction, figures: Mapping[str, bytes]) -> str:
    """report.html. figures: PNG by name, with a dark one beside each chart."""
    return template("reproduction.html.j2").render(
        title=heading(found),
        facts=list(all_facts(found).items()),
        note=seed_note(found),
        found=found,
        legend=_LEGEND,
        tables=[(table, lacks_of([table]), _picture(table.id, figures)) for table in found.tables],
        curves=[(figure, _picture(figure.id, figures)) for figure in found.figures],
        samples=[
            (name, picture(figures, sample_file(name))) for name in found.pictures if sample_file(name) in figures
        ],
        fact_keys=fact_keys(found.trained),
        column_head=column_head,
        differences=differences,
        order_text=order_text,
        order_meanings=MEANINGS,
        title_of_table=title_of_table,
        not_yet=NOT_YET,
    )


def _picture(id: str, figures: Mapping[str, bytes]) -> Picture | None:
    name = file_name(id)
    return picture(figures, name) if name in figures and not name.endswith(DARK_SUFFIX) else None


def reproduction_latex(found: Reproduction) -> str:
    """report.tex: a table environment for each table, the paper's numbers beside ours."""
    lines = [PREAMBLE, "% \\usepackage{amssymb}"]
    for table in found.tables:
        lines += _latex_table(table, found)
    return "\n".join(lines) + "\n"


_LATEX_ARROWS: Mapping[Better, str] = {"lower": r" $\downarrow$", "higher": r" $\uparrow$", "neither": ""}
_LATEX_SIGNS: Mapping[Verdict, str] = {
    "holds": r"\checkmark",
    "reversed": r"$\times$",
    "undecided": r"$\approx$",
    "unknown": "?",
    "": "",
}
_LATEX_LEGEND = (
    r"Ours with its 95\% interval beside the paper's. Signs tell of the difference to the baseline: \checkmark{} its "
    r"95\% interval excludes zero with the paper's sign, $\times$ with the other, $\approx$ it includes zero."
)


def _latex_table(table: NumberTable, found: Reproduction) -> list[str]:
    above = " & ".join(
        ["", *(f"\\multicolumn{{2}}{{c}}{{{latex_escaped(c.label)}{_LATEX_ARROWS[c.better]}}}" for c in table.columns)]
    )
    head = " & ".join(["", *(part for c in table.columns for part in ("ours", _paper_head(c)))])
    body: list[str] = []
    for group in table.groups:
        body.append(f"\\multicolumn{{{1 + 2 * len(table.columns)}}}{{l}}{{\\emph{{{latex_escaped(group.title)}}}}}")
        body += [
            " & ".join([latex_escaped(each.row.method), *(p for cell in each.cells for p in _latex_cell(cell))])
            for each in group.rows
        ]
    caption = " ".join(
        [latex_escaped(f"{title_of_table(table)} ({found.title}, budget {found.budget})."), _LATEX_LEGEND]
    )
    return [
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{caption}}}",
        f"  \\begin{{tabular}}{{l{'rr' * len(table.columns)}}}",
        r"    \toprule",
        f"    {above} \\\\",
        f"    {head} \\\\",
        r"    \midrule",
        *(f"    {line} \\\\" for line in body),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]


def _paper_head(column: NumberColumn) -> str:
    return latex_escaped(f"paper ({column.paper_label})" if column.paper_label else "paper")


def _latex_cell(cell: NumberCell) -> tuple[str, str]:
    paper = "---" if cell.paper is None else _minus(cell.printed)
    if cell.found is None:
        return ("not yet" if cell.lacks == NOT_YET else "---"), paper
    interval = interval_text(cell.found)
    sign = _LATEX_SIGNS[cell.orders[0].verdict] if cell.orders else ""
    value = _minus(value_text(cell.found)) + (f" {{\\footnotesize {_minus(interval)}}}" if interval else "")
    return (f"{value} {sign}".rstrip()), paper


def _minus(text: str) -> str:
    return text.replace("-", "$-$")
