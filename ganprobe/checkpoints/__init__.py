"""A file on disk to a network: the native format, foreign layouts, and the detection of which is which."""

from ganprobe.checkpoints.detect import LAYOUTS, open_checkpoint, open_discriminator
from ganprobe.checkpoints.layout import Overrides

__all__ = ["LAYOUTS", "Overrides", "open_checkpoint", "open_discriminator"]
