"""Did the method work? The quality gate of one method on one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from .anatomy.air import air_level, skin_threshold
from .anatomy.head import Head
from .case import PET, Case, CaseImage
from .defacers.defacing import Defacing
from .defacers.edit import Edit, Patch
from .defacers.face_region import face_region
from .defacers.protection import targets
from .defacers.voxel_box import VoxelBox, box_around, box_of_patch, box_of_points, corners_mm, margin_in_view_mm, sample_box
from .errors import NotAvailable
from .measurement import Measurement, Scope
from .outer_surface import calm_values, distances_mm, outer_surface, points_of
from .settings import Settings
from .structure_mask import structure_mask

MOVED_MM = 2.0
"""A skin point counts as moved from here on."""
MOVED_SHARE = 0.80
"""Share of the intended surface that must have moved."""
MOVED_P95_MM = 3.0
"""95th percentile that the movement of the intended surface must reach."""
SKIN_BAND_MM = 8.0
"""An outside surface point this near to the head's outline is skin; others are devices, hair or image noise."""
FEWEST_POINTS = 50
"""Fewer skin points (about 2 cm²) are no surface to judge by."""
PATCH_REACH_MM, SMOOTHING_REACH_MM = 8.0, 10.0
"""A patch changes smoothed values a voxel and this much beyond its box, which in turn depend on so much more: over five sigma."""
MOST_POINTS = 10_000
"""About so many points of the outside surface are judged, evenly thinned: distances cost the most of the gate."""
METRICS = (
    "success",
    "face_gone",
    "face_covered_fraction",
    "face_surface_moved_p95",
    "data_whole",
    "brain_voxels_altered",
    "edited_volume",
    "target_altered_volume",
)
"""All rows of the gate, in table order."""


@dataclass(frozen=True)
class SurfaceMovement:
    """How far skin moved: share of intended points by `MOVED_MM` or more, their 95th percentile, share of the face."""

    moved_share: float
    p95_mm: float
    face_covered_percent: float

    @property
    def face_gone(self) -> bool:
        """Both thresholds of the gate hold."""
        return self.moved_share >= MOVED_SHARE and self.p95_mm >= MOVED_P95_MM


def quality_rows(
    case: Case,
    heads: Mapping[str, Head],
    defacing: Defacing,
    scope: Scope,
    settings: Settings,
    skins: dict[str, OriginalSkin] | None = None,
) -> list[Measurement]:
    """The quality rows of every image; numbers stand in the column `defaced`.

    Parameters
    ----------
    case : Case
    heads : mapping of image key to Head
    defacing : Defacing
    scope : Scope
    settings : Settings
    skins : dict of image key to OriginalSkin, optional
        Filled here; a caller that passes the same dict for every method of a case saves the original's surface each time.

    Returns
    -------
    list of Measurement
        `METRICS` for each image; an image that was not edited has the same rows with status and reason.
    """
    rows: list[Measurement] = []
    skins = {} if skins is None else skins
    for image in case.images:
        if image.key in defacing.patches:
            if image.key not in skins:
                skins[image.key] = original_skin(image, heads[image.key])
            rows.extend(_image_rows(case, image, heads[image.key], skins[image.key], defacing, scope))
        else:
            status, reason = defacing.blocked(image.key)
            rows.extend(scope.missing(metric, reason, image=image.key, status=status) for metric in METRICS)
    return rows


def _image_rows(
    case: Case, image: CaseImage, head: Head, skin: OriginalSkin, defacing: Defacing, scope: Scope
) -> list[Measurement]:
    """The rows of one edited image."""
    patch = defacing.patches[image.key]
    edited_cc = float(patch.altered(image.image).sum()) * voxel_cc(image.image)
    surface = _surface_rows(image, skin, defacing.seen_patch(image), defacing.edits[image.key], scope)
    whole = data_rows(image.image, image.key, head, patch, scope)
    edited = scope.row("edited_volume", defaced=edited_cc, image=image.key)
    target = _target_row(case, image, patch, scope)
    return [success_row(surface[0], whole[0], scope, image.key), *surface, *whole, edited, target]


def success_row(gone: Measurement, whole: Measurement, scope: Scope, key: str, dose_policy: str = "") -> Measurement:
    """1 if both hold, 0 if one is known not to; not available where the other one is unknown."""
    if gone.defaced == 0.0 or whole.defaced == 0.0:
        return scope.row("success", defaced=0.0, image=key, dose_policy=dose_policy)
    for part in (gone, whole):
        if part.status != "ok":
            return scope.missing("success", f"{part.metric}: {part.note}", image=key, dose_policy=dose_policy)
    return scope.row("success", defaced=1.0, image=key, dose_policy=dose_policy)


