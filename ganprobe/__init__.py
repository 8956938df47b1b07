"""ganprobe: how good is this generator, how well is its latent space ordered, and which way to move."""

__version__ = "0.1.0"
