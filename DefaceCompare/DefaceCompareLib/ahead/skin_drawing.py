"""The skins of an original and of its versions as surfaces, all at one isovalue."""

from __future__ import annotations

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter

from deface_compare.anatomy.working_grid import head_grid
from deface_compare.case import CT, MR, CaseImage
from deface_compare.geometry.grids import WORKING_SPACING_MM
from deface_compare.privacy.surface import FaceBox, grey_values, skin_level, surface_at

ROOM_MM = 10.0
"""Room around the head for what a version adds to it."""


class SkinDrawing:
    """Draws the skin of an original, then that of one version after the other, all at one isovalue.

    Parameters
    ----------
    original : SimpleITK.Image
        LPS mm.
    ct : bool
        Whether it is a CT: a skin of other images lies at a value of their own.

    Raises
    ------
    FaceNotFound, UnusableInput, NotAvailable
        If the original shows no head.
    """

    def __init__(self, original: sitk.Image, *, ct: bool) -> None:
        modality = CT if ct else MR
        before = CaseImage(key=modality, modality=modality, image=original, unit="")
        self._level = skin_level(before)
        grid = head_grid(before)
        whole = FaceBox(grid.GetOrigin(), grid.GetSize(), WORKING_SPACING_MM)
        grey = grey_values(original, whole, self._level)
        self._box, window = _around_head(grey, whole)
        self.surfaces = [_in_ras(surface_at(grey[window], self._box, quick=True))]
        """What was drawn, RAS mm, the original's first."""
        self.altered: list[NDArray[np.int64]] = []
        """Nobody has looked which voxels the versions altered."""

    @property
    def body_from(self) -> float:
        """The skin's isovalue, in the image's unit."""
        return float(self._level.threshold)

    def add(self, version: sitk.Image) -> None:
        """Draw a version, on the original's grid.

        Raises
        ------
        NotAvailable
            If hardly anything is left of the head.
        """
        self.surfaces.append(_in_ras(surface_at(grey_values(version, self._box, self._level), self._box, quick=True)))


def _around_head(grey: NDArray[np.float32], box: FaceBox) -> tuple[FaceBox, tuple[slice, slice, slice]]:
    """The part of a box and of its grey values that holds all tissue with `ROOM_MM` around it: air costs as much as tissue."""
    room = round(ROOM_MM / box.spacing_mm)
    tissue = scipy.ndimage.find_objects((grey > 0.0).astype(np.uint8))
    sides = tissue[0] if tissue else tuple(slice(0, count) for count in grey.shape)
    z, y, x = (
        slice(max(side.start - room, 0), min(side.stop + room, count)) for side, count in zip(sides, grey.shape, strict=True)
    )
    origin = tuple(first + box.spacing_mm * side.start for first, side in zip(box.origin_mm, (x, y, z), strict=True))
    size = (x.stop - x.start, y.stop - y.start, z.stop - z.start)
    return FaceBox((origin[0], origin[1], origin[2]), size, box.spacing_mm), (z, y, x)


def _in_ras(surface_lps: vtkPolyData) -> vtkPolyData:
    to_ras = vtkTransform()
    to_ras.Scale(-1.0, -1.0, 1.0)
    turned = vtkTransformPolyDataFilter()
    turned.SetTransform(to_ras)
    turned.SetInputData(surface_lps)
    turned.Update()
    return turned.GetOutput()
