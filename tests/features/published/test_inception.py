"""Inception: its layout and its numbers against torchvision's, its columns, and the files that it refuses."""

from types import SimpleNamespace

import pytest
import torch
import torchvision.models.inception as peer
from torch import nn
from torch.nn import functional

from ganprobe.core.errors import CheckpointError, DataError, InputError
from ganprobe.features import FEATURES, load_inception, read_inception
from ganprobe.features.published.downloads import INCEPTION
from ganprobe.features.published.inception import LEVELS, folded, layout
from ganprobe.features.published.inception_extractor import COLUMNS as INCEPTION_COLUMNS
from ganprobe.features.published.inception_extractor import InceptionExtractor
from ganprobe.features.published.weights import NetworkWeights

POOL = "inception.pool3"


def images(n=3, height=40, width=40):
    pixels = torch.randint(0, 256, (n, 3, height, width), generator=torch.Generator().manual_seed(n))
    return pixels / 127.5 - 1


@pytest.fixture(scope="module")
def state(inception_file):
    return torch.load(inception_file, weights_only=True)


@pytest.fixture(scope="module")
def weights(inception_file):
    return read_inception(inception_file)


def peers_network(state, monkeypatch):
    """torchvision's own network, unfused, with TensorFlow's pools: no padding in averages, a maximum in the last."""
    calls = []

    def pool(x, **options):
        calls.append(x.shape)
        last = len(calls) == 9
        if last:
            return functional.max_pool2d(x, **options)
        return functional.avg_pool2d(x, **options, count_include_pad=False)

    network = peer.Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    network.load_state_dict(state, strict=False)
    network.dropout = nn.Identity()
    monkeypatch.setattr(peer, "F", SimpleNamespace(**{**vars(functional), "avg_pool2d": pool}))
    return network.eval()


def test_the_layout_is_that_of_torchvisions_network():
    network = peer.Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert layout() == {name: shape for name, shape in shapes.items() if not name.endswith("num_batches_tracked")}


