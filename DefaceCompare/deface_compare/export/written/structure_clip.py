"""Contours that draw the face are redrawn on the defaced surface, clipped to it, or dropped; all others stay as they are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from scipy import ndimage

from ...readers.dicom.contour_item import contour_points, is_closed
from ...structures.contours import fill
from ...writers.contours import contours_of_field
from ...writers.rtstruct import CONTOUR_DATA
from .head_surface import HeadSurface
from .plane_lattice import PlaneLattice, softened

OUTSIDE_MM = 3.0
"""A contour further outside the new surface than this draws what was there (the issue's figure)."""
LATTICE_MM = 1.0
"""Spacing of the lattice on which a plane is redrawn."""
MARGIN_MM = 30.0
"""Room around a drawn outline for a new surface that lies in front of the old one."""
FLAT_MM = 0.1
"""Contours whose points differ more along z are not axial and are dropped where they draw the face."""
OUTLINE_SHARE = 0.5
"""An outer contour that covers less of the head in a plane is a rind of skin: it cannot be redrawn and is dropped there."""
EXTERNAL, DEVICE, OTHER = "external", "device", "other"
STRICTEST_FIRST = (DEVICE, EXTERNAL, OTHER)
"""Of a device no contour near the edit stays; an outer contour is drawn again there; others are clipped where they leave."""
DEVICE_WORDS = re.compile(
    r"mask|masque|thermo|bolus|couch|fixation|immobil|head\s*rest|lagerung|(?<![a-z])(?:shell|table|holder|bite|frame|tisch|mesa)",
    re.IGNORECASE,
)
"""Names of things on the patient that are casts of the face; short words only where a word begins ("orbite" is an eye)."""
BORDER_STEPS = 3
"""Lattice steps by which an outer contour is redrawn beyond the changed zone, so that it leaves the new surface there only."""


@dataclass(frozen=True)
class ClippedStructure:
    """What became of a structure that drew the face.

    Parameters
    ----------
    number : int
        ROI number.
    name : str
        As planned.
    what : str
        ``redrawn`` (outer contour), ``clipped`` or ``dropped`` (nothing is left of it).
    planes : int
        How many planes were changed.
    """

    number: int
    name: str
    what: str
    planes: int


def role_of(name: str, group: str, interpreted: str) -> str:
    """Whether a structure is an outer contour, a device, or something else."""
    if group == EXTERNAL or interpreted == "EXTERNAL":
        return EXTERNAL
    return DEVICE if DEVICE_WORDS.search(name) or interpreted in ("BOLUS", "SUPPORT", "FIXATION") else OTHER


Touches = Callable[[NDArray[np.float64]], bool]
"""Whether a contour, shape (n, 3), comes near the outer contour as planned."""


def clip_structure(item: Dataset, name: str, role: str, surface: HeadSurface, touches: Touches) -> ClippedStructure | None:
    """Change one item of ROIContourSequence in place where it draws the face; None if nothing had to change."""
    drawn = list(item.get("ContourSequence") or [])
    points = [contour_points(contour) for contour in drawn]
    replaced: dict[int, list[Dataset]] = {}
    changed = 0
    for indices in planes_of(points):
        if not any(draws_face(points[index], role, surface, touches) for index in indices):
            continue
        changed += 1
        made = _redrawn([drawn[i] for i in indices], [points[i] for i in indices], role, surface)
        replaced.update({index: [] for index in indices})
        replaced[indices[0]] = made
    if not changed:
        return None
    kept = [new for index, contour in enumerate(drawn) for new in replaced.get(index, [contour])]
    if kept:
        item.ContourSequence = kept
    else:
        del item.ContourSequence
    what = "dropped" if not kept else "redrawn" if role == EXTERNAL else "clipped"
    return ClippedStructure(int(item.ReferencedROINumber), name, what, changed)


def planes_of(points: Sequence[NDArray[np.float64]]) -> list[list[int]]:
    """The contours, each of shape (n, 3), plane by plane: their indices. Several in a plane combine by even-odd."""
    planes: dict[float, list[int]] = defaultdict(list)
    for index, each in enumerate(points):
        if len(each):
            planes[round(float(each[:, 2].mean()), 1)].append(index)
    return list(planes.values())


def points_mm_of(contour: Dataset) -> NDArray[np.float64]:
    """The points of a contour, shape (n, 3): as read from a file, or as `_like` made it."""
    element = contour.get_item(CONTOUR_DATA)  # as it is stored: pydicom's own number objects take 20 times as long
    if isinstance(element, DataElement) and isinstance(element.value, str):
        return np.array(element.value.split("\\"), dtype=np.float64).reshape(-1, 3)
    return contour_points(contour)


def draws_face(points_mm: NDArray[np.float64], role: str, surface: HeadSurface, touches: Touches) -> bool:
    """Whether a contour, shape (n, 3), leaves the new surface, or draws the head where the image ends.

    Outer contours and devices: also whether it passes by the edit.
    """
    if role != OTHER and surface.in_zone(points_mm).any():
        return True
    return leaves_surface(points_mm, role, surface) or draws_beyond(points_mm, role, surface, touches)


def draws_beyond(points_mm: NDArray[np.float64], role: str, surface: HeadSurface, touches: Touches) -> bool:
    """Whether a contour draws the head beyond the image, where no edit was verified: deep structures do not."""
    beyond = surface.is_beyond(points_mm)
    return bool(beyond.any()) and (role != OTHER or touches(points_mm[beyond]))


def leaves_surface(points_mm: NDArray[np.float64], role: str, surface: HeadSurface) -> bool:
    """Whether a contour runs further than `OUTSIDE_MM` outside the new surface near the edit.

    An outer contour may lie off the skin where nothing was changed (over hair, at the neck's end): there it is as planned.
    """
    middles = 0.5 * (points_mm + np.roll(points_mm, -1, axis=0))
    along = np.concatenate([points_mm, middles])
    asked = surface.in_zone(along) if role == EXTERNAL else surface.is_near(along)
    return bool((surface.outside_mm_at(along[asked]) > OUTSIDE_MM).any())


def _redrawn(items: Sequence[Dataset], polygons: Sequence[NDArray[np.float64]], role: str, surface: HeadSurface) -> list[Dataset]:
    """The contours of one plane anew; empty if nothing is left or they cannot be redrawn."""
    flat = all(np.ptp(polygon[:, 2]) <= FLAT_MM for polygon in polygons)
    closed = all(map(is_closed, items))
    if role == DEVICE or not flat or not closed:
        return []
    everything = np.concatenate(polygons)
    z = float(everything[0, 2])
    low, high = everything[:, :2].min(axis=0) - MARGIN_MM, everything[:, :2].max(axis=0) + MARGIN_MM
    columns, rows = (int(count) for count in np.ceil((high - low) / LATTICE_MM).astype(int) + 1)
    old = fill([polygon[:, :2] for polygon in polygons], (low[0], low[1]), (LATTICE_MM, LATTICE_MM), (columns, rows))
    lattice = PlaneLattice(surface, np.arange(columns) * LATTICE_MM + low[0], np.arange(rows) * LATTICE_MM + low[1], z)
    new, soft = lattice.inside(), softened(old)
    if role == EXTERNAL:
        head = new > 0
        if np.count_nonzero(old & head) < OUTLINE_SHARE * np.count_nonzero(head):
            return []
        zone = ndimage.binary_dilation(lattice.in_zone(), iterations=BORDER_STEPS)
        field = np.where(zone, new, soft)
    else:
        field = np.where(lattice.known(), np.minimum(soft, new), soft)
    field = np.where(lattice.beyond(), np.float32(-1.0), field)
    image = sitk.GetImageFromArray(field[None].astype(np.float32))
    image.SetSpacing((LATTICE_MM, LATTICE_MM, 1.0))
    image.SetOrigin((float(low[0]), float(low[1]), z))
    return [_like(items[0], polygon, z) for polygon in contours_of_field(image)]


def _like(item: Dataset, polygon: NDArray[np.float64], z: float) -> Dataset:
    """A contour with new points that refers to what an old one refers to."""
    new = Dataset()
    for keyword in ("ContourImageSequence", "ContourGeometricType"):
        if keyword in item:
            new.add(deepcopy(item[keyword]))
    new.NumberOfContourPoints = len(polygon)
    behind = f"\\{z:.10g}"
    text = "\\".join([f"{x:.2f}\\{y:.2f}{behind}" for x, y in polygon[:, :2].tolist()])
    new.add(DataElement(CONTOUR_DATA, "DS", text, already_converted=True))
    return new
