"""Checkpoint layouts of an imaginary project."""
