"""CLIP's embedding of images, which CMMD is defined on.

    extractor = load_clip_image("ViT-L-14-336px.pt")
    extractor.observe(images)["clip.image"]  # (N, 768), of length one

Radford et al. 2021, "Learning transferable visual models from natural language supervision"; Jayasumana et al. 2024,
"Rethinking FID: towards a better evaluation metric for image generation", who measure with it. The network is
open_clip's.
"""

from __future__ import annotations

import hashlib
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.errors import CheckpointError
from ganprobe.core.files import sha256_of
from ganprobe.core.protocols import Columns
from ganprobe.features.images.parts import looked_at
from ganprobe.features.images.resize import bicubic_pil_uint8
from ganprobe.features.published.downloads import CLIP, fetched
from ganprobe.features.published.weights import NetworkWeights, check_layout, read_state_dict

COLUMN: Final = "clip.image"
VERSION = "uint8, central square, Pillow's bicubic of bytes to the network's side, CLIP's means, length 1, 1"
"""Names the preparation in fingerprints; raise the number when it changes."""

HEAD = 64
_PREFIX = "visual."
_MEAN, _DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_CPU_BATCH = 4
ClipWeights = NetworkWeights[nn.Module]


@final
class ClipImageExtractor:
    """Images (N, 3, H, W) in [-1, 1] to "clip.image" (N, 768) float32 of length one; images are quantised to uint8
    first."""

    provides = frozenset({COLUMN})

    def __init__(self, weights: ClipWeights, *, device: torch.device | str = "cpu") -> None:
        self.weights, self.device = weights, torch.device(device)
        self.network = weights.network.to(self.device)
        self._side = _side_of(weights.network)
        self._mean, self._deviation = (
            torch.tensor(values, device=self.device).mul(255).view(3, 1, 1) for values in (_MEAN, _DEVIATION)
        )
        self.fingerprint = hashlib.sha256(f"{weights.sha256}\x1f{VERSION}".encode()).hexdigest()

    @torch.inference_mode()
    def observe(self, images: Tensor) -> Columns:
        """Float images of any size, on any device. DataError for another kind of tensor."""
        with steady_convolutions():
            return looked_at(self._observe, images, self.device, part=_CPU_BATCH)

    def _observe(self, pixels: Tensor) -> dict[str, Tensor]:
        inputs = bicubic_pil_uint8(central_square(pixels), self._side)
        return {COLUMN: normalize(self.network(inputs.sub(self._mean).div_(self._deviation)), dim=1)}


def central_square(pixels: Tensor) -> Tensor:
    """The largest square in the middle of images (N, C, H, W); of odd remainders more is cut below and to the right."""
    height, width = pixels.shape[2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[:, :, top : top + side, left : left + side]


def read_clip_image(path: str | Path) -> ClipWeights:
    """The image network of a file in the layout of OpenAI's CLIP ("visual..."), whatever its width and depth: its
    TorchScript archive, of which the tensors alone are taken, or a state dict. CheckpointError where open_clip is not
    installed, and for a file that is missing, damaged, or of another layout."""
    tensors = _tensors(Path(path))
    given = {name.removeprefix(_PREFIX): value.float() for name, value in tensors.items() if name.startswith(_PREFIX)}
    return NetworkWeights(_network(given), sha256_of(Path(path)), CLIP)


def load_clip_image(path: str | Path | None = None, *, device: torch.device | str = "cpu") -> ClipImageExtractor:
    """The extractor of the weights in `path`; None: the official ones, fetched if they are not in the cache."""
    return ClipImageExtractor(read_clip_image(path or fetched(CLIP)), device=device)


def _tensors(path: Path) -> Mapping[str, Tensor]:
    if not _is_torchscript(path):
        return read_state_dict(path, "CLIP")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state: Mapping[str, Tensor] = torch.jit.load(str(path), map_location="cpu").state_dict()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as problem:
        reason = " ".join(str(problem).split("\n", 1)[0].split())[:120]
        raise CheckpointError(f"{path} holds no weights that can be read safely ({reason})") from problem
    return state


def _is_torchscript(path: Path) -> bool:
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _network(given: Mapping[str, Tensor]) -> nn.Module:
    open_clip = _open_clip()
    needed = {"conv1.weight": 4, "positional_embedding": 2, "proj": 2}
    if any(name not in given or given[name].ndim != axes for name, axes in needed.items()):
        raise CheckpointError(f"this is no image network of CLIP, a vision transformer; give {CLIP.file}")
    width, _, patch, _ = given["conv1.weight"].shape
    grid = int((len(given["positional_embedding"]) - 1) ** 0.5)
    with torch.device("meta"):
        network: nn.Module = open_clip.transformer.VisionTransformer(
            image_size=grid * patch,
            patch_size=patch,
            width=width,
            layers=len({name.split(".")[2] for name in given if name.startswith("transformer.resblocks.")}),
            heads=max(1, width // HEAD),
            mlp_ratio=4.0,
            output_dim=given["proj"].shape[1],
            act_layer=open_clip.transformer.QuickGELU,
        )
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    check_layout(given, expected, what="image network of CLIP", record=CLIP)
    network.load_state_dict({name: value.contiguous() for name, value in given.items()}, assign=True)
    return network.eval().requires_grad_(False)


def _side_of(network: nn.Module) -> int:
    """Of the images that it takes."""
    patch, tokens = network.get_parameter("conv1.weight").shape[-1], len(network.get_parameter("positional_embedding"))
    return int((tokens - 1) ** 0.5) * patch


def _open_clip() -> Any:
    try:
        import open_clip
        import open_clip.transformer
    except ImportError as problem:
        raise CheckpointError(
            "cmmd needs the package open_clip, which is not installed; pip install 'ganprobe[clip]'"
        ) from problem
    return open_clip
