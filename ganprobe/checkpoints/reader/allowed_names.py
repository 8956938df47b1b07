"""The names that may occur in a checkpoint, and what each stands for: a rule of ours, a stand-in, or a mere name.

What people keep beside their networks (a date, a configuration, a scheduler) is of classes without end. Those of other
packages, and of the standard library those on a list, become stand-ins, which do nothing whatever they are called. A
name of the standard library that is on no list is refused: no checkpoint has a need of it, and it is how files that
mean harm give themselves away.

>>> lookup("collections", "OrderedDict").apply(())
{}
>>> lookup("os", "system")
Traceback (most recent call last):
KeyError: ('os', 'system')
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Final, final

import numpy as np
import torch

from ganprobe.checkpoints.reader.inert_objects import (
    NUMBERS,
    Applicable,
    ArrayRecord,
    DtypeRecord,
    StandIn,
    StorageRecord,
    TensorRecord,
)
from ganprobe.checkpoints.reader.instructions import check_key
from ganprobe.core.errors import CheckpointError


@final
@dataclass(frozen=True, slots=True)
class Name:
    """A name that cannot be applied; it serves as an argument to others. dtype: of a storage's elements."""

    name: str
    dtype: torch.dtype | None = None


@final
@dataclass(frozen=True, slots=True)
class Rule(Applicable):
    """A name that stands for a function of ours."""

    name: str
    function: Callable[[tuple[object, ...]], object]

    def apply(self, arguments: tuple[object, ...]) -> object:
        return self.function(arguments)


@final
@dataclass(frozen=True, slots=True)
class Foreign(Applicable):
    """A class that is not loaded: applied, it makes a stand-in."""

    name: str

    def apply(self, arguments: tuple[object, ...]) -> StandIn:
        return StandIn(self.name, arguments)


def lookup(module: str, name: str) -> object:
    """What a name stands for; a stand-in for classes of other packages. KeyError for anything else that is not on the
    list."""
    if (module, name) not in ALLOWED and _is_foreign(module, name):
        return Foreign(f"{module}.{name}")
    return ALLOWED[module, name]


def _is_foreign(module: str, name: str) -> bool:
    """Whether it may be a class, or a function that makes one's objects, of a package that is not Python's own; of
    torch and NumPy, whose functions have rules, only a class (or an activation of torch.nn.functional)."""
    root, last = module.partition(".")[0], name.rpartition(".")[2]
    if root in sys.stdlib_module_names or root in _BEFORE_PYTHON_3 or not module or "__" in name:
        return False
    return root not in ("torch", "numpy") or last[:1].isupper() or module == "torch.nn.functional"


def _tensor(arguments: tuple[object, ...]) -> TensorRecord:
    storage, offset, shape, stride = arguments[:4]
    given = arguments[6] if len(arguments) > 6 else None
    if not isinstance(storage, StorageRecord) or type(shape) is not tuple or type(stride) is not tuple:
        raise CheckpointError("a tensor is made of something other than a storage, a shape and strides")
    dtype = given if isinstance(given, torch.dtype) else storage.dtype
    if dtype is None or type(offset) is not int:
        raise CheckpointError("a tensor has no type, or no offset")
    return TensorRecord(storage, offset, shape, stride, dtype)


def _parameter(arguments: tuple[object, ...]) -> TensorRecord:
    if not isinstance(arguments[0], TensorRecord):
        raise CheckpointError("a parameter is made of something other than a tensor")
    return arguments[0]


def _tensor_of_type(arguments: tuple[object, ...]) -> object:
    function, _, inner, _ = arguments
    if not isinstance(function, Rule) or function.function not in (_tensor, _parameter) or type(inner) is not tuple:
        raise CheckpointError("a tensor of a subclass is rebuilt in an unknown way")
    return function.apply(inner)


def _ordered(arguments: tuple[object, ...]) -> dict[object, object]:
    """OrderedDict() or, from Python 2, OrderedDict([[key, value], ...])."""
    pairs = arguments[0] if arguments else []
    if type(pairs) is not list or any(type(pair) not in (list, tuple) or len(pair) != 2 for pair in pairs):
        raise CheckpointError("an OrderedDict is made of something other than pairs")
    return {check_key(key): value for key, value in pairs}


