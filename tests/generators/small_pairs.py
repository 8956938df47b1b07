"""Fields that make the generator of every architecture that can be trained small, at 32 pixels."""

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "stylegan": {"channel_base": 64, "channel_max": 8, "z_dim": 6, "w_dim": 6},
    "biggan": {"channels": 4, "z_dim": 12},
    "sndcgan": {"channels": 4, "z_dim": 6},
    "sngan": {"channels": 2, "z_dim": 6},
    "sagan": {"channels": 4, "z_dim": 6},
    "dcgan": {"channels": 4, "z_dim": 6},
    "infogan": {"channels": 4, "noise": 6, "categorical": (3, 2), "continuous": 2},
    "progan": {"channel_base": 64, "channel_max": 8, "z_dim": 6},
}
