"""Metrics of pairs from end to end: path lengths by protocol, MS-SSIM and diversity."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor

import ganprobe
from ganprobe.core.errors import CapabilityError, CheckpointError, DataError, InputError
from ganprobe.engine.columns.distances import DISTANCES
from ganprobe.engine.columns.sources import ImageColumns, PairColumns
from ganprobe.engine.passes import journal as journals
from ganprobe.engine.run import Run
from ganprobe.features.images.quantise import to_uint8
from ganprobe.features.published.lpips_distance import load_lpips
from ganprobe.features.published.lpips_protocols import fidelity_64, quantised
from ganprobe.metrics import ms_ssim, trimmed_mean
from ganprobe.samplers.modules import ModuleSampler
from ganprobe.samplers.paths import PathPairs, PathSpec

N, SEED = 40, 3


def run_of(sampler: object, metrics: list[str], vgg: Path | None = None, **words: object) -> Run:
    return ganprobe.evaluate(sampler, metrics=metrics, samples=N, seed=SEED, vgg_weights=vgg, **words)  # type: ignore[arg-type]


def test_path_lengths_by_protocol(vgg16_file: Path) -> None:
    sampler = small_networks.stylegan_sampler()
    names = [
        "ppl_w_end",
        "ppl_w_end@stylegan",
        "ppl_w_end@stylegan3",
        "ppl_z_full@stylegan",
        "ppl_z_end@torch-fidelity",
    ]
    run = run_of(sampler, names, vgg16_file)
    lpips = load_lpips(vgg16_file)
    a, b = PathPairs(sampler, PathSpec(space="w", sampling="end")).pairs(range(64), seed=SEED)
    wanted = trimmed_mean(lpips(a, b)[:N].double() / 1e-8)
    assert run["ppl_w_end@stylegan"].value == pytest.approx(wanted, rel=1e-6)
    assert run["ppl_w_end@stylegan3"].value == run["ppl_w_end@stylegan"].value
    a, b = PathPairs(sampler, PathSpec(space="z", sampling="end", straight=True)).pairs(range(64), seed=SEED)
    rounded = trimmed_mean(lpips(fidelity_64(a), fidelity_64(b))[:N].double() / 1e-8)
    assert run["ppl_z_end@torch-fidelity"].value == pytest.approx(rounded, rel=1e-6)
    assert run["ppl_w_end"].features == "embedded"
    assert run["ppl_w_end@stylegan"].features.startswith("lpips-vgg16-unofficial:")
    assert any("not from the official weights" in note for note in run["ppl_z_full@stylegan"].notes)
    assert set(run.pictures.distances or {}) == set(names)


def test_a_straight_path_in_z_is_straight() -> None:
    sampler = small_networks.stylegan_sampler()
    pairs = PathPairs(sampler, PathSpec(space="z", sampling="end", epsilon=0.5, straight=True))
    first, second, _ = pairs.latents(range(8), seed=0)
    a, b, _ = sampler.draw_ends(range(8), seed=0)
    torch.testing.assert_close(first, a)
    torch.testing.assert_close(second, (a + b) / 2)


def test_ms_ssim_and_diversity_of_a_generator(vgg16_file: Path) -> None:
    sampler = small_networks.stylegan_sampler()
    run = run_of(sampler, ["ms_ssim", "lpips_diversity", "lpips_diversity@embedded"], vgg16_file)
    images = sampler.batch(range(N), seed=SEED).images
    pixels = to_uint8(images)
    assert run["ms_ssim"].value == pytest.approx(ms_ssim(pixels[::2], pixels[1::2]).mean(), rel=1e-6)
    lpips = load_lpips(vgg16_file)(quantised(images[::2]), quantised(images[1::2]))
    assert run["lpips_diversity"].value == pytest.approx(float(lpips.double().mean()), rel=1e-5)
    assert run["ms_ssim"].n == run["lpips_diversity"].n == N // 2
    assert run["lpips_diversity@embedded"].features == "embedded"
    assert run["ms_ssim"].features == "pixels"


def test_classes_have_a_table() -> None:
    run = run_of(small_networks.biggan_sampler(), ["ms_ssim"])
    (table,) = run["ms_ssim"].estimate.tables
    assert set(table.rows) <= {f"class {label}" for label in range(5)}
    values, counts = (np.array([row[column] for row in table.values], dtype=float) for column in (0, 1))
    assert counts.sum() == N // 2
    assert run["ms_ssim"].value == pytest.approx((values * counts).sum() / counts.sum())


class Collapsed(torch.nn.Module):
    """One image, whatever the latent."""

    z_dim = 4

    def forward(self, z: Tensor) -> Tensor:
        image = small_networks.stylegan_sampler().batch(range(1), seed=0).images
        return image.expand(len(z), -1, -1, -1)


def test_a_collapsed_generator(vgg16_file: Path) -> None:
    run = run_of(ModuleSampler(Collapsed(), name="collapsed"), ["ms_ssim", "lpips_diversity"], vgg16_file)
    assert run["ms_ssim"].value == pytest.approx(1.0, abs=1e-9)
    assert run["lpips_diversity"].value == 0.0


def test_a_folder_of_alike_and_of_different_images(tmp_path: Path) -> None:
    one = small_networks.write_images(tmp_path / "varied.npy", 60)
    np.save(tmp_path / "alike.npy", np.repeat(np.load(one)[:1], 60, axis=0))
    values = {
        name: run_of(tmp_path / f"{name}.npy", ["ms_ssim", "lpips_diversity@embedded"]) for name in ("varied", "alike")
    }
    assert values["alike"]["ms_ssim"].value == pytest.approx(1.0, abs=1e-9)
    assert values["varied"]["ms_ssim"].value < 0.5
    assert values["alike"]["lpips_diversity@embedded"].value == 0.0
    assert values["varied"]["lpips_diversity@embedded"].value > 0.05


def test_batches_do_not_matter(vgg16_file: Path) -> None:
    metrics = ["ppl_z_end@torch-fidelity", "lpips_diversity"]
    whole, parts = (run_of(small_networks.stylegan_sampler(), metrics, vgg16_file, batch_size=size) for size in (64, 7))
    assert [row.value for row in whole.record.results] == [row.value for row in parts.record.results]


def test_what_cannot_be_done_is_refused_before_an_image_is_drawn(tmp_path: Path, vgg16_file: Path) -> None:
    watched = small_networks.Watched(small_networks.biggan_sampler())
    with pytest.raises(CapabilityError, match="a W space"):
        run_of(watched, ["ppl_w_end@stylegan"], vgg16_file)
    with pytest.raises(InputError, match="ppl_z_end@torch-fidelity"):
        run_of(watched, ["ppl_z_end@torch-fidelitY"], vgg16_file)
    with pytest.raises(CheckpointError, match="no VGG16 weights"):
        run_of(watched, ["ppl_z_end@stylegan"], tmp_path / "absent.pth")
    assert watched.synthesized == 0
    with pytest.raises(DataError, match="at least 16 pixels"):
        run_of(small_networks.stylegan_sampler(), ["ppl_w_end@stylegan-crop"], vgg16_file)


def test_one_trunk_serves_all_protocols_and_a_new_file_is_read(tmp_path: Path, vgg16_file: Path) -> None:
    path = shutil.copy(vgg16_file, tmp_path / "trunk.pth")
    cpu = torch.device("cpu")
    first, second = (DISTANCES[key](cpu, path) for key in ("stylegan", "lpips"))
    assert first.call.distance is second.call.distance  # type: ignore[attr-defined]
    assert first.network.fingerprint != second.network.fingerprint
    state = torch.load(path, weights_only=True)
    state["features.0.bias"] = state["features.0.bias"] + 1
    torch.save(state, path)
    third = DISTANCES["lpips"](cpu, path)
    assert third.network.fingerprint != second.network.fingerprint


def test_neither_images_nor_distances_are_rounded_to_tf32() -> None:
    allowed = []

    def distance(a: Tensor, b: Tensor) -> Tensor:
        allowed.append(torch.backends.cudnn.allow_tf32)
        return (a - b).square().mean((1, 2, 3))

    class Noted(torch.nn.Module):
        z_dim = 4

        def forward(self, z: Tensor) -> Tensor:
            allowed.append(torch.backends.cudnn.allow_tf32)
            return z.tanh().view(-1, 1, 2, 2).expand(-1, 3, -1, -1).repeat_interleave(8, 2).repeat_interleave(8, 3)

    pairs = PathPairs(ModuleSampler(Noted(), name="noted"), PathSpec(space="z", sampling="end"))
    allowed.clear()
    PairColumns(pairs, {"path.z_end": distance}, seed=0).columns(range(4))
    assert allowed == [False, False, False], "of two images and their distance"
    assert torch.backends.cudnn.allow_tf32


def test_images_and_features_are_steady_and_not_rounded_to_tf32() -> None:
    found = []

    def note() -> None:
        cudnn = torch.backends.cudnn
        found.append((cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark))

    class Grey(torch.nn.Module):
        z_dim = 4

        def forward(self, z: Tensor) -> Tensor:
            note()
            return z.tanh().mean(1).view(-1, 1, 1, 1).expand(-1, 3, 8, 8)

    class Noting:
        provides, fingerprint = frozenset({"mean"}), "0" * 64

        def observe(self, images: Tensor) -> dict[str, Tensor]:
            note()
            return {"mean": images.mean((1, 2, 3))}

    sampler = ModuleSampler(Grey(), name="grey")
    found.clear()
    ImageColumns(sampler, Noting(), seed=0, device=torch.device("cpu")).columns(range(4))
    assert found == [(False, True, False)] * 2
    assert torch.backends.cudnn.allow_tf32
    assert not torch.backends.cudnn.deterministic


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_same_pairs_have_the_same_distances_on_cuda() -> None:
    runs = [
        ganprobe.evaluate("toyfaces-stylegan", metrics=["ppl_w_end"], samples=200, batch_size=size, device="cuda")
        for size in (7, 64, 200)
    ]
    assert len({run["ppl_w_end"].value for run in runs}) == 1


def test_what_was_saved_under_another_trunk_is_not_taken_up(
    tmp_path: Path, vgg16_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "SAVE_EVERY", -1.0)
    monkeypatch.setattr(journals, "WORTH_SAVING", -1.0)
    state = torch.load(vgg16_file, weights_only=True)
    state["features.0.bias"] = state["features.0.bias"] + 1
    torch.save(state, tmp_path / "other.pth")
    words = {"metrics": ["lpips_diversity"], "samples": 256, "batch_size": 64, "out": tmp_path / "run"}
    failing = small_networks.Watched(small_networks.stylegan_sampler(), fail_at=130, failure=RuntimeError)
    with pytest.raises(RuntimeError, match="failed at sample 130"):
        ganprobe.evaluate(failing, vgg_weights=tmp_path / "other.pth", **words)  # type: ignore[arg-type]
    assert (tmp_path / "run" / journals.UNFINISHED).exists()
    with pytest.raises(InputError, match="unfinished run with other settings"):
        ganprobe.evaluate(
            small_networks.stylegan_sampler(),
            vgg_weights=vgg16_file,
            resume=True,
            **words,  # type: ignore[arg-type]
        )
