"""Bad input on the command line: exit status 2, one line on standard error, no traceback, nothing left behind."""

import errno
import json
import os
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from PIL import Image

import ganprobe
from ganprobe.checkpoints.native import save_network
from ganprobe.cli.main import main, run
from ganprobe.core.calls.settings import ReferenceCall
from ganprobe.engine.reference import make_reference
from ganprobe.features.embedded.extractor import EmbeddedExtractor
from ganprobe.generators.stylegan.discriminator import StyleGANDiscriminator, StyleGANDiscriminatorConfig

CODE = """
import torch

def spoilt(n, seed):
    images = torch.zeros(n, 3, 8, 8)
    if n > 2:
        images[5, 0, 0, 0] = float("nan")
    return images

def grey(n, seed):
    return torch.zeros(n, 3, 8, 8)

def positive(n, seed):
    return torch.rand(n, 3, 8, 8)

def factory():
    raise FileNotFoundError("weights.pt")

class Late(torch.nn.Module):
    z_dim, calls = 2, 0

    def forward(self, z):
        Late.calls += 1
        print("drawing", end="")
        if Late.calls > 2:
            raise KeyError("layer")
        return z.tanh()[:, :1, None, None].expand(-1, 3, 8, 8)

class Leaves(Late):
    def forward(self, z):
        raise SystemExit(0)

def scores(images):
    return {}["smile"]

number = 3
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of everything, good and bad."""
    home = tmp_path_factory.mktemp("home")
    small_networks.write_images(home / "images.npy", 60)
    np.save(home / "one.npy", np.zeros((1, 8, 8, 3), np.uint8))
    np.save(home / "spoilt.npy", np.full((9, 8, 8, 3), np.nan, np.float32))
    (home / "photos").mkdir()
    for number in range(3):
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(home / "photos" / f"{number}.png")
    (home / "photos" / "3.png").write_bytes(b"\x89PNG broken")
    (home / "empty").mkdir()
    save_network(home / "G.safetensors", small_networks.stylegan(), role="generator")
    discriminator = StyleGANDiscriminator(StyleGANDiscriminatorConfig(resolution=16, channel_base=64, channel_max=16))
    save_network(home / "D.safetensors", discriminator, role="discriminator")
    save_network(home / "B.safetensors", small_networks.biggan(), role="generator")
    (home / "cut.safetensors").write_bytes((home / "G.safetensors").read_bytes()[:5000])
    (home / "random.pth").write_bytes(np.random.default_rng(0).bytes(3000))
    (home / "file").write_text("")
    (home / "bad_generators.py").write_text(CODE)
    return home


@pytest.fixture(autouse=True)
def _here(home: Path, small_shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.syspath_prepend(str(home))


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "__pycache__" not in str(path)
    }


def refused(words: list[str], capsys: pytest.CaptureFixture[str], *, status: int = 2) -> str:
    """The one line that standard error holds after a call that must fail."""
    before = snapshot(Path.cwd())
    assert run(words) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ganprobe: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in err
    assert snapshot(Path.cwd()) == before
    return err


