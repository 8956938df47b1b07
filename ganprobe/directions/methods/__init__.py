"""The methods that find directions: InterFaceGAN, SeFa, GANSpace, StyleSpace and steering."""
