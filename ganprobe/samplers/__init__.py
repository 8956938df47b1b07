"""Image i under seed s: of a generator, a folder, an archive, arrays, a callable; and pairs along latent paths."""