EVALUATE: dict[str, tuple[str, str]] = {
    "nowhere.pth --metrics cs": ("no file or folder nowhere.pth", ""),
    "dot --metrics cs": ("unknown generator 'dot'", "did you mean 'dots'"),
    "G.safetensors --metrics fdd": ("unknown metric 'fdd'", "did you mean 'fd'"),
    "G.safetensors --metrics ppl_w_edn": ("unknown metric", "did you mean 'ppl_w_end'"),
    "G.safetensors --metrics ''": ("at least one metric was expected", "choose from"),
    "G.safetensors --metrics ,": ("at least one metric was expected", "choose from"),
    "random.pth --metrics cs": ("random.pth", ""),
    "cut.safetensors --metrics cs": ("cut.safetensors", "damaged"),
    "D.safetensors --metrics cs": ("holds a discriminator", "give the generator's file"),
    "G.safetensors --metrics fd": ("fd compares with a reference", "--reference"),
    "G.safetensors --metrics fd --reference one.npy": ("one image", "at least two"),
    "G.safetensors --metrics fd --reference nowhere.zip": ("no file or folder nowhere.zip", ""),
    "G.safetensors --metrics fd --reference toyface": ("unknown data set 'toyface'", "did you mean 'toyfaces'"),
    "G.safetensors --metrics fd --reference spoilt.npy": ("not finite", ""),
    "G.safetensors --metrics fd --reference cut.safetensors": ("holds no statistics", "ganprobe reference"),
    "G.safetensors --metrics fd --reference photos": ("3.png cannot be read", "--skip-unreadable"),
    "G.safetensors --metrics fd --reference empty": ("empty", ""),
    "G.safetensors --metrics cs --samples 0": ("samples must be at least 1, got 0", ""),
    "G.safetensors --metrics cs --samples -3": ("samples must be at least 1, got -3", ""),
    "G.safetensors --metrics cs --samples many": ("Invalid value for '--samples'", "ganprobe evaluate --help"),
    "G.safetensors --metrics cs --samples 5": ("cs needs at least 20 samples, got 5", ""),
    "G.safetensors --metrics cs --batch-size 0": ("batch size must be at least 1", ""),
    "images.npy --metrics cs --samples 61": ("images.npy has 60 images, 61 samples", "ask for at most 60"),
    "photos --metrics cs": ("3.png cannot be read", "--skip-unreadable"),
    "empty --metrics cs": ("empty", ""),
    "images.npy --metrics cs,ppl_z_end --samples 40": ("needs a generator with a Z space", "leave ppl_z_end out"),
    "B.safetensors --metrics ppl_w_full --samples 40": ("ppl_w_full needs a generator with a W space; B has Z", ""),
    "bad_generators:spoilt --metrics cs --samples 40": ("not finite (indices 5)", ""),
    "bad_generators:number --metrics cs": ("is a int", "nn.Module factory"),
    "bad_generators:positive --metrics cs --samples 40": ("none of 64 images with a value below 0", "--output-range"),
    "bad_generators:grey --metrics cs --samples 40 --output-range 1,2": ("an output range is one of -1,1 0,1", ""),
    "bad_generators:factory --metrics cs": ("factory() raised FileNotFoundError: weights.pt (bad_gen", ""),
    "bad_generators:Leaves --metrics cs": ("asked to end the process (SystemExit: 0)", "given z 2 x 2 float32"),
    "images.npy --metrics fd --reference images.npy --features bad_generators:scores": ("raised KeyError: 'smile'", ""),
    "G.safetensors --metrics ls_w --samples 60 --scorer bad_generators:scores": ("raised KeyError: 'smile'", ""),
    "G.safetensors --metrics cs --output-range 0,1": ("an output range is for code of your own", "leave it out for G"),
    "bad_generators:gray --metrics cs": ("unknown name in bad_generators 'gray'", "did you mean 'grey'"),
    "no_such_module:grey --metrics cs": ("cannot import 'no_such_module'", ""),
    "G.safetensors --metrics cs --truncation much": ("truncation must be psi or psi:layers", "'much'"),
    "G.safetensors --metrics cs --truncation 0.7:": ("truncation must be psi or psi:layers", ""),
    "G.safetensors --metrics cs --truncation 0.7:2:3": ("truncation must be psi or psi:layers", ""),
    "G.safetensors --metrics cs --truncation nan": ("finite psi", ""),
    "G.safetensors --metrics cs --truncation 0.5:-1": ("cutoff of 0 or more", ""),
    "B.safetensors --metrics cs --truncation 0": ("threshold must be at least 0.01", ""),
    "B.safetensors --metrics cs --truncation 0.5:3": ("must be one threshold", ""),
    "images.npy --metrics cs --samples 40 --truncation 0.5": ("takes neither noise nor truncation", ""),
    "G.safetensors --metrics cs --noise loud": ("noise must be random, const or zero", "'loud'"),
    "G.safetensors --metrics cs --device abacus": ("device 'abacus' cannot be used", "try cpu"),
    "G.safetensors --metrics cs --device meta": ("device 'meta' cannot be used", ""),
    "G.safetensors --metrics cs --features embeded": ("unknown features 'embeded'", "did you mean 'embedded'"),
    "G.safetensors --metrics cs --sample 3": ("No such option", "ganprobe evaluate --help"),
    "--metrics cs": ("Missing argument", "ganprobe evaluate --help"),
}  # fmt: skip


