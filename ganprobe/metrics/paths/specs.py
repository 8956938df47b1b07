"""Path lengths by name: `ppl_*` on the embedded distance, the same on the ImageNet network's, and the published
protocols, which are all of LPIPS.

>>> [spec.name for spec in SPECS][:3]
['ppl_z_full', 'ppl_z_end', 'ppl_w_full']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganprobe.metrics.columns import UINT8
from ganprobe.metrics.paths.protocol import HIGH, LEAST, LOW
from ganprobe.metrics.spec import MetricSpec

if TYPE_CHECKING:
    from ganprobe.metrics.paths.length import PathLength

LPIPS = "lpips"
SPACES, ENDS = ("z", "w"), ("full", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathVariant:
    """A protocol. distance: the key of its images' preparation and distance. paths: space and ends of those that it has
    a name for. straight: whether z is interpolated linearly."""

    name: str
    distance: str
    summary: str
    features: str
    images: str
    crop: str
    resize: str = ""
    follows: str = ""
    straight: bool = False
    paths: tuple[tuple[str, str], ...] = tuple((space, ends) for space in SPACES for ends in ENDS)


_BOX = "averaged over squares of H // 256 pixels where that is 2 or more"
VARIANTS = (
    PathVariant(
        name="",
        distance="",
        summary="",
        features="embedded",
        images="float",
        crop="none",
    ),
    PathVariant(
        name="imagenet",
        distance="imagenet-floats",
        summary="the ImageNet network's distance, not LPIPS",
        features="imagenet",
        images="float",
        crop="none",
        resize="Pillow's antialiased bicubic to 224, not clipped",
        follows="equation 1 of LPIPS, all weights 1, in EfficientNet-Lite0",
    ),
    PathVariant(
        name="stylegan",
        distance="stylegan",
        summary="LPIPS, StyleGAN's protocol without its crop of faces",
        features=LPIPS,
        images="float",
        crop="none",
        resize=_BOX,
        follows="StyleGAN and StyleGAN2, crop off",
    ),
    PathVariant(
        name="stylegan-crop",
        distance="stylegan-crop",
        summary="LPIPS, StyleGAN's protocol with its crop of faces",
        features=LPIPS,
        images="float",
        crop="rows 3c to 7c and columns 2c to 6c, c = H // 8",
        resize=f"after the crop {_BOX}",
        follows="StyleGAN and StyleGAN2 (ppl_zfull, ppl_zend, ppl_wfull, ppl_wend)",
    ),
    PathVariant(
        name="stylegan3",
        distance="stylegan",
        summary="LPIPS, as StyleGAN3's ppl2_wend",
        features=LPIPS,
        images="float",
        crop="none",
        resize=_BOX,
        follows="StyleGAN2-ADA and StyleGAN3 (ppl2_wend)",
        paths=(("w", "end"),),
    ),
    PathVariant(
        name="torch-fidelity",
        distance="torch-fidelity",
        summary="LPIPS of uint8 images at 64 pixels along a straight line, as torch-fidelity's default",
        features=LPIPS,
        images=UINT8,
        crop="none",
        resize="to 64 x 64: means over areas where both sides are larger, else bilinear",
        follows="torch-fidelity 0.4 (perceptual_path_length_mean)",
        straight=True,
        paths=(("z", "end"),),
    ),
)


def _column(variant: PathVariant, space: str, ends: str) -> str:
    path = f"path.{space}_{ends}" + ("_lerp" if variant.straight else "")
    return f"{path}.{variant.distance}" if variant.distance else path


def _spec(variant: PathVariant, space: str, ends: str) -> MetricSpec:
    name, column = f"ppl_{space}_{ends}" + (f"@{variant.name}" if variant.name else ""), _column(variant, space, ends)

    def build() -> PathLength:
        from ganprobe.metrics.paths.length import PathLength

        return PathLength(column=column, name=name, low=LOW, high=HIGH)

    where = "along the path" if ends == "full" else "at the path's start"
    return MetricSpec(
        name=name,
        summary=f"perceptual path length in {space.upper()}, {where}"
        + (f"; {variant.summary}" if variant.summary else ""),
        better="lower",
        features=variant.features,
        protocol={
            "column": column,
            "space": space,
            "t": "uniform in [0, 1)" if ends == "full" else "0",
            "epsilon": 1e-4,
            "interpolation": "slerp" if space == "z" and not variant.straight else "lerp",
            "noise": "the same at both ends",
            "images": variant.images,
            "crop": variant.crop,
            **({"resize": variant.resize, "follows": variant.follows} if variant.name else {}),
            "percentiles": [LOW, HIGH],
            "interval": "winsorised variance",
        },
        needs_reference=False,
        minimum_samples=LEAST,
        build=build,
    )


SPECS = tuple(_spec(variant, space, ends) for variant in VARIANTS for space, ends in variant.paths)
