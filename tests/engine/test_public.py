"""`import ganprobe` and its three functions."""

import inspect
import subprocess
import sys

import ganprobe
from ganprobe.core.calls.settings import DEFAULTS, Settings


def test_importing_ganprobe_imports_no_torch() -> None:
    code = "import sys, ganprobe.cli.main; print([name for name in ('torch', 'pandas') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_defaults_have_one_home() -> None:
    defaults = {name: parameter.default for name, parameter in inspect.signature(ganprobe.evaluate).parameters.items()}
    for name in set(Settings.__dataclass_fields__) - {"most"}:
        assert defaults[name] == getattr(DEFAULTS, name)
    compare = {name: parameter.default for name, parameter in inspect.signature(ganprobe.compare).parameters.items()}
    shared = set(Settings.__dataclass_fields__) - {"most", "skip_unreadable"}
    assert all(compare[name] == getattr(DEFAULTS, name) for name in shared)


def test_everything_public_is_documented() -> None:
    for name in ganprobe.__all__:
        assert len(getattr(ganprobe, name).__doc__) > 200
