from .detect import open_checkpoint as open_checkpoint
from .detect import open_discriminator as open_discriminator
from .detect import open_generator as open_generator
from .layout import Overrides as Overrides
from .layouts.table import LAYOUTS as LAYOUTS
