"""The native checkpoint: round trips, the same bytes twice, and one line for every way a file can be wrong."""

import json
import time
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from ganprobe.checkpoints.native import is_native, load_network, read_header, save_network
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.generators import ARCHITECTURES
from ganprobe.generators.biggan.discriminator import BigGANDiscriminator, BigGANDiscriminatorConfig
from ganprobe.generators.biggan.generator import BigGANConfig, BigGANGenerator
from ganprobe.generators.stylegan.discriminator import StyleGANDiscriminator, StyleGANDiscriminatorConfig
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator

STYLE = StyleGANConfig(resolution=8, z_dim=8, w_dim=8, mapping_layers=2, channel_base=32, channel_max=8)
NETWORKS = {
    ("stylegan", "generator"): lambda: StyleGANGenerator(STYLE, seed=3),
    ("stylegan", "discriminator"): lambda: StyleGANDiscriminator(StyleGANDiscriminatorConfig.of(STYLE), seed=3),
    ("biggan", "generator"): lambda: BigGANGenerator(
        BigGANConfig(resolution=32, num_classes=3, channels=2, attention=(16,), z_dim=8), seed=3
    ),
    ("biggan", "discriminator"): lambda: BigGANDiscriminator(
        BigGANDiscriminatorConfig(resolution=32, num_classes=3, channels=2), seed=3
    ),
}


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "G.safetensors"
    save_network(path, StyleGANGenerator(STYLE, seed=3), role="generator", training={"steps": 7})
    return path


def rewrite(path, change):
    """Write the file again with its header, or its tensors, changed by `change(header, tensors)`."""
    tensors = load_file(path)
    header = {
        "format": 1,
        "architecture": "stylegan",
        "role": "generator",
        "config": dict(read_header(path).config),
        "training": {},
        "source": {},
    }
    change(header, tensors)
    save_file(tensors, path, metadata={"ganprobe": json.dumps(header)})


@pytest.mark.parametrize(("architecture", "role"), NETWORKS)
def test_round_trip(tmp_path, architecture, role):
    network, path = NETWORKS[architecture, role](), tmp_path / "network.safetensors"
    save_network(path, network, role=role, training={"seed": 5}, source={"from": "here"})
    loaded = load_network(path)
    assert type(loaded) is type(network)
    assert loaded.config == network.config
    assert not loaded.training
    state = loaded.state_dict()
    assert state.keys() == network.state_dict().keys()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    header = read_header(path)
    assert (header.architecture, header.role) == (architecture, role)
    assert (header.training, header.source) == ({"seed": 5}, {"from": "here"})
    assert header.parameters == sum(value.numel() for value in state.values())
    assert is_native(path)


def test_the_same_network_gives_the_same_bytes(tmp_path):
    names = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for path, order in zip(names, (("seed", "steps"), ("steps", "seed")), strict=True):
        save_network(path, StyleGANGenerator(STYLE, seed=3), role="generator", training=dict.fromkeys(order, 1))
    assert names[0].read_bytes() == names[1].read_bytes()
    again = tmp_path / "again.safetensors"
    save_network(again, load_network(names[0]), role="generator", training={"seed": 1, "steps": 1})
    assert again.read_bytes() == names[0].read_bytes()


def test_memory_format_does_not_show(tmp_path):
    plain, last = tmp_path / "plain.safetensors", tmp_path / "last.safetensors"
    save_network(plain, NETWORKS["biggan", "generator"](), role="generator")
    network = NETWORKS["biggan", "generator"]().to(memory_format=torch.channels_last)
    save_network(last, network, role="generator")
    assert plain.read_bytes() == last.read_bytes()


def test_half_precision_is_stored_small_and_loaded_wide(tmp_path):
    network = NETWORKS["biggan", "generator"]()
    full, half = tmp_path / "full.safetensors", tmp_path / "half.safetensors"
    save_network(full, network, role="generator")
    save_network(half, network, role="generator", dtype="float16")
    assert half.stat().st_size < 0.7 * full.stat().st_size
    loaded = load_network(half).state_dict()
    for name, value in network.state_dict().items():
        assert loaded[name].dtype == value.dtype
        assert torch.equal(loaded[name], value.half().float())


def test_the_header_is_read_without_the_tensors(checkpoint):
    size = checkpoint.stat().st_size
    with checkpoint.open("r+b") as file:
        file.truncate(size - 1000)
    assert read_header(checkpoint).training == {"steps": 7}
    with pytest.raises(CheckpointError, match="damaged"):
        load_network(checkpoint)


