"""Latents and scores to directions, and edits along them: InterFaceGAN, SeFa, GANSpace, StyleSpace and steering
(docs/directions.md).

>>> from ganprobe.directions import METHODS
>>> sorted(METHODS)
['ganspace', 'interfacegan', 'sefa', 'steer', 'stylespace']
"""

from typing import TYPE_CHECKING

from ganprobe.core.lazy import on_demand

if TYPE_CHECKING:
    from ganprobe.directions.direction import Direction, Directions
    from ganprobe.directions.edits.composition import Move, compose
    from ganprobe.directions.edits.moves import edit
    from ganprobe.directions.files import load_directions, save_directions
    from ganprobe.directions.foreign_files import import_boundary, import_components, imported_directions
    from ganprobe.directions.methods.boundary import Boundary, fit_boundary, project_boundary
    from ganprobe.directions.methods.catalogue import METHODS, Method
    from ganprobe.directions.methods.ganspace import Components, ganspace_components
    from ganprobe.directions.methods.interfacegan import Separation, separate, wilson_interval
    from ganprobe.directions.methods.sefa import Factors, factorise, sefa_factors
    from ganprobe.directions.methods.steering.search import Steering
    from ganprobe.directions.methods.steering.transforms import FACTORS
    from ganprobe.directions.walks import Walk

__all__ = [
    "FACTORS",
    "METHODS",
    "Boundary",
    "Components",
    "Direction",
    "Directions",
    "Factors",
    "Method",
    "Move",
    "Separation",
    "Steering",
    "Walk",
    "compose",
    "edit",
    "factorise",
    "fit_boundary",
    "ganspace_components",
    "import_boundary",
    "import_components",
    "imported_directions",
    "load_directions",
    "project_boundary",
    "save_directions",
    "sefa_factors",
    "separate",
    "wilson_interval",
]

__getattr__, __dir__ = on_demand(__name__)
