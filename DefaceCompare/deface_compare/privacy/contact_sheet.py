"""One picture of all faces of a case: originals, defaced versions and what a stronger attacker rebuilt. Identifiable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData

from .render import PICTURE_PX, write_png

TILE_PX = PICTURE_PX // 2
LABEL_PX = 20
"""Height of the line of text over a tile."""
FONT_PX = 13
GREY = 40
"""Brightness of the lines of text's ground, 0 to 255."""
MISSING = "no picture"


def tile(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A render at half its size, shape (224, 224, 3): means of two by two pixels."""
    pairs = picture[::2].astype(np.uint16) + picture[1::2]
    fours = pairs[:, ::2] + pairs[:, 1::2]
    return np.rint(fours / np.float32(4.0)).astype(np.uint8)


def contact_sheet(tiles: Mapping[tuple[str, str], NDArray[np.uint8]], rows: Sequence[str], columns: Sequence[str]) -> NDArray:
    """Tiles by (row, column) as one picture with their names; a missing one is said to be missing.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    lines = []
    for row in rows:
        shown = []
        for column in columns:
            found = tiles.get((row, column))
            words = f"{row} · {column}" if found is not None else f"{row} · {column}: {MISSING}"
            shown.append(np.vstack([label(words), np.zeros((TILE_PX, TILE_PX, 3), np.uint8) if found is None else found]))
        lines.append(np.hstack(shown))
    return np.vstack(lines)


def label(words: str) -> NDArray[np.uint8]:
    """A line of text, shape (20, 224, 3); what does not fit is cut off."""
    from vtkmodules import vtkRenderingFreeType  # noqa: F401  registers the text renderer
    from vtkmodules.vtkRenderingCore import vtkTextProperty, vtkTextRenderer

    style = vtkTextProperty()
    style.SetFontSize(FONT_PX)
    style.SetColor(1.0, 1.0, 1.0)
    drawn, size, dpi = vtkImageData(), [0, 0], 72
    vtkTextRenderer.GetInstance().RenderString(style, words, drawn, size, dpi)
    width, height, _ = drawn.GetDimensions()
    rgba = vtk_to_numpy(drawn.GetPointData().GetScalars()).reshape(height, width, -1)[::-1]
    opacity = rgba[: min(height, LABEL_PX), : min(width, TILE_PX), 3] / 255.0
    line = np.full((LABEL_PX, TILE_PX), float(GREY))
    top = (LABEL_PX - opacity.shape[0]) // 2
    line[top : top + opacity.shape[0], : opacity.shape[1]] += (255.0 - GREY) * opacity
    return np.repeat(np.rint(line).astype(np.uint8)[..., None], 3, axis=2)


def write_contact_sheet(
    path: Path, tiles: Mapping[tuple[str, str], NDArray[np.uint8]], rows: Sequence[str], columns: Sequence[str]
) -> None:
    """Write `contact_sheet` as PNG."""
    write_png(path, contact_sheet(tiles, rows, columns))
