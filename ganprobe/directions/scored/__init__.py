"""Metrics of latents and attribute scores."""
