"""Statistics of other projects as a reference: the numbers are those of the images, and what cannot be is refused."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import small_networks
import torch

import ganprobe
from ganprobe.core.calls.settings import ReferenceCall
from ganprobe.core.errors import InputError
from ganprobe.engine.columns.networks import Network
from ganprobe.engine.opening.metrics import CATALOGUE
from ganprobe.engine.published import statistics
from ganprobe.engine.published.protocols import PROTOCOLS, Protocol, parse_protocol
from ganprobe.engine.published.statistics import published_statistics
from ganprobe.engine.reference import make_reference

WIDTH, N = 8, 60
ROWS = np.random.default_rng(0).normal(size=(N, WIDTH)).astype(np.float32)
OTHERS = (np.random.default_rng(1).normal(size=(50, WIDTH)) + 0.3).astype(np.float32)
MU, SIGMA = ROWS.mean(0, dtype=np.float64), np.cov(ROWS, rowvar=False)
FEATURES: Any = SimpleNamespace(networks={"inception": Network("inception", "0" * 64)})


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features of eight numbers in place of 2048."""
    narrow: Mapping[str, Protocol] = {
        name: Protocol({WIDTH: each.seen[2048]}, each.ddof, each.said) for name, each in PROTOCOLS.items()
    }
    monkeypatch.setattr(statistics, "PROTOCOLS", narrow)


def written(path: Path, kind: str) -> Path:
    """Statistics of ROWS as another project writes them."""
    mine = {"mu": MU, "sigma": SIGMA}
    if kind in ("pytorch-fid", "ttur", "clean-fid"):
        np.savez_compressed(path := path / "stats.npz", **mine)
    elif kind == "adm":
        images = np.zeros((4, 8, 8, 3), np.uint8)
        np.savez(path := path / "ref.npz", arr_0=images, **mine, mu_s=MU, sigma_s=SIGMA)
    elif kind == "clean-fid features":
        np.savez_compressed(path := path / "mine_clean_custom_na_kid.npz", feats=ROWS)
    elif kind.startswith("stylegan3"):
        wide = ROWS.astype(np.float64)
        stats = {"capture_all": False, "capture_mean_cov": True, "max_items": None, "num_items": N}
        stats |= {"num_features": WIDTH, "all_features": None, "raw_mean": wide.sum(0), "raw_cov": wide.T @ wide}
        if kind.endswith("features"):
            stats |= {"all_features": [ROWS[:40], ROWS[40:]], "raw_mean": None, "raw_cov": None}
        (path := path / "cifar10-inception.pkl").write_bytes(pickle.dumps(stats))
    elif kind == "torch-fidelity":
        torch.save(mine, path := path / "real-inception-v3-compat-stat-fid-2048.pt")
    else:
        torch.save(torch.from_numpy(ROWS), path := path / "real-inception-v3-compat-features-2048.pt")
    return path


CASES = {
    "pytorch-fid": ("pytorch-fid", "fid@pytorch-fid"),
    "ttur": ("ttur", "fid"),
    "adm": ("adm", "fid"),
    "clean-fid": ("clean-fid", "fid@clean"),
    "clean-fid features": (None, "fid@clean"),
    "stylegan3": (None, "fid@stylegan3"),
    "stylegan3 features": (None, "kid@full"),
    "torch-fidelity": (None, "fid"),
    "torch-fidelity features": (None, "kid@full"),
}


def value(name: str, reference: Any, column: str) -> Any:
    metric: Any = CATALOGUE[name].build()
    ours = metric.update(metric.empty(), {"index": torch.arange(len(OTHERS)), column: torch.from_numpy(OTHERS)})
    return metric.compute(ours, reference)[name]


