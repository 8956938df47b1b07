"""SAGAN: residual networks, both spectrally normalised, with self-attention."""
