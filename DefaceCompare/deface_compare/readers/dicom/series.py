"""One image series: which slices belong to it, where they lie, and what it is called in the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import UnusableInput
from .header import Header, naming_file
from .mixed_slices import mixed_slices, untold_tilt
from .spacing import SAME_PLACE_MM, spacing_of

LEAST_SLICES = 4
"""Series with fewer slices are scouts or samples, not volumes."""
DRIFT_TOLERANCE_MM = 0.15
"""In-plane drift from first to last slice beyond which a series is tilted (gantry tilt), and how far slices may lie beside
their common line: headers round positions to 0.1 mm at worst, those of a slice and of the ends it is judged by."""
LARGEST_OVERLAP = 8.0
"""Slices that are so many times thicker than they are far apart have positions in cm, or a wrong thickness: reconstructions
overlap by half or two thirds."""
LEAST_TOLD_TILT_DEGREES = 0.05
"""Less is a rounded header, and makes no difference that anyone must know."""
STEEPEST_TILT_DEGREES = 45.0
"""CT gantries tilt by 30 degrees at most."""
MARGIN_OF_SIZE = 1.001
"""A series must cover this much more volume than the next to be called the largest."""

SAME_DIRECTION = 2e-3
"""Direction cosines that differ by less are one: 0.4 mm at the edge of a head's view (noise and rounding: 1e-3 at most)."""
SAME_PIXEL_MM = 2e-3
"""Pixel spacings that differ by less are one: 0.5 mm at the edge of 512 pixels."""
NO_ANATOMY = frozenset({"P", "PHASE", "PHASE MAP", "I", "IMAGINARY", "V", "VELOCITY", "VELOCITY MAP"})
"""Values of ImageType (from the third on) and ComplexImageComponent of MR images that show phase, imaginary part or velocity
(Siemens, Philips; PS3.3 C.8.13.3.1)."""
REAL_PART = frozenset({"R", "REAL"})
"""The same of the real part: anatomy with a sign, as inversion recovery is often kept; used where there is no magnitude."""
GE_IMAGE_KIND, GE_KINDS = (0x0043, 0x102F), ("MAGNITUDE", "PHASE", "REAL", "IMAGINARY")
"""GE's private number of what an image shows."""


@dataclass(frozen=True)
class Series:
    """The slices of one volume in order along their normal.

    Parameters
    ----------
    uid : str
        SeriesInstanceUID.
    modality : str
        DICOM's: ``CT``, ``MR``, ``PT``.
    headers : tuple of Header
    normal_spacing_mm : float
        Distance of neighbouring planes, along their normal.
    pixel_mm : (float, float)
        Distance of neighbouring columns, and of rows.
    direction : ndarray, shape (3, 3)
        Columns are the unit vectors of column index, row index and slice index in LPS. The last one is the normal, but in a
        series with gantry tilt, whose slices lie beside one another on a slanted line.
    step_mm : float
        Distance of neighbouring planes' first voxels, along the last column: more than the normal spacing under tilt.
    planes : tuple of int, optional
        The plane of each slice, where the spacing of slices changes; None where every plane is a slice.
    """

    uid: str
    modality: str
    headers: tuple[Header, ...]
    normal_spacing_mm: float
    direction: NDArray[np.float64]
    step_mm: float
    pixel_mm: tuple[float, float]
    notes: tuple[str, ...] = ()
    planes: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        """What the series is called in messages: its number and modality (descriptions may name people)."""
        return f"{self.modality} series {self.headers[0].text('SeriesNumber') or self.uid}"

    @property
    def frame(self) -> str:
        """FrameOfReferenceUID (some slices may lack it); a series without one has a frame of its own."""
        return self._stated_frame or f"frame of series {self.uid}"

    @property
    def states_frame(self) -> bool:
        """Whether the series says in which frame of reference it lies."""
        return bool(self._stated_frame)

    @property
    def _stated_frame(self) -> str:
        return next(filter(None, (header.text("FrameOfReferenceUID") for header in self.headers)), "")

    @property
    def volume_mm3(self) -> float:
        """Volume that the series covers."""
        first = self.headers[0].dataset
        return float(first.Rows * first.Columns * np.prod(self.pixel_mm) * self.depth * self.normal_spacing_mm)

    @property
    def corners_mm(self) -> NDArray[np.float64]:
        """Centres of the eight outermost voxels, shape (8, 3), LPS mm."""
        first = self.headers[0].dataset
        column_mm, row_mm = self.pixel_mm
        far = np.array([(first.Columns - 1) * column_mm, (first.Rows - 1) * row_mm, (self.depth - 1) * self.step_mm])
        ends = np.array([[(n >> axis) & 1 for axis in range(3)] for n in range(8)])
        return np.array([float(v) for v in first.ImagePositionPatient]) + (ends * far) @ self.direction.T

    @property
    def depth(self) -> int:
        """Number of planes."""
        return self.planes[-1] + 1 if self.planes else len(self.headers)


