"""Faces for the report: renders of synthetic heads only, as small JPEG inside the page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkImagingCore import vtkExtractVOI, vtkImageResize
from vtkmodules.vtkIOImage import vtkJPEGWriter, vtkPNGReader

from ..output.folder import OutputFolder
from ..storage.native_names import native_name

CASES_SHOWN = 3
"""How many patients' faces a report shows."""
PICTURE_PIXELS = 240
JPEG_QUALITY = 82
DARK = 8
"""Grey levels up to this one are background."""
MARGIN = 1.15
"""Side of the square shown, in sizes of the original head."""
ORIGINAL = "original"


@dataclass(frozen=True)
class Face:
    """One render: under which title, as a data URI; ``""`` where there is none."""

    title: str
    source: str


@dataclass(frozen=True)
class FaceRow:
    """The faces of one patient and image, the original first."""

    case: str
    image: str
    faces: tuple[Face, ...]


def synthetic_faces(out: OutputFolder, cases: list[str], titles: dict[str, str], headline: str) -> list[FaceRow]:
    """Rows of faces from an output folder's renders: all images of the first case, then the headline's only.

    Parameters
    ----------
    out : OutputFolder
    cases : list of str
        Ids of synthetic cases; no other case may be passed (a real face never enters a shared page).
    titles : dict of method key to title
        In the order in which they are shown.
    headline : str
        Key of the image that the verdict is about.
    """
    rows = []
    for number, case in enumerate(cases[:CASES_SHOWN]):
        for original in sorted(
            out.renders(case).glob(f"*_{ORIGINAL}.png"), key=lambda path: (not path.name.startswith(f"{headline}_"), path)
        ):
            image = original.name[: -len(f"_{ORIGINAL}.png")]
            if number and image != headline:
                continue
            box = head_box(original)
            shown = [("Original", original), *((title, out.render(case, image, key)) for key, title in titles.items())]
            faces = tuple(Face(title, jpeg(path, box) if path.is_file() else "") for title, path in shown)
            rows.append(FaceRow(case, image, faces))
    return rows


def head_box(path: Path) -> tuple[int, int, int, int]:
    """A square around what is drawn on the black background, as (left, right, bottom, top) pixels; the same for all methods."""
    reader = vtkPNGReader()
    reader.SetFileName(native_name(path))
    reader.Update()
    picture = reader.GetOutput()
    width, height, _ = picture.GetDimensions()
    pixels = vtk_to_numpy(picture.GetPointData().GetScalars()).reshape(height, width, -1)
    channels = np.moveaxis(pixels, 2, 0)  # a maximum along the last axis takes ten times as long
    lit = np.logical_or.reduce([channel > DARK for channel in channels])
    if not lit.any():
        return 0, width - 1, 0, height - 1
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    half = int(MARGIN * max(rows[-1] - rows[0], columns[-1] - columns[0]) / 2)
    half = min(half, width // 2 - 1, height // 2 - 1)
    x = int(np.clip((columns[0] + columns[-1]) // 2, half, width - 1 - half))
    y = int(np.clip((rows[0] + rows[-1]) // 2, half, height - 1 - half))
    return x - half, x + half, y - half, y + half


def jpeg(path: Path, box: tuple[int, int, int, int]) -> str:
    """A box of a PNG file as a small JPEG data URI."""
    reader = vtkPNGReader()
    reader.SetFileName(native_name(path))
    cut = vtkExtractVOI()
    cut.SetInputConnection(reader.GetOutputPort())
    cut.SetVOI(*box, 0, 0)
    resize = vtkImageResize()
    resize.SetInputConnection(cut.GetOutputPort())
    resize.SetOutputDimensions(PICTURE_PIXELS, PICTURE_PIXELS, 1)
    writer = vtkJPEGWriter()
    writer.SetInputConnection(resize.GetOutputPort())
    writer.WriteToMemoryOn()
    writer.SetQuality(JPEG_QUALITY)
    writer.Write()
    return "data:image/jpeg;base64," + base64.b64encode(vtk_to_numpy(writer.GetResult()).tobytes()).decode("ascii")
