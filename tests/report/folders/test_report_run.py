"""A run on disk: the contract, the way back, and what is left when writing fails."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt
from report_fakes import HOSTILE, Page, files_in, make_pictures, make_record, make_result

from ganprobe.core.errors import InputError, OutputError
from ganprobe.core.results import Estimate
from ganprobe.report import RunPictures, read_run, to_frame, write_run

FILES = {
    "results.json",
    "intervals.npz",
    "report.md",
    "report.html",
    "figures/samples.png",
    "figures/interpolation.png",
    "figures/path_lengths.png",
}


def test_results_json_keeps_the_contract(tmp_path: Path) -> None:
    assert write_run(make_record(), make_pictures(), tmp_path / "deep" / "run") == tmp_path / "deep" / "run"
    assert files_in(tmp_path / "deep" / "run") == FILES
    data = json.loads((tmp_path / "deep" / "run" / "results.json").read_text())
    assert set(data) == {"schema", "generator", "reference", "results", "provenance"}
    assert data["schema"] == 1
    assert set(data["generator"]) == {"name", "fingerprint"}
    assert set(data["reference"]) == {"name", "fingerprint", "n"}
    for row in data["results"]:
        assert {"metric", "value", "ci95", "n", "better", "features", "protocol", "seconds"} <= set(row)
        assert row["ci95"][0] <= row["value"] <= row["ci95"][1]
    assert {"ganprobe", "torch", "device", "seed", "started", "command"} <= set(data["provenance"])


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    record = make_record()
    write_run(record, make_pictures(), tmp_path)
    again, pictures = read_run(tmp_path)
    assert again.to_json() == record.to_json()
    np.testing.assert_array_equal(
        again["fd"].estimate.reference_terms, record["fd"].estimate.reference_terms, strict=True
    )
    assert again["cs"].estimate.reference_terms is None
    assert pictures == {name: tmp_path / "figures" / f"{name}.png" for name in pictures}
    assert set(pictures) == {"samples", "interpolation", "path_lengths"}


def test_given_terms_are_saved_under_any_name(tmp_path: Path) -> None:
    record = make_record("a", make_result("file"), make_result("fid@clean"))
    write_run(record, RunPictures(), tmp_path, terms={"file": np.arange(3.0), "fid@clean": np.arange(4.0)})
    again, pictures = read_run(tmp_path)
    assert again["file"].estimate.reference_terms is not None
    assert again["file"].estimate.reference_terms.tolist() == [0, 1, 2]
    assert len(np.load(tmp_path / "intervals.npz", allow_pickle=False)["fid@clean"]) == 4
    assert pictures == {}


def test_a_second_run_replaces_the_first_and_leaves_foreign_files(tmp_path: Path) -> None:
    write_run(make_record("first"), make_pictures(), tmp_path)
    (tmp_path / "figures" / "mine.png").write_bytes(b"mine")
    (tmp_path / "notes.txt").write_text("mine")
    write_run(make_record("second"), replace(make_pictures(), interpolation=None), tmp_path)
    record, pictures = read_run(tmp_path)
    assert record.generator.name == "second"
    assert set(pictures) == {"samples", "path_lengths"}
    assert files_in(tmp_path) == FILES - {"figures/interpolation.png"} | {"figures/mine.png", "notes.txt"}


def test_a_folder_of_foreign_files_keeps_them_all(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "interpolation.png").write_bytes(b"mine")
    write_run(make_record(), RunPictures(), tmp_path)
    assert (tmp_path / "figures" / "interpolation.png").read_bytes() == b"mine"


@pytest.mark.parametrize("failing", [0, 3, 6])
@pytest.mark.parametrize("existing", [False, True])
def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, existing: bool
) -> None:
    out = tmp_path / "deep" / "run"
    if existing:
        write_run(make_record("before"), RunPictures(), out)
    before = {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path)}
    write, calls = Path.write_bytes, []

    def full(path: Path, data: bytes) -> int:
        calls.append(path)
        if len(calls) > failing:
            write(path, data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_run(make_record("after"), make_pictures(), out)
    monkeypatch.undo()
    assert {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path)} == before
    assert existing or not any(tmp_path.iterdir())


@pytest.mark.parametrize("failing", [0, 3, 6])
def test_a_file_that_cannot_take_its_place_takes_the_new_ones_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    move, calls = os.replace, []

    def stuck(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) > failing:
            raise OSError(13, "Permission denied")
        move(source, target)

    monkeypatch.setattr(os, "replace", stuck)
    with pytest.raises(OutputError, match="Permission denied"):
        write_run(make_record(), make_pictures(), tmp_path / "run")
    assert not any(tmp_path.iterdir())


def test_results_json_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    move, order = os.replace, []

    def noted(source: Path, target: Path) -> None:
        order.append(Path(target).name)
        move(source, target)

    monkeypatch.setattr(os, "replace", noted)
    write_run(make_record(), make_pictures(), tmp_path)
    assert len(order) == len(FILES)
    assert order[-1] == "results.json"


def test_a_path_below_a_file_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="choose a folder that can be written"):
        write_run(make_record(), make_pictures(), tmp_path / "file" / "run")
    assert files_in(tmp_path) == {"file"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_is_refused_before_anything_is_written(tmp_path: Path, value: float) -> None:
    broken = replace(make_result(), estimate=Estimate(value, None, 10))
    with pytest.raises(InputError, match="fd must be finite"):
        write_run(make_record("a", broken), make_pictures(), tmp_path / "run")
    assert not any(tmp_path.iterdir())


def test_what_json_does_not_know_is_refused(tmp_path: Path) -> None:
    record = make_record("a", make_result(protocol={"where": Path("x")}))
    with pytest.raises(InputError, match="plain JSON"):
        write_run(record, RunPictures(), tmp_path / "run")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "holds no results.json"),
        ("{", "is not the results of a run"),
        ("[]", "is not the results of a run"),
        ('{"schema": 2}', "schema 1 were expected, these say 2"),
        ('{"schema": 1, "generator": {"name": "a", "fingerprint": "b"}}', "lacks 'reference'"),
    ],
)
def test_a_folder_that_is_no_run(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "results.json").write_text(content)
    with pytest.raises(InputError, match=said) as raised:
        read_run(tmp_path)
    assert str(tmp_path) in str(raised.value)


def test_broken_intervals_are_an_input_error(tmp_path: Path) -> None:
    write_run(make_record(), RunPictures(), tmp_path)
    (tmp_path / "intervals.npz").write_bytes(b"PK broken")
    with pytest.raises(InputError, match=r"intervals\.npz"):
        read_run(tmp_path)


def test_the_page_needs_nothing_beside_it_and_shows_hostile_names_as_text(tmp_path: Path) -> None:
    record = make_record(HOSTILE, make_result(HOSTILE, protocol={HOSTILE: HOSTILE}), reference=HOSTILE)
    write_run(record, replace(make_pictures(), sample_labels=(HOSTILE, "$x", "\N{SNOWMAN}")), tmp_path)
    source = (tmp_path / "report.html").read_text()
    page = Page(source)
    assert page.loads
    assert all(load.startswith("data:image/png;base64,") for load in page.loads)
    assert not page.tags & {"script", "link", "iframe", "object"}
    assert not re.findall(r"url\(|@import", source)
    assert page.text.count(HOSTILE) >= 5


def test_the_page_shows_every_number_and_never_a_published_name(tmp_path: Path) -> None:
    write_run(make_record(), make_pictures(), tmp_path)
    text = Page((tmp_path / "report.html").read_text()).text
    for shown in ("9.812", "[9.792, 9.832]", "7.900", "124.9", "[121.0, 128.8]", "Fréchet distance", "embedded-1a2b"):
        assert shown in text
    for name in ("report.html", "report.md"):
        assert not re.search(r"\b(FID|KID|IS|Inception)\b", (tmp_path / name).read_text().split("</style>")[-1])


def test_markdown_tables_hold_hostile_names_letter_for_letter(tmp_path: Path) -> None:
    record = make_record(HOSTILE, make_result(HOSTILE, protocol={"k|ey": HOSTILE}), make_result(), reference=HOSTILE)
    write_run(record, make_pictures(), tmp_path)
    rendered = MarkdownIt("gfm-like", {"linkify": False}).enable("table").render((tmp_path / "report.md").read_text())
    assert "<script>" not in rendered
    assert "<a " not in rendered
    assert rendered.count("<table>") == 3
    assert html.unescape(rendered).count(HOSTILE) >= 4
    head, *rows = re.findall(r"<tr>(.*?)</tr>", rendered.split("</table>")[0], re.DOTALL)
    assert head.count("<th") == 5
    assert [row.count("<td") for row in rows] == [5, 5]


def test_the_frame_holds_the_numbers() -> None:
    frame = to_frame(make_record())
    assert frame["metric"].tolist() == ["fd", "cs", "ppl_w_end"]
    assert frame.loc[0, "value"] == 9.8123
    assert frame["low"].lt(frame["value"]).all()


def test_reports_need_no_torch() -> None:
    code = "import sys, ganprobe.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
