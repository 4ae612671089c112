"""Whether a face can still be had although its outside skin moved: at other levels, inside shells, or moved back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from ..anatomy.average_head import average_head
from ..anatomy.face_region import FaceRegion, face_region
from ..geometry.boxes import index_to_mm
from ..geometry.found_once import FoundOnce
from ..geometry.grids import mapped
from .aligned_skin import AlignedSkin, best_aligned, movements, steps_between
from .skin import FEWEST_POINTS, OriginalSkin
from .skin_profiles import OFFSETS_MM, SkinProfiles, Step, skin_normals, skin_profiles

SEARCH_POINTS = 800
"""About so many skin points are searched, evenly thinned; shares then have a standard error below 2 %."""

IN_PLACE_MM = 1.0
"""A surface at a level of its own stands where the skin was if it lies within this of it: the smoothed edge is some 4 mm wide, so
that the choice of the level alone shifts it by up to 1 mm more."""

SAME_LEVEL_MM = 2.0
"""At the skin threshold itself there is no choice of a level, and the reach is that of `MOVED_MM`."""

SIDES_MM = 5.0
"""The values of a surface's two sides are taken so far from it."""

INSIDE_PERCENTILES = (20.0, 50.0, 80.0)
"""Tissue under the skin that the levels are sought for: of a part of the face, too, where the rest was cleared."""

FAR_MM = 3.5
"""Only where the outside skin moved this far can another surface that stands in its place be more than its own blurred edge."""

HIDDEN_SHARE = 0.30
"""The face is kept if another surface stands where the skin was on a larger share of what the method means to change. Measured:
the four methods up to 0.07 (the average face on coarse CT 0.26), faces under a changed contrast from 0.5 on, in MR with
strong noise from 0.26 on."""

ALIKE_SHARE = 0.70
"""The face is kept if a surface, moved back, follows it on a larger share than this, and than halfway from what the average head
reaches on the same patient to all. Measured: the average head 0.30 to 0.60 on real faces and 0.71 on the sample's, which are made
from it; a face that was moved as a whole from 0.80 on, in MR with strong noise from 0.70 on."""

AVERAGE_SMOOTHING_VOXELS = 1.0
"""Gaussian sigma on the average head's mask, so that its skin lies between voxels."""


@dataclass(frozen=True)
class KeptFace:
    """A surface of a defaced image from which the face can be had.

    Parameters
    ----------
    how : str
        Which surface, and how much of the face it keeps, in words.
    kept : ndarray of bool, shape (n,)
        Which of all skin points it keeps.
    """

    how: str
    kept: NDArray[np.bool_]


@dataclass(frozen=True)
class FaceShape:
    """The original face as the search for it sees it: some of its points, their normals, and what another face reaches.

    Parameters
    ----------
    normals : ndarray, shape (n, 3)
        Of all skin points, outwards.
    searched : ndarray of int, shape (m,)
        Indices of the face's points that are searched.
    mirrored_mm, mirrored_normals : ndarray, shape (m, 3)
        The same on the other side of the head.
    own_share : float
        What the search finds in the original: noise and coils lower it.
    average_share : float
        What it finds in the average head laid on this patient: how alike another face may be.
    """

    normals: NDArray[np.float64]
    searched: NDArray[np.intp]
    mirrored_mm: NDArray[np.float64]
    mirrored_normals: NDArray[np.float64]
    own_share: float
    average_share: float

    @property
    def allowed_share(self) -> float:
        """The share that a surface may follow after an alignment, of `own_share`."""
        return max(ALIKE_SHARE, 0.5 * (1.0 + self.average_share))


_SHAPES = FoundOnce()
"""The shape of each original's face: every method of a case asks."""


def kept_face(
    skin: OriginalSkin, calms: Sequence[NDArray[np.float32]], intended: NDArray[np.bool_], moved_mm: NDArray[np.float64]
) -> KeptFace | None:
    """Look for a surface that keeps the face although the outside skin moved.

    Parameters
    ----------
    skin : OriginalSkin
    calms : sequence of ndarray of float32, shape (z, y, x) of the skin's grid
        The defaced image, smoothed: as it is, and, if the tool left a wall of one value, without it.
    intended : ndarray of bool, shape (n,)
        Skin points that the method means to move.
    moved_mm : ndarray, shape (n,)
        How far the outside skin moved there.

    Returns
    -------
    KeptFace or None
        None if no surface at any level, after any small shift, turn and uniform offset, follows the skin on more than the
        allowed share.
    """
    shape = _SHAPES.of(skin, None, lambda: _face_shape(skin))
    for calm in calms:
        for found in (_in_place(skin, shape, calm, intended, moved_mm), _moved_back(skin, shape, calm, intended)):
            if found is not None:
                return found
    return None


def _in_place(
    skin: OriginalSkin,
    shape: FaceShape,
    calm: NDArray[np.float32],
    intended: NDArray[np.bool_],
    moved_mm: NDArray[np.float64],
) -> KeptFace | None:
    """A surface at any level, in front or behind others, where the skin was."""
    index = _thinned(intended)
    profiles = skin_profiles(calm, skin.grid, skin.points_mm[index], shape.normals[index])
    far = moved_mm[index] >= FAR_MM
    tried = [
        (float(np.sum(profiles.crossed(step, 0.0, reach)[far])) / len(index), step, reach)
        for step, reach in _levels(profiles, skin)
    ]
    share, step, reach = max(tried, key=lambda each: each[0])
    if share <= HIDDEN_SHARE:
        return None
    everywhere = skin_profiles(calm, skin.grid, skin.points_mm, shape.normals).crossed(step, 0.0, reach) > 0
    level = step.told(skin.isovalue, skin.air)
    return KeptFace(f"but {level} the skin still stands on {100 * share:.0f} % of it", everywhere)


