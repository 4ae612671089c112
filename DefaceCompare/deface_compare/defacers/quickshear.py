"""Quickshear: everything below and in front of one oblique plane that clears the brain.

Source: Schimke & Hale, "Quickshear defacing for neuroimages", USENIX HealthSec 2011; behaviour of the package
``quickshear`` 1.2.0, whose loop over the wrong axis (few slices: the face stays) is not repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.head import Head
from ..anatomy.head_axes import own_axes
from ..case import Case, CaseImage
from ..errors import MethodFailed
from ..geometry.boxes import grid_points, index_to_mm
from ..geometry.grids import nearest_axes
from ..geometry.nearness import dilated, eroded
from ..settings import Settings
from .defacing import Defacer
from .edit import Edit
from .removal import Polytope, Removal

BUFFER_MM = 10.0
"""Distance kept between plane and brain (Schimke & Hale's default of 10, taken as mm)."""

BUFFER_VOXELS = 10.0
"""The same default in the original's unit, for ``variant=nipy``."""

SHORTEST_EDGE_MM = 25.0
"""Hull edges are merged up to this chord: the first edge alone is 1-2 voxels long and follows stair-steps."""

FRONT_MM = 3.0
"""The chord starts in the middle of all that lies so near to the brain's foremost point, which wanders on a flat frontal pole."""

DIRECTION_SMOOTHING_MM, SILHOUETTE_SMOOTHING_MM = 10.0, 3.0
"""Gaussian sigma of the silhouette for the plane's direction, and for its place, which must not shrink.

On nine real heads on four grids the direction spreads over 2.4 degrees (4.1 at most); with 3 mm and no `FRONT_MM` over 8 (18)."""

FLATTEST_DEGREES = 50.0
"""A flatter edge (56 to 71 on whole heads) comes of a brain that the scan cuts off, and its plane would take the neck."""

STEP_MM = 2.0
"""Grid in the head's own axes on which the silhouette is drawn."""


class Quickshear(Defacer):
    """Find the shear plane; `variant` is ``""`` (millimetres) or ``"nipy"`` (the original's voxel arithmetic)."""

    key = "quickshear"
    title = "Quickshear (ours)"
    reference = "Schimke & Hale, USENIX HealthSec 2011"
    limits = "removes nose, front of the eyes, mouth and chin with all that lies in front of the plane; ears stay"
    licence = "Apache-2.0 (own implementation)"

    def __init__(self, variant: str = "") -> None:
        self.variant = variant

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Find the half-space to remove (see `Defacer.find_edit`)."""
        if self.variant == "nipy":
            return voxel_shear(image.image, head.brain)
        return shear(head.brain, own_axes(head))


def shear(brain: sitk.Image, axes: NDArray[np.float64] | None = None, buffer_mm: float = BUFFER_MM) -> Removal:
    """The half-space in front of and below the brain, in the sagittal plane of the head.

    The chord of the lower convex hull of the brain's silhouette, from its foremost part back over `SHORTEST_EDGE_MM`, gives
    the plane's direction; the plane touches the silhouette and is then moved away from it by `buffer_mm`, measured
    perpendicular to itself.

    Parameters
    ----------
    brain : SimpleITK.Image
        Mask.
    axes : ndarray, shape (3, 3), optional
        The head's own axes in columns (`own_axes`), so that a nodding or turned head is cut as an upright one; LPS if not given.
    buffer_mm : float

    Raises
    ------
    MethodFailed
        If the brain's silhouette has no lower front edge (empty or a single column).
    """
    axes = np.eye(3) if axes is None else axes
    silhouette = _Silhouette.of(brain, axes)
    chord = _chord(silhouette.edge_mm(DIRECTION_SMOOTHING_MM))
    angle = max(np.degrees(np.arctan2(chord[1], chord[0])), -90.0) if chord[1] < 0 else 0.0
    angle = float(min(angle, -FLATTEST_DEGREES))
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    outward = np.array([along[1], -along[0]])  # clockwise of a front-to-back edge: forward and down
    support = float(np.max(silhouette.edge_mm(SILHOUETTE_SMOOTHING_MM) @ outward)) + buffer_mm
    normal = axes @ np.array([0.0, -outward[0], -outward[1]])
    return Removal(
        parts=(Polytope(normal[None, :], np.array([-support])),),
        parameters={"variant": "mm", "buffer_mm": buffer_mm, "edge_angle_degrees": round(angle, 2)},
    )


def _chord(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """From the foremost part of the silhouette down and back along the lower hull, `SHORTEST_EDGE_MM` long, (y, z)."""
    if len(points) == 0:
        raise MethodFailed("no brain lies in the scan, and Quickshear steers by it")
    foremost = float(points[:, 0].min())
    front = points[points[:, 0] <= foremost + FRONT_MM, 1]
    start = np.array([foremost, 0.5 * (front.min() + front.max())])
    hull = lower_hull(points)
    hull = np.concatenate([start[None, :], hull[hull[:, 1] < start[1]]])
    reach = np.hypot(*(hull - start).T)
    beyond = np.flatnonzero(reach >= SHORTEST_EDGE_MM)
    if beyond.size == 0:
        raise MethodFailed("the brain mask is smaller than the edge that Quickshear needs")
    last = int(beyond[0])
    share = (SHORTEST_EDGE_MM - reach[last - 1]) / (reach[last] - reach[last - 1])
    end: NDArray[np.float64] = hull[last - 1] + share * (hull[last] - hull[last - 1])
    return end - start


@dataclass(frozen=True)
class _Silhouette:
    """The brain seen from the side, in the head's own axes.

    Parameters
    ----------
    seen : ndarray of bool, shape (z, y)
    first_mm : ndarray, shape (2,)
        (y, z) of the first pixel along the head's axes.
    """

    seen: NDArray[np.bool_]
    first_mm: NDArray[np.float64]

    @classmethod
    def of(cls, brain: sitk.Image, axes: NDArray[np.float64]) -> _Silhouette:
        """Draw it on a `STEP_MM` grid along `axes`."""
        points = grid_points(brain) @ axes
        if len(points) == 0:
            raise MethodFailed("no brain was found, and Quickshear steers by it")
        margin = 2.0 * STEP_MM
        low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
        size = np.ceil((high - low) / STEP_MM).astype(int) + 1
        laid = sitk.Resample(
            sitk.Cast(brain > 0, sitk.sitkFloat32),
            size.tolist(),
            sitk.Transform(),
            sitk.sitkLinear,
            (axes @ low).tolist(),
            [STEP_MM] * 3,
            axes.ravel().tolist(),
            0.0,
        )
        seen: NDArray[np.bool_] = np.any(sitk.GetArrayViewFromImage(laid) > 0.5, axis=2)
        return cls(seen, low[1:])

    def edge_mm(self, smoothing_mm: float) -> NDArray[np.float64]:
        """Edge points (y, z), located between pixel centres, shape (n, 2), mm along the head's axes."""
        margin = int(np.ceil(4.0 * smoothing_mm / STEP_MM))
        padded = np.pad(self.seen, margin).astype(np.float64)
        smooth = scipy.ndimage.gaussian_filter(padded, smoothing_mm / STEP_MM)
        index = np.concatenate([_crossings(smooth), _crossings(smooth.T)[:, ::-1]]) - margin
        return self.first_mm + index[:, ::-1] * STEP_MM


def _crossings(values: NDArray[np.float64], level: float = 0.5) -> NDArray[np.float64]:
    """Where `values` cross `level` along the second axis, shape (n, 2): index along the first axis, fraction along the second."""
    before, after = values[:, :-1] - level, values[:, 1:] - level
    row, column = np.nonzero((before < 0) != (after < 0))
    low, high = before[row, column], after[row, column]
    return np.column_stack([row.astype(np.float64), column + low / (low - high)])


def lower_hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lower convex hull of 2-D points, from the smallest first coordinate on (Andrew's monotone chain).

    Raises
    ------
    MethodFailed
        If the points span less than an edge.
    """
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))]
    chain: list[NDArray[np.float64]] = []
    for point in ordered:
        while len(chain) >= 2 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    if len(chain) < 2 or chain[0][0] == chain[-1][0]:
        raise MethodFailed("the brain's silhouette has no lower front edge")
    return np.array(chain)


def _turn(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> float:
    """Positive if a, b, c turn counter-clockwise."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def voxel_shear(image: sitk.Image, brain: sitk.Image, buffer_voxels: float = BUFFER_VOXELS) -> Removal:
    """The original's arithmetic on the image's own voxel axes, for all columns.

    First edge of the lower hull of the silhouette's edge pixels, lowered by `buffer_voxels` along the slice axis; a voxel
    goes if its slice index is below the truncated line, that is at least one below the line.

    Parameters
    ----------
    image : SimpleITK.Image
        Its grid is the one the original would work on; obliqueness is ignored as there.
    brain : SimpleITK.Image
        Mask; resampled to `image` by nearest neighbour.
    buffer_voxels : float
    """
    on_image = sitk.Resample(brain, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    inside = sitk.GetArrayViewFromImage(on_image)
    axes, signs = right_posterior_superior(image)
    size = image.GetSize()
    seen: NDArray[np.bool_] = np.any(inside, axis=2 - axes[0])  # array axes are (z, y, x), `axes` are (x, y, z) indices
    # what is left is ordered (higher image axis, lower image axis); bring it to (posterior, superior)
    seen = seen.T if axes[1] < axes[2] else seen
    seen = seen[:: signs[1], :: signs[2]]
    if not seen.any():
        raise MethodFailed("no brain lies in the image, and Quickshear steers by it")
    hull = lower_hull(np.argwhere(_rims(seen)).astype(np.float64))
    slope = (hull[1][1] - hull[0][1]) / (hull[1][0] - hull[0][0])
    intercept = hull[0][1] - slope * hull[0][0] - buffer_voxels
    # S - slope * P <= intercept - 1, with P and S counted from the front and from below
    along = np.zeros(3)
    along[axes[2]] += signs[2]
    along[axes[1]] -= slope * signs[1]
    limit = intercept - 1.0
    if signs[2] < 0:
        limit -= size[axes[2]] - 1
    if signs[1] < 0:
        limit += slope * (size[axes[1]] - 1)
    matrix, origin = index_to_mm(image)
    normal = along @ np.linalg.inv(matrix)
    length = float(np.linalg.norm(normal))
    return Removal(
        parts=(Polytope((normal / length)[None, :], np.array([(limit + normal @ origin) / length + 1e-9])),),
        parameters={"variant": "nipy", "buffer_voxels": buffer_voxels, "slope": round(float(slope), 4)},
    )


def _rims(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels inside and outside a silhouette that touch its border; as in the original the picture's ends are joined."""
    wrapped = np.pad(seen, 1, mode="wrap")
    rims: NDArray[np.bool_] = np.not_equal(dilated(wrapped), eroded(wrapped))
    return rims[1:-1, 1:-1]


def right_posterior_superior(image: sitk.Image) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The image axes nearest to right, posterior and superior, and for each +1 or -1 (index grows that way, or against it)."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    left, posterior, superior = nearest_axes(direction)
    signs = [-np.sign(direction[0, left]), np.sign(direction[1, posterior]), np.sign(direction[2, superior])]
    return (left, posterior, superior), (int(signs[0]), int(signs[1]), int(signs[2]))
