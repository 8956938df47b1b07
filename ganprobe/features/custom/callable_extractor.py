"""A Python object as an extractor: `package.module:name` is a function of images, an nn.Module or a factory of one.

load_callable_features("my_networks:embed").observe(images)["custom.features"]
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ganprobe.core.borrowing import networks_in, on_device
from ganprobe.core.discovery.foreign import calling
from ganprobe.core.discovery.objects import named_object, signature_of, source_of, takes
from ganprobe.core.errors import InputError
from ganprobe.features.custom.extractor import ColumnsOf, ForeignExtractor, Network, feature_columns, score_columns
from ganprobe.features.embedded.weights import fingerprint_of


def load_callable_features(ref: str, device: torch.device | str = "cpu") -> ForeignExtractor:
    """What `ref` names as an extractor: images (N, 3, H, W) in [-1, 1] to features (N, d), or a mapping in which they
    are called "features". Errors as `load_network` and ForeignExtractor have them."""
    return _extractor(ref, feature_columns(), device)


def load_callable_scorer(ref: str, device: torch.device | str = "cpu") -> ForeignExtractor:
    """What `ref` names as a scorer: images (N, 3, H, W) in [-1, 1] to a mapping from attribute to scores (N,)."""
    return _extractor(ref, score_columns(), device)


def load_network(ref: str, device: torch.device | str = "cpu") -> tuple[Network, str]:
    """The function or module that `package.module:name` names, on `device` (a copy of a module that is elsewhere), and
    its fingerprint: of its name, its source file and its parameters, those of the networks that a function runs.

    InputError where there is no such thing, or it is neither a function of one argument, an nn.Module, nor a factory of
    one without arguments.
    """
    found = named_object(ref)
    made = found
    if _is_factory(found, ref):
        with calling(f"{ref}()", of=found):
            made = found()
    if isinstance(made, nn.Module):
        module = on_device(made, device)
        return module, fingerprint_of(module.state_dict(), ref, _source(type(module)))
    if made is not found:
        raise InputError(f"{ref}() gave a {type(made).__name__}; an nn.Module was expected of a factory")
    parts = nn.ModuleList(networks_in(made))
    return made, fingerprint_of(parts.state_dict(), ref, _source(made))


def _extractor(ref: str, columns_of: ColumnsOf, device: torch.device | str) -> ForeignExtractor:
    network, fingerprint = load_network(ref, device)
    return ForeignExtractor(network, name=ref, fingerprint=fingerprint, columns_of=columns_of, device=device)


def _is_factory(found: Any, ref: str) -> bool:
    """Whether it can be called without an argument. InputError where it takes neither none nor one."""
    if isinstance(found, nn.Module):
        return False
    if not callable(found):
        raise InputError(f"{ref} is a {type(found).__name__}; a function of images or an nn.Module was expected")
    signature = signature_of(found, ref, wanted="a function")
    if takes(signature, 0):
        return True
    if isinstance(found, type) or not takes(signature, 1):
        raise InputError(f"{ref} takes {signature}; (images) was expected of a function, () of an nn.Module factory")
    return False


def _source(thing: Any) -> str:
    return source_of(thing).decode("utf-8", "replace")
