"""`edit` and `rescore` from latents of one's own, and of a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import biggan_sampler, stylegan_sampler
from torch import nn

from ganprobe.checkpoints.native import save_network
from ganprobe.cli.main import run
from ganprobe.core.errors import InputError
from ganprobe.directions import Direction, Directions, LatentSet, load_directions, save_directions, save_latents
from ganprobe.directions.edits.strips import pixels_of
from ganprobe.engine.directions import Search, find_directions
from ganprobe.engine.edit import Edit, edited
from ganprobe.engine.rescore import rescored

SAMPLER = stylegan_sampler()
STRENGTHS = (0.0, 2.0)


class Channels:
    """The mean of each colour, as scores."""

    fingerprint = "channels"
    provides = frozenset({"score.red", "score.green"})

    def observe(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        red, green, _ = images.mean((2, 3)).unbind(1)
        return {"score.red": red, "score.green": green}


def file_of(folder: Path, sampler, space: str = "w") -> Path:
    vector = np.eye(1, sampler.spec.spaces[space][0])[0]
    item = Direction(name="first", space=space, vector=vector)  # type: ignore[arg-type]
    found = Directions(
        items=(item,), method="sefa", generator="g", fingerprint=sampler.weights_fingerprint, seed=0, provenance={}
    )
    save_directions(folder / "d.safetensors", found)
    return folder / "d.safetensors"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(tmp_path_factory.mktemp("own"), SAMPLER)


def test_own_latents_that_are_the_samples_give_their_pictures(file: Path, tmp_path: Path) -> None:
    drawn = SAMPLER.draw(range(3), seed=5)
    expected = edited(SAMPLER, file, Edit(rows=3, strengths=STRENGTHS), seed=5).images
    own = {
        "z": LatentSet(space="z", values=drawn.z),
        "w": LatentSet(space="w", values=SAMPLER.map(drawn.z), fingerprint=SAMPLER.weights_fingerprint),
    }
    for space, latents in own.items():
        found = edited(SAMPLER, file, Edit(strengths=STRENGTHS, latents=latents)).images
        np.testing.assert_array_equal(found, expected, err_msg=space)
    save_latents(tmp_path / "own.safetensors", own["w"])
    some = edited(SAMPLER, file, Edit(strengths=STRENGTHS, latents=tmp_path / "own.safetensors", rows=2)).images
    np.testing.assert_array_equal(some, expected[:2])


def test_kept_noise_is_used(file: Path) -> None:
    noise = tuple(torch.randn(3, 1, *shape[-2:]) for shape in SAMPLER.generator.noise_shapes)
    w = SAMPLER.map(SAMPLER.draw(range(3), seed=0).z)
    expected = SAMPLER.synthesize(w, space="w", noise=list(noise))
    found = edited(SAMPLER, file, Edit(strengths=(0.0,), latents=LatentSet(space="w", values=w, noise=noise)))
    np.testing.assert_array_equal(found.images[:, 0], pixels_of(expected[:, None])[:, 0])


def test_a_class_is_that_of_all_samples(tmp_path: Path) -> None:
    sampler = biggan_sampler()
    file = file_of(tmp_path, sampler, "z")
    drawn = sampler.draw(range(2), seed=0)
    expected = sampler.synthesize(drawn.z, space="z", labels=torch.tensor([1, 1]))
    found = edited(sampler, file, Edit(strengths=(0.0,), rows=2, label="1")).images
    np.testing.assert_array_equal(found[:, 0], pixels_of(expected[:, None])[:, 0])
    with pytest.raises(InputError, match="no classes"):
        edited(SAMPLER, file_of(tmp_path, SAMPLER), Edit(label=0))


def test_rescoring_starts_from_own_latents(file: Path) -> None:
    drawn = SAMPLER.draw(range(24), seed=0)
    expected = rescored(SAMPLER, [file], samples=24, scorer=Channels()).record.results[0]
    own = LatentSet(space="z", values=drawn.z)
    found = rescored(SAMPLER, [file], scorer=Channels(), latents=own).record.results[0]
    assert found.value == expected.value
    assert found.estimate.n == 24
    assert found.protocol["latents"] == "own, of z"
    with pytest.raises(InputError, match="at least 20"):
        rescored(SAMPLER, [file], scorer=Channels(), latents=own.first(5))


def test_commands_take_files_of_latents(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_network(tmp_path / "g.safetensors", SAMPLER.generator, role="generator")
    layers, dim = SAMPLER.spec.spaces["w+"]
    np.save(tmp_path / "own.npy", np.zeros((2, layers, dim)))
    call = ["edit", str(tmp_path / "g.safetensors"), "--direction", str(file), "--any-generator"]
    out = ["--out", str(tmp_path / "own.png")]
    assert run([*call, "--latents", str(tmp_path / "own.npy"), *out]) == 0
    assert (tmp_path / "own.png").is_file()
    assert run([*call, "--latents", str(tmp_path / "own.npy"), "--latent-space", "z", *out]) == 2
    assert "they are of w+, not of z" in " ".join(capsys.readouterr().err.split())


def test_an_edit_begins_at_any_number_and_needs_no_direction(file: Path) -> None:
    some = edited(SAMPLER, what=Edit(index=2, rows=2), seed=5)
    drawn = SAMPLER.draw(range(2, 4), seed=5)
    expected = SAMPLER.synthesize(drawn.z, space="z")
    assert some.legend.columns == (0.0,)
    np.testing.assert_array_equal(some.images[:, 0], pixels_of(expected[:, None])[:, 0])
    own = LatentSet(space="z", values=SAMPLER.draw(range(4), seed=5).z)
    same = edited(SAMPLER, file, Edit(index=2, strengths=(0.0,), latents=own))
    np.testing.assert_array_equal(same.images, some.images)
    with pytest.raises(InputError, match="give the file"):
        edited(SAMPLER, what=Edit(name="first"))
    with pytest.raises(InputError, match="from 1 to 2 latents are here from number 2 on, got 3"):
        edited(SAMPLER, what=Edit(index=2, rows=3, latents=own))
    for wrong in (lambda: Edit(index=-1), lambda: own.first(1, start=4)):
        with pytest.raises(InputError):
            wrong()


def test_rescoring_takes_the_class_of_own_latents(tmp_path: Path) -> None:
    sampler = biggan_sampler()
    file, latents = file_of(tmp_path, sampler, "z"), LatentSet(space="z", values=sampler.draw(range(20), seed=0).z)
    with pytest.raises(InputError, match="--class"):
        rescored(sampler, [file], scorer=Channels(), latents=latents)
    first, same, other = (
        rescored(sampler, [file], scorer=Channels(), latents=given, label=label)
        .record.results[0]
        .estimate.tables[0]
        .values
        for given, label in ((latents, 1), (latents.with_label(1), None), (latents, 0))
    )
    assert first == same
    assert first != other
    with pytest.raises(InputError, match="latents of one's own"):
        rescored(sampler, [file], scorer=Channels(), label=1)


class Dim(nn.Module):
    """Images that never fall below 0, which is doubtful."""

    z_dim = 4

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 0.2 + 0.1 * z.tanh()[:, :3, None, None].expand(-1, 3, 16, 16)


def test_what_was_assumed_and_stated_of_own_code_stands_in_directions_and_rescoring(tmp_path: Path) -> None:
    def records(**said):
        found = find_directions(Dim(), Search(method="interfacegan", samples=300, scorer=Channels(), **said))
        file = found.save(tmp_path / str(len(said))) / "directions.safetensors"
        run = rescored(Dim(), [file], samples=20, scorer=Channels(), **said).record
        return found.to_json()["provenance"], load_directions(file).provenance, run

    told, kept, run = records()
    assert told["notes"] == kept["notes"] == list(run.results[0].notes)
    assert "no value of the first 64 images is below 0" in told["notes"][0]
    told, kept, run = records(output_range=(-1, 1))
    assert told["called"] == kept["called"] == run.provenance["called"] == {"output_range": [-1, 1]}
