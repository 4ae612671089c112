"""Tissue labels and face regions of the average head, drawn by rules from the skin, the brain and the T1 signal."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ...anatomy.head import Point
from .shapes import Coordinates, Field, ellipsoid, tube

Mask = NDArray[np.bool_]

LABELS: dict[str, int] = {
    "air": 0,
    "airway": 1,
    "skin_fat": 2,
    "muscle": 3,
    "skull": 4,
    "mandible": 5,
    "teeth": 6,
    "brain": 7,
    "brainstem": 8,
    "csf": 9,
    "eye_left": 10,
    "eye_right": 11,
    "lens_left": 12,
    "lens_right": 13,
    "optic_nerve_left": 14,
    "optic_nerve_right": 15,
    "optic_chiasm": 16,
    "parotid_left": 17,
    "parotid_right": 18,
    "oral_cavity": 19,
    "spinal_canal": 20,
    "vertebra": 21,
}
"""Names and values of ``average_labels.nrrd``."""

REGIONS: dict[str, int] = {"face": 1, "ear_left": 2, "ear_right": 3}
"""Names and values of ``average_regions.nrrd``."""

SKIN_THICKNESS_MM = 2.5
SUBCUTIS_MM = 5.0
SUBARACHNOID_MM = 4.0
"""CSF between brain and bone."""
SKULL_MM = 7.0
"""Adult calvaria is 5-8 mm thick (Li 2007, doi 10.1533/ijcr.2005.0412 measured 6.6-8.2 mm parietal-frontal)."""
SOURCE_FAT = 240.0
"""Source T1 intensity above which soft tissue outside the skull is fat."""
FAT_DEPTH_MM = 14.0
"""Deeper, bright T1 is coil shading on muscle, not fat."""
SOURCE_BONE = 190.0
"""Source T1 intensity below which the band between brain and scalp is bone."""
BONE_REACH_MM = 16.0
SOURCE_AIRWAY = 105.0
"""Source T1 intensity below which the middle of the face is air or thin bone."""
FACE_DEPTH_MM, FACE_AIR_MM = 25.0, 20.0


def tissue_labels(source: sitk.Image, depth: Field, brain: Mask) -> NDArray[np.uint8]:
    """Draw the tissue labels.

    Parameters
    ----------
    source : SimpleITK.Image
        Symmetric head in source intensity, float32, LPS mm.
    depth : ndarray of float32, shape (z, y, x)
        mm below the skin.
    brain : ndarray of bool, shape (z, y, x)
        Brain of the average head.

    Returns
    -------
    ndarray of uint8, shape (z, y, x)
        Values of `LABELS`.
    """
    at = Coordinates(source)
    t1 = sitk.GetArrayFromImage(source)
    labels = np.zeros(depth.shape, np.uint8)
    labels[depth > 0] = LABELS["muscle"]
    labels[(depth > 0) & ((depth < SUBCUTIS_MM) | ((t1 > SOURCE_FAT) & (depth < FAT_DEPTH_MM)))] = LABELS["skin_fat"]
    _paint_bones(labels, at, t1, depth, brain)
    _paint_organs(labels, at, depth, brain)
    labels[(depth > 0) & (depth < SKIN_THICKNESS_MM)] = LABELS["skin_fat"]
    return labels


def _airways(at: Coordinates, t1: Field, depth: Field) -> Mask:
    """Nasal cavity and sinuses by their dark T1 signal, pharynx and trachea as a tube."""
    midface = (np.abs(at.x) < 40) & (at.y < -22) & (at.z < -22) & (at.z > -84) & (depth > 9)
    dark = ndimage.binary_opening(midface & (t1 < SOURCE_AIRWAY))
    nostrils = _pair(at, [(5.0, -108.0, -78.0), (5.0, -98.0, -70.0), (6.0, -60.0, -66.0)], [3.0, 3.5, 4.0])
    throat = [(0.0, -34.0, -66.0), (0.0, -14.0, -78.0), (0.0, -8.0, -100.0), (0.0, -12.0, -130.0), (0.0, -18.0, -214.0)]
    return dark | (nostrils > 0) | (tube(at, throat, [7.0, 8.0, 6.0, 7.0, 9.0]) > 0)


def _paint_bones(labels: NDArray[np.uint8], at: Coordinates, t1: Field, depth: Field, brain: Mask) -> None:
    """Skull, face bones, vertebrae, mandible, teeth, and the airways between them."""
    airways = _airways(at, t1, depth)
    spacing = 2.0
    outside_brain = ndimage.distance_transform_edt(~brain, sampling=spacing)
    foramen = tube(at, SPINE, [10.0, 9.0, 8.0]) > 0
    shell = (outside_brain > SUBARACHNOID_MM) & (outside_brain <= SUBARACHNOID_MM + SKULL_MM) & (depth > SUBCUTIS_MM)
    shell |= (
        (t1 < SOURCE_BONE) & (outside_brain < BONE_REACH_MM) & (outside_brain > SUBARACHNOID_MM) & (depth > 4.0) & (at.z > -30)
    )
    walls = (ndimage.distance_transform_edt(~airways, sampling=spacing) < 3.0) & (at.z > -90) & (depth > SUBCUTIS_MM)
    orbit = _pair(at, ORBIT, [17.0, 14.0, 4.0])
    arc = (np.abs(_dental_arc(at)) < 6.0) & (at.z > -94) & (at.z < -80)
    palate = (_dental_arc(at) > 0) & (at.z > -88) & (at.z < -83) & (at.y < -36)
    zygoma = _pair(
        at, [(40.0, -80.0, -56.0), (56.0, -58.0, -54.0), (66.0, -24.0, -50.0), (62.0, -4.0, -50.0)], [6.0, 5.0, 3.5, 4.0]
    )
    nasal_bone = tube(at, [(0.0, -98.0, -32.0), (0.0, -107.0, -50.0)], [5.0, 3.0]) > 0
    mastoid = _pair(at, [(52.0, 24.0, -44.0), (52.0, 26.0, -72.0)], [12.0, 7.0])
    face = walls | arc | palate | (zygoma > 0) | ((orbit > -3.0) & (at.y < -30)) | (mastoid > 0)
    labels[(shell & ~foramen) | (face & (depth > 4.0)) | (nasal_bone & (depth > SKIN_THICKNESS_MM))] = LABELS["skull"]
    labels[(outside_brain <= SUBARACHNOID_MM) & (depth > 0)] = LABELS["csf"]
    labels[(orbit > 0) & (depth > 0)] = LABELS["skin_fat"]
    labels[airways & (depth > 0) & (labels != LABELS["csf"])] = LABELS["airway"]
    labels[(tube(at, VERTEBRAE, [9.0, 11.0, 12.0]) > 0)] = LABELS["vertebra"]
    labels[(tube(at, SPINE, [13.0, 13.0, 13.0]) > 0) & (at.z < -92)] = LABELS["vertebra"]
    labels[(tube(at, SPINE, [8.0, 7.0, 7.0]) > 0) & ~brain] = LABELS["spinal_canal"]
    jaw = _pair(at, JAW, [9.0, 9.0, 8.0, 6.0, 6.0]) > 0
    jaw |= (np.abs(_dental_arc(at)) < 6.0) & (at.z < -113) & (at.z > -128)
    labels[jaw & (depth > SUBCUTIS_MM) & (at.z < -58)] = LABELS["mandible"]
    labels[(np.abs(_dental_arc(at)) < 4.0) & (at.z > -113) & (at.z < -94) & (depth > SUBCUTIS_MM)] = LABELS["teeth"]


def _paint_organs(labels: NDArray[np.uint8], at: Coordinates, depth: Field, brain: Mask) -> None:
    """Mouth, glands, brain and the visual system, in this order."""
    soft = np.isin(labels, [LABELS["muscle"], LABELS["skin_fat"]])
    tongue = ellipsoid(at, (0.0, -50.0, -104.0), (27.0, 34.0, 17.0)) > 0
    labels[tongue & np.isin(labels, [LABELS["muscle"], LABELS["skin_fat"], LABELS["airway"]])] = LABELS["oral_cavity"]
    labels[brain] = LABELS["brain"]
    stem = tube(at, [(0.0, 6.0, -14.0), (0.0, 4.0, -36.0), (0.0, 13.0, -58.0), (0.0, 26.0, -86.0)], [12.0, 15.0, 11.0, 8.0]) > 0
    labels[stem & ndimage.binary_dilation(brain)] = LABELS["brainstem"]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        gland = ellipsoid(at, (sign * 57.0, 4.0, -86.0), (12.0, 19.0, 26.0)) > 0
        labels[gland & soft & (depth > 4.0)] = LABELS[f"parotid_{side}"]
        for name in (f"optic_nerve_{side}", f"eye_{side}", f"lens_{side}"):
            labels[small_organ(at, name) > 0] = LABELS[name]
    labels[small_organ(at, "optic_chiasm") > 0] = LABELS["optic_chiasm"]


def small_organ(at: Coordinates, name: str) -> Field:
    """Depth inside an eye, lens, optic nerve or the chiasm, which are drawn as closed forms.

    Globes of 12 mm radius, lenses 9.4 mm wide and 6.4 mm thick (a planner's contour is thicker than the 4 mm of the lens itself).
    """
    if name == "optic_chiasm":
        return ellipsoid(at, (0.0, -20.0, -20.0), (8.0, 5.0, 3.4))
    sign = 1.0 if name.endswith("left") else -1.0
    x, y, z = EYE
    if name.startswith("eye"):
        return ellipsoid(at, (sign * x, y, z), (12.0, 12.0, 12.0))
    if name.startswith("lens"):
        return ellipsoid(at, (sign * x, y - 8.0, z), (4.7, 3.2, 4.7))
    return tube(at, [(sign * px, py, pz) for px, py, pz in OPTIC_NERVE], [2.7, 2.6, 2.5, 2.5])


EYE: Point = (30.0, -78.0, -33.0)
"""Centre of the left globe."""
SPINE: list[Point] = [(0.0, 27.0, -82.0), (0.0, 32.0, -120.0), (0.0, 34.0, -214.0)]
"""Middle of the spinal canal from the foramen magnum down."""
VERTEBRAE: list[Point] = [(0.0, 12.0, -92.0), (0.0, 14.0, -140.0), (0.0, 14.0, -214.0)]
"""Middle of the vertebral bodies."""
ORBIT: list[Point] = [(30.0, -84.0, -33.0), (27.0, -62.0, -36.0), (14.0, -36.0, -34.0)]
"""Axis of the left orbit, from its rim to its apex."""
OPTIC_NERVE: list[Point] = [(29.0, -67.0, -34.0), (22.0, -50.0, -35.0), (12.0, -33.0, -27.0), (5.0, -22.0, -21.0)]
"""Left optic nerve, from the globe to the chiasm."""
JAW: list[Point] = [(0.0, -80.0, -132.0), (24.0, -68.0, -129.0), (43.0, -22.0, -118.0), (47.0, -8.0, -92.0), (50.0, 2.0, -64.0)]
"""Left half of the mandible: chin, body, angle, ramus, condyle."""


def _dental_arc(at: Coordinates) -> Field:
    """Distance to the parabola on which the teeth stand, positive towards the tongue; -1000 behind the last molar."""
    front = -84.0 + at.x**2 / 19.0
    slope = np.sqrt(1.0 + (2.0 * at.x / 19.0) ** 2)
    inside = (at.y - front) / slope
    return np.asarray(np.where(at.y < -42.0, inside, -1000.0) + 0.0 * at.z, dtype=np.float32)


def _pair(at: Coordinates, points: list[Point], radii: list[float]) -> Field:
    """A tube and its mirror image."""
    return np.maximum(tube(at, points, radii), tube(at, [(-x, y, z) for x, y, z in points], radii))


def face_regions(grid: sitk.Image, depth: Field, brain: Mask) -> NDArray[np.uint8]:
    """Where the face and the ears are.

    The face reaches from brow to chin and from temple to temple, `FACE_DEPTH_MM` into the head and `FACE_AIR_MM` into the air,
    never nearer than 6 mm to the brain; the ears are the skin flaps with what lies at most 10 mm below their bases.

    Returns
    -------
    ndarray of uint8, shape (z, y, x)
        Values of `REGIONS`.
    """
    at = Coordinates(grid)
    near_skin = (depth > -FACE_AIR_MM) & (depth < FACE_DEPTH_MM)
    away = ndimage.distance_transform_edt(~brain, sampling=2.0) > 6.0
    front = (at.y < -46.0 + 0.0 * at.x) & (at.z < -6.0) & (at.z > -152.0)
    regions = np.zeros(depth.shape, np.uint8)
    regions[near_skin & front & away] = REGIONS["face"]
    for side, sign in (("ear_left", 1.0), ("ear_right", -1.0)):
        flap = ellipsoid(at, (sign * 80.0, 14.0, -52.0), (22.0, 26.0, 40.0)) > 0
        regions[flap & (depth > -FACE_AIR_MM) & (depth < 10.0) & away] = REGIONS[side]
    return regions
