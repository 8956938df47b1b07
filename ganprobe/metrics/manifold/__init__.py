"""Precision, recall, density, coverage and authenticity of features, with their intervals."""
