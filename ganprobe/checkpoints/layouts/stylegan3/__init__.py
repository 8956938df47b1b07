"""Layouts of StyleGAN3."""