def test_every_level_is_that_of_the_unfused_network(state, monkeypatch):
    seen, network = {}, peers_network(state, monkeypatch)
    for name, module in (("64", network.maxpool1), ("192", network.maxpool2), ("768", network.Mixed_6e)):
        module.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.mean((2, 3))}))
    network.avgpool.register_forward_hook(lambda _, __, out: seen.update(pool3=out.flatten(1)))
    inputs = torch.randn(2, 3, 299, 299, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        seen["logits"] = network(inputs)
        got = folded(state)(inputs, LEVELS)
    seen["logits_unbiased"] = seen["logits"] - state["fc.bias"]
    for level in LEVELS:
        assert (got[level] - seen[level]).abs().max() < 1e-5 * seen[level].abs().max(), level


def test_only_what_is_asked_for_is_computed(weights):
    few = InceptionExtractor(weights, columns=["inception@clean.192", POOL])
    columns = few.observe(images())
    assert columns.keys() == few.provides == {"inception@clean.192", POOL}
    calls = []
    hook = few.network.Mixed_5b.register_forward_hook(lambda *_: calls.append(1))
    InceptionExtractor(weights, columns=["inception.64"]).observe(images())
    hook.remove()
    assert not calls


def test_all_columns_have_their_widths_and_differ_by_protocol(weights):
    columns = InceptionExtractor(weights).observe(images())
    assert columns.keys() == set(INCEPTION_COLUMNS) == set(FEATURES["inception"].columns)
    widths = {"64": 64, "192": 192, "768": 768, "pool3": 2048, "logits": 1008, "logits_unbiased": 1008}
    for name, column in columns.items():
        assert column.shape == (3, widths[name.rpartition(".")[2]])
        assert column.dtype == torch.float32
    ways = [columns[f"inception{way}.pool3"] for way in ("", "@pytorch-fid", "@clean")]
    assert all((a - b).abs().max() > 1e-3 for a, b in ((ways[0], ways[1]), (ways[1], ways[2])))


def test_batches_do_not_matter(weights):
    extractor = InceptionExtractor(weights, columns=[POOL])
    many = images(18)
    whole = extractor.observe(many)[POOL]
    parts = torch.cat([extractor.observe(part)[POOL] for part in many.split(5)])
    assert (whole - parts).abs().max() < 1e-5 * whole.abs().max()


def test_images_are_quantised_first(weights):
    extractor, seen = InceptionExtractor(weights, columns=[POOL]), images()
    nudged = seen + 0.3 / 127.5
    assert torch.equal(extractor.observe(seen)[POOL], extractor.observe(nudged)[POOL])
    assert not torch.equal(extractor.observe(seen)[POOL], extractor.observe(seen + 2 / 127.5)[POOL])


@pytest.mark.parametrize("shape", [(1, 1), (31, 75), (299, 299)])
def test_any_size_will_do(weights, shape):
    column = InceptionExtractor(weights, columns=[POOL]).observe(images(1, *shape))[POOL]
    assert column.isfinite().all()


def test_no_images_are_no_rows(weights):
    assert InceptionExtractor(weights, columns=[POOL]).observe(torch.zeros(0, 3, 8, 8))[POOL].shape == (0, 2048)


def test_what_is_no_image_is_refused(weights):
    with pytest.raises(DataError, match=r"\(N, 3, H, W\)"):
        InceptionExtractor(weights).observe(torch.zeros(2, 1, 8, 8))
    with pytest.raises(InputError, match=r"did you mean 'inception\.pool3'"):
        InceptionExtractor(weights, columns=["inception.pool"])


def test_other_weights_are_marked(weights, state, tmp_path):
    assert not weights.official
    assert weights.name == f"inception-unofficial:{weights.sha256[:12]}"
    official = NetworkWeights(weights.network, INCEPTION.sha256, INCEPTION)
    assert official.name == "inception-2015-12-05"
    torch.save({**state, "fc.bias": state["fc.bias"] + 1}, tmp_path / "other.pth")
    other, own = load_inception(tmp_path / "other.pth"), InceptionExtractor(weights)
    assert other.fingerprint != own.fingerprint == InceptionExtractor(weights, columns=[POOL]).fingerprint


def test_counters_of_batches_are_let_pass(state):
    folded({**state, "Mixed_5b.branch1x1.bn.num_batches_tracked": torch.tensor(0)})


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('executed')",))


def test_a_file_that_would_execute_is_refused(state, tmp_path):
    torch.save({**state, "note": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(CheckpointError, match=r"bomb\.pth holds no weights that can be read safely"):
        read_inception(tmp_path / "bomb.pth")


def test_other_files_are_refused(state, tmp_path, inception_file):
    with pytest.raises(CheckpointError, match="no Inception weights at"):
        read_inception(tmp_path / "missing.pth")
    (tmp_path / "torn.pth").write_bytes(inception_file.read_bytes()[:1_000_000])
    with pytest.raises(CheckpointError, match="read safely"):
        read_inception(tmp_path / "torn.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(CheckpointError, match="holds a list"):
        read_inception(tmp_path / "list.pth")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fc.bias": torch.zeros(1000)}, r"fc\.bias should be \(1008,\) and is \(1000,\)"),
        ({"AuxLogits.fc.bias": torch.zeros(3)}, r"AuxLogits\.fc\.bias should be absent"),
    ],
)
def test_another_layout_is_refused_by_name(state, change, said):
    with pytest.raises(CheckpointError, match=said):
        folded({**state, **change})


def test_a_missing_tensor_is_named(state):
    with pytest.raises(CheckpointError, match=r"Mixed_7c\.branch_pool\.bn\.bias should be \(192,\) and is absent"):
        folded({name: value for name, value in state.items() if name != "Mixed_7c.branch_pool.bn.bias"})


@pytest.mark.parametrize("precision", ["half", "bfloat16"])
def test_lower_precision_is_near_leaves_the_weights_alone_and_is_marked(weights, precision):
    asked = [POOL, "inception.logits_unbiased"]
    plain = InceptionExtractor(weights, columns=asked)
    low = InceptionExtractor(weights, columns=asked, precision=precision)
    one, other = plain.observe(images(2)), low.observe(images(2))
    for column in asked:
        assert other[column].dtype == torch.float32
        off = (other[column] - one[column]).norm() / one[column].norm()
        assert 0 < off < 0.2
    assert low.fingerprint != plain.fingerprint
    assert weights.network.Conv2d_1a_3x3.conv.weight.dtype == torch.float32
    assert torch.equal(plain.observe(images(2))[POOL], one[POOL])


def test_precisions_that_are_not_there_are_refused(weights):
    with pytest.raises(InputError, match="tf32 is CUDA's and the device is cpu"):
        InceptionExtractor(weights, precision="tf32")
    with pytest.raises(InputError, match="precision of Inception"):
        InceptionExtractor(weights, precision="bfloat")


def test_compile_runs_the_same_network(weights, monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda network: compiled.append(network) or network)
    fast = InceptionExtractor(weights, columns=[POOL], compile=True)
    assert compiled == [fast.network]
    plain = InceptionExtractor(weights, columns=[POOL])
    assert torch.equal(fast.observe(images())[POOL], plain.observe(images())[POOL])
    assert fast.fingerprint == plain.fingerprint


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["float32", "tf32", "half", "bfloat16"])
def test_a_batch_is_never_waited_for(weights, precision):
    extractor = InceptionExtractor(weights, device="cuda", precision=precision)
    batch = images().cuda()
    extractor.observe(batch)
    torch.cuda.set_sync_debug_mode("error")
    try:
        extractor.observe(batch)
    finally:
        torch.cuda.set_sync_debug_mode("default")
