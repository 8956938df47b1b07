"""A file on disk to a network: the native format, foreign layouts, and the detection of which is which."""

from ganprobe.checkpoints.layouts import LAYOUTS, open_checkpoint, open_discriminator
from ganprobe.checkpoints.reading import Overrides

__all__ = ["LAYOUTS", "Overrides", "open_checkpoint", "open_discriminator"]
