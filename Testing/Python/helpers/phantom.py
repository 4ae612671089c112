"""A phantom in closed form: ellipsoids, cylinders and rings in a linear dose, written as DICOM."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deface_compare.readers import read_case
from deface_compare.structures.region import Region
from deface_compare.utility.dose_sampling import sample_region
from deface_compare.utility.dvh import DVH
from dicom_set import write_dose, write_structures

DOSE_0_GY = 50.0
GRADIENT = np.array([0.12, 0.25, -0.18])
"""Gy per mm: trilinear interpolation is exact in a linear dose, so what is left is the structure's error."""
SPACING_MM = 2.5
CORNERS = 128
AREA_KEEPING_RADIUS = 1 / np.sqrt(np.sin(2 * np.pi / CORNERS) / (2 * np.pi / CORNERS))
FIRST_PLANE_MM = -75.0


@dataclass(frozen=True)
class Ellipsoid:
    """Centre and half axes in the contours' own axes."""

    centre: tuple[float, float, float]
    axes: tuple[float, float, float]

    def contours(self) -> list[NDArray[np.float64]]:
        planes = FIRST_PLANE_MM + SPACING_MM * np.arange(60)
        found = []
        for z in planes[np.abs(planes - self.centre[2]) < self.axes[2]]:
            share = np.sqrt(1 - ((z - self.centre[2]) / self.axes[2]) ** 2)
            found.append(_ellipse(self.centre[0], self.centre[1], float(z), self.axes[0] * share, self.axes[1] * share))
        return found

    def volume_cc(self) -> float:
        return float(4 / 3 * np.pi * np.prod(self.axes) / 1000)

    def dose_gy(self, percent: float, gradient: NDArray[np.float64]) -> float:
        reach = float(np.linalg.norm(gradient * np.array(self.axes)))
        return DOSE_0_GY + float(gradient @ self.centre) + reach * 2 * np.cos((np.arccos(2 * percent / 100 - 1) + 4 * np.pi) / 3)


@dataclass(frozen=True)
class Cylinder:
    """Flat ends half a spacing beyond the first and last contour; a ring if `inner` is not 0."""

    x: float
    y: float
    slices: range
    outer: float
    inner: float = 0.0

    def contours(self) -> list[NDArray[np.float64]]:
        radii = [radius for radius in (self.outer, self.inner) if radius]
        return [_ellipse(self.x, self.y, FIRST_PLANE_MM + SPACING_MM * k, r, r) for k in self.slices for r in radii]

    def volume_cc(self) -> float:
        return float(np.pi * (self.outer**2 - self.inner**2) * SPACING_MM * len(self.slices) / 1000)

    def dose_gy(self, percent: float, gradient: NDArray[np.float64]) -> float:
        """By bisection of the closed form of a disc's share above a dose, averaged over the height."""
        low = FIRST_PLANE_MM + SPACING_MM * (self.slices.start - 0.5)
        z = low + SPACING_MM * len(self.slices) * (np.arange(2000) + 0.5) / 2000
        axis_gy = DOSE_0_GY + self.x * gradient[0] + self.y * gradient[1] + z * gradient[2]
        in_plane = float(np.hypot(*gradient[:2]))

        def share(dose_gy: float) -> float:
            radii = [radius for radius in (self.outer, self.inner) if radius]
            discs = [radius**2 * _disc_share((dose_gy - axis_gy) / (in_plane * radius)) for radius in radii]
            ring = discs[0] - (discs[1] if self.inner else 0.0)
            return float(ring.mean()) / (self.outer**2 - self.inner**2)

        below, above = axis_gy.min() - in_plane * self.outer, axis_gy.max() + in_plane * self.outer
        for _ in range(50):
            middle = (below + above) / 2
            below, above = (middle, above) if share(middle) > percent / 100 else (below, middle)
        return float(below)


