"""Code of others while it runs: one line of what it raised, where in their file, and on what."""

import sys
from pathlib import Path

import pytest
import torch

from ganprobe.core.discovery.foreign import calling
from ganprobe.core.discovery.objects import named_object
from ganprobe.core.errors import ForeignCodeError, InputError

SOURCE = """
import json
import torch

def key(x):
    return {}["layer"]

def inside_torch(x):
    return torch.cat([x, x[0]])

def inside_the_standard_library(x):
    return json.loads("{")

def empty(x):
    raise ValueError

def several_lines(x):
    raise RuntimeError("one\\ntwo")

def ends(x):
    raise SystemExit(3)

def stops(x):
    raise StopIteration

def many(x, y):
    return x
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_code.py").write_text(SOURCE)
    (tmp_path / "missing.py").write_text("\nimport no_such_module_at_all\n")
    (tmp_path / "divides.py").write_text("x = 1\ny = x / 0\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit('bye')\n")
    (tmp_path / "typo.py").write_text("x = 1\ndef f(:\n")
    (tmp_path / "moody.py").write_text(
        "def __getattr__(name):\n    raise OSError(name)\ndef __dir__():\n    return ['f']\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("own_code", "missing", "divides", "leaves", "typo", "moody"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("key", r"raised KeyError: 'layer' \(own_code.py:6\), given z 2 x 4 float32 on cpu; --traceback"),
        ("inside_torch", r"raised RuntimeError: .* \(own_code.py:9\)"),
        ("inside_the_standard_library", r"raised JSONDecodeError: .* \(own_code.py:12\)"),
        ("empty", r"raised ValueError \(own_code.py:15\)"),
        ("several_lines", r"raised RuntimeError: one two \(own_code.py:18\)"),
        ("ends", r"asked to end the process \(SystemExit: 3\) \(own_code.py:21\)"),
        ("stops", r"raised StopIteration \(own_code.py:24\)"),
        ("many", r"raised TypeError: many\(\) missing 1 .* \(own_code.py:26\)"),
    ],
)
def test_what_it_raises_is_one_line_with_its_place(own: Path, name: str, said: str) -> None:
    function, z = named_object(f"own_code:{name}"), torch.zeros(2, 4)
    with pytest.raises(ForeignCodeError, match=said) as caught, calling("mine", of=function, z=z):
        function(z)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None
    assert isinstance(caught.value, InputError)


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), InputError("ours"), RuntimeError("CUDA out of memory")])
def test_what_is_not_theirs_passes_through(problem: BaseException) -> None:
    with pytest.raises(type(problem)) as caught, calling("mine"):
        raise problem
    assert caught.value is problem


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("missing:f", r"No module named 'no_such_module_at_all'; missing.py:2 wants it"),
        ("nowhere_at_all:f", "is it installed or in this folder"),
        ("divides:x", r"ZeroDivisionError: division by zero \(divides.py:2\); --traceback"),
        ("leaves:x", r"SystemExit: bye \(leaves.py:2\)"),
        ("typo:f", r"SyntaxError: .* \(typo.py:2\)"),
        ("moody:f", r"looking up 'f' of moody:f raised OSError: .* \(moody.py:2\)"),
    ],
)
def test_what_cannot_be_imported_is_one_line(own: Path, ref: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        named_object(ref)
    assert "\n" not in str(caught.value)
