"""Layouts from other packages: `tests/plugin_package`, installed as pip would leave it, and broken packages."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from foreign_files import ajbrock_like

from ganprobe.checkpoints import LAYOUTS, Overrides, open_checkpoint, plugins
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.checkpoints.native import read_header
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.engine.listing import listing
from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator

PACKAGE = Path(__file__).parents[1] / "plugin_package"
CONFIG = BigGANConfig(resolution=32, num_classes=3, channels=2, z_dim=4, spectral_norm=False)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of installed packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] in ("example_layouts", "broken_layouts")]:
        del sys.modules[name]


def install(site: Path, name: str, entries: dict[str, str]) -> None:
    """What an installer writes beside a package's modules."""
    info = site / f"{name.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    lines = [f"{entry} = {target}" for entry, target in entries.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{plugins.GROUP.name}]", *lines, ""]))


def install_example(site: Path) -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    shutil.copytree(PACKAGE / "example_layouts", site / "example_layouts")
    install(site, project["name"], project["entry-points"][plugins.GROUP.name])


def install_broken(site: Path, source: str, entries: dict[str, str]) -> None:
    (site / "broken_layouts.py").write_text(source)
    install(site, "broken-layouts", entries)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A file of the example's layout."""
    state = BigGANGenerator(CONFIG, seed=5).state_dict()
    torch.save({f"half.{name}": tensor / 2 for name, tensor in state.items()}, tmp_path / "halves.pth")
    return tmp_path / "halves.pth"


@torch.no_grad()
def test_a_package_adds_a_layout(site: Path, checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no known layout.*ganprobe\.layouts.*docs/contributing/layout\.md"):
        open_checkpoint(checkpoint)
    install_example(site)
    generator, original = open_checkpoint(checkpoint), BigGANGenerator(CONFIG, seed=5).eval()
    z, labels = torch.randn(2, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 2])
    expected = original.synthesize(z, space="z", labels=labels)
    assert torch.equal(generator.synthesize(z, space="z", labels=labels), expected)
    found = describe(checkpoint, overrides=Overrides(bn_epsilon=1e-3))
    assert (found.layout, found.config["bn_epsilon"]) == ("example-halves", 1e-3)
    with pytest.raises(InputError, match="of layout example-halves, which has no use for sn_epsilon"):
        open_checkpoint(checkpoint, overrides=Overrides(sn_epsilon=1e-3))
    convert_checkpoint(checkpoint, tmp_path / "native.safetensors")
    assert read_header(tmp_path / "native.safetensors").source["layout"] == "example-halves"


def test_packages_are_listed(site: Path) -> None:
    install_example(site)
    install_broken(site, "import no_such_module\n", {"example-broken": "broken_layouts:LAYOUT"})
    rows = dict(listing("layouts")[1])
    assert rows["example-halves"] == "an imaginary project (example-layouts)"
    assert rows["example-broken"].startswith("the layout 'example-broken' of package broken-layouts cannot be used")
    assert set(LAYOUTS) < set(rows)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("LAYOUT = (\n", "SyntaxError"),
        ("raise OSError('two\\nlines')\n", "OSError: two lines"),
        ("x = 1\n", "AttributeError"),
        ("LAYOUT = 'a text'\n", "is a str, not a Layout"),
        (
            "from ganprobe.checkpoints.layout import Layout\nLAYOUT = Layout(summary='x')\n",
            "broken_layouts:LAYOUT has no reader",
        ),
        (
            "from ganprobe.checkpoints.layout import Layout\n"
            "LAYOUT = Layout(summary='x', matches=lambda shapes: shapes['absent'], read=print)\n",
            "'example-broken' of package broken-layouts failed",
        ),
    ],
)
def test_a_broken_package_is_named_and_hinders_no_other(site: Path, checkpoint: Path, source: str, reason: str) -> None:
    install_broken(site, source, {"example-broken": "broken_layouts:LAYOUT"})
    with pytest.raises(CheckpointError, match="no known layout") as caught:
        open_checkpoint(checkpoint)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    install_example(site)
    assert describe(checkpoint).layout == "example-halves"


def test_a_name_that_is_taken_is_refused(site: Path) -> None:
    install_broken(site, "LAYOUT = None\n", {"native": "broken_layouts:LAYOUT"})
    (found,) = [one for one in plugins.plug_ins(LAYOUTS) if one.name == "native"]
    assert found.item is None
    assert "another layout has this name" in found.problem
    assert "broken_layouts" not in sys.modules


def test_packages_are_not_looked_for_where_a_layout_is_known(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_broken(site, "raise SystemExit\n", {"example-broken": "broken_layouts:LAYOUT"})
    monkeypatch.setattr("ganprobe.core.discovery.plugins.entry_points", lambda **group: pytest.fail("looked for"))
    torch.save(ajbrock_like(), tmp_path / "G.pth")
    assert describe(tmp_path / "G.pth").layout == "ajbrock-biggan"
