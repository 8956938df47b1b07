"""Which metric of ours stands for one of the paper's, by the budget and by the networks whose weights are at hand.

>>> Means(inception=False, vgg=True).metric("fid"), Means(inception=True, vgg=False).metric("fid")
('fd', 'fid')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ganprobe.reproduce.plans.budget import Budget
from ganprobe.reproduce.plans.data import Holdings

OF_INCEPTION: Mapping[str, str] = {"fid": "fd", "kid": "kd", "is": "cs"}
"""Never under the names that the field knows: other features give other numbers."""
LPIPS = "@stylegan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """inception, vgg: whether their weights are at hand. protocols: metrics under other protocols, by name."""

    inception: bool
    vgg: bool
    protocols: Mapping[str, str] = field(default_factory=dict)

    def metric(self, name: str) -> str:
        """The metric to measure for `name`: itself where the weights that it needs are at hand, else the one of the
        embedded features; under another protocol where there is one for it."""
        if name in self.protocols:
            return self.protocols[name]
        if name in OF_INCEPTION:
            return name if self.inception else OF_INCEPTION[name]
        return name if self.vgg else name.removesuffix(LPIPS)


def means_of(holdings: Holdings, budget: Budget) -> Means:
    """What a user has, under a budget."""
    return Means(
        inception=holdings.inception_weights is not None,
        vgg=holdings.vgg_weights is not None,
        protocols=budget.protocols,
    )
