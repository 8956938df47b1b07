"""Progressive GAN: networks that grow with their images."""