def arrange(uid: str, headers: Sequence[Header]) -> Series:
    """Order the slices of a series and check that they make one even volume.

    Raises
    ------
    UnusableInput
        If slices are too few, doubled, missing, unevenly spaced or beside one line, or of several scans; the sentence names the
        series.
    """
    name = f"{headers[0].text('Modality')} series {headers[0].text('SeriesNumber') or uid}"
    _refuse_several_scans(headers, name)
    magnitudes, notes = _magnitudes(headers, name)
    chosen, left_out = _one_stack(magnitudes)
    notes += left_out
    if len(chosen) < LEAST_SLICES:
        raise UnusableInput(f"{name} has only {len(chosen)} slices and is not a volume")
    notes += mixed_slices(chosen)
    row, column = _axes(chosen)
    normal = np.cross(row, column)
    normal /= np.linalg.norm(normal)
    positions = np.array([[float(v) for v in header.dataset.ImagePositionPatient] for header in chosen])
    order = np.argsort(positions @ normal, kind="stable")
    positions, ordered = positions[order], tuple(chosen[int(i)] for i in order)
    spacing = spacing_of(positions @ normal, ordered, name)
    slant = _slant(positions, normal, name)
    tilt_degrees = float(np.degrees(np.arccos(min(1.0, float(slant @ normal)))))
    if tilt_degrees >= LEAST_TOLD_TILT_DEGREES:
        notes.append(f"gantry tilt of {tilt_degrees:.1f} degrees: the slices stay where they lie, nothing was resampled")
    notes += untold_tilt(ordered, normal, tilt_degrees)
    thickest_mm = max(header.number("SliceThickness") or 0.0 for header in ordered)
    if thickest_mm > LARGEST_OVERLAP * spacing.plane_mm and spacing.planes is None:
        notes.append(
            f"slices {thickest_mm:.3g} mm thick lie {spacing.plane_mm:.3g} mm apart: their positions are likely not in mm"
        )
    row_mm, column_mm = np.median([[float(v) for v in header.dataset.PixelSpacing] for header in ordered], axis=0).tolist()
    return Series(
        uid=uid,
        modality=ordered[0].text("Modality"),
        headers=ordered,
        normal_spacing_mm=spacing.plane_mm,
        direction=np.stack([row, column, slant], axis=1),
        step_mm=spacing.plane_mm / float(slant @ normal),
        pixel_mm=(column_mm, row_mm),
        notes=(*notes, *spacing.notes),
        planes=spacing.planes,
    )


def _refuse_several_scans(headers: Sequence[Header], name: str) -> None:
    """Raise `UnusableInput` if slices under one SeriesInstanceUID are of several modalities or frames of reference."""
    for keyword, what in (("Modality", "modalities"), ("FrameOfReferenceUID", "frames of reference")):
        stated = {header.text(keyword) for header in headers} - {""}
        if len(stated) > 1:
            raise UnusableInput(
                f"{name} has slices of {len(stated)} {what} under one SeriesInstanceUID; export each as its own series"
            )


def _axes(headers: Sequence[Header]) -> NDArray[np.float64]:
    """Unit vectors of column index and row index, shape (2, 3): the median where headers are noisy."""
    cosines = np.array([[float(v) for v in header.dataset.ImageOrientationPatient] for header in headers])
    return np.median(cosines, axis=0).reshape(2, 3)


