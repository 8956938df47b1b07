"""SNGAN: residual networks with a spectrally normalised discriminator, plain or with projection conditioning."""
