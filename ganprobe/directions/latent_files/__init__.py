"""Latents in files: those that ganprobe keeps, and what others write."""
