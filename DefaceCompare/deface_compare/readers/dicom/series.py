"""One image series: which slices belong to it, where they lie, and what it is called in the tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import UnusableInput
from .header import Header, naming_file

LEAST_SLICES = 4
"""Series with fewer slices are scouts or samples, not volumes."""
SPACING_TOLERANCE_MM = 0.05
"""Slices further from even spacing than this are uneven (headers round positions to 0.01 mm)."""
TILT_TOLERANCE_MM = 0.1
"""In-plane drift from first to last slice beyond which a series is tilted (gantry tilt)."""
DRIFT_TOLERANCE_MM = 0.1
"""Slices further beside the straight line through first and last one than this make no stack, tilted or not."""
STEEPEST_TILT_DEGREES = 45.0
"""CT gantries tilt by 30 degrees at most."""
MARGIN_OF_SIZE = 1.001
"""A series must cover this much more volume than the next to be called the largest."""

CONTRAST_WORDS = re.compile(
    r"(?:^|[^a-z])(?:c|\+c|ce|gd|gad|gado|post|km|contrast|contraste|dotarem|gadovist|mdc)(?:[^a-z]|$)|\+c"
)
T1_WORDS = re.compile(r"t1|mprage|mp-rage|spgr|bravo|fspgr|vibe|tfl3d|flash")
T2_WORDS = re.compile(r"t2|ciss|fiesta|space_t2")


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
        Distance of neighbouring slices, along their normal.
    direction : ndarray, shape (3, 3)
        Columns are the unit vectors of column index, row index and slice index in LPS. The last one is the normal, but in a
        series with gantry tilt, whose slices lie beside one another on a slanted line.
    step_mm : float
        Distance of neighbouring slices' first voxels, along the last column: more than the normal spacing under tilt.
    """

    uid: str
    modality: str
    headers: tuple[Header, ...]
    normal_spacing_mm: float
    direction: NDArray[np.float64]
    step_mm: float
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the series is called in messages: its number and modality (descriptions may name people)."""
        return f"{self.modality} series {self.headers[0].text('SeriesNumber') or self.uid}"

    @property
    def frame(self) -> str:
        """FrameOfReferenceUID; a series without one has a frame of its own."""
        return self.headers[0].text("FrameOfReferenceUID") or f"frame of series {self.uid}"

    @property
    def states_frame(self) -> bool:
        """Whether the series says in which frame of reference it lies."""
        return bool(self.headers[0].text("FrameOfReferenceUID"))

    @property
    def volume_mm3(self) -> float:
        """Volume that the series covers."""
        first = self.headers[0].dataset
        row_mm, column_mm = (float(value) for value in first.PixelSpacing)
        return float(first.Rows * row_mm * first.Columns * column_mm * len(self.headers) * self.normal_spacing_mm)


def arrange(uid: str, headers: Sequence[Header]) -> Series:
    """Order the slices of a series and check that they make one even volume.

    Raises
    ------
    UnusableInput
        If slices are too few, doubled, missing, unevenly spaced or beside one line; the sentence names the series.
    """
    chosen, notes = _one_stack(headers)
    modality = chosen[0].text("Modality")
    name = f"{modality} series {chosen[0].text('SeriesNumber') or uid}"
    if len(chosen) < LEAST_SLICES:
        raise UnusableInput(f"{name} has only {len(chosen)} slices and is not a volume")
    row, column = np.array([float(v) for v in chosen[0].dataset.ImageOrientationPatient]).reshape(2, 3)
    normal = np.cross(row, column)
    positions = np.array([[float(v) for v in header.dataset.ImagePositionPatient] for header in chosen])
    order = np.argsort(positions @ normal, kind="stable")
    steps = np.diff((positions @ normal)[order])
    spacing = float(np.median(steps))
    if steps.min() < SPACING_TOLERANCE_MM:
        raise UnusableInput(f"{name} has several slices at one position; export each acquisition as its own series")
    if np.abs(steps - spacing).max() > SPACING_TOLERANCE_MM:
        worst = int(np.argmax(np.abs(steps - spacing)))
        raise UnusableInput(
            f"{name} has missing or unevenly spaced slices ({steps[worst]:.2f} mm after slice {worst + 1}, elsewhere"
            f" {spacing:.2f} mm; first file {chosen[int(order[0])].path.name}); export it complete"
        )
    mean_spacing = float(steps.mean())
    step = _step(positions[order], normal, name)
    tilt_degrees = float(np.degrees(np.arccos(min(1.0, mean_spacing / float(np.linalg.norm(step))))))
    if tilt_degrees > 0:
        notes.append(f"gantry tilt of {tilt_degrees:.1f} degrees: the slices stay where they lie, nothing was resampled")
    return Series(
        uid=uid,
        modality=modality,
        headers=tuple(chosen[int(i)] for i in order),
        normal_spacing_mm=mean_spacing,
        direction=np.stack([row, column, step / np.linalg.norm(step)], axis=1),
        step_mm=float(np.linalg.norm(step)),
        notes=tuple(notes),
    )


def _step(positions: NDArray[np.float64], normal: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """From one slice's first voxel to the next one's, LPS mm: along the normal, or slanted by gantry tilt.

    Raises
    ------
    UnusableInput
        If the slices do not lie on one line, or the line is too slanted for a gantry.
    """
    along = positions[-1] - positions[0]
    height = float(along @ normal)
    drift_mm = float(np.linalg.norm(along - normal * height))
    if drift_mm <= TILT_TOLERANCE_MM:
        return normal * height / (len(positions) - 1)
    share = ((positions - positions[0]) @ normal / height)[:, None]
    beside_mm = float(np.linalg.norm(positions - positions[0] - share * along, axis=1).max())
    if beside_mm > DRIFT_TOLERANCE_MM or drift_mm > height * np.tan(np.radians(STEEPEST_TILT_DEGREES)):
        raise UnusableInput(
            f"{name} has slices that lie up to {max(beside_mm, drift_mm):.1f} mm beside their common axis; export it as one"
            " straight or evenly tilted stack"
        )
    return along / (len(positions) - 1)


def _one_stack(headers: Sequence[Header]) -> tuple[list[Header], list[str]]:
    """The largest set of slices with one orientation, size and, for MR, one echo and one image type."""
    notes: list[str] = []
    chosen = list(headers)
    for what, key in (
        (
            "orientation or size",
            lambda h: (
                h.dataset.Rows,
                h.dataset.Columns,
                *map(_rounded, (h.dataset.ImageOrientationPatient, h.dataset.PixelSpacing)),
            ),
        ),
        ("echo time", lambda h: h.text("EchoTime")),
        ("image type", lambda h: h.text("ImageType")),
    ):
        if what != "orientation or size" and not _doubled(chosen):
            continue
        stacks: dict[object, list[Header]] = {}
        for header in chosen:
            stacks.setdefault(key(header), []).append(header)
        largest = max(stacks.values(), key=len)
        if len(stacks) > 1:
            notes.append(f"{len(chosen) - len(largest)} slices of another {what} in the same series were left out")
        chosen = largest
    return chosen, notes


def _doubled(headers: Sequence[Header]) -> bool:
    return len({_rounded(header.dataset.ImagePositionPatient) for header in headers}) < len(headers)


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in values)


@naming_file
def mr_sequence(header: Header) -> str:
    """``MR_FLAIR``, ``MR_T1C``, ``MR_T1``, ``MR_T2`` or ``MR``, from description, contrast agent and timing."""
    described = f"{header.text('SeriesDescription')} {header.text('ProtocolName')}".lower()
    contrast = bool(header.text("ContrastBolusAgent")) or bool(CONTRAST_WORDS.search(described))
    if "flair" in described:
        return "MR_FLAIR"
    if T1_WORDS.search(described):
        return "MR_T1C" if contrast else "MR_T1"
    if T2_WORDS.search(described):
        return "MR_T2"
    repetition_ms, echo_ms, inversion_ms = (
        float(header.dataset.get(keyword) or 0) for keyword in ("RepetitionTime", "EchoTime", "InversionTime")
    )
    if not repetition_ms or not echo_ms:
        return "MR"
    # Usual ranges of head protocols: FLAIR nulls fluid (long inversion), T2 has long TR and TE, T1 short TE.
    if inversion_ms > 1500 and echo_ms > 60:
        return "MR_FLAIR"
    if repetition_ms > 2000 and echo_ms > 60:
        return "MR_T2"
    if echo_ms < 30 and (repetition_ms < 1200 or inversion_ms):
        return "MR_T1C" if contrast else "MR_T1"
    return "MR"


def largest(series: Sequence[Series]) -> Series | None:
    """The series that covers the most volume, None if two cover (nearly) the same."""
    ordered = sorted(series, key=lambda one: -one.volume_mm3)
    if len(ordered) > 1 and ordered[0].volume_mm3 < MARGIN_OF_SIZE * ordered[1].volume_mm3:
        return None
    return ordered[0] if ordered else None
