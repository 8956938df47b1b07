"""Training: the loop and its objectives, and the small networks that ganprobe measures with.

>>> from ganprobe.training.settings import default_settings
>>> default_settings("stylegan").betas
(0.0, 0.99)
"""
