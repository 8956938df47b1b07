"""Names are listed, looked up and refused without what computes."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "scipy", "sklearn", "pandas", "matplotlib", "PIL")
CALLS = {
    "metrics": """
from ganprobe.core.errors import InputError
from ganprobe.engine.opening.metrics import CATALOGUE, installed, resolve
rows = [(name, spec.better, spec.features, spec.summary, dict(spec.protocol)) for name, spec in CATALOGUE.items()]
assert len(rows) > 50 and installed() is not None and resolve(["fd", "ls_w"])
try:
    resolve(["fdd"])
except InputError:
    print("done")
""",
    "layouts": """
from ganprobe.checkpoints import LAYOUTS
assert all(layout.summary for layout in LAYOUTS.values())
print("done")
""",
    "features": """
from ganprobe.engine.listing import listing
assert listing("features")[1] and listing("scorers")[1] and listing("directions")[1] and listing("generators")[1]
print("done")
""",
    "architectures": """
from ganprobe.core.errors import InputError
from ganprobe.generators import ARCHITECTURES, trainable
assert all(known.summary for known in ARCHITECTURES.values()) and len(trainable()) > 7
try:
    ARCHITECTURES["snggan"]
except InputError:
    print("done")
""",
    "methods": """
from ganprobe.core.errors import InputError
from ganprobe.directions import METHODS
try:
    METHODS["sefaa"]
except InputError:
    print("done")
""",
}


@pytest.mark.parametrize("kind", CALLS)
def test_names_need_no_torch(kind: str) -> None:
    told = f"{CALLS[kind]}\nimport sys\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["done", "[]"], done.stderr
