"""Metrics of the pictures themselves: similarity of pairs, patches of pyramids."""
