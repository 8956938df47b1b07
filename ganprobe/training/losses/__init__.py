"""Adversarial losses and penalties on gradients and logits, as pure functions."""
