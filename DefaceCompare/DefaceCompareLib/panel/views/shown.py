"""What our views show of a patient, beside the nodes that draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData

from .face_thumbnail import face_thumbnail
from .head_field import HeadField


@dataclass
class Shown:
    """A patient in the views.

    Parameters
    ----------
    head : HeadField
    versions : mapping of label to vtkMRMLScalarVolumeNode
    surfaces : sequence of vtkPolyData
        The original's skin and those of the versions, in their order.
    altered : sequence of ndarray
        Which voxels the versions altered, flat indices in their order; empty: nobody has looked.
    """

    head: HeadField
    versions: Mapping[str, Any]
    surfaces: Sequence[vtkPolyData]
    altered: Sequence[NDArray[np.int64]]
    _pictures: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    def altered_by(self, label: str) -> NDArray[np.int64] | None:
        """Which voxels a version altered; None: nobody has looked."""
        return dict(zip(self.versions, self.altered, strict=False)).get(label)

    def thumbnails(self) -> dict[str, NDArray[np.uint8]]:
        """A small picture of each version's skin, RGB."""
        if not self._pictures:
            skins = zip(self.versions, self.surfaces[1:], strict=True)
            self._pictures = {label: face_thumbnail(skin, self.head) for label, skin in skins}
        return self._pictures
