"""Slices of a case before and after each method, with contours, isodoses and the outline of the edit. Identifiable."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkIOImage import vtkJPEGWriter

from ..anatomy.head import Head
from ..case import CT, Case, CaseImage, Structure
from ..defacers.defacing import Defacing
from ..errors import DefaceCompareError
from ..geometry.isolines import MASK_BORDER, isolines
from ..output.folder import SLICE_INDEX, OutputFolder
from ..output.kept_methods import KeptMethods
from ..storage.atomic import write_bytes, write_text
from ..structures.mask import structure_mask
from ..structures.organs import EXCLUDE, EXTERNAL

ORIGINAL, PLANNED, EDIT = "original", "planned", "edit"
SIDE_MM, PIXELS = 240.0, 320
"""Side of the square that is shown: a head from the nose to the back, and its size on a page."""
BEFORE_NOSE_MM = 25.0
"""Free space in front of the nose."""
BELOW_EYES_MM = 20.0
"""Middle of the sagittal slice: vertex and chin are in it."""
CT_WINDOW_HU = (-160.0, 240.0)
"""Soft tissue, as contours are drawn in (level 40, width 400)."""
WINDOW_PERCENTILES = (1.0, 99.5)
"""Of MR and PET, which have no fixed scale."""
JPEG_QUALITY = 85
ISODOSES_PERCENT = {20: "#4fc3f7", 50: "#81c784", 80: "#ffd54f", 95: "#ff8a65"}
"""Of the prescription (of the highest dose where none is known), and the colour of each line."""
TARGET_COLOURS = {"gtv": "#ff5252", "ctv": "#ff9e80", "ptv": "#ea80fc"}
ORGAN_COLOURS = ("#80d8ff", "#b9f6ca", "#ffff8d", "#ffd180", "#cfd8dc", "#b388ff", "#a7ffeb", "#f4ff81", "#ff80ab", "#84ffff")
EDIT_COLOUR = "#ffd54a"
STRAIGHT_PX2 = 0.02
"""Twice the area of the triangle of three points that count as one line: a fiftieth of a pixel aside."""


class CaseSlices:
    """Three slices of the image that stands for the patient, written while its methods run.

    Parameters
    ----------
    case : Case
    heads : mapping of image key to Head
    out : Path, optional
        Nothing is written if it is None, or where no head was found.
    """

    def __init__(self, case: Case, heads: Mapping[str, Head], out: Path | None) -> None:
        self._case, self._out = case, None if out is None else OutputFolder(out)
        self._image = next((image for image in case.images if image.key in heads), None)
        self._planes: dict[str, tuple[str, sitk.Image]] = {}
        self._window, self._outside = (0.0, 1.0), 0.0
        self._nearest: dict[str, NDArray[np.float32]] = {}
        if self._out is None or self._image is None:
            return
        self._planes = slice_planes(heads[self._image.key])
        self._out.make_private(self._out.slices(case.id))
        image, self._outside = self._image.image, float(self._image.array().min())
        pictures = {name: sampled(image, grid, self._outside) for name, (_, grid) in self._planes.items()}
        self._nearest = {
            name: sampled(image, grid, self._outside, sitk.sitkNearestNeighbor) for name, (_, grid) in self._planes.items()
        }
        self._window = _window(self._image, list(pictures.values()))
        legend: dict[str, str] = {}
        for name, (_, grid) in self._planes.items():
            self._write_picture(name, ORIGINAL, pictures[name])
            self._write_lines(f"{name}_{PLANNED}", self._planned(grid, legend))
        index = {
            "image": self._image.key,
            "planes": [[name, title] for name, (title, _) in self._planes.items()],
            "legend": [[title, colour] for title, colour in legend.items()],
        }
        write_text(self._out.slices(case.id) / SLICE_INDEX, json.dumps(index, indent=1) + "\n")

    def add(self, defacing: Defacing) -> None:
        """Draw what one method made of the slices; nothing where it did not edit the image."""
        if self._image is None or not self._planes or self._image.key not in defacing.patches:
            return
        edited = defacing.edited_image(self._image)
        for name, (_, grid) in self._planes.items():
            self._write_picture(name, defacing.method, sampled(edited, grid, self._outside))
            altered = self._nearest[name] != sampled(edited, grid, self._outside, sitk.sitkNearestNeighbor)
            borders = isolines(altered.astype(np.float32), MASK_BORDER)
            self._write_lines(f"{name}_{defacing.method}_{EDIT}", [(borders, EDIT_COLOUR, "")])

    def keep(self, kept: KeptMethods, method: str) -> None:
        """Take over the slices of a method that is not run again."""
        if self._out is not None:
            kept.share_slices(method, self._out.path)

    def _planned(self, grid: sitk.Image, legend: dict[str, str]) -> list[tuple[list[NDArray[np.float64]], str, str]]:
        """Contours and isodoses of a slice: lines, colour, dashes; what is seen enters the legend."""
        assert self._image is not None
        drawn = []
        sets = [each for each in (self._case.structure_set, *self._case.other_structure_sets) if each is not None]
        shown = [
            structure
            for each in sets
            if each.frame_of_reference_uid == self._image.frame_of_reference_uid
            for structure in each.structures
            if structure.group not in (EXTERNAL, EXCLUDE)
        ]
        organs = 0
        for structure in shown:
            colour = TARGET_COLOURS.get(structure.group, ORGAN_COLOURS[organs % len(ORGAN_COLOURS)])
            organs += structure.group not in TARGET_COLOURS
            lines = _border(structure, grid)
            if lines:
                legend.setdefault(structure.standard_name, colour)
                drawn.append((lines, colour, ""))
        dose = self._case.dose
        if dose is not None and dose.frame_of_reference_uid == self._image.frame_of_reference_uid:
            values = sampled(dose.image, grid, 0.0)
            array = sitk.GetArrayViewFromImage(dose.image)
            whole = dose.prescription_gy or float(array.max())
            of = "prescription" if dose.prescription_gy else "maximum"
            for percent, colour in ISODOSES_PERCENT.items():
                lines = isolines(values, whole * percent / 100.0)
                if lines:
                    legend.setdefault(f"{percent} % of the {of} ({whole * percent / 100.0:.0f} {dose.unit})", colour)
                    drawn.append((lines, colour, "5 3"))
        return drawn

    def _write_picture(self, plane: str, method: str, values: NDArray[np.float32]) -> None:
        low, high = self._window
        grey = np.clip((values - low) / (high - low), 0.0, 1.0) * 255.0
        assert self._out is not None
        write_bytes(self._out.slices(self._case.id) / f"{plane}_{method}.jpg", jpeg_bytes(np.rint(grey).astype(np.uint8)))

    def _write_lines(self, name: str, drawn: Sequence[tuple[list[NDArray[np.float64]], str, str]]) -> None:
        assert self._out is not None
        write_text(self._out.slices(self._case.id) / f"{name}.svg", lines_svg(drawn))


def slice_planes(head: Head) -> dict[str, tuple[str, sitk.Image]]:
    """Name, title and grid of each slice: axial through eyes and mouth, sagittal between the eyes; LPS axes, seen as usual.

    Axial: the patient's right is left, front is up. Sagittal: front is left.
    """
    marks = {name: np.array(point) for name, point in head.landmarks_mm.items()}
    eyes = (marks["eye_left"] + marks["eye_right"]) / 2.0
    front = marks["nose_tip"][1] - BEFORE_NOSE_MM
    middle = np.array([eyes[0], front + SIDE_MM / 2.0, eyes[2]])
    axial = np.eye(3)
    sagittal = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    return {
        "axial_eyes": ("axial, eyes", _grid(middle, axial)),
        "axial_mouth": ("axial, mouth", _grid(np.array([middle[0], middle[1], marks["mouth"][2]]), axial)),
        "sagittal": ("sagittal", _grid(middle - [0.0, 0.0, BELOW_EYES_MM], sagittal)),
    }


def _grid(middle_mm: NDArray[np.float64], directions: NDArray[np.float64]) -> sitk.Image:
    """One slice around a point; the columns of `directions` are its axes."""
    spacing = SIDE_MM / PIXELS
    grid = sitk.Image([PIXELS, PIXELS, 1], sitk.sitkUInt8)
    grid.SetSpacing([spacing, spacing, 1.0])
    grid.SetDirection(directions.ravel().tolist())
    corner = middle_mm - (directions[:, 0] + directions[:, 1]) * (SIDE_MM - spacing) / 2.0
    grid.SetOrigin(corner.tolist())
    return grid


def sampled(image: sitk.Image, grid: sitk.Image, outside: float, how: int = sitk.sitkLinear) -> NDArray[np.float32]:
    """An image on a slice, shape (height, width); `outside` beyond it."""
    found = sitk.Resample(image, grid, sitk.Transform(), how, outside, sitk.sitkFloat32)
    return sitk.GetArrayFromImage(found)[0]


def _window(image: CaseImage, pictures: Sequence[NDArray[np.float32]]) -> tuple[float, float]:
    if image.modality == CT and image.unit == "HU":
        return CT_WINDOW_HU
    low, high = np.percentile(np.concatenate([picture.ravel() for picture in pictures]), WINDOW_PERCENTILES)
    return float(low), float(high) if high > low else float(low) + 1.0


def _border(structure: Structure, grid: sitk.Image) -> list[NDArray[np.float64]]:
    """Where a structure's border crosses a slice; nothing for one that cannot be drawn: its rows say why."""
    try:
        mask = structure_mask(structure, grid)
    except DefaceCompareError:
        return []
    return [] if mask is None else isolines(mask.whole(grid)[0].astype(np.float32), MASK_BORDER)


