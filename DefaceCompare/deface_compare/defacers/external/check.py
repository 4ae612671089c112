"""Is what a tool gave back this patient's image, on its grid, with a changed face?"""

from __future__ import annotations

import itertools

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ...anatomy.air import air_level, skin_threshold
from ...anatomy.face_region import face_region
from ...anatomy.head import Head
from ...case import CT, CaseImage
from ...errors import MethodFailed
from ...geometry.boxes import corners_mm, grid_points, index_to_mm
from ...geometry.grids import on_grid
from ...readers.checks import SHIFTED_NOTE
from ...readers.hounsfield_checks import HU_OFFSET
from ..stored_values import rounded

GEOMETRY_TOLERANCE_MM = 0.01
"""Largest difference of any corner's place; NIfTI stores float32."""
SAME_AXES_TOLERANCE = 0.01
"""How far two axes may be from (anti-)parallel to be one axis stored in another order or sense."""
SAME_PERSON_CORRELATION = 0.9
"""Least correlation of the deep head with the original's. Of 12 real T1 heads another person's on the same grid size reaches
0.41 (78 pairs, median 0.13); the same head rounded to 8 bit keeps 0.99997."""
DEEP_MM = 25.0
"""Deeper than this below the skin no defacer has business; used where the scan holds too little brain."""
RIM_MM = 6.0
"""The brain's rim that is left out: a tool that cuts close, or a mask that is a voxel too wide, is no other patient."""
FEWEST_POINTS, MOST_POINTS = 500, 20_000
"""Points of the deep head that are compared: fewer say nothing, more say no more."""
NOTABLE_SHARE = 0.1
"""Change in units of the step from air to skin threshold that counts: less is rounding (CT: 70 HU)."""
LEAST_FACE_CC = 1.0
"""A face of which less than this changed is the original's."""


def own_grid(image: CaseImage) -> sitk.Image:
    """The image where its files have it: before any registration moved it."""
    return image.image if image.own_frame is None else image.own_frame.put_back(image.image)


def checked_values(name: str, file: str, volume: sitk.Image, image: CaseImage, head: Head) -> NDArray[np.generic]:
    """A tool's volume as voxels of the original's grid and stored type, shape (z, y, x).

    Axes stored in another order or sense are put in the original's (a lossless step: some converters flip rows).

    Parameters
    ----------
    name, file : str
        The tool and the file, for messages.
    volume : SimpleITK.Image
        In the image's own frame of reference.
    image : CaseImage
    head : Head

    Raises
    ------
    MethodFailed
        If the grid is another one, a voxel is NaN, the deep head is another one, or the face is the original's.
    """
    original = own_grid(image)
    if volume.GetDimension() == 3 and volume.GetNumberOfComponentsPerPixel() == 1:
        volume = with_axes_of(volume, original)
    difference = geometry_difference(volume, original)
    if difference:
        raise MethodFailed(f"{name}: {file} does not lie on the original's grid: {difference}")
    values = sitk.GetArrayFromImage(volume)
    if not np.isfinite(values).all():
        raise MethodFailed(f"{name}: {file} holds NaN or infinite voxels")
    values = _same_offset(values, image, head)
    dtype = image.array().dtype
    values = values if values.dtype == dtype else rounded(values, dtype)
    refuse_another_head(name, values, image, head)
    refuse_same_face(name, values, image, head)
    return values


def with_axes_of(volume: sitk.Image, original: sitk.Image) -> sitk.Image:
    """`volume` with its axes permuted and flipped to run as those of `original`; unchanged if they are not the same axes."""
    mine, theirs = (np.array(one.GetDirection()).reshape(3, 3) for one in (volume, original))
    along = theirs.T @ mine
    for order in itertools.permutations(range(3)):
        if all(abs(abs(along[axis, order[axis]]) - 1.0) <= SAME_AXES_TOLERANCE for axis in range(3)):
            flips = [bool(along[axis, order[axis]] < 0) for axis in range(3)]
            permuted = volume if order == (0, 1, 2) else sitk.PermuteAxes(volume, order)
            return sitk.Flip(permuted, flips) if any(flips) else permuted
    return volume


