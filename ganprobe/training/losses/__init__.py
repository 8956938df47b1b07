"""Adversarial losses and penalties on gradients, as pure functions."""