def _slant(positions: NDArray[np.float64], normal: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Direction from one slice's first voxel to the next one's: the normal, or the slanted line of a gantry tilt.

    Raises
    ------
    UnusableInput
        If the slices do not lie on one line, or the line is too slanted for a gantry.
    """
    along = positions[-1] - positions[0]
    height = float(along @ normal)
    drift_mm = float(np.linalg.norm(along - normal * height))
    share = ((positions - positions[0]) @ normal / height)[:, None]
    beside_mm = float(np.linalg.norm(positions - positions[0] - share * along, axis=1).max())
    if beside_mm > DRIFT_TOLERANCE_MM or drift_mm > height * np.tan(np.radians(STEEPEST_TILT_DEGREES)):
        raise UnusableInput(
            f"{name} has slices that lie up to {max(beside_mm, drift_mm):.1f} mm beside their common axis; export it as one"
            " straight or evenly tilted stack"
        )
    return normal if drift_mm <= DRIFT_TOLERANCE_MM else along / np.linalg.norm(along)


def _magnitudes(headers: Sequence[Header], name: str) -> tuple[list[Header], list[str]]:
    """The headers without phase, imaginary and velocity images, and without real parts where there are magnitudes.

    Raises
    ------
    UnusableInput
        If nothing is left.
    """
    kinds = [_kinds(header) for header in headers]
    anatomy = [not kind & NO_ANATOMY for kind in kinds]
    magnitude = [shown and not kind & REAL_PART for shown, kind in zip(anatomy, kinds, strict=True)]
    chosen = magnitude if any(magnitude) else anatomy
    kept = [header for header, taken in zip(headers, chosen, strict=True) if taken]
    if not kept:
        raise UnusableInput(f"{name} holds phase, imaginary or velocity images, no magnitudes: they show no anatomy")
    notes = [] if any(magnitude) else ["real parts of the signal, not magnitudes: dark may be negative"]
    if len(kept) < len(headers):
        notes.append(f"{len(headers) - len(kept)} images of phase, real or imaginary part in the same series were left out")
    return kept, notes


@naming_file
def _kinds(header: Header) -> frozenset[str]:
    """What an MR image says that it shows, in capitals."""
    if header.text("Modality") != "MR":
        return frozenset()
    stated = header.dataset.get("ImageType") or []
    kinds = ([] if isinstance(stated, str) else list(stated)[2:]) + [header.text("ComplexImageComponent")]
    private = header.dataset.get(GE_IMAGE_KIND)
    if private is not None and str(private.value).isdigit() and int(private.value) < len(GE_KINDS):
        kinds.append(GE_KINDS[int(private.value)])
    return frozenset(str(kind).strip().upper() for kind in kinds)


def _one_stack(headers: Sequence[Header]) -> tuple[list[Header], list[str]]:
    """The largest set of slices with one orientation and size and, where places are doubled, one echo and one image type."""
    notes: list[str] = []
    chosen = list(headers)
    for what, stacks in (
        ("orientation or size", _by_plane),
        ("echo time", lambda those: _by_text(those, "EchoTime")),
        ("image type", lambda those: _by_text(those, "ImageType")),
    ):
        if what != "orientation or size" and not _doubled(chosen):
            continue
        largest = max(stacks(chosen), key=len)
        if len(largest) < len(chosen):
            notes.append(f"{len(chosen) - len(largest)} slices of another {what} in the same series were left out")
        chosen = largest
    return chosen, notes


def _by_text(headers: Sequence[Header], keyword: str) -> list[list[Header]]:
    stacks: dict[str, list[Header]] = {}
    for header in headers:
        stacks.setdefault(header.text(keyword), []).append(header)
    return list(stacks.values())


def _by_plane(headers: Sequence[Header]) -> list[list[Header]]:
    """Slices with one size, orientation and pixel spacing, to what headers are rounded to."""
    stacks: list[tuple[NDArray[np.float64], list[Header]]] = []
    tolerance = np.array([0.0, 0.0, *[SAME_DIRECTION] * 6, *[SAME_PIXEL_MM] * 2])
    for header in headers:
        data = header.dataset
        plane = np.array([data.Rows, data.Columns, *data.ImageOrientationPatient, *data.PixelSpacing], dtype=np.float64)
        found = next((stack for like, stack in stacks if (np.abs(like - plane) <= tolerance).all()), None)
        if found is None:
            stacks.append((plane, [header]))
        else:
            found.append(header)
    return [stack for _, stack in stacks]


def _doubled(headers: Sequence[Header]) -> bool:
    """Whether two slices lie at one position along their normal."""
    normal = np.cross(*_axes(headers))
    along = np.sort([float(np.dot([float(v) for v in h.dataset.ImagePositionPatient], normal)) for h in headers])
    return bool((np.diff(along) < SAME_PLACE_MM).any())


def largest(series: Sequence[Series]) -> Series | None:
    """The series that covers the most volume, None if two cover (nearly) the same."""
    ordered = sorted(series, key=lambda one: -one.volume_mm3)
    if len(ordered) > 1 and ordered[0].volume_mm3 < MARGIN_OF_SIZE * ordered[1].volume_mm3:
        return None
    return ordered[0] if ordered else None
