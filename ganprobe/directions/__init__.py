"""Latents and scores to directions, and edits along them: InterFaceGAN, SeFa and GANSpace (docs/directions.md).

>>> sorted(METHODS)
['ganspace', 'interfacegan', 'sefa']
"""

from ganprobe.directions.boundary import Boundary, fit_boundary, project_boundary
from ganprobe.directions.direction import Direction, Directions
from ganprobe.directions.edits import edit
from ganprobe.directions.files import import_boundary, load_directions, save_directions
from ganprobe.directions.ganspace import Components, ganspace_components
from ganprobe.directions.interfacegan import Separation, separate, wilson_interval
from ganprobe.directions.methods import METHODS, Method
from ganprobe.directions.sefa import Factors, factorise, sefa_factors

__all__ = [
    "METHODS",
    "Boundary",
    "Components",
    "Direction",
    "Directions",
    "Factors",
    "Method",
    "Separation",
    "edit",
    "factorise",
    "fit_boundary",
    "ganspace_components",
    "import_boundary",
    "load_directions",
    "project_boundary",
    "save_directions",
    "sefa_factors",
    "separate",
    "wilson_interval",
]
