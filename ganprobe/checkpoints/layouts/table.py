"""The layouts by name, in the order in which a file is held against them: the first that claims it has it.

>>> list(LAYOUTS)[:3]
['native', 'ajbrock-biggan', 'rosinality-stylegan']

A foreign layout is a module of its name in a folder here, with `MARKS` (tensors that it
is known by), `matches(shapes)` and `read(contents, overrides)`. The
module is imported when a file is held against it, and so names and summaries need no torch.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Final

from ganprobe.checkpoints.layout import Contents, Layout, Overrides, Reading, Role, Shapes
from ganprobe.checkpoints.layouts.studiogan_settings import STATE
from ganprobe.core.registry import Registry

LAYOUTS: Final[Registry[Layout]] = Registry("checkpoint layout")
LAYOUTS.add("native", Layout(summary="ganprobe's own: one safetensors file a network"))


def foreign(
    name: str,
    folder: str,
    summary: str,
    *,
    takes: Collection[str] = (),
    place: str | None = None,
    role: Role = "generator",
) -> None:
    """Adds a row. folder: of the layout's module. takes: the overrides that it has a use for. place, role: as `Layout`
    has them."""
    module = f"ganprobe.checkpoints.layouts.{folder}.{name.replace('-', '_')}"

    def matches(shapes: Shapes) -> bool:
        return bool(import_module(module).matches(shapes))

    def read(contents: Contents, overrides: Overrides) -> Reading:
        reading: Reading = import_module(module).read(contents, overrides)
        return reading

    def marks() -> tuple[str, ...]:
        return tuple(import_module(module).MARKS)

    row = Layout(
        summary=summary, matches=matches, read=read, takes=frozenset(takes), place=place, role=role, marks=marks
    )
    LAYOUTS.add(name, row)


foreign(
    "ajbrock-biggan",
    "biggan",
    "ajbrock/BigGAN-PyTorch: G.pth and G_ema.pth of BigGAN",
    takes=("bn_epsilon", "sn_epsilon"),
)
foreign("rosinality-stylegan", "stylegan", "rosinality/style-based-gan-pytorch: g_running, alone or in a dict")
foreign(
    "ajbrock-biggan-deep",
    "biggan",
    "ajbrock/BigGAN-PyTorch: G.pth and G_ema.pth of BigGAN-deep",
    takes=("bn_epsilon", "sn_epsilon"),
)
foreign(
    "ajbrock-biggan-discriminator",
    "biggan",
    "ajbrock/BigGAN-PyTorch: D.pth of BigGAN, a discriminator",
    takes=("sn_epsilon",),
    role="discriminator",
)
foreign(
    "huggingface-biggan",
    "biggan",
    "huggingface/pytorch-pretrained-BigGAN: pytorch_model.bin with config.json",
    takes=("bn_epsilon", "compat"),
)
foreign(
    "studiogan-biggan",
    "biggan",
    "StudioGAN: model=G_ema-*.pth and model=G-*.pth of BigGAN (backbone big_resnet)",
    takes=("bn_epsilon",),
)
foreign(
    "studiogan-stylegan2",
    "stylegan2",
    "StudioGAN: model=G_ema-*.pth and model=G-*.pth of StyleGAN2",
    takes=("conv_clamp",),
    place=STATE,
)
foreign(
    "studiogan-stylegan3",
    "stylegan3",
    "StudioGAN: model=G_ema-*.pth and model=G-*.pth of StyleGAN3",
    takes=("conv_clamp",),
    place=STATE,
)
foreign(
    "nvlabs-stylegan2-ada",
    "stylegan2",
    "NVlabs/stylegan2-ada-pytorch: network pickle, or state dict, of a skip generator",
    takes=("conv_clamp",),
)
foreign(
    "nvlabs-stylegan3",
    "stylegan3",
    "NVlabs/stylegan3: network pickle, or state dict, of StyleGAN3-T and -R",
    takes=("conv_clamp",),
)
foreign("rosinality-stylegan2", "stylegan2", "rosinality/stylegan2-pytorch: g_ema in a dict, or its bare state dict")
foreign("interfacegan-stylegan", "stylegan", "genforce/interfacegan: StyleGAN converted from TensorFlow")
foreign("nvlabs-stylegan", "stylegan", "NVlabs/stylegan: TensorFlow pickle, of which Gs is read")
foreign(
    "nvlabs-stylegan2-tensorflow",
    "stylegan2",
    "NVlabs/stylegan2 and stylegan2-ada: TensorFlow pickle, of which Gs is read",
    takes=("conv_clamp",),
)
foreign(
    "genforce-stylegan",
    "stylegan",
    "genforce/genforce: StyleGAN, generator_smooth in a dict, or its bare state dict",
)
foreign(
    "genforce-stylegan2",
    "stylegan2",
    "genforce/genforce: StyleGAN2 and StyleGAN2-ADA, generator_smooth in a dict, or its bare state dict",
)
foreign(
    "mimicry-residual",
    "residual",
    "torch-mimicry: netG_*_steps.pth of SNGAN, SSGAN, InfoMax-GAN, cGAN-PD and SAGAN",
    takes=("bn_epsilon",),
)
foreign(
    "pytorch-dcgan",
    "dcgan",
    "PyTorch's examples and tutorial: netG_epoch_*.pth of DCGAN",
    takes=("bn_epsilon",),
)
foreign("interfacegan-progan", "progan", "genforce/interfacegan: pggan_*.pth of Progressive GAN")
foreign(
    "genforce-progan",
    "progan",
    "genforce/genforce: Progressive GAN, generator_smooth in a dict, or its bare state dict",
)
foreign("ganzoo-progan", "progan", "facebookresearch/pytorch_GAN_zoo: Progressive GAN, of which avgG is read")
foreign(
    "studiogan-biggan-deep",
    "biggan",
    "StudioGAN: model=G_ema-*.pth and model=G-*.pth of BigGAN-deep (backbones big_resnet_deep_*)",
    takes=("bn_epsilon",),
)
foreign(
    "studiogan-residual",
    "residual",
    "StudioGAN: model=G_ema-*.pth and model=G-*.pth of SNGAN, SAGAN and others (backbone resnet)",
    takes=("bn_epsilon",),
)
