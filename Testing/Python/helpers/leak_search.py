"""An attacker's search of an export: what in a folder of DICOM files still draws the skin that was taken away, or leads back?

It reads the files with pydicom alone and knows no rule of the export's own checks but the figure of 2 mm, and that a dose which
ends at the new skin tells what the image tells; pixels, contours and dose are judged by geometry on the original's skin, all
else by what it could hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy import ndimage
from scipy.spatial import cKDTree
from vtkmodules.vtkCommonDataModel import vtkPolyData

from deface_compare.export.contour_lines import dense
from deface_compare.geometry.mesh import distances_mm, iso_surface, points_of

SKIN_HU = -300.0
NEAR_MM, MOVED_MM = 2.0, 3.0
MOST_DRAWN = 0.1
"""Share of the skin taken away that anything may follow: real exports have up to 0.02 (contours)."""
BEYOND_MM = 0.5
CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.128": "PT",
    "1.2.840.10008.5.1.4.1.1.481.2": "RTDOSE",
    "1.2.840.10008.5.1.4.1.1.481.3": "RTSTRUCT",
    "1.2.840.10008.5.1.4.1.1.481.5": "RTPLAN",
    "1.2.840.10008.5.1.4.1.1.66.1": "REG",
}
"""SOP classes that an export may hold, and their modality."""
PICTURED = ("CT", "MR", "PT", "RTDOSE")
MOST_BYTES, MOST_CHARACTERS, MOST_NUMBERS = 256, 10240, 256
CONTOUR_DATA = 0x30060050
CONTOUR_PLACE = ("ROIContourSequence", "ContourSequence")
LISTS = {
    "GridFrameOffsetVector": "RTDOSE",
    "DVHData": "RTDOSE",
    "LeafJawPositions": "RTPLAN",
    "LeafPositionBoundaries": "RTPLAN",
    "ScanSpotPositionMap": "RTPLAN",
}
"""Long lists that tell of something else, and the object that has them."""
TO_SKIN = re.compile(r"EntryPoint$|To(Surface|Skin|ExternalContour|PatientSurface)Distance$|DosePoint(Equivalent)?(Depth|SSD)$")
"""Where a beam meets the skin."""
PHILIPS = 0x7053
UIDS = re.compile(rb"[0-2]\.[0-9]+(?:\.[0-9]+){4,}")
DEEP_MM, STEP_GY = 2.5, 0.15
END_VOXELS = 0.6
"""Dose voxels: the grid's planes lie up to half a one from where a dose was cut."""
SEEN_VOXELS = 1.5
LEAST_DOSE = 0.001
FEWEST = 8
"""Fewer points of a slice say nothing of it."""


@dataclass(frozen=True)
class GoneSkin:
    """Skin of the original that the export took away: points and outward normals, shape (n, 3), and where the CT ends.

    Parameters
    ----------
    low_mm, high_mm : ndarray, shape (3,)
        LPS mm, the outermost borders of the CT's voxels.
    new : vtkPolyData
        The defaced skin.
    """

    points_mm: NDArray[np.float64]
    outward: NDArray[np.float64]
    low_mm: NDArray[np.float64]
    high_mm: NDArray[np.float64]
    new: vtkPolyData


