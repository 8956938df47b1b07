"""Codes read from images: planted images that show them exactly, others that do not, and runs that do not fit."""

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganprobe.checkpoints.native import save_network
from ganprobe.core.calls.probing import CodesCall, MovesCall
from ganprobe.core.errors import CheckpointError, InputError, OutputError
from ganprobe.engine.probing.codes import probe_codes
from ganprobe.engine.probing.moves import probe_moves
from ganprobe.generators.building import build_pair
from ganprobe.generators.codes import CodeLayout
from ganprobe.probes.codes.estimates import correlation, estimates_of
from ganprobe.probes.codes.reader import CodeReader, read_codes
from ganprobe.training.tasks.info import SLOPE, CodeHead

LAYOUT = CodeLayout(noise=2, categorical=(3, 4), continuous=2)
SHOWN = 9
"""Numbers that show all codes: two one-hot blocks and two numbers."""


class Pixels(nn.Module):
    """A discriminator whose last features are the first pixels of an image."""

    def features(self, images):
        return images.flatten(1)[:, :SHOWN]


def planted_reader():
    """A head that passes on what the pixels show: the inner layer has both signs of each, whose leaky ReLUs add up to
    the number again; categorical logits are 50 for the value that is shown."""
    head = CodeHead(SHOWN, 2 * SHOWN, LAYOUT, seed=0)
    with torch.no_grad():
        head.inner.weight.copy_(torch.cat([torch.eye(SHOWN), -torch.eye(SHOWN)]))
        gain = torch.tensor([50.0] * 7 + [1.0] * 2) / (1 + SLOPE)
        head.outer.weight.copy_(torch.cat([torch.diag(gain), -torch.diag(gain)], 1))
        for bias in (head.inner.bias, head.outer.bias):
            bias.zero_()
    return CodeReader(Pixels(), head, LAYOUT)


def images_of(z, *, showing):
    """Images whose first pixels are the codes, or numbers that have nothing to do with them."""
    shown = LAYOUT.inputs(z)[:, LAYOUT.noise :]
    if not showing:
        shown = LAYOUT.inputs(torch.randn(z.shape, generator=torch.Generator().manual_seed(7)))[:, LAYOUT.noise :]
    return torch.cat([shown, torch.zeros(len(z), 48 - SHOWN)], 1).reshape(-1, 3, 4, 4)


def found(*, showing, n=4000):
    z = torch.randn(n, LAYOUT.size, generator=torch.Generator().manual_seed(0))
    read = read_codes(planted_reader(), images_of(z, showing=showing), z)
    return estimates_of(read, LAYOUT.categorical), read


def test_codes_that_show_are_read_exactly():
    numbers, _ = found(showing=True)
    assert numbers["code_accuracy"].value == 1
    assert numbers["code_accuracy"].ci95[0] > 0.99
    assert numbers["code_correlation"].value == pytest.approx(1, abs=1e-6)
    gaussian = math.log(2) - 0.5 * math.log(2 * math.pi)
    assert numbers["code_information"].value == pytest.approx(math.log(3) + math.log(4) + 2 * gaussian, abs=1e-5)
    assert not any(number.notes for number in numbers.values())


def test_codes_that_do_not_show_are_at_chance_and_a_note_says_so():
    numbers, _ = found(showing=False)
    accuracy, told = numbers["code_accuracy"], numbers["code_correlation"]
    assert accuracy.ci95[0] < (1 / 3 + 1 / 4) / 2 < accuracy.ci95[1]
    assert told.ci95[0] < 0 < told.ci95[1]
    assert "not above chance (0.292)" in accuracy.notes[0]
    assert "not above chance (0)" in told.notes[0]
    assert numbers["code_information"].value < 0
    (table,) = numbers["code_information"].tables
    assert table.rows == ("categorical 1, of 3", "categorical 2, of 4", "continuous 1", "continuous 2")
    low, high = table.ci95[0][0]
    assert low < 1 / 3 < high


