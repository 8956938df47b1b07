"""The Frechet distance: between Gaussians, as a metric, and within classes."""