def gone_skin(original: sitk.Image, defaced: sitk.Image, front_of_mm: float = np.inf) -> GoneSkin:
    """The front skin (y below `front_of_mm`) of an axial CT that moved by `MOVED_MM` and a voxel or more.

    Walls of an airway that a nostril or a mouth opened are no skin: nobody sees them from outside.
    """
    surface, new = _skin(original), _skin(defaced)
    first = points_of(surface)[::2]
    away = cKDTree(points_of(new)).query(first)[0]
    gone = (away >= MOVED_MM + max(original.GetSpacing())) & (first[:, 1] < front_of_mm)
    points = first[gone]
    points = points[cKDTree(_seen_from_outside(original)).query(points)[0] <= SEEN_VOXELS * max(original.GetSpacing())]
    calm = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(sitk.Cast(original, sitk.sitkFloat32), 2.0))
    index = ((points - original.GetOrigin()) / original.GetSpacing()).T[::-1]
    slopes = np.gradient(calm, *original.GetSpacing()[::-1])
    inward = np.stack([ndimage.map_coordinates(slope, index, order=1, mode="nearest") for slope in slopes[::-1]], axis=1)
    outward = -inward / np.maximum(np.linalg.norm(inward, axis=1), 1e-9)[:, None]
    low = np.array(original.GetOrigin()) - 0.5 * np.array(original.GetSpacing())
    return GoneSkin(points, outward, low, low + np.multiply(original.GetSize(), original.GetSpacing()), new)


