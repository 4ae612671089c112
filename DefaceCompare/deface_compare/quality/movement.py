"""How far an edit moved the skin of a head, and whether the face is gone from the image with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..case import CaseImage
from ..defacers.edit import Edit
from ..errors import NotAvailable
from ..geometry.boxes import Patch
from ..geometry.mesh import corner_distances_mm, distances_mm
from .kept_face import FAR_MM, KeptFace, kept_face
from .skin import FEWEST_POINTS, OriginalSkin, calm_defaced, outer_surface

FEWEST_OF_FEATURE = 10
"""Fewer skin points of a feature say nothing of it: the scan hardly shows it (a chin that it shows whole has about 100)."""

MOVED_MM = 2.0
"""A skin point counts as moved from here on."""

MOVED_SHARE = 0.80
"""Share of the intended surface that must have moved."""

MOVED_PERCENTILE, MOVED_P95_MM = 95.0, 3.0
"""Percentile that the movement of the intended surface must reach."""


@dataclass(frozen=True)
class SurfaceMovement:
    """How far skin moved.

    Parameters
    ----------
    moved_share, p95_mm : float
        Of the intended surface: share of its points from which the outside skin moved by `MOVED_MM` or more, 95th percentile
        of that movement.
    face_covered_percent : float
        Share of the points from brow to chin that moved so far and that no other surface keeps; NaN where the scan does not
        show them.
    feature_moved_percent : mapping of str to float
        The same of each feature of the face.
    kept : KeptFace or None
        Another surface from which the face can be had although the outside skin moved; it was looked for only where that did.
    """

    moved_share: float
    p95_mm: float
    face_covered_percent: float
    feature_moved_percent: Mapping[str, float]
    kept: KeptFace | None = None

    @property
    def as_intended(self) -> bool:
        """The outside skin moved far enough, and no other surface keeps the face."""
        return self.outside_moved and self.kept is None

    @property
    def outside_moved(self) -> bool:
        """Both thresholds of the outside skin hold."""
        return _enough(self.moved_share, self.p95_mm)


def surface_movement(
    image: CaseImage, skin: OriginalSkin, patch: Patch, edit: Edit, stored: Patch | None = None
) -> SurfaceMovement:
    """How far the skin that the edit means to change moved, how much of the face did, and whether the face can still be had.

    Distances run from points of the original skin to the nearest place on the defaced outside surface, both meshed on
    the working grid with the original's skin threshold. Where these say that the skin moved, other surfaces are looked for
    (`kept_face`).

    Parameters
    ----------
    image : CaseImage
    skin : OriginalSkin
    patch : Patch
        As an attacker sees it (see `Edit.seen`).
    edit : Edit
    stored : Patch, optional
        As it is stored, if that is another one.

    Raises
    ------
    NotAvailable
        If the image shows none of the surface that the method means to change.
    """
    intended = edit.intends(skin.points_mm)
    if int(intended.sum()) < FEWEST_POINTS:
        raise NotAvailable(f"image {image.key} shows no skin where the method means to change it")
    calm = calm_defaced(image, skin, patch)
    calms = [calm] if stored is None or stored is patch else [calm, calm_defaced(image, skin, stored)]
    distance = _distances_mm(skin, calm, np.any([intended, skin.face, *skin.features.values()], axis=0), intended)
    moved = distance >= MOVED_MM
    moved_share, p95_mm = float(np.mean(moved[intended])), float(np.percentile(distance[intended], MOVED_PERCENTILE))
    kept = kept_face(skin, calms, intended, distance) if _enough(moved_share, p95_mm) else None
    if kept is not None:
        moved &= ~kept.kept
    return SurfaceMovement(
        moved_share=moved_share,
        p95_mm=p95_mm,
        face_covered_percent=_percent(moved, skin.face, FEWEST_POINTS),
        feature_moved_percent={name: _percent(moved, there, FEWEST_OF_FEATURE) for name, there in skin.features.items()},
        kept=kept,
    )


def _enough(moved_share: float, p95_mm: float) -> bool:
    return moved_share >= MOVED_SHARE and p95_mm >= MOVED_P95_MM


def _distances_mm(
    skin: OriginalSkin, calm: NDArray[np.float32], asked: NDArray[np.bool_], intended: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """From each skin point that is asked for to the outside surface of a defaced image, mm; 0 for the others.

    To the last bit where it decides: up to `FAR_MM`, and around `MOVED_PERCENTILE` of the intended points. The others are given
    their distance from the nearest corner of the surface, which lies on the same side of both.
    """
    defaced = outer_surface(calm, skin.isovalue, skin.air, skin.grid, skin.devices)
    distance = np.zeros(len(skin.points_mm))
    if defaced.GetNumberOfCells() == 0:
        distance[asked] = float(np.linalg.norm(np.multiply(skin.grid.GetSize(), skin.grid.GetSpacing())))
        return distance
    distance[asked] = corner_distances_mm(skin.points_mm[asked], defaced)
    # a triangle lies in one voxel: no edge of it is longer than the diagonal, and no place on it further from the nearest
    # corner than its longest edge by the root of three, which is the voxel's edge
    least = np.sqrt(np.maximum(distance**2 - skin.grid.GetSpacing()[0] ** 2, 0.0))
    deciding = asked & (least <= FAR_MM)
    deciding[intended] |= _around_percentile(least[intended], distance[intended])
    distance[deciding] = distances_mm(skin.points_mm[deciding], defaced)
    return distance


def _around_percentile(least: NDArray[np.float64], most: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of some numbers, known between two limits each, may be those that `MOVED_PERCENTILE` is read from."""
    place = MOVED_PERCENTILE / 100.0 * (len(least) - 1)
    low, high = int(np.floor(place)), int(np.ceil(place))
    lower, upper = np.partition(least, low)[low], np.partition(most, high)[high]
    return (most >= lower) & (least <= upper)


def _percent(moved: NDArray[np.bool_], there: NDArray[np.bool_], fewest: int) -> float:
    """How many percent of the points that are `there` moved; NaN for fewer than `fewest`."""
    return 100.0 * float(np.mean(moved[there])) if int(there.sum()) >= fewest else float("nan")
