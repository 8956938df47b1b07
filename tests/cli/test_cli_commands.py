"""The commands when all is well: what they write, what they print, and where."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import small_networks
import typer.main
from PIL import Image

import ganprobe
from ganprobe.cli import options
from ganprobe.cli.main import app, run
from ganprobe.core.calls.settings import DEFAULTS
from ganprobe.core.errors import InputError
from ganprobe.core.shipped import shipped_names

COMMANDS = ["demo", "evaluate", "compare", "reference", "list", "inspect", "convert", "directions", "edit", "train"]
KINDS = ["metrics", "generators", "datasets", "features", "directions", "layouts"]


@pytest.fixture(autouse=True)
def _here(small_shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganprobe.engine.reference.ENDLESS_LIMIT", 80)
    small_networks.write_images(tmp_path / "images.npy", 60)


def said(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """What a command that must work prints, to either stream; never a colour code, for neither is a terminal."""
    assert run(words.split()) == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    return out, err


def check_run(folder: Path) -> dict[str, float]:
    """A run on disk as the contract has it."""
    data = json.loads((folder / "results.json").read_text())
    assert data["schema"] == 1
    assert {"generator", "reference", "results", "provenance"} <= data.keys()
    for row in data["results"]:
        assert {"metric", "value", "ci95", "n", "better", "features", "protocol", "seconds"} <= row.keys()
        assert math.isfinite(row["value"])
        assert row["n"] > 0
        assert row["ci95"] is None or row["ci95"][0] <= row["value"] <= row["ci95"][1]
    for name in ("report.md", "report.html"):
        assert (folder / name).stat().st_size > 200
    assert {path.stem for path in (folder / "figures").glob("*.png")} >= {"samples"}
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    return {row["metric"]: row["value"] for row in data["results"]}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(f"{name} --help", capsys)
    assert f"ganprobe {name}" in out


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_list(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(f"list {kind}", capsys)
    assert len(out.splitlines()) > 1
    assert err == ""


def test_lists_show_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are no markup."""
    out, _ = said("list datasets", capsys)
    assert "toyfaces[:RESOLUTION[:SEED]]" in out.replace("\n", "")
    assert shipped_names("generators") == [
        line.split()[0] for line in said("list generators", capsys)[0].splitlines()[1:]
    ]