def _largest(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    labels, _ = ndimage.label(values > SKIN_HU)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def _skin(image: sitk.Image) -> vtkPolyData:
    """The outer surface: the largest part, without cavities."""
    values = sitk.GetArrayFromImage(image).astype(np.float32)
    solid = ndimage.binary_fill_holes(np.pad(_largest(values), 1))[1:-1, 1:-1, 1:-1]
    field = np.where(solid, np.maximum(values, SKIN_HU + 1.0), np.minimum(values, SKIN_HU - 1.0))
    return iso_surface(field, SKIN_HU, image.GetOrigin(), image.GetSpacing())


def _seen_from_outside(image: sitk.Image) -> NDArray[np.float64]:
    """The voxels that a straight look along an axis meets first, from all sides but from below; LPS mm, shape (n, 3)."""
    solid = _largest(sitk.GetArrayFromImage(image).astype(np.float32))
    seen = np.zeros_like(solid)
    for axis, backwards in ((0, True), (1, False), (1, True), (2, False), (2, True)):
        along = np.moveaxis(np.flip(solid, axis) if backwards else solid, axis, 0)
        met = along & (np.cumsum(along, axis=0) == 1)
        first = np.moveaxis(met, 0, axis)
        seen |= np.flip(first, axis) if backwards else first
    return np.argwhere(seen)[:, ::-1] * image.GetSpacing() + image.GetOrigin()


def leaks(folder: Path, skin: GoneSkin, source: Path, old_uids: bool = True) -> list[str]:
    """What an attacker finds in an exported folder; each one sentence.

    Parameters
    ----------
    skin : GoneSkin
    source : Path
        The patient's own folder: its pixels and UIDs must not be found again.
    old_uids : bool
        False for an export that keeps UIDs on purpose.
    """
    objects = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.dcm"))}
    found = [f"{name}: a file that is no part of an export" for name in _foreign_files(folder)]
    known = _source_uids(source) if old_uids else frozenset()
    slices = _source_slices(source)
    contours: list[NDArray[np.float64]] = []
    for name, path in objects.items():
        data = pydicom.dcmread(path)
        found += [f"{name}: {fault}" for fault in _content_faults(data)]
        if known & set(UIDS.findall(path.read_bytes())):
            found.append(f"{name}: a UID of the source")
        modality = CLASSES.get(str(data.get("SOPClassUID")), "")
        if modality == "RTDOSE":
            found += [f"{name}: {fault}" for fault in _dose_faults(data, skin)]
        elif modality == "RTSTRUCT":
            contours += list(_contours(data))
        elif modality in PICTURED:
            found += [f"{name}: {fault}" for fault in _slice_faults(data, slices, skin)]
    return [*found, *_contour_faults(contours, skin)]


def _foreign_files(folder: Path) -> list[str]:
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return [name for name in names if not name.endswith(".dcm") and name != "manifest.json"]


@lru_cache(maxsize=4)
def _source_uids(source: Path) -> frozenset[bytes]:
    found: set[bytes] = set()
    for path in source.rglob("*.dcm"):
        data = pydicom.dcmread(path, stop_before_pixels=True)
        keywords = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
        found |= {str(data.get(keyword) or "").encode() for keyword in keywords}
    return frozenset(found - {b""})


@lru_cache(maxsize=4)
def _source_slices(source: Path) -> Mapping[tuple[str, float], NDArray[np.generic]]:
    """The original slices by modality and position along z."""
    found = {}
    for path in source.rglob("*.dcm"):
        data = pydicom.dcmread(path, stop_before_pixels=True)
        if CLASSES.get(str(data.get("SOPClassUID")), "") in PICTURED[:3]:
            found[str(data.Modality), round(float(data.ImagePositionPatient[2]), 2)] = pydicom.dcmread(path).pixel_array
    return found


def _slice_faults(data: Dataset, slices: Mapping[tuple[str, float], NDArray[np.generic]], skin: GoneSkin) -> Iterator[str]:
    """A CT slice whose edge still lies where the skin was, or any slice that is the original where skin was taken away."""
    z = float(data.ImagePositionPatient[2])
    here = np.abs(skin.points_mm[:, 2] - z) <= 0.5 * float(data.SliceThickness)
    original = slices.get((str(data.Modality), round(z, 2)))
    if int(here.sum()) < FEWEST or original is None or original.shape != data.pixel_array.shape:
        return
    row, column = (float(value) for value in data.PixelSpacing)
    under = skin.points_mm[here] - DEEP_MM * skin.outward[here]
    x = np.rint((under[:, 0] - float(data.ImagePositionPatient[0])) / column).astype(int)
    y = np.rint((under[:, 1] - float(data.ImagePositionPatient[1])) / row).astype(int)
    held = (x >= 0) & (y >= 0) & (x < original.shape[1]) & (y < original.shape[0])
    same = data.pixel_array[y[held], x[held]] == original[y[held], x[held]]
    if data.Modality == "CT" and held.any() and float(same.mean()) > 0.5:
        yield f"{100 * same.mean():.0f} % of the voxels under the old skin are the original's"
    elif held.any() and np.array_equal(data.pixel_array, original):
        yield "the slice is the original's although skin was taken away there"


def _contours(data: Dataset) -> Iterator[NDArray[np.float64]]:
    for item in data.get("ROIContourSequence") or []:
        for contour in item.get("ContourSequence") or []:
            stored = contour.get_item("ContourData") if "ContourData" in contour else None
            if stored is not None and stored.value:
                text = stored.value.decode() if isinstance(stored.value, bytes) else "\\".join(map(str, stored.value))
                yield np.array(text.strip(" \0").split("\\"), dtype=np.float64).reshape(-1, 3)


def _contour_faults(contours: Sequence[NDArray[np.float64]], skin: GoneSkin) -> Iterator[str]:
    if not contours or not len(skin.points_mm):
        return
    lines = np.concatenate([dense(contour) for contour in contours])
    near = cKDTree(lines).query(skin.points_mm)[0] <= NEAR_MM
    if near.mean() > MOST_DRAWN:
        yield f"contours follow {100 * near.mean():.0f} % of the skin that was taken away"
    beyond = np.any((lines < skin.low_mm - BEYOND_MM) | (lines > skin.high_mm + BEYOND_MM), axis=1)
    if beyond.any():
        yield f"{beyond.sum()} mm of contours lie beyond the CT"


def _dose_faults(data: Dataset, skin: GoneSkin) -> Iterator[str]:
    """A dose that ends or steps where the skin was, or that goes on beyond the CT."""
    values = data.pixel_array.astype(np.float64) * float(data.DoseGridScaling)
    spacing = np.array([float(data.PixelSpacing[1]), float(data.PixelSpacing[0]), float(data.GridFrameOffsetVector[1])])
    origin = np.array([float(value) for value in data.ImagePositionPatient])

    def at(points: NDArray[np.float64]) -> NDArray[np.float64]:
        index = ((points - origin) / spacing).T[::-1]
        return ndimage.map_coordinates(values, index, order=1, cval=np.nan)

    half = max(DEEP_MM, float(spacing.max()))
    deep, under, beyond, far = (at(skin.points_mm + k * half * skin.outward) for k in (-3, -1, 1, 3))
    there = under >= LEAST_DOSE * values.max()
    ends = there & (at(skin.points_mm + 12.0 * skin.outward) <= 0.02 * under)
    ends &= ~_ends_at_new_skin(at, skin, under, END_VOXELS * float(spacing.max()))
    beside = np.maximum(np.abs(deep - under), np.abs(beyond - far))
    steps = there & (under - beyond >= STEP_GY * under) & (under - beyond >= 2 * beside)
    share = float(np.mean(ends | steps)) if len(there) else 0.0
    if share > MOST_DRAWN:
        yield f"the dose ends or steps at {100 * share:.0f} % of the skin that was taken away"
    z, y, x = np.nonzero(values >= 0.01 * values.max())
    where = origin + np.stack([x, y, z], axis=1) * spacing
    outside = np.any((where < skin.low_mm - BEYOND_MM) | (where > skin.high_mm + BEYOND_MM), axis=1)
    if outside.any():
        yield f"{outside.sum()} voxels of dose lie beyond the CT"


def _ends_at_new_skin(
    at: Callable[[NDArray[np.float64]], NDArray[np.float64]], skin: GoneSkin, under: NDArray[np.float64], known_to_mm: float
) -> NDArray[np.bool_]:
    """Where the dose has fallen to half as far before the old skin as the defaced image's own skin lies."""
    away_mm = np.arange(0.0, 12.5, 0.5)
    fallen = np.stack([at(skin.points_mm + away * skin.outward) <= 0.5 * under for away in away_mm])
    first = np.where(fallen.any(axis=0), away_mm[fallen.argmax(axis=0)], away_mm[-1])
    return distances_mm(skin.points_mm + first[:, None] * skin.outward, skin.new) <= known_to_mm


def _content_faults(data: Dataset) -> Iterator[str]:
    """What could hide a picture."""
    modality = CLASSES.get(str(data.get("SOPClassUID")), "")
    if not modality or modality != data.get("Modality"):
        yield f"an object of another kind ({data.get('Modality')})"
    if (data.preamble or b"").strip(b"\0"):
        yield "bytes in the preamble"
    yield from _element_faults(data, modality, top=True, place=())


def _element_faults(data: Dataset, modality: str, *, top: bool, place: tuple[str, ...]) -> Iterator[str]:
    for tag in list(data.keys()):
        if tag == CONTOUR_DATA:  # to decode the coordinates takes longer than all else
            if place != CONTOUR_PLACE:
                yield "contours that are no structure set's"
            continue
        element = data[tag]
        name = element.keyword or str(tag)
        if element.tag.is_private and element.tag.group != PHILIPS:
            yield f"private element {element.tag}"
        elif element.tag.group in range(0x5000, 0x5100) or element.tag.group in range(0x6000, 0x6100):
            yield f"overlay or curve {element.tag}"
        elif name == "PixelData":
            if not top or modality not in PICTURED:
                yield "pixels that are no image's or dose's"
        elif element.VR == "SQ":
            inside = (*place, name if modality == "RTSTRUCT" else "")
            for item in element.value or []:
                yield from _element_faults(item, modality, top=False, place=inside)
        elif isinstance(element.value, bytes) and len(element.value) > MOST_BYTES:
            yield f"binary value {name}"
        elif isinstance(element.value, str) and len(element.value) > MOST_CHARACTERS:
            yield f"long text {name}"
        elif TO_SKIN.search(name):
            yield f"place of the skin {name}"
        elif element.VM > MOST_NUMBERS and LISTS.get(name) != modality:
            yield f"list of {element.VM} values {name}"
