"""Layouts of DCGAN."""