def test_evaluate(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(
        "evaluate dots --reference images.npy --metrics ppl_w_end,fd --samples 40 --seed 3 --out deep/run", capsys
    )
    values = check_run(Path("deep/run"))
    assert list(values) == ["ppl_w_end", "fd"]
    assert out.splitlines()[-1] == "deep/run/report.html"
    assert "dots" in out
    assert "95% interval" in out
    assert err == ""
    data = json.loads(Path("deep/run/results.json").read_text())
    assert data["reference"]["name"] == "images.npy"
    assert data["provenance"]["seed"] == 3
    assert data["generator"]["fingerprint"] == data["provenance"]["weights"]


def test_options_reach_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    words = "evaluate dots --metrics cs --samples 40 --batch-size 7 --device cpu --features embedded"
    said(f"{words} --truncation 0.7:3 --noise zero --out run", capsys)
    data = json.loads(Path("run/results.json").read_text())
    origin, protocol = data["provenance"], data["results"][0]["protocol"]
    assert (origin["batch_size"], origin["device"]) == (7, "cpu")
    assert (origin["truncation"], origin["noise"]) == ([0.7, 3], "zero")
    assert (protocol["truncation"], protocol["layer_noise"]) == ([0.7, 3], "zero")
    assert data["generator"]["fingerprint"] != origin["weights"]


def test_an_earlier_run_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    said("evaluate dots --metrics cs,ppl_z_end --samples 40 --out run", capsys)
    assert Path("run/figures/path_lengths.png").is_file()
    said("evaluate images.npy --metrics cs --samples 40 --out run", capsys)
    assert list(check_run(Path("run"))) == ["cs"]
    assert not Path("run/figures/path_lengths.png").exists()
    assert not Path("run/figures/interpolation.png").exists()


def test_reference_then_evaluate(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said("reference images.npy --out deep/stats.safetensors --samples 50", capsys)
    assert (out, err) == ("deep/stats.safetensors: 50 images of images.npy\n", "")
    said("evaluate dots --reference deep/stats.safetensors --metrics fd,kd --samples 40 --out run", capsys)
    assert json.loads(Path("run/results.json").read_text())["reference"]["n"] == 50


def test_what_was_skipped_is_said_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos").mkdir()
    rng = np.random.default_rng(0)
    for number in range(30):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(f"photos/{number}.png")
    Path("photos/broken.png").write_bytes(b"\x89PNG")
    _, err = said("reference photos --skip-unreadable --out stats", capsys)
    assert re.fullmatch(r"ganprobe: unreadable images of photos left out: 1 \(.*broken\.png\)\n", err)
    out, err = said("evaluate photos --reference photos --metrics fd --samples 30 --skip-unreadable --out run", capsys)
    assert err.count("unreadable images of photos left out: 1") == 2
    assert "broken.png" not in out
    assert out.count("FD: unreadable images left out: 1") == 1


def test_compare(capsys: pytest.CaptureFixture[str]) -> None:
    said("evaluate dots --reference toyfaces:16 --metrics fd,cs --samples 40 --out run", capsys)
    out, err = said("compare run dashes --metrics fd,cs --samples 40 --out both", capsys)
    assert err == ""
    assert out.splitlines()[-1] == "both/report.html"
    assert "dots" in out
    assert "dashes" in out
    names = {path.name for path in Path("both").iterdir()}
    assert names == {"comparison.json", "comparison.csv", "report.md", "report.html", "report.tex", "figures"}
    data = json.loads(Path("both/comparison.json").read_text())
    assert [row["metric"] for row in data["table"]] == ["fd", "cs"]
    assert all(cell["compared"] for row in data["table"] for cell in row["cells"])


def test_demo(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said("demo --samples 40 --out shown", capsys)
    assert out.splitlines()[-1] == "shown/report.html"
    values = check_run(Path("shown"))
    assert set(values) == {"fd", "fd_infinity", "kd", "cs", "ppl_z_full", "ppl_z_end", "ppl_w_full", "ppl_w_end"}
    assert {"dots", "dashes", "classes", "comparison.json"} <= {path.name for path in Path("shown").iterdir()}


def test_progress_goes_to_standard_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganprobe.core.progress.QUIET_FOR", -1.0)
    out, err = said("evaluate dots --metrics cs --samples 40 --out run", capsys)
    assert re.search(r"^images of dots: 40/40 images, [\d.]+ a second, 0 s left$", err, re.MULTILINE)
    assert "a second" not in out


def test_defaults_are_those_of_the_settings() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name in ("evaluate", "compare"):
        defaults = {parameter.name: parameter.default for parameter in commands[name].params}
        for key in ("samples", "seed", "features", "inception_weights", "batch_size", "device", "noise"):
            assert defaults[key] == getattr(DEFAULTS, key)
        assert options.parse_truncation(defaults["truncation"]) == DEFAULTS.truncation


@pytest.mark.parametrize(
    ("text", "expected"), [("1", 1.0), ("0.7", 0.7), ("0.7:4", (0.7, 4)), ("-1", -1.0), ("1e-1:0", (0.1, 0))]
)
def test_truncation_is_parsed(text: str, expected: float | tuple[float, int]) -> None:
    assert options.parse_truncation(text) == expected


@pytest.mark.parametrize("text", ["", ":", "a", "0.7:", ":4", "0.7:x", "0.7:4.5", "0,7"])
def test_other_truncations_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="truncation must be psi or psi:layers"):
        options.parse_truncation(text)


def test_names_are_split() -> None:
    assert options.split_names(" fd, kd ,,cs") == ["fd", "kd", "cs"]
    assert options.split_names("") == []


def test_the_process_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status, streams and the traceback that is not there, of a process of its own, with what is shipped."""
    monkeypatch.undo()
    done = subprocess.run(
        [sys.executable, "-m", "ganprobe", "evaluate", "no-such-thing", "--metrics", "cs", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ganprobe: unknown generator 'no-such-thing'; ")
    assert done.stderr.count("\n") == 1


def test_a_shipped_generator_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).resolve().parents[2]
    text = (root / "pretrained" / "manifest.toml").read_text() if (root / "pretrained").is_dir() else ""
    if "[generators.cifar10-biggan]" not in text or "[networks.embedded-features]" not in text:
        pytest.skip("pretrained/manifest.toml has no cifar10-biggan or no embedded-features")
    words = ["evaluate", "cifar10-biggan", "--metrics", "cs", "--samples", "20", "--out", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-m", "ganprobe", *words], capture_output=True, text=True, check=False,
        env={"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert set(check_run(tmp_path / "run")) == {"cs"}
    provenance = json.loads((tmp_path / "run" / "results.json").read_text())["provenance"]
    assert provenance["command"] == f"ganprobe evaluate cifar10-biggan --metrics cs --samples 20 --out {tmp_path}/run"


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"ganprobe {ganprobe.__version__}\n"
