"""From a call to a report, with planted results: orders, what is done again and what is not, failures, limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_up_rows import MadeUp

from ganprobe.cli.main import run as command_line
from ganprobe.core.calls.reproduction import ReproduceCall
from ganprobe.core.errors import InputError, OutputError
from ganprobe.report.records.reproduction import NumberCell, Reproduction
from ganprobe.reproduce.run import reproduce

BASE, LT = "toyfaces-sndcgan-baseline", "toyfaces-sndcgan-lt"
STYLE, STYLE_LT = "toyfaces-stylegan-baseline", "toyfaces-stylegan-lt"
CIFAR, CIFAR_SS, CIFAR_LT = "cifar10-sndcgan-baseline", "cifar10-sndcgan-ss", "cifar10-sndcgan-lt"


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    return MadeUp().install(monkeypatch)


def call(out: Path, **more: Any) -> Reproduction:
    words: dict[str, Any] = {"budget": "smoke", "device": "cpu", "rows": (BASE, LT), **more}
    target = words.pop("target", "lt-gan")
    return reproduce(target, ReproduceCall(**words), out=out, say=lambda line: None)


def cell(found: Reproduction, table: str, recipe: str, column: int = 0) -> NumberCell:
    (numbers,) = [each for each in found.tables if each.id == table]
    rows = [row for group in numbers.groups for row in group.rows if row.row.recipe == recipe]
    return rows[0].cells[column]


@pytest.fixture
def with_cifar10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read of it here."""
    monkeypatch.setattr("ganprobe.reproduce.plans.data.find_cifar10", lambda: tmp_path)


@pytest.mark.usefixtures("with_cifar10")
def test_planted_orders_are_found(tmp_path: Path, made_up: MadeUp) -> None:
    made_up.fd |= {CIFAR: 50, CIFAR_SS: 55, CIFAR_LT: 45}
    found = call(tmp_path, rows=("cifar10-sndcgan-*",), tables=("1", "4", "5"), budget="cpu")
    ss, lt = cell(found, "4", CIFAR_SS), cell(found, "4", CIFAR_LT)
    assert [order.verdict for order in ss.orders] == ["reversed"]
    assert [(order.other, order.verdict) for order in lt.orders] == [("baseline", "holds"), ("SS", "holds")]
    assert cell(found, "5", CIFAR_LT).orders[0].verdict == "undecided"
    assert cell(found, "1", CIFAR_LT).found == lt.found, "measured once, shown in both tables"
    assert made_up.looked.count((CIFAR_LT, "images")) == 1
    text = (tmp_path / "report" / "report.md").read_text()
    assert "FD ↓ (paper: FID)" in text
    assert "images are JPEG files" in text
    assert "steps 4,000 in place of 200,000" in text


def test_no_order_is_judged_on_stand_ins(tmp_path: Path, made_up: MadeUp) -> None:
    made_up.fd |= {CIFAR: 50, CIFAR_LT: 45}
    found = call(tmp_path, rows=("cifar10-sndcgan-*",), tables=("1",))
    (order,) = cell(found, "1", CIFAR_LT).orders
    assert order.difference is not None
    assert order.verdict == ""
    text = (tmp_path / "report" / "report.md").read_text()
    assert "toy faces stand in for the data" in text
    assert "steps 4 in place of 200,000" in text


def test_detail_tables_fill_the_columns_and_say_what_the_scorer_lacks(tmp_path: Path, made_up: MadeUp) -> None:
    found = call(tmp_path, tables=("2", "3"), rows=("toyfaces-*",))
    age, gender = cell(found, "2", LT, 0), cell(found, "2", LT, 2)
    assert age.found is not None
    assert age.found.value == pytest.approx(80.0), "in per cent"
    assert gender.lacks == "the scorer knows no gender"
    size = cell(found, "3", STYLE_LT, 0)
    assert size.found is not None
    assert size.found.value == pytest.approx(-0.3)


def test_what_is_finished_is_not_done_again(tmp_path: Path, made_up: MadeUp) -> None:
    call(tmp_path, tables=("1",), rows=(BASE,))
    assert (made_up.trained, made_up.looked) == ([(BASE, 4)], [(BASE, "images")])
    found = call(tmp_path)
    assert [name for name, _ in made_up.trained] == [BASE, LT]
    both = ("images", "attributes", "detection")
    looked = {BASE: both, LT: ("images", "attributes", "auxiliary", "detection")}
    assert made_up.looked == [(name, measure) for name, measures in looked.items() for measure in measures]
    assert cell(found, "1", BASE).found is not None
    before = len(made_up.looked)
    call(tmp_path)
    assert len(made_up.looked) == before


def test_other_weights_are_measured_again(tmp_path: Path, made_up: MadeUp) -> None:
    call(tmp_path, tables=("1",))
    (tmp_path / "runs" / BASE / "G.safetensors").write_bytes(
        (tmp_path / "runs" / BASE / "G.safetensors").read_bytes().replace(b'\\"hours\\": 0.5', b'\\"hours\\": 0.6')
    )
    call(tmp_path, tables=("1",))
    assert made_up.looked == [(BASE, "images"), (LT, "images"), (BASE, "images")]


def test_a_row_that_fails_is_named_and_tried_again(tmp_path: Path, made_up: MadeUp) -> None:
    made_up.fails[LT] = "the loss of G is not finite"
    found = call(tmp_path, tables=("1",))
    assert found.failures == {f"{LT}: training": "the loss of G is not finite"}
    assert cell(found, "1", LT).lacks == "failed: the loss of G is not finite"
    assert cell(found, "1", BASE).found is not None
    assert "TrainingError" in (tmp_path / "failures" / f"{LT}-training.txt").read_text()
    made_up.fails.clear()
    found = call(tmp_path, tables=("1",))
    assert found.failures == {}
    assert cell(found, "1", LT).found is not None


