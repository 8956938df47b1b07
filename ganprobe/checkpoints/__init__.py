"""A file on disk to a network: the native format, foreign layouts, and the detection of which is which."""

from ganprobe.checkpoints.detect import open_checkpoint, open_discriminator
from ganprobe.checkpoints.layout import Overrides
from ganprobe.checkpoints.layouts.table import LAYOUTS

__all__ = ["LAYOUTS", "Overrides", "open_checkpoint", "open_discriminator"]
