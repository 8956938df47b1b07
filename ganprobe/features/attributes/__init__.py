"""Scorers of attributes: the shipped one, one's own, and pairs of texts."""
