"""A case of a study in memory as Slicer wants it: its volumes need only be put into the scene."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from ...ahead.loaded_case import UNDEFACED, Planned
from ...ahead.parts import ALTERED, IMAGE, LEVEL, PATIENT, SKIN, Part
from ...ahead.voxels import Voxels
from ...nodes.volumes import data_of_values, ras_matrix


@dataclass
class Loaded:
    """Voxels and place of an image."""

    data: vtkImageData
    to_ras: vtkMatrix4x4

    @classmethod
    def of(cls, voxels: Voxels) -> Loaded:
        """The same as VTK keeps it."""
        return cls(data_of_values(voxels.values), ras_matrix(voxels.index_to_lps))


@dataclass
class LoadedCase:
    """What there is of a case so far.

    Parameters
    ----------
    planned : Planned
    images : dict of method key to Loaded
        The undefaced image under `UNDEFACED`.
    surfaces : list of vtkPolyData
        The skins in the order of `images`, RAS mm.
    altered : list of ndarray
        Which voxels each version altered, flat indices in the order of `images`; empty where a grid is another.
    body_from : float
        Their isovalue.
    """

    planned: Planned = field(default_factory=Planned)
    images: dict[str, Loaded] = field(default_factory=dict)
    surfaces: list[vtkPolyData] = field(default_factory=list)
    altered: list[NDArray[np.int64]] = field(default_factory=list)
    body_from: float = 0.0

    def take(self, part: Part) -> None:
        """Add what has come."""
        if part.kind == PATIENT:
            self.planned = part.content
        elif part.kind == IMAGE:
            self.images[part.key] = Loaded.of(part.content)
        elif part.kind == LEVEL:
            self.body_from = part.content
        elif part.kind == ALTERED:
            self.altered.append(part.content)
        elif part.kind == SKIN:
            self.surfaces.append(part.content)

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return UNDEFACED in self.images and len(self.surfaces) == len(self.images)
