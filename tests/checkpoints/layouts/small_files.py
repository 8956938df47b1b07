"""A whole checkpoint of each layout, as small as its tests' builders make it: what the fuzz test damages."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable

import numpy as np
import test_ajbrock_discriminator as discriminators
import test_biggan_deep_layouts as deep
import test_dcgan_layout as dcgan
import test_genforce_layouts as genforce
import test_interfacegan_layout as interfacegan
import test_mimicry_layout as mimicry
import test_progan_layouts as progan
import test_studiogan_residual as studiogan
import test_stylegan2_layouts as stylegan2
import test_stylegan3_layout as stylegan3
import test_tensorflow_stylegan2 as tensorflow_stylegan2
import torch
from foreign_files import ajbrock_like, tensor_by_name
from persistent_pickles import Network, network_pickle, tensorflow_pickle
from safetensors.torch import save
from test_studiogan_layouts import biggan
from torch import Tensor

from ganprobe.generators.biggan.deep import BigGANDeepConfig
from ganprobe.generators.biggan.generator import BigGANConfig
from ganprobe.generators.stylegan2.generator import StyleGAN2Config, StyleGAN2Generator

SMALL = BigGANConfig(resolution=32, num_classes=2, channels=1, z_dim=4)
SMALL_DEEP = BigGANDeepConfig(resolution=32, num_classes=2, channels=2, z_dim=3, shared_dim=2)
STYLE = StyleGAN2Config(resolution=8, z_dim=4, w_dim=4, mapping_layers=2, channel_base=32, channel_max=4)
Tensors = dict[str, Tensor]


def written(content: object, *, legacy: bool = False) -> bytes:
    """What torch.save writes."""
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def narrow(tensors: Tensors) -> Tensors:
    """The same network with 4 channels where it has 512 (and 8 where it has 1024)."""
    return {name: value[tuple(slice(_narrow(size)) for size in value.shape)].clone() for name, value in tensors.items()}


def _narrow(size: int) -> int:
    return size // 128 if size >= 512 else size


def narrow_network(network: Network) -> Network:
    variables: list[tuple[str, object]] = []
    for name, value in network.variables:
        array = np.asarray(value)
        cut = array[tuple(slice(_narrow(size)) for size in array.shape)]
        variables.append((name, np.ascontiguousarray(cut) if array.ndim else value))
    parts = {name: narrow_network(part) for name, part in network.components.items() if isinstance(part, Network)}
    return Network(variables, parts, **network.arguments)


def ada_like() -> Tensors:
    """The tensors of a tiny generator under the names of stylegan2-ada-pytorch."""
    renamed = {"const": "synthesis.b4.const", "w_avg": "mapping.w_avg"}
    places = {"layers.0": "b4.conv1", "layers.1": "b8.conv0", "layers.2": "b8.conv1"}
    places |= {"to_rgb.4": "b4.torgb", "to_rgb.8": "b8.torgb"}
    tensors = {"synthesis.b8.conv0.resample_filter": torch.outer(*[torch.tensor([1.0, 3, 3, 1]) / 8] * 2)}
    for name, value in StyleGAN2Generator(STYLE, seed=0).state_dict().items():
        first = ".".join(name.split(".")[:2])
        if first in places:
            renamed[name] = name.replace(first, f"synthesis.{places[first]}")
        elif first.startswith("mapping"):
            renamed[name] = name.replace("mapping.", "mapping.fc")
        tensors[renamed[name]] = value
    return tensors


def style_based_like() -> Tensors:
    """rosinality's StyleGAN: three stages, of which two are trained."""
    shapes: dict[str, tuple[int, ...]] = {"generator.progression.0.conv1.input": (1, 4, 4, 4)}
    for index in (1, 2):
        shapes |= {f"style.{index}.linear.weight_orig": (4, 4), f"style.{index}.linear.bias": (4,)}
    for stage in range(3):
        at = f"generator.progression.{stage}"
        for half in (1, 2):
            shapes |= {f"{at}.noise{half}.weight_orig": (1, 4, 1, 1), f"{at}.adain{half}.style.linear.bias": (8,)}
            shapes[f"{at}.adain{half}.style.linear.weight_orig"] = (8, 4)
            if stage or half == 2:
                shapes |= {f"{at}.conv{half}.conv.weight_orig": (4, 4, 3, 3), f"{at}.conv{half}.conv.bias": (4,)}
        shapes |= {f"generator.to_rgb.{stage}.conv.weight_orig": (3, 4, 1, 1)}
        shapes |= {f"generator.to_rgb.{stage}.conv.bias": (3,)}
    tensors = {name: tensor_by_name(name, shape) for name, shape in shapes.items()}
    return tensors | {f"generator.progression.2.noise{half}.weight_orig": torch.zeros(1, 4, 1, 1) for half in (1, 2)}


