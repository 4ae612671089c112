"""Whether a dose grid draws the face: planning systems end the dose at (or a little in front of) the skin."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..geometry.mesh import distances_mm
from .moved_skin import MOVED_MM, MovedSkin

INSIDE_MM, BEFORE_MM = 1.0, 10.0
"""Where the dose is looked at, under and in front of the original skin: one real plan ends 5 to 10 mm in front of BODY. A dose
voxel further its last values are gone."""
LEAST_SHARE_OF_MAXIMUM = 0.001
"""Less dose under the skin than this draws nothing: 0.07 of 70 Gy, which a grid of 16 bits still resolves in 65 steps."""
DROP = 0.02
"""A dose that falls to less than this share between the two places ends there; nature is not so steep in 13 mm."""
END_SHARE, END_STEP_MM = 0.5, 0.5
"""It ends where it has fallen to half, looked for in such steps: a grid that is cut between two voxels is half there."""
KNOWN_TO_VOXELS = 0.5
"""Where a dose ends is known to half a voxel: so much nearer to the old skin than to the new one it lies at the old one."""
FEWEST_POINTS = 50
DRAWN_SHARE = 0.1
"""A dose that ends at this share of the moved skin draws the face (a sample patient: 0.83; masked by Quickshear: 0.00)."""
STEP_MM = 2.5
"""Half the width over which a step is looked for (never less than a dose voxel): dose grids have voxels of 2 to 4 mm."""
STEP_DROP, STEP_OVER_SLOPE = 0.15, 2.0
"""A dose that falls by this share across the old skin, and by so many times more than just before and just behind, steps there,
whatever its level: iso-lines of many levels then run along the skin together."""


def draws_skin(dose: sitk.Image, moved: MovedSkin) -> float:
    """Share of the moved skin (as far as the grid reaches) at which there is dose that ends there; 0 if there is too little.

    Parameters
    ----------
    dose : SimpleITK.Image
        Gy, LPS mm.
    moved : MovedSkin
    """
    ends, held = _ends(dose, moved)
    return float(np.mean(ends[held])) if int(held.sum()) >= FEWEST_POINTS else 0.0


def dose_edges(dose: sitk.Image, moved: MovedSkin) -> NDArray[np.bool_]:
    """At which points of the moved skin, shape (n,), the dose ends or steps, at whatever level.

    A step is looked for only where the new skin lies a dose voxel further away than the least that counts as moved: the dose's
    own end at the new skin is no wider than a voxel.
    """
    ends, _ = _ends(dose, moved)
    return ends | _steps(dose, moved)


def _ends(dose: sitk.Image, moved: MovedSkin) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the dose ends at the old skin, or as far before it everywhere, and where the grid reaches.

    A dose that ends at the new skin, which may lie a little outside the old one, draws nothing else than the image does.
    """
    under, beyond = _along(dose, moved, -INSIDE_MM), _along(dose, moved, _outside_mm(dose))
    held = np.isfinite(under) & np.isfinite(beyond)
    ends = held & (under >= _least(dose)) & (beyond <= DROP * under)
    there = np.flatnonzero(ends)
    if len(there):
        before_mm = _end_before_mm(dose, moved, under, there)
        places = moved.points_mm[there] + before_mm[:, None] * moved.outward[there]
        from_new_mm, voxel_mm = distances_mm(places, moved.new_skin), max(dose.GetSpacing())
        nearer_mm = np.minimum(voxel_mm, np.abs(before_mm) + KNOWN_TO_VOXELS * voxel_mm)
        ends[there] = from_new_mm > nearer_mm
    return ends, held


def _outside_mm(dose: sitk.Image) -> float:
    return BEFORE_MM + float(max(dose.GetSpacing()))


def _end_before_mm(
    dose: sitk.Image, moved: MovedSkin, under: NDArray[np.float64], there: NDArray[np.intp]
) -> NDArray[np.float64]:
    """How far before some points of the old skin, shape (k,), the dose has fallen to `END_SHARE` of what lies under it."""
    away_mm = np.arange(-INSIDE_MM + END_STEP_MM, _outside_mm(dose) + END_STEP_MM / 2, END_STEP_MM)
    points_mm = moved.points_mm[there] + away_mm[:, None, None] * moved.outward[there]
    fallen = _at(dose, points_mm.reshape(-1, 3)).reshape(len(away_mm), -1) <= END_SHARE * under[there]
    return np.where(fallen.any(axis=0), away_mm[fallen.argmax(axis=0)], _outside_mm(dose))


def _steps(dose: sitk.Image, moved: MovedSkin) -> NDArray[np.bool_]:
    """Where the dose falls at the old skin by more than its slope beside it."""
    spacing = max(dose.GetSpacing())
    half = max(STEP_MM, spacing)
    deep, under, beyond, far = (_along(dose, moved, places * half) for places in (-3.0, -1.0, 1.0, 3.0))
    drop = under - beyond
    beside = np.maximum(np.abs(deep - under), np.abs(beyond - far))
    steep = (drop >= STEP_DROP * under) & (drop >= STEP_OVER_SLOPE * beside)
    return (under >= _least(dose)) & steep & (moved.moved_mm >= MOVED_MM + spacing)


def _least(dose: sitk.Image) -> float:
    """What counts as dose, Gy; never 0."""
    highest = float(sitk.GetArrayViewFromImage(dose).max())
    return max(LEAST_SHARE_OF_MAXIMUM * highest, float(np.finfo(np.float32).tiny))


def _along(dose: sitk.Image, moved: MovedSkin, away_mm: float) -> NDArray[np.float64]:
    """The dose so far outside (inside: negative) of the moved skin, linear; NaN outside the grid."""
    return _at(dose, moved.points_mm + away_mm * moved.outward)


def _at(dose: sitk.Image, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """The dose at points, shape (n, 3), linear; NaN outside the grid."""
    matrix = np.array(dose.GetDirection()).reshape(3, 3) * np.array(dose.GetSpacing())
    index = np.linalg.solve(matrix, (points_mm - dose.GetOrigin()).T)[::-1]
    array = sitk.GetArrayViewFromImage(dose)
    return ndimage.map_coordinates(array.astype(np.float64), index, order=1, cval=np.nan)
