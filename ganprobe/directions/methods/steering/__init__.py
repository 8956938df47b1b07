"""Directions of known factors, such as zoom or brightness, found by optimisation."""
