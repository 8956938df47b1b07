"""Nearest neighbours in tiles of bounded memory: distances, candidates, radii."""