def _surface_rows(image: CaseImage, skin: OriginalSkin, patch: Patch, edit: Edit, scope: Scope) -> list[Measurement]:
    """`face_gone`, `face_covered_fraction`, `face_surface_moved_p95`."""
    names = ("face_gone", "face_covered_fraction", "face_surface_moved_p95")
    try:
        moved = surface_movement(image, skin, patch, edit)
    except NotAvailable as reason:
        return [scope.missing(name, str(reason), image=image.key) for name in names]
    criterion = f"{100 * moved.moved_share:.1f} % of the intended surface moved by {MOVED_MM:g} mm or more"
    covered = scope.row("face_covered_fraction", defaced=moved.face_covered_percent, image=image.key)
    if np.isnan(moved.face_covered_percent):
        covered = scope.missing("face_covered_fraction", f"the face lies outside image {image.key}", image=image.key)
    return [
        scope.row("face_gone", defaced=float(moved.face_gone), image=image.key, note=criterion),
        covered,
        scope.row("face_surface_moved_p95", defaced=moved.p95_mm, image=image.key),
    ]


@dataclass(frozen=True)
class OriginalSkin:
    """The outside skin of an original image, and how it was found.

    Parameters
    ----------
    points_mm : ndarray, shape (n, 3)
        Skin points, LPS mm.
    face : ndarray of bool, shape (n,)
        Those from brow to chin.
    isovalue, air : float
        The original's skin threshold and air level.
    grid : SimpleITK.Image
        The box of the working grid around the head.
    calm : ndarray of float32, shape (z, y, x) of `grid`
        The original, smoothed: a defaced image differs from it only near its patch.
    devices : ndarray of bool, shape (z, y, x) of `grid`
    """

    points_mm: NDArray[np.float64]
    face: NDArray[np.bool_]
    isovalue: float
    air: float
    grid: sitk.Image
    calm: NDArray[np.float32]
    devices: NDArray[np.bool_]


