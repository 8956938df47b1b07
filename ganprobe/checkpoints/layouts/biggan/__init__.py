"""Layouts of BigGAN and BigGAN-deep."""