def test_the_report_alone_shows_what_is_there(tmp_path: Path, made_up: MadeUp) -> None:
    call(tmp_path, tables=("1",), rows=(BASE,))
    found = call(tmp_path, report_only=True)
    assert made_up.trained == [(BASE, 4)]
    assert cell(found, "1", BASE).found is not None
    assert cell(found, "1", LT).lacks == "not yet"
    assert [line.lacks for line in found.figures[0].lines if line.name == "SNDCGAN, toyfaces, LT"] == ["not yet"]


def test_several_seeds_give_students_interval(tmp_path: Path, made_up: MadeUp) -> None:
    made_up.fd |= {BASE: 10, f"{BASE}-seed1": 12, f"{BASE}-seed2": 11}
    found = call(tmp_path, tables=("1",), seeds=3)
    base = cell(found, "1", BASE)
    assert base.seeds == 3
    assert base.found is not None
    assert base.found.value == pytest.approx(11)
    assert base.found.ci95 is not None
    assert base.found.ci95[1] - 11 == pytest.approx(4.3027 / 3**0.5, rel=1e-3)
    assert "Student's" in (tmp_path / "report" / "report.md").read_text()


def test_a_curve_is_drawn_with_the_runs_own_sigma(tmp_path: Path, made_up: MadeUp) -> None:
    found = call(tmp_path, tables=("figure-5",), rows=(LT,))
    (line,) = [line for line in found.figures[0].lines if line.name == "SNDCGAN, toyfaces, LT"]
    assert [point.x for point in line.points] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert line.mark == 0.5
    assert (tmp_path / "report" / "figures" / "table-figure-5.png").is_file()


def test_a_limit_of_time_gives_the_rows_of_a_network_the_steps_of_the_slowest(tmp_path: Path, made_up: MadeUp) -> None:
    made_up.rates = {STYLE: 3.0, STYLE_LT: 1.0}
    found = call(tmp_path, tables=("1",), rows=("toyfaces-stylegan-*",), max_minutes=5, budget="cpu")
    state = json.loads((tmp_path / "reproduce.json").read_text())
    (steps,) = set(state["steps"].values())
    assert steps == 90, "ten steps, then nine tenths of what a step a second does in half of 5 * 0.6 minutes"
    assert made_up.trained == [(STYLE, 30), (STYLE_LT, 10), (STYLE, steps), (STYLE_LT, steps)]
    assert f"stopped at {steps:,} of these steps for want of time" in (tmp_path / "report" / "report.md").read_text()
    assert cell(found, "1", STYLE_LT).found is not None
    call(tmp_path, tables=("1",), rows=("toyfaces-stylegan-*",), max_minutes=5, budget="cpu")
    assert len(made_up.trained) == 4, "the steps were settled; there is nothing more to do"


def test_without_a_limit_the_run_goes_on_to_its_end(tmp_path: Path, made_up: MadeUp) -> None:
    made_up.rates = {STYLE: 3.0}
    rows = (STYLE,)
    call(tmp_path, tables=("1",), rows=rows, max_minutes=5, budget="cpu")
    call(tmp_path, tables=("1",), rows=rows, budget="cpu")
    assert made_up.trained[-1] == (STYLE, 4000)
    assert json.loads((tmp_path / "reproduce.json").read_text())["steps"] == {}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"target": "lt"}, "unknown paper to reproduce 'lt'"),
        ({"budget": "cheap"}, "unknown budget 'cheap'"),
        ({"tables": ("9",)}, "unknown table of lt-gan '9'"),
        ({"rows": ("x*",)}, r"no row of lt-gan fits 'x\*'"),
        ({"tables": ("mimicry",)}, "no row of lt-gan fits"),
        ({"jobs": 0}, "jobs must be at least 1"),
        ({"max_minutes": -1}, "max minutes must be above 0"),
    ],
)
def test_wrong_calls_end_before_anything_begins(
    more: dict[str, Any], said: str, tmp_path: Path, made_up: MadeUp
) -> None:
    with pytest.raises(InputError, match=said):
        call(tmp_path / "out", **more)
    assert not (tmp_path / "out").exists()
    assert made_up.trained == []


def test_a_folder_of_another_budget_is_refused(tmp_path: Path, made_up: MadeUp) -> None:
    call(tmp_path, tables=("1",))
    with pytest.raises(InputError, match="holds lt-gan under the budget smoke, not lt-gan under cpu"):
        call(tmp_path, tables=("1",), budget="cpu")


def test_a_folder_that_cannot_be_written_ends_the_call(tmp_path: Path, made_up: MadeUp) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        call(tmp_path / "file" / "out")


def test_the_command_line_names_what_is_wrong_in_a_line(
    tmp_path: Path, made_up: MadeUp, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["reproduce", "lt-gan", "--out", str(tmp_path / "out"), "--budget", "smoke"]
    assert command_line([*words, "--data", "celebahq"]) == 2
    assert "expected names and values, as in celebahq=FOLDER" in capsys.readouterr().err
    assert command_line([*words, "--data", f"celebahq={tmp_path}"]) == 2
    assert "holds no train/" in capsys.readouterr().err
    made_up.fails[LT] = "not finite"
    assert command_line([*words, "--rows", f"{BASE},{LT}", "--tables", "1", "--device", "cpu"]) == 0
    said = capsys.readouterr()
    assert said.out.strip().endswith("report.html")
    assert f"{LT}: training failed: not finite" in said.err