@pytest.mark.parametrize("words", EVALUATE)
def test_evaluate(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = [word.strip("'") for word in words.split(" ")]
    said = refused(["evaluate", *given, "--out", "new/out"], capsys)
    for part in EVALUATE[words]:
        assert part in said


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_a_device_that_is_not_here(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "G.safetensors", "--metrics", "cs", "--out", "new", "--device", "cuda"]
    assert "device 'cuda' cannot be used" in refused(words, capsys)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("evaluate G.safetensors --metrics cs", "Missing option '--out'"),
        ("evaluat G.safetensors", "No such command 'evaluat'"),
        ("compare dots --out new", "at least two runs or generators, got 1"),
        ("compare dots nowhere/run --out new", "no file or folder nowhere/run"),
        ("compare dots dot --out new", "unknown generator 'dot'; did you mean 'dots'"),
        ("compare dots empty --out new", "empty"),
        ("compare dots dashes --metrics fdd --out new", "unknown metric 'fdd'"),
        ("compare dots dashes --samples 0 --out new", "samples must be at least 1"),
        ("compare --out new", "Missing argument"),
        ("demo --samples 0 --out new", "samples must be at least 1"),
        ("demo --samples 3 --out new", "needs at least"),
        ("reference one.npy --out new/stats", "one image"),
        ("reference nowhere.tar --out new/stats", "no file or folder nowhere.tar"),
        ("reference images.npy --samples 1 --out new/stats", "at least two images, 1 were asked for"),
        ("reference images.npy --samples 0 --out new/stats", "at least two images, 0 were asked for"),
        ("reference images.npy --out file/stats", "cannot write file"),
        ("reference images.npy --out empty", "it is a folder; give the name of a file"),
        ("reference images.npy --out new/stats --features embeded", "unknown features"),
        ("reference photos --out new/stats", "3.png cannot be read"),
        ("list metric", "metric"),
        ("list", "Missing argument"),
        ("inspect nowhere.pth", "nowhere.pth"),
        ("inspect random.pth", "random.pth"),
    ],
)
def test_other_commands(words: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert part in refused(words.split(), capsys)


@pytest.mark.parametrize("out", ["file", "file/below", "/proc/nothing/here", "x" * 300])
@pytest.mark.parametrize("command", ["evaluate G.safetensors --metrics cs", "compare dots dashes", "demo"])
def test_a_folder_that_cannot_be_written_is_refused_first(
    command: str, out: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganprobe.engine.evaluate.open_sampler", lambda *_, **__: pytest.fail("it was opened"))
    said = refused([*command.split(), "--out", out], capsys)
    assert f"cannot write {out}: " in said
    assert "choose a folder that can be written" in said


class FullDisk:
    """A disk that is full once a file whose path holds `name` is put into its place, or written."""

    def __init__(self, name: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name, self.real_replace, self.real_write = name, os.replace, Path.write_bytes
        if how == "replace":
            monkeypatch.setattr(os, "replace", self.replace)
        else:
            disk = self
            monkeypatch.setattr(Path, "write_bytes", lambda path, data: disk.write(path, data))

    def replace(self, source: Any, target: Any) -> None:
        if self.name in str(target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.real_replace(source, target)

    def write(self, path: Path, data: bytes) -> int:
        if self.name in str(path):
            self.real_write(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.real_write(path, data)


@pytest.mark.parametrize("how", ["replace", "write"])
@pytest.mark.parametrize("name", ["results.json", "report.html", "samples.png", ".writable"])
def test_a_disk_that_fills_up(
    name: str, how: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    FullDisk(name, how, monkeypatch)
    words = ["evaluate", "G.safetensors", "--metrics", "cs", "--samples", "40", "--out", "new/out"]
    assert "No space left on device" in refused(words, capsys)


@pytest.mark.parametrize("how", ["replace", "write"])
def test_a_disk_that_fills_up_under_statistics_and_comparisons(
    how: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    FullDisk("stats", how, monkeypatch)
    assert "No space left" in refused(["reference", "images.npy", "--out", "new/deep/stats"], capsys)
    FullDisk("comparison.json", how, monkeypatch)
    words = ["compare", "dots", "dashes", "--metrics", "cs", "--samples", "40", "--out", "new/both"]
    assert "No space left" in refused(words, capsys)


def test_a_file_size_that_the_system_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    """Not an imitation: the kernel stops every file at 2000 bytes."""
    words = ["evaluate", "G.safetensors", "--metrics", "cs", "--samples", "40", "--out", "new/out"]
    assert run(["list", "metrics"]) == 0  # what is imported is compiled and written now
    capsys.readouterr()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        said = refused(words, capsys)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "File too large" in said


def test_an_earlier_run_survives_a_disk_that_fills_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["evaluate", "G.safetensors", "--metrics", "cs", "--out", str(tmp_path / "run"), "--samples"]
    assert run([*words, "40"]) == 0
    before = snapshot(tmp_path)
    FullDisk("report.html", "write", monkeypatch)
    assert run([*words, "60"]) == 2
    assert snapshot(tmp_path) == before
    capsys.readouterr()


def test_statistics_of_other_features(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_reference(
        "images.npy",
        tmp_path / "stats",
        ReferenceCall(),
    )
    other = small_networks.feature_network(1)
    monkeypatch.setattr(
        "ganprobe.engine.opening.features.load_embedded", lambda device: EmbeddedExtractor(other, device)
    )
    words = ["evaluate", "G.safetensors", "--metrics", "fd", "--samples", "40", "--out", "new"]
    assert "was measured with other features" in refused([*words, "--reference", str(tmp_path / "stats")], capsys)


def test_broken_results_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("", "{", "[]", json.dumps({"schema": 9}), json.dumps({"schema": 1})):
        (tmp_path / "results.json").write_text(text)
        refused(["compare", str(tmp_path), "dots", "--out", "new"], capsys)


def test_internal_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python turns them into a traceback and exit status 1."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of ganprobe's own")

    monkeypatch.setattr("ganprobe.engine.evaluate.prepare", broken)
    with pytest.raises(RuntimeError, match="a fault of ganprobe's own"):
        main(["evaluate", "G.safetensors", "--metrics", "cs", "--out", "new"])


def test_an_interruption(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ganprobe.engine.evaluate.prepare", interrupted)
    assert run(["evaluate", "G.safetensors", "--metrics", "cs", "--out", "new"]) == 130
    assert "ganprobe: interrupted; the same command with --resume goes on" in capsys.readouterr().err


def test_main_exits_with_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    for words, status in ((["list", "metrics"], 0), (["list", "metric"], 2), (["--help"], 0), ([], 0)):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == status
    capsys.readouterr()


def test_messages_are_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ganprobe.core.errors.InputError("first line\n  second line")

    monkeypatch.setattr("ganprobe.engine.evaluate.prepare", fail)
    said = refused(["evaluate", "G.safetensors", "--metrics", "cs", "--out", "new"], capsys)
    assert said == "ganprobe: first line second line\n"


def test_code_that_fails_on_the_way_is_one_line_and_its_traceback_is_there_to_ask_for(
    capfd: pytest.CaptureFixture[str],
) -> None:
    words = ["evaluate", "bad_generators:Late", "--metrics", "cs", "--samples", "200", "--out", "late"]
    assert run(words) == 2
    out, err = capfd.readouterr()
    assert "bad_generators:Late raised KeyError: 'layer' (bad_generators.py:" in err
    assert "Traceback" not in err
    assert err.count("\n") == 1
    assert out.strip("drawing") == ""
    assert run([*words, "--traceback"]) == 2
    err = capfd.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert "raise KeyError" in err
