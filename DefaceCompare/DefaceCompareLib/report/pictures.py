"""Faces for the report: renders of synthetic heads only, as small JPEG inside the page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkImagingCore import vtkImageResize
from vtkmodules.vtkIOImage import vtkJPEGWriter, vtkPNGReader

CASES_SHOWN = 3
"""How many patients' faces a report shows."""
PICTURE_PIXELS = 240
JPEG_QUALITY = 82
ORIGINAL = "original"


@dataclass(frozen=True)
class Face:
    """One render: under which title, as a data URI."""

    title: str
    source: str


@dataclass(frozen=True)
class FaceRow:
    """The faces of one patient and image, the original first."""

    case: str
    image: str
    faces: tuple[Face, ...]


def synthetic_faces(renders: Path, cases: list[str], titles: dict[str, str]) -> list[FaceRow]:
    """Rows of faces from ``renders/<case>/<IMAGE>_<method>.png``.

    Parameters
    ----------
    cases : list of str
        Ids of synthetic cases; no other case may be passed (DESIGN section 7).
    titles : dict of method key to title
        In the order in which they are shown.
    """
    rows = []
    for case in cases[:CASES_SHOWN]:
        folder = renders / case
        for original in sorted(folder.glob(f"*_{ORIGINAL}.png")):
            image = original.name[: -len(f"_{ORIGINAL}.png")]
            found = [(ORIGINAL, original)] + [(key, folder / f"{image}_{key}.png") for key in titles]
            faces = tuple(
                Face("Original" if key == ORIGINAL else titles[key], jpeg(path)) for key, path in found if path.is_file()
            )
            rows.append(FaceRow(case, image, faces))
    return rows


def jpeg(path: Path) -> str:
    """A PNG file as a small JPEG data URI."""
    reader = vtkPNGReader()
    reader.SetFileName(str(path))
    resize = vtkImageResize()
    resize.SetInputConnection(reader.GetOutputPort())
    resize.SetOutputDimensions(PICTURE_PIXELS, PICTURE_PIXELS, 1)
    writer = vtkJPEGWriter()
    writer.SetInputConnection(resize.GetOutputPort())
    writer.WriteToMemoryOn()
    writer.SetQuality(JPEG_QUALITY)
    writer.Write()
    return "data:image/jpeg;base64," + base64.b64encode(vtk_to_numpy(writer.GetResult()).tobytes()).decode("ascii")
