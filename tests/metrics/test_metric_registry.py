"""The registry of metrics and the surface of the room."""

import inspect
import json

import pytest

from ganprobe import metrics
from ganprobe.core.errors import InputError
from ganprobe.metrics import METRICS, resolve

SIGNATURES = {
    "frechet_distance": "mean_a, cov_a, mean_b, cov_b",
    "inception_score": "probabilities, splits=10",
    "kernel_distance": "a, b, subsets=100, subset_size=1000, seed=0",
    "precision_recall": "real, fake, k=3",
    "prdc": "real, fake, k=5",
    "separability_score": "confusions",
    "attribute_correlation": "scores",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_the_contracts(name):
    function = getattr(metrics, name)
    assert inspect.isfunction(function)
    bare = [
        p.name if p.default is p.empty else f"{p.name}={p.default}"
        for p in inspect.signature(function).parameters.values()
    ]
    assert ", ".join(bare) == SIGNATURES[name]


def test_every_metric_is_described():
    ours = {"fd", "kd", "kd@subsets", "cs", "ppl_z_full", "ppl_z_end", "ppl_w_full", "ppl_w_end"}
    fields = {
        "fid",
        "fid@pytorch-fid",
        "fid@clean",
        "fid@stylegan3",
        "kid",
        "kid@full",
        "is",
        "is@bias",
        "is@unshuffled",
    }
    shares = {"precision", "recall", "density", "coverage"}
    ours |= {f"{share}@embedded" for share in shares}
    ours |= {"fd_infinity"}
    fields |= {"density", "coverage", "fid_infinity"}
    ours |= {"intra_fd", "authenticity@embedded", "swd"}
    fields |= {"intra_fid", "authenticity"}
    assert ours | fields | {"precision", "recall"} <= set(METRICS)
    for name, spec in METRICS.items():
        built = spec.build()
        assert spec.name == name
        assert "\n" not in spec.summary
        assert json.loads(json.dumps(dict(spec.protocol))) == dict(spec.protocol)
        assert built.needs - {"label"} == {spec.protocol["column"]}
        assert spec.features.startswith("inception") == (name in fields)


def test_one_summary_serves_fd_and_kd():
    keys = {name: METRICS[name].build().state_key for name in ("fd", "kd", "kd@subsets")}
    assert set(keys.values()) == {"summary:embedded.features"}
    assert METRICS["cs"].build().state_key != METRICS["ppl_w_end"].build().state_key


def test_resolve_keeps_order_and_drops_repeats():
    assert [spec.name for spec in resolve(["kd", "fd", "kd"])] == ["kd", "fd"]


@pytest.mark.parametrize(("name", "near"), [("fdd", "fd"), ("ppl_w_ends", "ppl_w_end"), ("kd@subset", "kd@subsets")])
def test_resolve_names_the_nearest(name, near):
    with pytest.raises(InputError, match=f"did you mean '{near}'"):
        resolve(["cs", name])


def test_resolve_refuses_nothing():
    with pytest.raises(InputError, match="at least one metric"):
        resolve([])
