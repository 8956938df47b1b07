"""Perceptual path length, by every published protocol."""
