"""Latent-transformation detection: do two images differ from their originals by the same move in latent space?"""
