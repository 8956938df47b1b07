"""Probes: small models that are trained on what a GAN makes or has learnt, and tested on what they have not seen."""
