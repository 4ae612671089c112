"""What a person sees in the panel's own views, in the stand-in host."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

SECONDS_TO_SETTLE = 0.1
"""The views draw themselves 16 ms after they are asked to."""


def settle() -> None:
    """Let the event loop run until every view that was asked to has drawn itself."""
    import slicer

    end = time.monotonic() + SECONDS_TO_SETTLE
    while time.monotonic() < end:
        slicer.app.processEvents()


@contextmanager
def vtk_errors() -> Iterator[list[str]]:
    """What VTK has to complain about meanwhile; filled at the end."""
    from vtkmodules.vtkCommonCore import vtkOutputWindow, vtkStringOutputWindow

    before, listening = vtkOutputWindow.GetInstance(), vtkStringOutputWindow()
    found: list[str] = []
    vtkOutputWindow.SetInstance(listening)
    try:
        yield found
    finally:
        vtkOutputWindow.SetInstance(before)
        found += [line for line in listening.GetOutput().splitlines() if line.strip()]


def seen(tag: str) -> list[NDArray[np.float64]]:
    """The points of each surface that a person sees in a 3D view, RAS mm, shape (n, 3)."""
    import slicer

    shown: list[NDArray[np.float64]] = slicer.app.layoutManager().threeDWidget(tag).threeDView().seen
    return shown


def skin_meshes() -> dict[str, NDArray[np.float64]]:
    """The points of the skin models in the scene by the name of their volume, RAS mm, shape (n, 3)."""
    import slicer
    from vtkmodules.util.numpy_support import vtk_to_numpy

    found: list[Any] = [
        model for model in slicer.util.getNodesByClass("vtkMRMLModelNode") if model.GetName().startswith("skin of ")
    ]
    return {model.GetName().removeprefix("skin of "): vtk_to_numpy(model.GetPolyData().GetPoints().GetData()) for model in found}