def test_intervals_cover_what_other_samples_say():
    """300 times 200 images, codes read aright more or less often: nominal 95%."""
    rng = np.random.default_rng(0)
    covered = {"code_accuracy": [], "code_correlation": [], "code_information": []}
    count = 200

    def drawn(n):
        codes = rng.uniform(-1, 1, (n, 2))
        right = (rng.random((n, 2)) < (0.7, 0.9)).astype(float)
        surprise = np.where(right > 0, 0.1, 2.0)
        return {"right": right, "surprise": surprise, "codes": codes, "means": codes + rng.normal(0, 0.4, (n, 2))}

    truth = {name: each.value for name, each in estimates_of(drawn(200_000), (3, 4)).items()}
    for _ in range(300):
        for name, each in estimates_of(drawn(count), (3, 4)).items():
            low, high = each.ci95
            covered[name].append(low <= truth[name] <= high)
    for name, hits in covered.items():
        assert 0.91 < np.mean(hits) < 0.99, name


def test_the_correlation_is_pearsons():
    rng = np.random.default_rng(1)
    codes, means = rng.normal(size=(2, 50, 3))
    expected = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(codes.T, means.T, strict=True)])
    assert correlation(codes, means).value == pytest.approx(expected)
    assert correlation(codes, np.zeros((50, 3))).value == 0


@pytest.fixture
def run(tmp_path):
    network = {"channels": 2, "noise": 3, "categorical": [3], "continuous": 1}
    pair = build_pair("infogan", resolution=32, num_classes=0, network=network, seed=0)
    save_network(tmp_path / "G.safetensors", pair.generator, role="generator")
    save_network(tmp_path / "D.safetensors", pair.discriminator, role="discriminator")
    head = CodeHead(pair.discriminator.layers["features"][0], 8, pair.generator.codes, seed=0)
    (tmp_path / "tasks").mkdir()
    settings = json.dumps({"hidden": 8})
    save_file(head.state_dict(), tmp_path / "tasks" / "info.safetensors", metadata={"settings": settings})
    return tmp_path


def test_a_run_is_probed_and_taken_up_again(run, tmp_path, monkeypatch):
    whole = probe_codes(run, CodesCall(samples=200, device="cpu"))
    names = [result.metric for result in whole.record.results]
    assert names == ["code_accuracy", "code_correlation", "code_information"]
    monkeypatch.setattr("ganprobe.engine.passes.journal.SAVE_EVERY", -1.0)
    calls = []

    def dying(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return read_codes(*args)

    monkeypatch.setattr("ganprobe.engine.probing.codes.read_codes", dying)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        probe_codes(run, CodesCall(samples=200, out=out, device="cpu"))
    monkeypatch.setattr("ganprobe.engine.probing.codes.read_codes", read_codes)
    again = probe_codes(run, CodesCall(samples=200, out=out, resume=True, device="cpu"))
    for name in names:
        assert again[name].estimate == whole[name].estimate
    assert (again.save(out) / "report.html").is_file()


def test_what_cannot_be_probed_is_said_in_one_line(run, tmp_path):
    with pytest.raises(InputError, match="name it"):
        probe_codes(run, CodesCall(resume=True))
    with pytest.raises(OutputError):
        probe_codes(run, CodesCall(out=run / "G.safetensors"))
    (run / "tasks" / "info.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="no head that reads codes of this run"):
        probe_codes(run, CodesCall())
    (run / "tasks" / "info.safetensors").unlink()
    with pytest.raises(InputError, match=r"holds no head that reads codes \(tasks/info.safetensors\); train with info"):
        probe_codes(run, CodesCall())
    pair = build_pair("sndcgan", resolution=32, num_classes=0, network={"channels": 2}, seed=0)
    save_network(run / "G.safetensors", pair.generator, role="generator")
    with pytest.raises(InputError, match="has no codes; train one that has some"):
        probe_codes(run, CodesCall())
    file = run / "G.safetensors"
    for where, said in ((tmp_path / "nowhere", "is not there"), (file, "is a file"), (run / "tasks", "holds no G")):
        with pytest.raises(InputError, match=f"{said}.*give the folder of a training"):
            probe_codes(where, CodesCall())
        with pytest.raises(InputError, match=f"{said}.*give the folder of a training"):
            probe_moves(where, MovesCall())
