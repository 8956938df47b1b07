"""The names of ImageNet's classes.

>>> names = imagenet_classes()
>>> len(names), len(set(names)), names[985]
(1000, 1000, 'daisy')
"""

from __future__ import annotations

from collections import Counter
from functools import cache


@cache
def imagenet_classes() -> tuple[str, ...]:
    """In the order of the classifiers' outputs, as torchvision has them; a name that two classes have ("crane") bears
    the class's number."""
    from torchvision.models import EfficientNet_B0_Weights

    names = EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]
    times = Counter(names)
    return tuple(name if times[name] == 1 else f"{name} ({number})" for number, name in enumerate(names))
