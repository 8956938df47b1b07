"""Layouts of StyleGAN3, known so that they can be refused by name."""
