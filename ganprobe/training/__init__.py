"""Training: recipes, the loop and its tasks, and the small networks that ganprobe measures with.

>>> from ganprobe.training.reading import read_recipe
>>> read_recipe("stylegan").generator.betas
(0.0, 0.99)
"""
