"""DCGAN, plain or with classes."""
