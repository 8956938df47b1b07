"""Names to things, and the nearest name for an unknown one."""

import pytest

from ganprobe.core.errors import GanprobeError, InputError
from ganprobe.core.registry import Registry, unknown


def test_a_registry_is_a_mapping() -> None:
    shapes = Registry[int]("shape")
    shapes.add("square", 4)
    shapes.add("triangle", 3)
    assert dict(shapes) == {"square": 4, "triangle": 3}
    assert "square" in shapes
    assert "circle" not in shapes
    assert len(shapes) == 2
    with pytest.raises(ValueError, match="shape 'square' is registered already"):
        shapes.add("square", 5)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    shapes = Registry[int]("shape")
    shapes.add("square", 4)
    shapes.add("triangle", 3)
    with pytest.raises(InputError) as caught:
        shapes["sqare"]
    assert str(caught.value) == "unknown shape 'sqare'; did you mean 'square'? known: square, triangle"
    with pytest.raises(InputError) as caught:
        shapes["zzz"]
    assert str(caught.value) == "unknown shape 'zzz'; known: square, triangle"
    assert str(unknown("thing", "x", [])) == "unknown thing 'x'; known: none"


def test_every_error_has_one_root() -> None:
    from ganprobe.core import errors

    kinds = [value for value in vars(errors).values() if isinstance(value, type)]
    assert len(kinds) > 6
    assert all(issubclass(kind, GanprobeError) for kind in kinds)
    assert all(kind.__doc__ for kind in kinds)
