"""Pickles of the form in which StyleGAN2-ADA keeps whole networks, made of stand-ins for its modules."""

from __future__ import annotations

import pickle
import sys
from collections import OrderedDict
from collections.abc import Mapping
from types import ModuleType

import torch
from torch import Tensor

PACKAGES = ("torch_utils", "dnnlib", "dnnlib.tflib")
BUFFERS = (
    *("resample_filter", "noise_const", "w_avg", "magnitude_ema", "up_filter", "down_filter"),
    *("transform", "freqs", "phases"),
)


class EasyDict(dict[str, object]):
    """A dict that is pickled under the name that such files use."""


def _reconstruct_persistent_obj(meta: object) -> None:
    raise AssertionError("a reader called what the file names")


class Persistent:
    """Pickles as an object of a class that carries its source: the function above, applied to a dict."""

    def __init__(self, name: str, source: str, state: Mapping[str, object]) -> None:
        self.meta = {
            "type": "class",
            "version": 6,
            "module_src": source,
            "class_name": name,
            "state": dict(state),
        }

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _reconstruct_persistent_obj, (self.meta,)


def network_pickle(
    tensors: Mapping[str, Tensor],
    arguments: Mapping[str, object],
    *,
    source: str,
    protocol: int = 4,
    numbers: Mapping[str, object] | None = None,
) -> bytes:
    """A snapshot as training writes it: G, D, G_ema and what was trained on, the last network made of `tensors`.
    numbers: that its modules keep as attributes, named as tensors are."""
    made = {"_init_args": (), "_init_kwargs": EasyDict(arguments)}
    network = _module("", {**tensors, **(numbers or {})}, source, made)
    data = EasyDict(class_name="training.dataset.ImageFolderDataset", path="images.zip", resolution=16)
    snapshot = {"G": None, "D": None, "G_ema": network, "training_set_kwargs": data}
    with _names_of_the_original():
        return pickle.dumps(snapshot, protocol=protocol)


def _module(prefix: str, tensors: Mapping[str, object], source: str, extra: Mapping[str, object]) -> Persistent:
    own = {name: value for name, value in tensors.items() if "." not in name and isinstance(value, Tensor)}
    numbers = {name: value for name, value in tensors.items() if "." not in name and name not in own}
    children = dict.fromkeys(name.split(".")[0] for name in tensors if "." in name)
    inner = {
        child: {
            name.removeprefix(f"{child}."): value for name, value in tensors.items() if name.startswith(f"{child}.")
        }
        for child in children
    }
    state = {
        "training": False,
        "_parameters": OrderedDict(
            (name, torch.nn.Parameter(value)) for name, value in own.items() if name not in BUFFERS
        ),
        "_buffers": OrderedDict((name, value) for name, value in own.items() if name in BUFFERS),
        "_modules": OrderedDict(
            (child, _module(f"{prefix}{child}.", held, source, {})) for child, held in inner.items()
        ),
        "_forward_hooks": OrderedDict(),
        "z_dim": 1,
    }
    return Persistent(f"Class{len(prefix)}", source, {**state, **numbers, **extra})


class Network:
    """Pickles as a network of NVlabs' TensorFlow projects: its state is what it is made of."""

    def __init__(
        self, variables: list[tuple[str, object]], components: Mapping[str, object], **arguments: object
    ) -> None:
        self.variables, self.components, self.arguments = variables, components, arguments

    def __getstate__(self) -> dict[str, object]:
        return {
            "version": 3,
            "name": "Gs",
            "static_kwargs": self.arguments,
            "components": dict(self.components),
            "build_module_src": "raise SystemExit",
            "build_func_name": "G_style",
            "variables": self.variables,
        }

    def __setstate__(self, state: object) -> None:
        raise AssertionError("a reader called what the file names")


def tensorflow_pickle(network: Network, *, protocol: int = 4) -> bytes:
    """A snapshot (G, D, Gs) whose last network is given."""
    empty = Network([], {})
    with _names_of_the_original():
        return pickle.dumps((empty, empty, network), protocol=protocol)


class _names_of_the_original:
    """While it lasts, the stand-ins are found, and pickled, under the names of the original project."""

    def __enter__(self) -> None:
        names = {
            "torch_utils.persistence": _reconstruct_persistent_obj,
            "dnnlib.util": EasyDict,
            "dnnlib.tflib.network": Network,
        }
        for module, thing in names.items():
            sys.modules[module] = ModuleType(module)
            setattr(sys.modules[module], thing.__name__, thing)
            thing.__module__ = module
        sys.modules |= {name: ModuleType(name) for name in PACKAGES}

    def __exit__(self, *problem: object) -> None:
        for name in ("torch_utils.persistence", "dnnlib.util", "dnnlib.tflib.network", *PACKAGES):
            del sys.modules[name]