def _levels(profiles: SkinProfiles, skin: OriginalSkin) -> Iterator[tuple[Step, float]]:
    """The surfaces that are looked for where the skin was, with the reach within which they count."""
    yield Step(skin.isovalue, True), SAME_LEVEL_MM
    outside = profiles.median_at(SIDES_MM)
    for inside in np.percentile(profiles.at(-SIDES_MM), INSIDE_PERCENTILES):
        for step in steps_between(outside, float(inside), skin.isovalue - skin.air):
            yield step, IN_PLACE_MM


def _moved_back(skin: OriginalSkin, shape: FaceShape, calm: NDArray[np.float32], intended: NDArray[np.bool_]) -> KeptFace | None:
    """A surface that follows the face after a shift, a turn and a uniform offset, as it is or mirrored."""
    index = shape.searched
    meant = intended[index]
    if int(meant.sum()) < FEWEST_POINTS:
        return None
    sides = {"": (skin.points_mm[index], shape.normals[index]), "mirrored, ": (shape.mirrored_mm, shape.mirrored_normals)}
    for word, (points, normals) in sides.items():
        found = best_aligned(
            skin_profiles(calm, skin.grid, points, normals), movements(points, normals), skin.isovalue - skin.air
        )
        # what the method leaves on purpose is no sign of a face that was moved: both shares must be high
        share = 0.0 if found is None else min(found.share, float(np.mean(found.follows[meant]))) / shape.own_share
        if found is not None and share > shape.allowed_share:
            return KeptFace(_alignment_told(word, found, share, shape, skin), _near(skin, index, found))
    return None


def _alignment_told(word: str, found: AlignedSkin, share: float, shape: FaceShape, skin: OriginalSkin) -> str:
    level = found.step.told(skin.isovalue, skin.air)
    return (
        f"but {word}{found.told()} a surface {level} follows {100 * min(share, 1.0):.0f} % of the face"
        f" (the average head {100 * shape.average_share:.0f} %)"
    )


def _near(skin: OriginalSkin, index: NDArray[np.intp], found: AlignedSkin) -> NDArray[np.bool_]:
    """The face's points whose nearest searched one is followed, shape (n,)."""
    kept = np.zeros(len(skin.points_mm), dtype=np.bool_)
    _, nearest = cKDTree(skin.points_mm[index]).query(skin.points_mm[skin.face])
    kept[skin.face] = found.follows[nearest] > 0
    return kept


def _face_shape(skin: OriginalSkin) -> FaceShape:
    """What the search needs of an original, found once."""
    contrast = skin.isovalue - skin.air
    normals = skin_normals(skin.calm, (skin.air, skin.isovalue + contrast), skin.grid, skin.points_mm)
    index = _thinned(skin.face)
    points, outwards = skin.points_mm[index], normals[index]
    if len(index) < FEWEST_POINTS:
        return FaceShape(normals, index[:0], points[:0], outwards[:0], 1.0, 1.0)
    moves = movements(points, outwards)
    own = best_aligned(skin_profiles(skin.calm, skin.grid, points, outwards), moves, contrast)
    average = best_aligned(_average_profiles(skin, points, outwards), moves, 1.0)
    return FaceShape(
        normals,
        index,
        *_mirrored(face_region(skin.head), points, outwards),
        own_share=1.0 if own is None else max(own.share, ALIKE_SHARE),
        average_share=0.0 if average is None else average.share,
    )


def _mirrored(
    region: FaceRegion, points_mm: NDArray[np.float64], normals: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Skin points and normals on the other side of the head's middle plane, shapes (m, 3)."""
    middle = float(np.mean([region.marks[name][0] for name in ("nasion", "nose_tip", "mouth", "chin")]))
    back = region.to_average.GetInverse()
    ends = []
    for place in (points_mm, points_mm + normals):
        at = mapped(region.to_average, place)
        at[:, 0] = 2.0 * middle - at[:, 0]
        ends.append(mapped(back, at))
    across = ends[1] - ends[0]
    return ends[0], across / np.linalg.norm(across, axis=1, keepdims=True)


def _average_profiles(skin: OriginalSkin, points_mm: NDArray[np.float64], normals: NDArray[np.float64]) -> SkinProfiles:
    """The average head, laid on the patient, along the same normals: 0 outside, 1 inside."""
    places = (points_mm[:, None, :] + normals[:, None, :] * OFFSETS_MM[None, :, None]).reshape(-1, 3)
    matrix, origin = index_to_mm(average_head().outline)
    index = (mapped(skin.head.average_to_patient, places) - origin) @ np.linalg.inv(matrix).T
    values = ndimage.map_coordinates(_average_solid(), index[:, ::-1].T, order=1, mode="nearest")
    return SkinProfiles(values.reshape(len(points_mm), len(OFFSETS_MM)))


@cache
def _average_solid() -> NDArray[np.float32]:
    """The average head's mask with smooth edges on its own grid, shape (z, y, x)."""
    outline = sitk.GetArrayFromImage(average_head().outline).astype(np.float32)
    return ndimage.gaussian_filter(outline, AVERAGE_SMOOTHING_VOXELS, truncate=3.0)


def _thinned(which: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Indices of about `SEARCH_POINTS` of the points, evenly chosen."""
    index = np.flatnonzero(which)
    return index[:: max(1, len(index) // SEARCH_POINTS)]