def geometry_difference(volume: sitk.Image, original: sitk.Image) -> str:
    """What differs between two grids, in words; empty if they agree to `GEOMETRY_TOLERANCE_MM` at every corner."""
    if volume.GetDimension() != 3 or volume.GetNumberOfComponentsPerPixel() != 1:
        return "it is not a scalar 3-D volume"
    if volume.GetSize() != original.GetSize():
        return f"size {volume.GetSize()} instead of {original.GetSize()}"
    corners = np.abs(corners_mm(volume) - corners_mm(original))
    if float(corners.max()) <= GEOMETRY_TOLERANCE_MM:
        return ""
    for label, mine, theirs in (
        ("spacing", volume.GetSpacing(), original.GetSpacing()),
        ("direction", volume.GetDirection(), original.GetDirection()),
        ("origin", volume.GetOrigin(), original.GetOrigin()),
    ):
        if not np.allclose(mine, theirs, atol=1e-4):
            return f"{label} {tuple(round(v, 4) for v in mine)} instead of {tuple(round(v, 4) for v in theirs)}"
    return f"its corners lie up to {float(corners.max()):.3f} mm away"


def refuse_another_head(name: str, values: NDArray[np.generic], image: CaseImage, head: Head) -> None:
    """Compare the deep head, which no defacer changes, with the original's.

    Raises
    ------
    MethodFailed
        If they do not correlate; nothing is said where the image holds too little of the head to tell.
    """
    z, y, x = _deep_voxels(image, head).T
    if len(z) < FEWEST_POINTS:
        return
    original, given = image.array()[z, y, x].astype(np.float64), values[z, y, x].astype(np.float64)
    if original.std() == 0.0:
        return
    correlation = float(np.corrcoef(original, given)[0, 1]) if given.std() > 0.0 else 0.0
    if correlation < SAME_PERSON_CORRELATION:
        raise MethodFailed(
            f"{name}: the inside of the head in its image {image.key} is not the original's (correlation {correlation:.2f});"
            " another patient's image, or a damaged one"
        )


def refuse_same_face(name: str, values: NDArray[np.generic], image: CaseImage, head: Head) -> None:
    """Look for a change in the face, in the space from brow to chin.

    Raises
    ------
    MethodFailed
        If less than `LEAST_FACE_CC` changed by more than rounding.
    """
    original = image.array()
    if np.array_equal(values, original):
        raise MethodFailed(f"{name}: its image {image.key} is the original, nothing was defaced")
    notable = NOTABLE_SHARE * abs(skin_threshold(image) - air_level(image))
    changed = np.argwhere(np.abs(values.astype(np.float32) - original.astype(np.float32)) > notable)
    step = max(1, len(changed) // MOST_POINTS)
    matrix, origin = index_to_mm(image.image)
    points = origin + changed[::step, ::-1] @ matrix.T
    voxel_cc = abs(float(np.linalg.det(matrix))) / 1000.0
    if step * int(face_region(head).face(points).sum()) * voxel_cc < LEAST_FACE_CC:
        raise MethodFailed(f"{name}: the face in its image {image.key} is the original's, nothing was defaced there")


def _same_offset(values: NDArray[np.generic], image: CaseImage, head: Head) -> NDArray[np.generic]:
    """Bring a CT that still holds its file's values to HU, as the reader did with the original (see `checked_image`)."""
    if image.modality != CT or SHIFTED_NOTE not in image.notes:
        return values
    z, y, x = _deep_voxels(image, head).T
    apart = float(np.median(values[z, y, x].astype(np.float64) - image.array()[z, y, x])) if len(z) else 0.0
    return values.astype(np.float64) - HU_OFFSET if abs(apart - HU_OFFSET) < 0.5 * HU_OFFSET else values


def _deep_voxels(image: CaseImage, head: Head) -> NDArray[np.int64]:
    """Indices (z, y, x) of voxels of the image in the brain or, where it shows too little of that, deep in the head."""
    steps = round(RIM_MM / head.grid.GetSpacing()[0])
    core = scipy.ndimage.binary_erosion(sitk.GetArrayViewFromImage(head.brain), iterations=steps)
    found = _in_image(grid_points(on_grid(core, head.grid)), image)
    if len(found) >= FEWEST_POINTS:
        return found
    return _in_image(grid_points(on_grid(head.skin_distance_mm < -DEEP_MM, head.grid)), image)


def _in_image(points_mm: NDArray[np.float64], image: CaseImage) -> NDArray[np.int64]:
    """Those of at most `MOST_POINTS` evenly chosen points that lie in the image, as its nearest voxel (z, y, x)."""
    matrix, origin = index_to_mm(image.image)
    chosen = points_mm[:: max(1, len(points_mm) // MOST_POINTS)]
    index = np.rint((chosen - origin) @ np.linalg.inv(matrix).T).astype(np.int64)
    inside = np.all((index >= 0) & (index < np.array(image.image.GetSize())), axis=1)
    return index[inside][:, ::-1]
