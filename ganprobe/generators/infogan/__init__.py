"""InfoGAN: a generator with codes in z."""