@pytest.mark.parametrize("kind", CASES)
def test_the_number_is_that_of_the_images(kind: str, tmp_path: Path) -> None:
    said, name = CASES[kind]
    found = published_statistics(str(written(tmp_path, kind)), said)
    assert found is not None
    assert name in found.feeds
    metric: Any = CATALOGUE[name].build()
    column = found.seen.column
    theirs = metric.update(metric.empty(), {"index": torch.arange(N), column: torch.from_numpy(ROWS)})
    state = found.reference([metric], FEATURES).state_for(metric)
    expected, got = value(name, theirs, column), value(name, state, column)
    assert got.value == pytest.approx(expected.value, rel=1e-6)
    assert got.ci95 is not None


def test_moments_alone_have_the_interval_of_the_generated_side(tmp_path: Path) -> None:
    found = published_statistics(str(written(tmp_path, "stylegan3")), None)
    assert found is not None
    metric: Any = CATALOGUE["fid@stylegan3"].build()
    got = value("fid@stylegan3", found.reference([metric], FEATURES).state_for(metric), found.seen.column)
    assert got.ci95 == pytest.approx(
        (got.value - 1.96 * got.variance**0.5, got.value + 1.96 * got.variance**0.5), rel=1e-3
    )
    assert "of the generated images alone" in got.notes[-1]


def test_they_feed_the_distances_of_their_column_alone(tmp_path: Path) -> None:
    path = str(written(tmp_path, "ttur"))
    for said, feeds in (("ttur", ("fid",)), ("ttur:60", ("fid", "fid@stylegan3", "fid_infinity"))):
        found = published_statistics(path, said)
        assert found is not None
        assert found.feeds == feeds
        with pytest.raises(
            InputError, match=r"mean and covariance alone by ttur, which feed fid.*, not kid; leave kid"
        ):
            found.check([CATALOGUE["kid"]])
        found.check([CATALOGUE["fid"], CATALOGUE["is"]])
    unknown = published_statistics(path, "ttur")
    assert unknown is not None
    assert "of a number of images that is not told" in unknown.notes[0]
    features = published_statistics(str(written(tmp_path, "torch-fidelity features")), None)
    assert features is not None
    assert {"fid", "kid", "kid@full", "density", "coverage"} <= set(features.feeds)
    assert features.n == N


def test_what_nobody_tells_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not tell who made them.*--reference-protocol pytorch-fid, ttur"):
        published_statistics(str(written(tmp_path, "ttur")), None)
    both = str(written(tmp_path, "adm"))
    with pytest.raises(InputError, match=r"--reference-protocol adm .* --reference-protocol images"):
        published_statistics(both, None)
    assert published_statistics(both, "images") is None
    with pytest.raises(InputError, match="is of stylegan3 by its form or its name, and the call says ttur"):
        published_statistics(str(written(tmp_path, "stylegan3")), "ttur")
    with pytest.raises(InputError, match="is of 60 images, and the call says 70"):
        published_statistics(str(written(tmp_path, "stylegan3")), "stylegan3:70")
    assert published_statistics("toyfaces", None) is None
    with pytest.raises(InputError, match="holds no statistics of another project"):
        published_statistics("toyfaces", "ttur")


@pytest.mark.parametrize("said", ["pytorch_fid", "ttur:", "ttur:1", "ttur:many", "images:5"])
def test_protocols_that_are_none(said: str) -> None:
    with pytest.raises(InputError):
        parse_protocol(said)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"mu": MU}, "holds no sigma"),
        ({"sigma": SIGMA}, "holds no mu"),
        ({"mu": MU[:5], "sigma": SIGMA}, r"arrays of \(5,\) and \(8, 8\)"),
        ({"mu": MU[:5], "sigma": SIGMA[:5, :5]}, "of 5 features; those of ttur have 8"),
        ({"mu": np.float64(3), "sigma": SIGMA}, "arrays of"),
        ({"mu": MU, "sigma": SIGMA + np.triu(np.ones_like(SIGMA), 1)}, "not symmetric"),
        ({"mu": MU, "sigma": SIGMA - 3 * np.eye(WIDTH)}, "negative eigenvalue"),
        ({"mu": np.where(np.arange(WIDTH) == 2, np.nan, MU), "sigma": SIGMA}, "the mean is not finite in rows 2"),
        ({"mu": MU, "sigma": np.full_like(SIGMA, np.inf)}, "the covariance is not finite"),
        ({"mu": MU.astype(int), "sigma": SIGMA}, "holds int64"),
        ({"feats": ROWS[:1]}, "features of 1 images"),
    ],
)
def test_what_is_no_statistics_is_one_line(arrays: dict[str, Any], said: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "stats.npz", **arrays)
    with pytest.raises(InputError, match=said) as caught:
        published_statistics(str(tmp_path / "stats.npz"), "ttur")
    assert "\n" not in str(caught.value)


