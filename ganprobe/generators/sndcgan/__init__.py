"""SNDCGAN: DCGAN's layers with a spectrally normalised discriminator."""