def _members(arguments: tuple[object, ...]) -> set[object]:
    members = arguments[0] if arguments else []
    if type(members) is not list:
        raise CheckpointError("a set is made of something other than a list")
    return {check_key(member) for member in members}


def _encoded(arguments: tuple[object, ...]) -> bytes:
    text, encoding = arguments
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise CheckpointError("bytes are encoded otherwise than as Latin-1")
    return text.encode("latin-1")


def _no_bytes(arguments: tuple[object, ...]) -> bytes:
    """bytes(), which is how protocol 2 writes an empty byte string."""
    if arguments:
        raise CheckpointError("bytes are made of something")
    return b""


def _reconstructed(arguments: tuple[object, ...]) -> StandIn:
    """copyreg's way to make an object of a class from the state of its built-in base."""
    kind, base, state = arguments
    if not isinstance(kind, Foreign) or not isinstance(base, Name | Foreign):
        raise CheckpointError("an object of an unknown class is reconstructed")
    return StandIn(kind.name, items=dict(state) if type(state) is dict else {})


def _array(arguments: tuple[object, ...]) -> ArrayRecord | StandIn:
    if isinstance(arguments[0], Foreign):  # a subclass of numpy.ndarray
        return StandIn(arguments[0].name)
    if not isinstance(arguments[0], Name) or arguments[0].name != "numpy.ndarray":
        raise CheckpointError("an array is of something other than numpy.ndarray")
    return ArrayRecord()


def _array_from_buffer(arguments: tuple[object, ...]) -> ArrayRecord | StandIn:
    data, dtype, shape, order = arguments
    if isinstance(dtype, StandIn):
        return StandIn("numpy.ndarray")
    return ArrayRecord().fill(shape, dtype, data, "F" if order == "F" else "C")


def _number(arguments: tuple[object, ...]) -> object:
    dtype, data = arguments
    if isinstance(dtype, StandIn):
        return StandIn("numpy.generic")
    if not isinstance(dtype, DtypeRecord) or type(data) is not bytes or len(data) != dtype.numpy().itemsize:
        raise CheckpointError("a NumPy number is made of something other than its bytes")
    return np.frombuffer(data, dtype.numpy())[0].item()


def _size(arguments: tuple[object, ...]) -> tuple[object, ...]:
    sizes = arguments[0]
    if not isinstance(sizes, tuple | list):
        raise CheckpointError("a shape is made of something other than a list")
    return tuple(sizes)


def _dtype(arguments: tuple[object, ...]) -> DtypeRecord | StandIn:
    """Of numbers; a stand-in for text, dates, objects and records."""
    code = arguments[0]
    if type(code) is str and len(code) <= _LONGEST_TYPE and not NUMBERS.fullmatch(code):
        return StandIn("numpy.dtype")
    return DtypeRecord(code)  # type: ignore[arg-type]  # which it checks