def test_files_of_other_kinds_are_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "images.npz", images=np.zeros((3, 8, 8, 3), np.uint8))
    (tmp_path / "damaged.npz").write_bytes(b"PK nothing")
    (tmp_path / "damaged.pkl").write_bytes(b"\x80\x04 nothing")
    torch.save({"weights": torch.zeros(3)}, tmp_path / "net.pt")
    for name in ("images.npz", "damaged.npz", "damaged.pkl", "net.pt", "nowhere.npz"):
        assert published_statistics(str(tmp_path / name), None) is None


def test_a_pickle_is_not_executed(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path(tmp_path / "executed").write_text, ("x",)

    (tmp_path / "stats.pkl").write_bytes(pickle.dumps({"num_items": N, "raw_mean": Hostile(), "raw_cov": SIGMA}))
    assert published_statistics(str(tmp_path / "stats.pkl"), None) is None
    assert not (tmp_path / "executed").exists()


@pytest.mark.slow
def test_a_run_against_them_and_a_file_for_them(tmp_path: Path, inception_file: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(statistics, "PROTOCOLS", PROTOCOLS)
    fake, real = (small_networks.write_images(tmp_path / f"{k}.npy", 12, seed=k) for k in (1, 2))
    out = tmp_path / "stats.npz"
    make_reference(str(real), out, ReferenceCall(format="pytorch-fid", inception_weights=inception_file))
    with np.load(out) as file:
        assert {name: file[name].shape for name in file.files} == {"mu": (2048,), "sigma": (2048, 2048)}
    call: dict[str, Any] = {"samples": 12, "inception_weights": inception_file}
    whole = ganprobe.evaluate(fake, reference=real, metrics=["fid@pytorch-fid"], **call)
    run = ganprobe.evaluate(fake, reference=out, reference_protocol="pytorch-fid", **call)
    assert [result.metric for result in run.record.results] == ["fid@pytorch-fid"]
    assert run["fid@pytorch-fid"].value == pytest.approx(whole["fid@pytorch-fid"].value, rel=1e-6)
    assert any("by pytorch-fid (stats.npz)" in note for note in run["fid@pytorch-fid"].notes)
    assert run.record.reference is not None
    assert (run.record.reference.name, run.record.reference.n) == ("stats.npz", None)
    with pytest.raises(InputError, match="not kid"):
        ganprobe.evaluate(fake, reference=out, reference_protocol="pytorch-fid", metrics=["kid"], **call)


@pytest.mark.parametrize(
    ("call", "out", "said"),
    [
        ({"format": "pytorch-fid"}, "stats.safetensors", "call it stats.npz"),
        ({"format": "ttur", "metrics": ["kid"]}, "stats.npz", "leave the metrics out"),
    ],
)
def test_formats_that_cannot_be_written(call: dict[str, Any], out: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        make_reference("toyfaces", tmp_path / out, ReferenceCall(**call))
    with pytest.raises(InputError, match="format must be ganprobe, pytorch-fid, ttur or clean-fid"):
        ReferenceCall(format="npz")


def test_a_protocol_without_a_reference_is_refused() -> None:
    with pytest.raises(InputError, match="no reference"):
        ganprobe.evaluate("toyfaces-stylegan", metrics=["cs"], samples=20, reference_protocol="ttur")
