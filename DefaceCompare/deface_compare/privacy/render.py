"""Pictures of a face: an own offscreen window with fixed cameras; lights and skin are those of `shading`."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkFloatArray, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData

from ..anatomy.head_axes import HeadAxes
from ..errors import NotAvailable
from ..storage.atomic import write_bytes
from ..storage.native_names import native_name
from .shading import shaded

PICTURE_PX = 448
FIELD_MM = 330.0
"""Width of the field at the face; 330 mm gave the best detection of 28 heads."""
VIEW_ANGLE_DEG = 25.0
VIEWS_DEG: Sequence[tuple[float, float]] = ((0.0, 0.0), (10.0, 0.0), (-10.0, 0.0), (0.0, 8.0), (0.0, -8.0))
"""Yaw (camera towards patient left) and pitch (camera upwards) of each view, degrees; frontal first."""
YAWS_DEG, PITCHES_DEG = (0.0, 10.0, -10.0, 20.0, -20.0), (0.0, 8.0, -8.0, 16.0, -16.0)
"""Of an attacker with more views: each yaw with each pitch."""
PNG_LEVEL = 1
"""zlib level of pictures: half the time, a tenth more bytes."""


@dataclass(frozen=True)
class Camera:
    """Where a picture is taken from, LPS mm."""

    position_mm: tuple[float, float, float]
    focus_mm: tuple[float, float, float]
    up: tuple[float, float, float]


def views_deg(count: int) -> list[tuple[float, float]]:
    """Yaw and pitch of so many views (5 or 25), degrees; the first five are `VIEWS_DEG` in either case."""
    further = (view for view in product(YAWS_DEG, PITCHES_DEG) if view not in VIEWS_DEG)
    return [*VIEWS_DEG, *further][:count]


def camera_distance_mm() -> float:
    """How far a camera stands from the middle of the face."""
    return float(0.5 * FIELD_MM / np.tan(np.deg2rad(0.5 * VIEW_ANGLE_DEG)))


def face_camera(axes: HeadAxes, yaw_deg: float = 0.0, pitch_deg: float = 0.0) -> Camera:
    """A camera on the face, turned by yaw towards patient left and by pitch upwards."""
    yaw, pitch = np.deg2rad(yaw_deg), np.deg2rad(pitch_deg)
    level = np.cos(yaw) * axes.forward + np.sin(yaw) * axes.left
    towards = np.cos(pitch) * level + np.sin(pitch) * axes.up
    up = np.cos(pitch) * axes.up - np.sin(pitch) * level
    position = axes.centre_mm + camera_distance_mm() * towards
    return Camera(_triple(position), _triple(axes.centre_mm), _triple(up))


class Renderer:
    """One offscreen window, reused for every picture.

    Raises
    ------
    NotAvailable
        If OpenGL is missing on this machine.
    """

    def __init__(self) -> None:
        require_opengl()
        from vtkmodules import vtkRenderingOpenGL2  # noqa: F401  registers the OpenGL classes with vtkRenderingCore
        from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow

        self._scene = vtkRenderer()
        self._scene.SetBackground(0.0, 0.0, 0.0)
        self._scene.AutomaticLightCreationOff()
        self._actors = [vtkActor(), vtkActor()]
        for actor in self._actors:
            actor.SetMapper(vtkPolyDataMapper())
            actor.GetProperty().LightingOff()  # `shaded` has done it
            actor.GetProperty().BackfaceCullingOn()
            self._scene.AddActor(actor)
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetSize(PICTURE_PX, PICTURE_PX)
        self._window.AddRenderer(self._scene)

    def pictures(
        self, surface: vtkPolyData, axes: HeadAxes, cameras: Sequence[Camera], overlay: vtkPolyData | None = None
    ) -> list[NDArray[np.uint8]]:
        """Take one picture per camera; the light stands still with respect to the head.

        Parameters
        ----------
        overlay : vtkPolyData, optional
            Drawn together with `surface`; what lies in front is seen.

        Returns
        -------
        list of ndarray of uint8, shape (448, 448, 3)
            RGB, first row on top.
        """
        self._show(shaded(surface, axes), None if overlay is None else shaded(overlay, axes))
        return [self._picture(camera) for camera in cameras]

    def depths_mm(self, surface: vtkPolyData, cameras: Sequence[Camera]) -> list[NDArray[np.float32]]:
        """How far the surface lies from each camera along its view, shape (448, 448), first row on top; NaN beside it."""
        self._show(surface)
        return [self._depth_mm(camera) for camera in cameras]

    def close(self) -> None:
        """Release the OpenGL context; the renderer cannot be used afterwards."""
        self._window.Finalize()

    def _show(self, surface: vtkPolyData, overlay: vtkPolyData | None = None) -> None:
        for actor, drawn in zip(self._actors, (surface, overlay), strict=True):
            actor.SetVisibility(drawn is not None)
            actor.GetMapper().SetInputDataObject(drawn)

    def _look(self, camera: Camera) -> None:
        """Draw what a camera sees."""
        view = self._scene.GetActiveCamera()
        view.SetPosition(*camera.position_mm)
        view.SetFocalPoint(*camera.focus_mm)
        view.SetViewUp(*camera.up)
        view.SetViewAngle(VIEW_ANGLE_DEG)
        self._scene.ResetCameraClippingRange()
        self._window.Render()

    def _depth_mm(self, camera: Camera) -> NDArray[np.float32]:
        self._look(camera)
        stored = vtkFloatArray()
        self._window.GetZbufferData(0, 0, PICTURE_PX - 1, PICTURE_PX - 1, stored)
        share = vtk_to_numpy(stored).reshape(PICTURE_PX, PICTURE_PX)[::-1].astype(np.float64)
        near, far = self._scene.GetActiveCamera().GetClippingRange()
        depth = near * far / (far - share * (far - near))
        return np.where(share < 1.0, depth, np.nan).astype(np.float32)

    def _picture(self, camera: Camera) -> NDArray[np.uint8]:
        self._look(camera)
        pixels = vtkUnsignedCharArray()
        self._window.GetPixelData(0, 0, PICTURE_PX - 1, PICTURE_PX - 1, 0, pixels, 0)
        if pixels.GetNumberOfTuples() != PICTURE_PX * PICTURE_PX:
            raise NotAvailable(f"faces cannot be drawn: the OpenGL window gave no picture; {_INSTALL_OPENGL}")
        rgb = vtk_to_numpy(pixels).reshape(PICTURE_PX, PICTURE_PX, -1)[::-1, :, :3]
        return np.ascontiguousarray(rgb)


_INSTALL_OPENGL = "install OpenGL (Debian, Ubuntu: apt-get install libegl1 libgl1)"


@cache
def renderer() -> Renderer:
    """The window of this process (NotAvailable if OpenGL is missing)."""
    return Renderer()


def close_renderer() -> None:
    """Close the window of this process, in the thread that drew: OpenGL contexts cannot be closed from another one."""
    if renderer.cache_info().currsize:
        renderer().close()
        renderer.cache_clear()


def require_opengl() -> None:
    """Make sure that a window can be opened, before VTK would crash or draw black.

    Raises
    ------
    NotAvailable
        Naming what to install.
    """
    if not sys.platform.startswith("linux"):
        return
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    for library in ("libGL.so.1",) if os.environ.get("DISPLAY") else ("libEGL.so.1", "libGL.so.1"):
        try:
            ctypes.CDLL(library)
        except OSError:
            raise NotAvailable(f"faces cannot be drawn: {library} is missing; {_INSTALL_OPENGL}") from None


def write_png(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write a picture, shape (height, width, 3), as PNG; written to a temporary name and renamed.

    VTK only encodes: on a full disk its own writing ends without an error and leaves half a picture.
    """
    from vtkmodules.vtkIOImage import vtkPNGWriter

    picture = vtkImageData()
    picture.SetDimensions(rgb.shape[1], rgb.shape[0], 1)
    picture.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(rgb[::-1]).reshape(-1, 3), deep=True))
    writer = vtkPNGWriter()
    writer.SetCompressionLevel(PNG_LEVEL)
    writer.WriteToMemoryOn()
    writer.SetInputData(picture)
    writer.Write()
    write_bytes(path, vtk_to_numpy(writer.GetResult()).tobytes())


def read_png(path: Path) -> NDArray[np.uint8]:
    """Read what `write_png` wrote, shape (height, width, 3)."""
    from vtkmodules.vtkIOImage import vtkPNGReader

    reader = vtkPNGReader()
    reader.SetFileName(native_name(path))
    reader.Update()
    picture = reader.GetOutput()
    width, height, _ = picture.GetDimensions()
    return vtk_to_numpy(picture.GetPointData().GetScalars()).reshape(height, width, 3)[::-1]


def _triple(vector: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])
