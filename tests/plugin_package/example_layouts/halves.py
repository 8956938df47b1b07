"""The layout of an imaginary project: a BigGAN of 32 pixels, native names after "half.", weights at half their size."""

from __future__ import annotations

from ganprobe.checkpoints.layout import Contents, Layout, Overrides, Reading, Shapes
from ganprobe.generators.biggan.generator import BigGANConfig

PREFIX = "half."


def matches(shapes: Shapes) -> bool:
    """Whether all names are this project's."""
    return bool(shapes) and all(name.startswith(PREFIX) for name in shapes)


def read(contents: Contents, overrides: Overrides) -> Reading:
    """The network that the shapes tell."""
    shapes, tensors = contents.shapes, contents.tensors
    config = BigGANConfig(
        resolution=32,
        num_classes=shapes[f"{PREFIX}blocks.0.norm1.gain.weight"][0],
        channels=shapes[f"{PREFIX}output_norm.gain"][0] // 4,
        z_dim=shapes[f"{PREFIX}linear.weight"][1],
        bn_epsilon=overrides.bn_epsilon or 1e-5,
        spectral_norm=False,
    )
    return Reading(
        architecture="biggan",
        config=config,
        convert=lambda: {name.removeprefix(PREFIX): 2 * tensor for name, tensor in tensors.items()},
        inferred={"num_classes": "rows of the first gain"},
        assumed={"bn_epsilon": "1e-5; no tensor tells"},
    )


LAYOUT = Layout(summary="an imaginary project", matches=matches, read=read, takes=frozenset({"bn_epsilon"}))
