"""BigGAN and BigGAN-deep."""