_LONGEST_TYPE = 20
_STORAGES = {
    "Double": torch.float64,
    "Float": torch.float32,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
    "ComplexFloat": torch.complex64,
    "ComplexDouble": torch.complex128,
    "QInt8": torch.qint8,
    "QUInt8": torch.quint8,
    "QInt32": torch.qint32,
}
_DTYPES = {name: value for name, value in vars(torch).items() if isinstance(value, torch.dtype)}
_TYPING = (
    *("Any", "Callable", "Dict", "List", "Literal", "Mapping", "Optional"),
    *("Sequence", "Set", "Tuple", "Type", "Union"),
)
_BUILTINS = ("builtins", "__builtin__")
_EXCEPTIONS = [
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
]
_RULES: tuple[tuple[tuple[str, ...], str, Callable[[tuple[object, ...]], object]], ...] = (
    (("collections",), "OrderedDict", _ordered),
    (("collections",), "defaultdict", lambda arguments: {}),
    (("builtins", "__builtin__"), "set", _members),
    (("builtins", "__builtin__"), "frozenset", _members),
    (("builtins", "__builtin__"), "bytes", _no_bytes),
    (("_codecs",), "encode", _encoded),
    (("copyreg", "copy_reg"), "_reconstructor", _reconstructed),
    (("numpy",), "dtype", _dtype),
    (("numpy.core.multiarray", "numpy._core.multiarray"), "_reconstruct", _array),
    (("numpy.core.multiarray", "numpy._core.multiarray"), "scalar", _number),
    (("numpy.core.numeric", "numpy._core.numeric"), "_frombuffer", _array_from_buffer),
    (("torch._utils",), "_rebuild_tensor", _tensor),
    (("torch._utils",), "_rebuild_tensor_v2", lambda arguments: _tensor(arguments[:4])),
    (("torch._utils",), "_rebuild_tensor_v3", _tensor),
    (("torch._utils",), "_rebuild_parameter", _parameter),
    (("torch._tensor",), "_rebuild_from_type_v2", _tensor_of_type),
    (("torch",), "Size", _size),
)
_FOREIGN = (
    ("argparse", "Namespace"),
    ("dnnlib", "EasyDict"),
    ("dnnlib.util", "EasyDict"),
    ("dnnlib.tflib.network", "Network"),
    ("torch_utils.persistence", "_reconstruct_persistent_obj"),
    ("torch", "device"),
    *product(("datetime",), ("datetime", "date", "time", "timedelta", "timezone")),
    *product(("collections",), ("deque", "Counter", "UserDict", "UserList", "ChainMap")),
    *product(_BUILTINS, ("range", "xrange", "slice", "complex", "bytearray", "long", "type")),
    *product((*_BUILTINS, "exceptions"), _EXCEPTIONS),
    *product(("numpy",), sorted({kind.__name__ for kind in np.sctypeDict.values()} | {"matrix", "memmap", "recarray"})),
    ("numpy.ma.core", "_mareconstruct"),
    ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
    *product(("torch._utils",), ("_rebuild_sparse_tensor", "_rebuild_qtensor", "_rebuild_meta_tensor_no_storage")),
    ("torch.serialization", "_get_layout"),
    *product(("torch",), ("per_tensor_affine", "per_channel_affine")),
    *product(("torch._utils",), ("_rebuild_nested_tensor", "_rebuild_device_tensor_from_numpy")),
    *product(("typing",), _TYPING),
    *product(("_operator",), ("getitem", "or_")),
    *product(("types",), ("GenericAlias", "NoneType")),
    ("functools", "partial"),
    ("re", "_compile"),
    ("logging", "getLogger"),
    *product(("decimal", "_decimal"), ("Decimal",)),
    *product(("numpy.random._pickle",), ("__randomstate_ctor", "__generator_ctor", "__bit_generator_ctor")),
    ("fractions", "Fraction"),
    ("uuid", "UUID"),
    ("types", "SimpleNamespace"),
    ("types", "MappingProxyType"),
    ("zoneinfo", "ZoneInfo._unpickle"),
    ("random", "Random"),
    ("logging", "Logger"),
    *product(("pathlib", "pathlib._local"), ("Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")),
)
_BEFORE_PYTHON_3: Final = frozenset(
    {"__builtin__", "commands", "popen2", "exceptions", "copy_reg", "cPickle", "StringIO", "cStringIO", "new"}
)
_NAMES = (
    *product(_BUILTINS, ("object", "dict", "list", "tuple", "int", "float", "str", "bool", "Ellipsis")),
    *product(_BUILTINS, ("NotImplemented",)),
    ("numpy", "ndarray"),
    ("torch", "Tensor"),
    ("torch._tensor", "Tensor"),
    ("torch.nn.parameter", "Parameter"),
    ("torch.nn.parameter", "Buffer"),
)


def _table() -> dict[tuple[str, str], object]:
    table: dict[tuple[str, str], object] = {}
    for modules, name, function in _RULES:
        table |= {(module, name): Rule(f"{module}.{name}", function) for module in modules}
    table |= {(module, name): Foreign(f"{module}.{name}") for module, name in _FOREIGN}
    table |= {(module, name): Name(f"{module}.{name}") for module, name in _NAMES}
    table |= {("torch", name): dtype for name, dtype in _DTYPES.items()}
    for name, dtype in _STORAGES.items():
        table |= {(module, f"{name}Storage"): Name(f"{name}Storage", dtype) for module in ("torch", "torch.cuda")}
    untyped = Name("UntypedStorage")
    return table | {("torch", "UntypedStorage"): untyped, ("torch.storage", "UntypedStorage"): untyped}


ALLOWED: Final[Mapping[tuple[str, str], object]] = MappingProxyType(_table())
"""(module, name) to what it stands for."""
