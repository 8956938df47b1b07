"""Papers, budgets and data as files: read, refused where they lead nowhere, and turned into a plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ganprobe.core.errors import DataError, InputError
from ganprobe.data import datasets, open_data
from ganprobe.reproduce.plans.budget import budget_names, budget_of, read_budget
from ganprobe.reproduce.plans.data import STAND_IN_CLASSES, Holdings, data_of, data_sets, with_stand_ins
from ganprobe.reproduce.plans.plan import NOT_ASKED, make_plan, measures_of, run_name
from ganprobe.reproduce.plans.target import Target, read_target, target_names, target_of

SMALL: Mapping[str, Any] = {
    "title": "A paper",
    "source": "Someone",
    "protocol": "Somehow.",
    "measure": {"images": {"metrics": ["fid"], "against": "test"}, "attributes": {"metrics": ["x"], "scored": True}},
    "table": [
        {
            "id": "1",
            "title": "FID",
            "measure": "images",
            "columns": [{"key": "fid", "label": "FID", "metric": "fid", "better": "lower"}],
            "group": [
                {
                    "title": "toyfaces",
                    "rows": [
                        {"recipe": "toyfaces-sndcgan-baseline", "method": "baseline", "paper": {"fid": 9}},
                        {"recipe": "toyfaces-sndcgan-lt", "method": "LT", "against": ["baseline"]},
                    ],
                },
                {"title": "CelebA-HQ", "rows": [{"recipe": "celebahq-sndcgan-baseline", "method": "baseline"}]},
            ],
        }
    ],
    "figure": [
        {
            "id": "f",
            "title": "F",
            "measure": "attributes",
            "metric": "x",
            "x": "x",
            "y": "y",
            "rows": [{"recipe": "celebahq-sndcgan-baseline", "method": "baseline"}],
        }
    ],
}


def small(**more: Any) -> Target:
    return target_of("small", {**SMALL, **more})


@pytest.fixture
def folders(tmp_path: Path) -> Mapping[str, Path]:
    for part in ("train", "test"):
        (tmp_path / "faces" / part).mkdir(parents=True)
    return {"celebahq": tmp_path / "faces"}


@pytest.mark.parametrize("name", target_names())
def test_every_shipped_paper_is_of_known_data_and_measures(name: str) -> None:
    target = read_target(name)
    for recipe, measures in measures_of(target).items():
        assert data_of(recipe).key in data_sets()
        assert measures
    for table in target.tables:
        for group in table.groups:
            numbers = [row.paper.keys() for row in group.rows]
            assert all(keys == numbers[0] for keys in numbers), "a group has the paper's numbers for all rows or none"
            assert group.rows[0].method in ("baseline", "SNGAN")


def test_the_papers_numbers_are_those_of_the_paper() -> None:
    """A few of each table, by eye."""
    target = read_target("lt-gan")
    fids = {row.recipe: row.paper.get("fid") for row in target.table("1").rows}
    assert fids["cifar10-sndcgan-cr-lt"] == 17.56
    assert fids["imagenet-biggan-lt"] == 9.94
    ages = {row.recipe: row.paper for row in target.table("2").rows}
    assert ages["celebahq-sndcgan-ss"] == {"age": 67.28, "eyeglasses": 82.85, "gender": 68.34, "smile": 85.76}
    assert target.table("3").rows[1].paper["G-S"] == -0.293
    assert {row.recipe: row.paper["fid"] for row in target.table("4").rows}["stl10-resnet-ss"] == 33.63
    assert target.table("5").rows[-1].paper["is"] == 9.17


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"titel": "x"}, "unknown key of target small 'titel'; did you mean 'title'"),
        ({"measure": {}}, "unknown measure of small 'images'"),
        ({"measure": {"images": {"metric": []}}}, "did you mean 'metrics'"),
        ({"table": [{"id": "1"}]}, "table 1 of small lacks title, measure, columns"),
        ({"figure": [{**SMALL["figure"][0], "id": "1"}]}, "share an id"),
    ],
)
def test_a_paper_that_leads_nowhere_is_refused(more: Mapping[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        small(**more)


def test_a_number_of_no_column_and_a_comparison_with_no_method_are_refused() -> None:
    table = SMALL["table"][0]
    for row, said in (
        ({"recipe": "toyfaces-x", "method": "a", "paper": {"fidd": 1}}, "unknown column of table 1 'fidd'"),
        ({"recipe": "toyfaces-x", "method": "a", "against": ["SS"]}, "unknown method of g 'SS'"),
    ):
        with pytest.raises(InputError, match=said):
            small(table=[{**table, "group": [{"title": "g", "rows": [row]}]}])


def test_only_keeps_the_named_tables_and_names_the_nearest_for_an_unknown_one() -> None:
    assert [part.id for part in read_target("lt-gan").only(["4", "figure-5"]).parts] == ["4", "figure-5"]
    with pytest.raises(InputError, match="unknown table of lt-gan 'figure5'; did you mean 'figure-5'"):
        read_target("lt-gan").only(["figure5"])
    with pytest.raises(InputError, match="unknown paper to reproduce 'ltgan'; did you mean 'lt-gan'"):
        read_target("ltgan")


def test_a_plan_trains_each_recipe_once_and_says_what_is_missing(folders: Mapping[str, Path]) -> None:
    budget = read_budget("paper")
    plan = make_plan(small(), budget, Holdings(), seeds=1)
    assert [run.recipe for run in plan.runs] == ["toyfaces-sndcgan-baseline", "toyfaces-sndcgan-lt"]
    assert plan.lacks == {
        "celebahq-sndcgan-baseline": "needs CelebA-HQ: --data celebahq=FOLDER, with folders train/ and test/ in it"
    }
    plan = make_plan(small(), budget, Holdings(folders=folders), seeds=2)
    assert [run.name for run in plan.runs] == [
        "toyfaces-sndcgan-baseline", "toyfaces-sndcgan-lt", "celebahq-sndcgan-baseline",
        "toyfaces-sndcgan-baseline-seed1", "toyfaces-sndcgan-lt-seed1", "celebahq-sndcgan-baseline-seed1",
    ]  # fmt: skip
    assert plan.runs[2].measures == ("images",), "no scorer, so that it is not scored"
    assert "--scorer celebahq=SCORER" in plan.unread["celebahq-sndcgan-baseline", "attributes"]
    scored = Holdings(folders=folders, scorers={"celebahq": "s.safetensors"})
    assert make_plan(small(), budget, scored, seeds=1).runs[2].measures == ("images", "attributes")


def test_rows_are_chosen_by_pattern() -> None:
    plan = make_plan(small(), read_budget("gpu"), Holdings(), rows=("*-lt",))
    assert [run.name for run in plan.runs] == ["toyfaces-sndcgan-lt"]
    assert plan.lacks["toyfaces-sndcgan-baseline"] == NOT_ASKED
    with pytest.raises(InputError, match=r"no row of small fits '\*-cr'; its rows: toyfaces-sndcgan-baseline"):
        make_plan(small(), read_budget("gpu"), Holdings(), rows=("*-lt", "*-cr"))


def test_nothing_to_do_is_an_error_that_says_why() -> None:
    with pytest.raises(InputError, match=r"no row of small can be done under the budget paper: .*needs CelebA-HQ"):
        make_plan(small(), read_budget("paper"), Holdings(), rows=("celebahq-*",))
    with pytest.raises(InputError, match="seeds must be at least 1, got 0"):
        make_plan(small(), read_budget("paper"), Holdings(), seeds=0)


def test_cifar10_is_missed_before_anything_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise DataError("cifar10 needs its archive")

    monkeypatch.setattr("ganprobe.reproduce.plans.data.find_cifar10", nowhere)
    plan = make_plan(read_target("lt-gan"), read_budget("gpu"), Holdings())
    assert {run.recipe.partition("-")[0] for run in plan.runs} == {"toyfaces"}
    assert plan.lacks["cifar10-sndcgan-lt"] == "cifar10 needs its archive"
    assert datasets.CIFAR10_FILE


def test_folders_of_unknown_data_or_without_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown data set 'celeba'; did you mean 'celebahq'"):
        Holdings(folders={"celeba": tmp_path})
    with pytest.raises(DataError, match="holds no train/"):
        Holdings(folders={"celebahq": tmp_path})


def test_folders_are_read_by_their_parts(folders: Mapping[str, Path]) -> None:
    holdings, data = Holdings(folders=folders), data_of("celebahq-stylegan-lt")
    assert holdings.train(data, 128) == str(folders["celebahq"] / "train")
    assert holdings.test(data, 128) == str(folders["celebahq"] / "test")
    assert Holdings().test(data_of("toyfaces-x"), 32) == "toyfaces:32:1"


def test_stand_ins_have_classes_that_can_be_seen(tmp_path: Path) -> None:
    holdings = with_stand_ins(Holdings(), 60, tmp_path)
    imagenet, faces = data_of("imagenet-biggan-lt"), data_of("celebahq-stylegan-lt")
    assert holdings.lacks(imagenet) == holdings.lacks_scorer(imagenet) == ""
    train, test = (open_data(ref) for ref in (holdings.train(imagenet, 32), holdings.test(imagenet, 32)))
    assert train.shape == (3, 32, 32)
    assert train.labels is not None
    assert set(train.labels) == set(range(STAND_IN_CLASSES))
    shades = [train.read(range(60))[train.labels == label][:, :, 0].mean() for label in range(STAND_IN_CLASSES)]
    assert shades == sorted(shades), "a class is a shade of the background"
    assert (train.read(range(60)) != test.read(range(60))).any()
    assert open_data(holdings.train(faces, 32)).labels is None
    assert with_stand_ins(Holdings(), 0, tmp_path) == Holdings()


def test_every_shipped_budget_reads() -> None:
    assert budget_names() == ["smoke", "cpu", "gpu", "paper"]
    for name in budget_names():
        assert read_budget(name).summary
    smoke = read_budget("smoke")
    assert all(smoke.reduction(recipe) for name in target_names() for recipe in measures_of(read_target(name)))
    assert smoke.cap("images", 10_000) == smoke.samples["images"]
    assert read_budget("paper").cap("images", 10_000) == 10_000


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"summary": "x", "seed": 1}, "did you mean 'seeds'"),
        ({}, "budget b lacks summary"),
        ({"summary": "x", "reduction": [{"recipe": ["*"]}]}, "did you mean 'recipes'"),
        ({"summary": "x", "seeds": 0}, "seeds and jobs must be at least 1"),
        ({"summary": "x", "share": 1.0}, "share between 0 and 1"),
    ],
)
def test_a_budget_that_says_nonsense_is_refused(said: Mapping[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        budget_of("b", said)


def test_an_unknown_budget_and_an_unknown_data_set_are_named() -> None:
    with pytest.raises(InputError, match="unknown budget 'papers'; did you mean 'paper'"):
        read_budget("papers")
    with pytest.raises(InputError, match="unknown data set of the recipe cifar-x: 'cifar'; did you mean 'cifar10'"):
        data_of("cifar-x")


def test_the_first_seed_has_no_suffix() -> None:
    assert [run_name("a-b", seed) for seed in (0, 1)] == ["a-b", "a-b-seed1"]
