"""What inspect says and what convert writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from foreign_files import TINY_BIGGAN, ajbrock_like, oracle

from ganprobe.checkpoints import Overrides, open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.checkpoints.native import read_header, save_network
from ganprobe.cli.main import run
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.files import sha256_of
from ganprobe.generators.biggan.discriminator import BigGANDiscriminator, BigGANDiscriminatorConfig
from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "G_ema.pth"
    torch.save(ajbrock_like(), path)
    return path


def test_a_foreign_file_is_described(foreign: Path) -> None:
    found = describe(foreign)
    network = open_checkpoint(foreign)
    assert (found.layout, found.architecture, found.role) == ("ajbrock-biggan", "biggan", "generator")
    assert (found.resolution, found.z_dim, found.w_dim, found.num_classes) == (32, 8, None, 3)
    assert (found.trained_depth, found.stored_depth) == (4, 4)
    assert found.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert found.config["attention"] == (16,)
    assert set(found.assumed) == {"bn_epsilon", "sn_epsilon"}
    assert not set(found.assumed) & set(found.inferred)


def test_untrained_stages_show(tmp_path: Path) -> None:
    tensors, _ = oracle("rosinality-stylegan-32")
    path = tmp_path / "g.pth"
    torch.save({"generator": {}, "g_running": tensors}, path)
    found = describe(path)
    assert (found.trained_depth, found.stored_depth, found.resolution) == (4, 9, 32)


@pytest.mark.parametrize(("resolution", "epsilon"), [(32, 1e-8), (64, 1e-6), (128, 1e-6)])
def test_the_published_epsilon_is_assumed_and_can_be_overridden(
    tmp_path: Path, resolution: int, epsilon: float
) -> None:
    path = tmp_path / "G.pth"
    torch.save(ajbrock_like(BigGANConfig(resolution=resolution, num_classes=2, channels=2, z_dim=4)), path)
    assert describe(path).config["sn_epsilon"] == epsilon
    assert open_checkpoint(path).config.sn_epsilon == epsilon
    given = Overrides(sn_epsilon=1e-3, bn_epsilon=1e-2)
    network = open_checkpoint(path, overrides=given)
    assert (network.config.sn_epsilon, network.config.bn_epsilon) == (1e-3, 1e-2)
    assert "given" in describe(path, overrides=given).assumed["sn_epsilon"]


def test_a_prefix_of_data_parallel_is_dropped(tmp_path: Path, foreign: Path) -> None:
    path = tmp_path / "parallel.pth"
    torch.save({f"module.{name}": value for name, value in ajbrock_like().items()}, path)
    assert describe(path) == describe(foreign)


def test_native_files_are_described_from_their_header(tmp_path: Path) -> None:
    path = tmp_path / "D.safetensors"
    network = BigGANDiscriminator(BigGANDiscriminatorConfig(resolution=32, num_classes=3, channels=2), seed=3)
    save_network(path, network, role="discriminator", training={"steps": 5})
    found = describe(path)
    assert (found.layout, found.role, found.training) == ("native", "discriminator", {"steps": 5})
    assert found.parameters == sum(parameter.numel() for parameter in network.parameters())
    with pytest.raises(CheckpointError, match="discriminator"):
        open_checkpoint(path)


def test_conversion_keeps_the_images_and_says_the_source(tmp_path: Path, foreign: Path) -> None:
    first, second, half = (tmp_path / f"{name}.safetensors" for name in "abc")
    convert_checkpoint(foreign, first)
    convert_checkpoint(foreign, second)
    convert_checkpoint(foreign, half, dtype="float16")
    assert first.read_bytes() == second.read_bytes()
    assert half.stat().st_size < 0.6 * first.stat().st_size
    source = read_header(first).source
    assert (source["sha256"], source["layout"]) == (sha256_of(foreign), "ajbrock-biggan")
    assert set(source["assumed"]) == {"bn_epsilon", "sn_epsilon"}
    z, labels = torch.randn(2, 8, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 2])
    images = [open_checkpoint(path)(z, labels) for path in (foreign, first, half)]
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])
    torch.testing.assert_close(images[0], images[2], atol=0.02, rtol=0.02)


def test_a_native_file_is_converted_to_half_and_keeps_its_training(tmp_path: Path) -> None:
    full, half = tmp_path / "full.safetensors", tmp_path / "half.safetensors"
    save_network(full, BigGANGenerator(TINY_BIGGAN, seed=1), role="generator", training={"steps": 9})
    convert_checkpoint(full, half, dtype="float16")
    header = read_header(half)
    assert header.training == {"steps": 9}
    assert {name: header.source[name] for name in ("layout", "sha256")} == {
        "layout": "native",
        "sha256": sha256_of(full),
    }


def test_conversion_refuses_what_cannot_be_meant(tmp_path: Path, foreign: Path) -> None:
    native = tmp_path / "n.safetensors"
    convert_checkpoint(foreign, native)
    with pytest.raises(InputError, match="ends in"):
        convert_checkpoint(foreign, tmp_path / "out.pth")
    with pytest.raises(InputError, match="choose another name"):
        convert_checkpoint(native, native)
    with pytest.raises(InputError, match="in the file"):
        convert_checkpoint(native, tmp_path / "m.safetensors", overrides=Overrides(sn_epsilon=1e-4))
    with pytest.raises(InputError, match="must be positive"):
        Overrides(sn_epsilon=0.0)


def test_a_file_that_is_no_whole_network_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = ajbrock_like()
    for name in ("linear.bias", "blocks.2.0.bn2.stored_var", "blocks.1.1.gamma", "output_layer.0.gain"):
        path = tmp_path / "part.pth"
        torch.save({key: value for key, value in whole.items() if key != name}, path)
        with pytest.raises(CheckpointError) as caught:
            open_checkpoint(path)
        assert "\n" not in str(caught.value)
    torch.save(whole | {"linear.bias": torch.full_like(whole["linear.bias"], torch.nan)}, path)
    with pytest.raises(CheckpointError, match="not finite"):
        open_checkpoint(path)


def test_the_commands(tmp_path: Path, foreign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "G.safetensors"
    assert run(["inspect", str(foreign), "--json", "--sn-epsilon", "1e-4"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["layout"], said["config"]["sn_epsilon"], said["num_classes"]) == ("ajbrock-biggan", 1e-4, 3)
    assert run(["convert", str(foreign), str(out), "--dtype", "float16"]) == 0
    assert run(["inspect", str(out)]) == 0
    table = capsys.readouterr().out
    assert "native" in table
    assert "ajbrock-biggan" in table
    bad = tmp_path / "bad.pth"
    bad.write_bytes(b"not a checkpoint")
    for words in (
        ["inspect", str(tmp_path / "missing.pth")],
        ["inspect", str(bad)],
        ["convert", str(bad), str(out)],
        ["convert", str(foreign), str(tmp_path / "x.pth")],
        ["inspect", str(out), "--bn-epsilon", "1"],
    ):
        assert run(words) == 2
        complaint = capsys.readouterr().err
        assert complaint.count("\n") == 1
        assert complaint.startswith("ganprobe: ")
