"""Whether a dose grid draws the face: planning systems end the dose at (or a little in front of) the skin."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..case import CaseImage
from ..geometry.boxes import Patch
from ..geometry.mesh import distances_mm
from ..quality.skin import OriginalSkin, calm_defaced, outer_surface

MOVED_MM = 3.0
"""Skin that moved by more is what defacing took away."""
INSIDE_MM, OUTSIDE_MM = 1.0, 12.0
"""Where the dose is looked at, under and in front of the original skin: one real plan ends 5 to 10 mm in front of BODY."""
LEAST_SHARE_OF_MAXIMUM = 0.01
"""Less dose under the skin than this draws nothing."""
DROP = 0.02
"""A dose that falls to less than this share between the two places ends there; nature is not so steep in 13 mm."""
FEWEST_POINTS = 50
DRAWN_SHARE = 0.1
"""A dose that ends at this share of the moved skin draws the face (a sample patient: 0.83; masked by Quickshear: 0.00)."""


def moved_skin(image: CaseImage, skin: OriginalSkin, patch: Patch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of the original skin that moved, and their outward unit normals, both of shape (n, 3), LPS mm."""
    defaced = outer_surface(calm_defaced(image, skin, patch), skin.isovalue, skin.air, skin.grid, skin.devices)
    points = skin.points_mm[distances_mm(skin.points_mm, defaced) >= MOVED_MM]
    index = ((points - skin.grid.GetOrigin()) / skin.grid.GetSpacing()).T[::-1]
    slopes = np.gradient(skin.calm)
    inward = np.stack([ndimage.map_coordinates(slope, index, order=1, mode="nearest") for slope in slopes[::-1]], axis=1)
    length = np.linalg.norm(inward, axis=1)
    held = length > 0
    return points[held], -inward[held] / length[held, None]


def draws_skin(dose: sitk.Image, points_mm: NDArray[np.float64], outward: NDArray[np.float64]) -> float:
    """Share of the moved skin (as far as the grid reaches) at which there is dose that ends there; 0 if there is too little.

    Parameters
    ----------
    dose : SimpleITK.Image
        Gy, LPS mm.
    points_mm, outward : ndarray, shape (n, 3)
        From `moved_skin`.
    """
    array = sitk.GetArrayViewFromImage(dose)
    under = _at(dose, array, points_mm - INSIDE_MM * outward)
    beyond = _at(dose, array, points_mm + OUTSIDE_MM * outward)
    held = np.isfinite(under) & np.isfinite(beyond)
    if int(held.sum()) < FEWEST_POINTS or float(array.max()) <= 0:
        return 0.0
    ends = (under[held] >= LEAST_SHARE_OF_MAXIMUM * float(array.max())) & (beyond[held] <= DROP * under[held])
    return float(np.mean(ends))


def _at(dose: sitk.Image, array: NDArray[np.generic], points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """The dose at points, linear; NaN outside the grid."""
    matrix = np.array(dose.GetDirection()).reshape(3, 3) * np.array(dose.GetSpacing())
    index = np.linalg.solve(matrix, (points_mm - dose.GetOrigin()).T)[::-1]
    return ndimage.map_coordinates(array.astype(np.float64), index, order=1, cval=np.nan)