def lines_svg(drawn: Sequence[tuple[list[NDArray[np.float64]], str, str]]) -> str:
    """Lines (columns and rows in pixels) with colour and dashes, as a picture without ground."""
    paths = []
    for lines, colour, dashes in drawn:
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        paths.append(f'<path d="{"".join(map(_path, lines))}" stroke="{colour}"{dashed}/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PIXELS} {PIXELS}"><g fill="none" stroke-width="1.2">'
        f"{''.join(paths)}</g></svg>\n"
    )


def _path(points: NDArray[np.float64]) -> str:
    """A polyline without the points that lie on a straight line between their neighbours."""
    before, after = np.diff(points, axis=0)[:-1], np.diff(points, axis=0)[1:]
    bends = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > STRAIGHT_PX2
    kept = np.concatenate([points[:1], points[1:-1][bends], points[-1:]]) + 0.5
    return "M" + "L".join(f"{x:.1f},{y:.1f}".replace(".0", "") for x, y in kept)


def jpeg_bytes(grey: NDArray[np.uint8]) -> bytes:
    """A grey picture, shape (height, width), as JPEG."""
    picture = vtkImageData()
    picture.SetDimensions(grey.shape[1], grey.shape[0], 1)
    picture.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(grey[::-1]).ravel(), deep=True))
    writer = vtkJPEGWriter()
    writer.WriteToMemoryOn()
    writer.SetQuality(JPEG_QUALITY)
    writer.SetInputData(picture)
    writer.Write()
    return bytes(vtk_to_numpy(writer.GetResult()).tobytes())
