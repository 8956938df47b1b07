"""Layouts of SNGAN, SAGAN and their relatives."""
