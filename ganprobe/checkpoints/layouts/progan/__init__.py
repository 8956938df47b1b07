"""Layouts of Progressive GAN."""
