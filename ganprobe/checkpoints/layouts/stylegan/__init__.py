"""Layouts of StyleGAN."""
