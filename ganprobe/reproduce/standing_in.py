"""Which metric of ours stands for one of the paper's where the published networks' weights are not at hand.

>>> without_weights("fid", inception=False, vgg=False), without_weights("ppl_w_full@stylegan", inception=True, vgg=True)
('fd', 'ppl_w_full@stylegan')
"""

from __future__ import annotations

from collections.abc import Mapping

OF_INCEPTION: Mapping[str, str] = {"fid": "fd", "kid": "kd", "is": "cs"}
"""Never under the names that the field knows: other features give other numbers."""
LPIPS = "@stylegan"


def without_weights(metric: str, *, inception: bool, vgg: bool) -> str:
    """The metric to measure for `metric`: itself where the weights that it needs are at hand, else the one of the
    embedded features."""
    if metric in OF_INCEPTION:
        return metric if inception else OF_INCEPTION[metric]
    if metric.endswith(LPIPS):
        return metric if vgg else metric.removesuffix(LPIPS)
    return metric