def test_what_is_no_checkpoint_is_refused(tmp_path, checkpoint):
    text = tmp_path / "text.safetensors"
    text.write_text("not a checkpoint at all")
    empty = tmp_path / "empty.safetensors"
    empty.write_bytes(b"")
    foreign = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(1)}, foreign)
    listed = tmp_path / "list.safetensors"
    listed.write_bytes((2).to_bytes(8, "little") + b"[]")
    for path, reason in (
        (tmp_path / "absent.safetensors", "there is no checkpoint"),
        (tmp_path, "cannot be read"),
        (text, "not a safetensors file"),
        (empty, "not a safetensors file"),
        (listed, "not a safetensors file"),
        (foreign, "without the 'ganprobe' metadata"),
    ):
        with pytest.raises(CheckpointError, match=reason) as caught:
            load_network(path)
        assert "\n" not in str(caught.value)
        assert not is_native(path)
    assert is_native(checkpoint)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda header, _: header.update(format=2), "native format 2"),
        (lambda header, _: header.update(architecture="stylegan9"), "unknown architecture 'stylegan9'"),
        (lambda header, _: header.update(architecture=["x"]), "malformed|unknown architecture"),
        (lambda header, _: header.update(role="critic"), "no network of role 'critic'"),
        (lambda header, _: header.pop("config"), "malformed"),
        (lambda header, _: header.update(config=3), "must be an object"),
        (lambda header, _: header["config"].update(depth=3), "no configuration field depth"),
        (lambda header, _: header["config"].pop("resolution"), "builds no network"),
        (lambda header, _: header["config"].update(resolution=12), "builds no network"),
        (lambda header, _: header["config"].update(resolution="8"), "builds no network"),
        (lambda header, _: header["config"].update(w_dim=9), "its configuration says"),
        (lambda header, _: header["config"].update(mapping_layers=3), r"lacks mapping.2.bias, mapping.2.weight"),
        (lambda _, tensors: tensors.pop("const"), "lacks const"),
        (lambda _, tensors: tensors.update(extra=torch.zeros(2)), "has unexpected extra"),
        (lambda _, tensors: tensors.update(const=torch.zeros(1, 8, 4, 5)), r"tensor const is \(1, 8, 4, 5\)"),
        (lambda _, tensors: tensors["w_avg"].fill_(float("nan")), "tensor w_avg has values that are not finite"),
    ],
)
def test_a_file_that_does_not_fit_itself_is_refused(checkpoint, change, reason):
    rewrite(checkpoint, change)
    with pytest.raises(CheckpointError, match=reason) as caught:
        load_network(checkpoint)
    assert "\n" not in str(caught.value)
    assert str(checkpoint) in str(caught.value)


def test_metadata_that_is_not_json_is_refused(checkpoint):
    save_file(load_file(checkpoint), checkpoint, metadata={"ganprobe": "{"})
    with pytest.raises(CheckpointError, match="malformed"):
        read_header(checkpoint)


def test_weights_that_cannot_be_stored_are_refused_and_nothing_is_written(tmp_path):
    network, path = StyleGANGenerator(STYLE, seed=3), tmp_path / "G.safetensors"
    with torch.no_grad():
        network.w_avg.fill_(1e6)
    with pytest.raises(CheckpointError, match="w_avg"):
        save_network(path, network, role="generator", dtype="float16")
    with torch.no_grad():
        network.w_avg.fill_(float("inf"))
    with pytest.raises(CheckpointError, match="w_avg"):
        save_network(path, network, role="generator")
    assert list(tmp_path.iterdir()) == []


def test_only_known_networks_in_their_role_are_saved(tmp_path):
    with pytest.raises(InputError, match="Linear"):
        save_network(tmp_path / "x.safetensors", torch.nn.Linear(2, 2), role="generator")
    with pytest.raises(InputError, match="StyleGANGenerator"):
        save_network(tmp_path / "x.safetensors", StyleGANGenerator(STYLE), role="discriminator")


def test_every_architecture_can_be_built_from_its_record():
    assert {name for name, _ in NETWORKS} <= set(ARCHITECTURES)
    for (name, role), make in NETWORKS.items():
        network = make()
        record = ARCHITECTURES[name].network(role)
        assert record is not None
        assert type(record.build(replace(network.config))) is type(network)


@pytest.mark.parametrize(
    "fields",
    [
        {"channel_base": 2**30, "channel_max": 2**20},
        {"resolution": 2**20},
        {"mapping_layers": 10**9},
        {"w_dim": 10**9},
        {"num_classes": 10**9},
    ],
)
def test_a_configuration_of_a_giant_is_refused_before_it_is_built(checkpoint, fields):
    rewrite(checkpoint, lambda header, _: header["config"].update(fields))
    started = time.perf_counter()
    with pytest.raises(CheckpointError):
        load_network(checkpoint)
    assert time.perf_counter() - started < 2