def _ellipse(x: float, y: float, z: float, radius_x: float, radius_y: float) -> NDArray[np.float64]:
    angle = 2 * np.pi * np.arange(CORNERS) / CORNERS
    flat = np.stack([radius_x * np.cos(angle), radius_y * np.sin(angle), 0 * angle], axis=1) * AREA_KEEPING_RADIUS
    return np.array([x, y, z]) + flat


def _disc_share(t: NDArray[np.float64]) -> NDArray[np.float64]:
    t = np.clip(t, -1, 1)
    return np.asarray((np.arccos(t) - t * np.sqrt(1 - t**2)) / np.pi)


STRAIGHT = np.eye(3)
OBLIQUE = Rotation.from_euler("xyz", [14, -9, 25], degrees=True).as_matrix()
AXIAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]


ORGANS: dict[str, Ellipsoid | Cylinder] = {
    "Lens_L": Ellipsoid((-30.2, 45.1, 5.3), (4.0, 4.0, 4.0)),
    "OpticChiasm": Ellipsoid((0.7, 12.2, 2.1), (8.0, 5.0, 4.0)),
    "Eye_L": Ellipsoid((-30.0, 33.0, 4.0), (12.0, 12.0, 12.0)),
    "Brainstem": Ellipsoid((1.0, -22.0, -18.0), (12.0, 14.0, 25.0)),
    "PTV": Ellipsoid((25.0, -5.0, 15.0), (20.0, 22.0, 18.0)),
    "OpticNrv_L": Cylinder(40.0, 40.0, range(20, 40), 6.0),
    "Lens_R": Cylinder(-45.0, -40.0, range(28, 31), 3.0),
    "Parotid_L": Cylinder(-40.0, 0.0, range(22, 34), 12.0, 6.0),
}
"""Shapes of organ size; the names only have to be known."""


def write_phantom(folder: Path, turn: NDArray[np.float64], orientation: list[int], shift: tuple[float, float, float]) -> None:
    """RTSTRUCT of contours turned by a matrix, and a 32-bit RTDOSE on axes of its own."""
    drawn = {
        name: [("CLOSED_PLANAR", np.round(contour @ turn.T, 4).ravel().tolist()) for contour in organ.contours()]
        for name, organ in ORGANS.items()
    }
    write_structures(folder / "rs.dcm", drawn)
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    axes = np.stack([row, column, np.cross(row, column)])
    size = 76
    origin = np.array(shift) - axes.sum(axis=0) * SPACING_MM * size / 2
    k, j, i = np.meshgrid(*(np.arange(size),) * 3, indexing="ij")
    points = origin + SPACING_MM * (i[..., None] * axes[0] + j[..., None] * axes[1] + k[..., None] * axes[2])
    scaling = 1e-6
    stored = np.rint((DOSE_0_GY + points @ GRADIENT) / scaling).astype(np.uint32)
    extra = {
        "BitsAllocated": 32,
        "BitsStored": 32,
        "HighBit": 31,
        "ImageOrientationPatient": orientation,
        "ImagePositionPatient": origin.tolist(),
        "PixelSpacing": [SPACING_MM, SPACING_MM],
        "PixelData": stored.tobytes(),
    }
    offsets = (SPACING_MM * np.arange(size)).tolist()
    write_dose(folder / "rd.dcm", stored.astype(np.uint16), offsets, scaling=scaling, extra=extra)


def read_dvhs(folder: Path) -> dict[str, DVH]:
    case = read_case(folder)
    assert case.dose is not None
    assert case.structure_set is not None
    return {
        structure.name: sample_region(Region(structure.name, structure.group, (structure,)), case.dose.image, 4).original
        for structure in case.structure_set.structures
    }


def mean_gy(organ: Ellipsoid | Cylinder, gradient: NDArray[np.float64]) -> float:
    if isinstance(organ, Ellipsoid):
        return DOSE_0_GY + float(gradient @ organ.centre)
    middle = FIRST_PLANE_MM + SPACING_MM * (organ.slices.start + organ.slices.stop - 1) / 2
    return DOSE_0_GY + float(gradient @ (organ.x, organ.y, middle))
