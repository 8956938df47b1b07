"""The reports that `directions`, `rescore` and `edit` leave: what they measure, and how they are written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor, nn

from ganprobe.cli.main import run
from ganprobe.core.errors import InputError
from ganprobe.core.results import normal_estimate
from ganprobe.directions.methods.distances import BINS, distance_counts
from ganprobe.engine.directions import Search, find_directions
from ganprobe.engine.edit import Edit, edited, write_edit
from ganprobe.engine.rescore import rescored
from ganprobe.samplers.modules import ModuleSampler

DIM = 64
PLANTED = np.array([[1.0, 0, 0], [0.6, 0.8, 0], [0, 0, 1.0]])


class Planted(nn.Module):
    """Two channels that lean on one another, a third that depends on nothing, in 4 x 4 pixels."""

    z_dim = DIM

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("rows", torch.from_numpy(PLANTED[:2]).float())

    def forward(self, z: Tensor) -> Tensor:
        moved = z[:, :2] @ self.rows[:, :2].T / 8
        return torch.cat([moved, torch.zeros_like(moved[:, :1])], 1)[:, :, None, None].expand(-1, 3, 4, 4)


class Reader:
    """Scores "a" and "b" of the channels, and "still", which follows the latent but shows in no image: half of the
    samples are told apart by an index that no move changes."""

    fingerprint = "reader"
    provides = frozenset({"score.a", "score.b", "score.still"})

    def observe(self, images: Tensor) -> dict[str, Tensor]:
        a, b, _ = images.mean((2, 3)).unbind(1)
        whole = (images.double() * 1e7).sum((1, 2, 3))
        return {"score.a": a, "score.b": b, "score.still": torch.sin(whole).float()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("found") / "directions"
    sampler = ModuleSampler(Planted(), name="planted")
    return find_directions(sampler, Search(method="interfacegan", samples=2000, scorer=Reader())).save(out)


def test_what_was_planted_is_measured(folder: Path) -> None:
    said = json.loads((folder / "directions.json").read_text())
    moved = {row["name"]: row for row in said["moved"]["directions"]}
    # A strength of 1 along a's normal moves z by 1: of a, whose deviation is 1/8, by 1/8, and of b by 0.6 of it.
    assert moved["a"]["target"] == "a"
    assert moved["a"]["changes"]["a"]["value"] == pytest.approx(6, rel=0.1)
    assert moved["a"]["changes"]["b"]["value"] == pytest.approx(3.6, rel=0.15)
    low, high = moved["still"]["changes"]["still"]["ci95"]
    assert low < 0 < high
    (row,) = [row for row in said["entangled"]["z"] if row["attribute"] == "a"]
    assert row["mended"] == "a_c_b"
    mended = moved["a_c_b"]["changes"]
    assert abs(mended["b"]["value"]) < 0.15 * moved["a"]["changes"]["b"]["value"]
    assert mended["a"]["value"] == pytest.approx(6 * 0.8, rel=0.1)
    assert "a_c_b" not in [each["name"] for each in said["directions"]]


def test_the_report_says_it(folder: Path) -> None:
    page, text = ((folder / name).read_text() for name in ("report.html", "report.md"))
    for said in ("Moves a", "a\\_c\\_b is orthogonal to them"):
        assert said in text
    assert "Does not move still" in text or "Not known to move still" in text
    assert "a_c_b is orthogonal to them" in page
    assert page.count('<article class="panel direction"') == 3
    assert "\\begin{tabular}" in (folder / "report.tex").read_text()
    assert len(page) < 1_000_000


def test_every_sample_is_counted_once() -> None:
    rng = np.random.default_rng(0)
    distances, order = rng.standard_normal(1000), rng.permutation(1000)
    found = distance_counts(distances, high=order[:100], low=order[100:250])
    assert (sum(found.high), sum(found.low), sum(found.rest)) == (100, 150, 750)
    assert len(found.edges) == BINS + 1
    inside = np.histogram(distances, found.edges)[0][1:-1]
    np.testing.assert_array_equal(inside, np.sum([found.high, found.low, found.rest], axis=0)[1:-1])
    same = distance_counts(np.ones(10), high=order[:0], low=order[:0])
    assert sum(same.rest) == 10


def test_without_a_scorer_the_drift_is_measured(tmp_path: Path) -> None:
    sampler = small_networks.stylegan_sampler()
    out = find_directions(sampler, Search(method="sefa", samples=100, count=2)).save(tmp_path / "sefa")
    moved = json.loads((out / "directions.json").read_text())["moved"]
    assert moved["apart"] > 0
    for row in moved["directions"]:
        low, high = row["drift"]["ci95"]
        assert low < row["drift"]["value"] < high
    assert "as far from where they were as two samples are" in (out / "report.html").read_text()


def test_all_or_none_is_written(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_directions(small_networks.stylegan_sampler(), Search(method="sefa", samples=50, count=1))

    def broken(*_: object, **__: object) -> dict[str, bytes]:
        raise InputError("no page")

    monkeypatch.setattr("ganprobe.engine.directions.found_report", broken)
    with pytest.raises(InputError, match="no page"):
        found.save(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_neither_report_replaces_the_other(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(folder / "directions.safetensors")
    assert run(["rescore", "toyfaces-stylegan", file, "--out", str(folder)]) == 2
    assert "holds the report of directions" in capsys.readouterr().err
    (tmp_path / "results.json").write_text("{}")
    assert run(["directions", "toyfaces-stylegan", "--method", "sefa", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "holds the report of a run" in error
    assert error.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["results.json"]


def test_an_edit_leaves_a_page_beside_its_picture(tmp_path: Path) -> None:
    sampler = small_networks.stylegan_sampler()
    out = find_directions(sampler, Search(method="sefa", samples=50, count=2)).save(tmp_path / "sefa")
    what = Edit(strengths=(2.0, 0.0, -2.0), rows=2, grid="sefa_1")
    found = edited(sampler, out / "directions.safetensors", what)
    for _ in range(2):  # its own page is replaced
        write_edit(tmp_path / "x.png", found)
    page = (tmp_path / "x.html").read_text()
    assert "Edit along sefa_0" in page
    assert page.count('class="frame') == 9
    assert '<span class="mark">\u22122</span>\n<span class="mark">0</span>\n<span class="mark">+2</span>' in page
    (tmp_path / "y.html").write_text("mine")
    with pytest.raises(InputError, match="no page of an edit"):
        write_edit(tmp_path / "y.png", found)
    assert (tmp_path / "y.html").read_text() == "mine"
    assert not (tmp_path / "y.png").exists()


def test_scores_of_an_edit_say_whether_it_moves(folder: Path) -> None:
    sampler = ModuleSampler(Planted(), name="planted")
    what = Edit(name="a", strengths=(-1.0, 1.0), rows=1, scores=("a", "b"))
    (card,) = edited(sampler, folder / "directions.safetensors", what, scorer=Reader()).report.cards
    assert card.moved.headline == "Moves a"
    assert card.moved.changes["a"].value == pytest.approx(6, rel=0.5)
    assert set(card.moved.changes) == {"a", "b"}
    assert card.frames.captions[0][0][0].startswith("a ")


def test_rescoring_puts_the_best_of_each_attribute_first(folder: Path, tmp_path: Path) -> None:
    sampler = ModuleSampler(Planted(), name="planted")
    search = Search(method="interfacegan", samples=2000, scorer=Reader(), conditions=(("a", ("b",)),))
    out = find_directions(sampler, search).save(tmp_path / "with")
    found = rescored(sampler, [out / "directions.safetensors"], samples=60, scorer=Reader())
    tables = {table.name: table for table in found.record.results[0].estimate.tables}
    first, second = tables["target_matrix"].rows[:2]
    assert (first, second) == ("a: a_c_b (z)", "a: a (z)")
    on, off, share, _ = tables["targets"].values[0]
    changes = np.abs(tables["target_matrix"].values[0])
    assert on == tables["target_matrix"].values[0][0]
    assert off == pytest.approx(changes[1:].mean())
    assert share == pytest.approx(changes[0] / changes.sum())
    assert [card.name for card in found.directions][:2] == ["a_c_b", "a"]
    page = (found.save(tmp_path / "run") / "report.html").read_text()
    assert page.count('<article class="panel direction"') == 4
    assert "target\\_matrix" not in page
    assert "\\begin{tabular}" in (tmp_path / "run" / "report.tex").read_text()


def test_a_run_with_attribute_metrics_leads_to_the_directions(tmp_path: Path) -> None:
    from ganprobe.core.results import Record, Result, Subject
    from ganprobe.report import RunPictures, write_run

    estimate = normal_estimate(0.8, 100, 1e-4)
    record = Record(
        Subject("small-stylegan", "ab"), None, (Result("boundary_accuracy", estimate, "higher", "scores", {}, 1.0),)
    )
    write_run(record, RunPictures(), tmp_path / "run")
    command = f"ganprobe directions small-stylegan --method interfacegan --out {tmp_path}/run/directions"
    assert command in (tmp_path / "run" / "report.html").read_text()
    find_directions(small_networks.stylegan_sampler(), Search(method="sefa", samples=50, count=1)).save(
        tmp_path / "run" / "directions"
    )
    write_run(record, RunPictures(), tmp_path / "run")
    assert '<a href="directions/report.html">' in (tmp_path / "run" / "report.html").read_text()
    assert "](directions/report.html)" in (tmp_path / "run" / "report.md").read_text()
