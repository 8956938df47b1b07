"""Codes that show: what the head of an InfoGAN reads of the codes of generated images."""