def original_skin(image: CaseImage, head: Head) -> OriginalSkin:
    """Mesh the skin of an original image on the working grid and keep what is skin."""
    box = _head_box(head)
    grid = sitk.RegionOfInterest(head.grid, box.size, box.offset)
    devices = sitk.GetArrayViewFromImage(head.devices)[box.slices] > 0
    isovalue, air = skin_threshold(image), air_level(image)
    calm = calm_values(image.image, grid, air)
    everywhere = points_of(outer_surface(calm, isovalue, air, grid, devices))
    points = _skin_points(everywhere[:: max(1, len(everywhere) // MOST_POINTS)], image, head)
    return OriginalSkin(points, face_region(head).face(points), isovalue, air, grid, calm, devices)


def surface_movement(image: CaseImage, skin: OriginalSkin, patch: Patch, edit: Edit) -> SurfaceMovement:
    """How far the skin that the edit means to change moved, and how much of the face did.

    Distances run from points of the original skin to the nearest place on the defaced outside surface, both meshed on
    the working grid with the original's skin threshold.

    Raises
    ------
    NotAvailable
        If the image shows none of the surface that the method means to change.
    """
    intended = edit.intends(skin.points_mm)
    if int(intended.sum()) < FEWEST_POINTS:
        raise NotAvailable(f"image {image.key} shows no skin where the method means to change it")
    defaced = outer_surface(calm_defaced(image, skin, patch), skin.isovalue, skin.air, skin.grid, skin.devices)
    asked = intended | skin.face
    distance = np.zeros(len(skin.points_mm))
    extent_mm = float(np.linalg.norm(np.multiply(skin.grid.GetSize(), skin.grid.GetSpacing())))
    distance[asked] = np.minimum(distances_mm(skin.points_mm[asked], defaced), extent_mm)
    enough = int(skin.face.sum()) >= FEWEST_POINTS
    return SurfaceMovement(
        moved_share=float(np.mean(distance[intended] >= MOVED_MM)),
        p95_mm=float(np.percentile(distance[intended], 95)),
        face_covered_percent=100.0 * float(np.mean(distance[skin.face] >= MOVED_MM)) if enough else float("nan"),
    )


def calm_defaced(image: CaseImage, skin: OriginalSkin, patch: Patch) -> NDArray[np.float32]:
    """The defaced image, smoothed, on the skin's grid: computed anew where the patch reaches, shape (z, y, x)."""
    corners = corners_mm(image.image, box_of_patch(patch))
    reach_mm = max(image.image.GetSpacing()) + PATCH_REACH_MM
    inner = box_of_points(corners, skin.grid, reach_mm)
    if inner.empty:
        return skin.calm
    outer = box_of_points(corners, skin.grid, reach_mm + SMOOTHING_REACH_MM)
    anew = calm_values(patch.whole(image.image), sitk.RegionOfInterest(skin.grid, outer.size, outer.offset), skin.air)
    offset = np.subtract(inner.offset, outer.offset).tolist()
    calm = skin.calm.copy()
    calm[inner.slices] = anew[VoxelBox((offset[0], offset[1], offset[2]), inner.size).slices]
    return calm


def _head_box(head: Head) -> VoxelBox:
    """The box of the working grid around the patient, 10 mm wider."""
    margin = round(10.0 / head.grid.GetSpacing()[0])
    outline = sitk.GetArrayViewFromImage(head.outline) > 0
    found = box_around(outline) or VoxelBox((0, 0, 0), head.grid.GetSize())
    low = np.maximum(np.array(found.offset) - margin, 0)
    high = np.minimum(np.array(found.offset) + np.array(found.size) + margin, head.grid.GetSize())
    x, y, z = low.tolist()
    width, height, depth = (high - low).tolist()
    return VoxelBox((x, y, z), (width, height, depth))


def _skin_points(points_mm: NDArray[np.float64], image: CaseImage, head: Head) -> NDArray[np.float64]:
    """Those surface points that are skin: near the outline (PET: in or near it), and not where the image ends."""
    if len(points_mm) == 0:
        return points_mm
    grid = head.grid
    to_skin = _at(head.skin_distance_mm, points_mm, grid)
    inside_view = margin_in_view_mm(image.image, points_mm)
    border_mm = 2.0 * grid.GetSpacing()[0]
    first = np.array(grid.GetOrigin())
    last = first + np.array(grid.GetSize()) * grid.GetSpacing()[0]
    inside_grid = np.min(np.minimum(points_mm - first, last - points_mm), axis=1)
    near = to_skin <= SKIN_BAND_MM if image.modality == PET else np.abs(to_skin) <= SKIN_BAND_MM
    return points_mm[near & (inside_view > border_mm) & (inside_grid > border_mm)]


def _at(values: NDArray[np.float32], points_mm: NDArray[np.float64], grid: sitk.Image) -> NDArray[np.float32]:
    """The value of the nearest voxel to each point."""
    index = np.rint((points_mm - grid.GetOrigin()) / grid.GetSpacing()).astype(int)
    x, y, z = np.clip(index, 0, np.array(grid.GetSize()) - 1).T
    return values[z, y, x]


def data_rows(image: sitk.Image, key: str, head: Head, patch: Patch, scope: Scope, dose_policy: str = "") -> list[Measurement]:
    """`data_whole` and `brain_voxels_altered` of an image or a dose grid."""
    original = sitk.GetArrayViewFromImage(image)
    kept = patch.values.dtype == original.dtype and original[patch.box].shape == patch.values.shape
    if head.brain_independent is None:
        reason = "own mask: the only brain mask here is the one that the methods steer by"
        names = ("data_whole", "brain_voxels_altered")
        return [scope.missing(name, reason, image=key, dose_policy=dose_policy) for name in names]
    brain = sample_box(head.brain_independent, image, box_of_patch(patch), 0.0, nearest=True) > 0.5
    altered = int((brain & patch.altered(image)).sum())
    note = "" if kept else "geometry or stored type changed"
    return [
        scope.row("data_whole", defaced=float(kept and altered == 0), image=key, dose_policy=dose_policy, note=note),
        scope.row("brain_voxels_altered", defaced=float(altered), image=key, dose_policy=dose_policy),
    ]


def _target_row(case: Case, image: CaseImage, patch: Patch, scope: Scope) -> Measurement:
    """`target_altered_volume` over GTV, CTV and PTV together."""
    primary = case.primary
    if primary is not None and image.frame_of_reference_uid != primary.frame_of_reference_uid:
        return scope.missing("target_altered_volume", "the targets lie in another frame of reference", image=image.key)
    masks = [structure_mask(structure, image.image) for structure in targets(case)]
    inside = np.zeros(patch.values.shape, dtype=np.bool_)
    for found in masks:
        if found is not None:
            inside |= found.whole(image.image)[patch.box]
    if not any(found is not None for found in masks):
        return scope.missing("target_altered_volume", "no GTV, CTV or PTV in this image", image=image.key)
    volume_cc = float((inside & patch.altered(image.image)).sum()) * voxel_cc(image.image)
    return scope.row("target_altered_volume", defaced=volume_cc, image=image.key, structure="targets")


def voxel_cc(image: sitk.Image) -> float:
    """Volume of one voxel in cc."""
    slant = abs(float(np.linalg.det(np.array(image.GetDirection()).reshape(3, 3))))  # below 1 under gantry tilt
    return float(np.prod(image.GetSpacing())) * slant / 1000.0