def persistent() -> bytes:
    arguments = {"synthesis_kwargs": {"conv_clamp": 256}, "mapping_kwargs": {}}
    return network_pickle(ada_like(), arguments, source="raise SystemExit\n")


def stylegan3_pickle() -> bytes:
    tensors, numbers = stylegan3.stylegan3("other"), stylegan3.NUMBERS
    return network_pickle(tensors, stylegan3.ARGUMENTS, source="raise SystemExit\n", numbers=numbers)


def arrays() -> bytes:
    return pickle.dumps({name: value.numpy() for name, value in ajbrock_like(SMALL).items()}, protocol=2)


def tensorflow_stylegan() -> bytes:
    return tensorflow_pickle(narrow_network(interfacegan.tensorflow_network(fused=True)))


def safetensors() -> bytes:
    return save({name: value.clone() for name, value in ajbrock_like(SMALL).items()})


WHOLE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zip": ("ajbrock-biggan", lambda: written({"g_ema": ajbrock_like(SMALL), "step": 3})),
    "legacy": ("ajbrock-biggan", lambda: written(ajbrock_like(SMALL), legacy=True)),
    "raw pickle": ("ajbrock-biggan", lambda: pickle.dumps(ajbrock_like(SMALL), protocol=4)),
    "arrays": ("ajbrock-biggan", arrays),
    "safetensors": ("ajbrock-biggan", safetensors),
    "persistent": ("nvlabs-stylegan2-ada", persistent),
    "stylegan2-ada": ("nvlabs-stylegan2-ada", lambda: written({"G_ema": ada_like()}, legacy=True)),
    "discriminator": (
        "ajbrock-biggan-discriminator",
        lambda: written(discriminators.discriminator_like(discriminators.CONFIGS["32"])),
    ),
    "ajbrock deep": ("ajbrock-biggan-deep", lambda: written(deep.ajbrock_deep(SMALL_DEEP))),
    "huggingface": ("huggingface-biggan", lambda: written(deep.huggingface_like(deep.REGULAR, 2), legacy=True)),
    "tensorflow stylegan": ("nvlabs-stylegan", tensorflow_stylegan),
    "tensorflow stylegan2": (
        "nvlabs-stylegan2-tensorflow",
        lambda: tensorflow_pickle(tensorflow_stylegan2.network(classes=3, conv_clamp=4.0)),
    ),
    "stylegan3": ("nvlabs-stylegan3", lambda: written({"G_ema": stylegan3.stylegan3("r")})),
    "stylegan3 pickle": ("nvlabs-stylegan3", stylegan3_pickle),
    "studiogan stylegan3": ("studiogan-stylegan3", lambda: written({"state_dict": stylegan3.stylegan3("r")})),
    "mimicry": ("mimicry-residual", lambda: written({"model_state_dict": mimicry.NETWORKS["sngan-32"]()})),
    "mimicry sagan": ("mimicry-residual", lambda: written({"model_state_dict": mimicry.NETWORKS["sagan-32"]()})),
    "studiogan resnet": (
        "studiogan-residual",
        lambda: written({"state_dict": studiogan.NETWORKS["resnet-32-classes"]()}),
    ),
    "studiogan deep": (
        "studiogan-biggan-deep",
        lambda: written({"state_dict": studiogan.NETWORKS["deep-legacy-32"]()}),
    ),
    "dcgan": ("pytorch-dcgan", lambda: written(dcgan.generator(widths=(16, 8, 4)))),
    **{
        f"progan {kind}": (layout, lambda content=content: written(content))
        for kind, (layout, content) in progan.FILES.items()
    },
    "interfacegan": ("interfacegan-stylegan", lambda: written(narrow(interfacegan.interfacegan_like(fused=True)))),
    "rosinality": ("rosinality-stylegan", lambda: written({"g_running": style_based_like()})),
    "rosinality2": ("rosinality-stylegan2", lambda: written({"g_ema": narrow(stylegan2.rosinality_like())})),
    "genforce": ("genforce-stylegan", lambda: written({"generator_smooth": genforce.stylegan((4, 4, 2))})),
    "genforce2": ("genforce-stylegan2", lambda: written(genforce.stylegan2(), legacy=True)),
    "studiogan": (
        "studiogan-biggan",
        lambda: written({"state_dict": biggan((4, 4, 4, 4), classes=2), "optimizer": {"state": {}}}),
    ),
    "studiogan stylegan2": ("studiogan-stylegan2", lambda: written({"state_dict": ada_like()})),
}
"""Kind to the layout that it is of, and a function that gives the bytes of such a file."""
