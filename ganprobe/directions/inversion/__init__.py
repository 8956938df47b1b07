"""Pictures to latents by optimisation: StyleGAN2's projector, in W, W+ or Z, for any generator that gives gradients."""
