"""3D and slice views of real MRML nodes, drawn offscreen into pixmaps. Only for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

import qt

MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLColorLegendDisplayableManager",
)
"""Slicer's own drawing code of a 3D view, as far as our scenes need it."""


MILLISECONDS_TO_A_RENDER = 16
"""How long a ctkVTKAbstractView collects requests before it draws (60 a second)."""


class ThreeDView:
    """A 3D view: the real displayable managers on an offscreen window, and what a person would see of them.

    A view that is not on the screen drops the requests to draw it (CTK:Libs/Visualization/VTK/Widgets/ctkVTKAbstractView.cpp,
    forceRender), and a layout's views are on the screen only when the event loop has run. So one that comes back shows its last
    picture until somebody asks for another: seen in Slicer 5.12.3 as the previous patient's faces.

    Parameters
    ----------
    app : HostApplication
    node : vtkMRMLViewNode
    """

    def __init__(self, app: Any, node: Any) -> None:
        self._app, self._node = app, node
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(app.logic)
        for name in MANAGERS:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._renderer = vtk.vtkRenderer()
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()  # the managers look for one
        self._interactor.SetRenderWindow(self._window)
        self._group = factory.InstantiateDisplayableManagers(self._renderer)
        self._group.SetMRMLDisplayableNode(node)
        self._decoration = self._actors()
        self._on_screen = self._in_layout = self._requested = False
        self._seen: list[Any] | None = None
        self._annotation = vtk.vtkCornerAnnotation()
        self._group.AddObserver(vtk.vtkCommand.UpdateEvent, lambda *ignored: self.scheduleRender())

    def put_in_layout(self, inside: bool) -> None:
        """The layout has the view now or not; on the screen it is when the event loop has run."""
        self._in_layout = inside
        self._on_screen = self._on_screen and inside
        if inside and not self._on_screen:
            qt.QTimer.singleShot(0, self._come_on_screen)

    def _come_on_screen(self) -> None:
        self._on_screen = self._in_layout
        if self._on_screen and self._seen is None:
            self._look()  # a window without a picture paints itself

    def scheduleRender(self) -> None:
        """Draw soon, if the view is on the screen."""
        if self._on_screen and not self._requested:
            self._requested = True
            qt.QTimer.singleShot(MILLISECONDS_TO_A_RENDER, self._look)

    def cornerAnnotation(self) -> Any:
        """The texts in the corners of its picture."""
        return self._annotation

    def forceRender(self) -> None:
        """Draw now, if the view is on the screen."""
        self._look()

    def _look(self) -> None:
        self._requested = False
        if self._app.render_pauses:
            self.scheduleRender()
            return
        if self._on_screen:
            self._seen = [vtk_to_numpy(surface.GetPoints().GetData()).copy() for surface in self._surfaces()]

    def _actors(self) -> list[Any]:
        found = self._renderer.GetActors()
        return [found.GetItemAsObject(index) for index in range(found.GetNumberOfItems())]

    def _surfaces(self) -> list[Any]:
        """What the displayable managers have in the scene of the renderer, without box and letters."""
        visible = [actor for actor in self._actors() if actor.GetVisibility() and actor not in self._decoration]
        mappers = [actor.GetMapper() for actor in visible if actor.GetMapper() is not None]
        for mapper in mappers:
            mapper.Update()  # what a plane cuts is there only when it is drawn
        found = [mapper.GetInput() for mapper in mappers]
        return [surface for surface in found if surface is not None and surface.GetNumberOfPoints()]

    @property
    def name(self) -> str:
        """The layout name of its node."""
        return str(self._node.GetLayoutName())

    @property
    def node_name(self) -> str:
        """The name of its node: Slicer's layout manager finds a view's widget by it (5.12.3)."""
        return str(self._node.GetName())

    @property
    def seen(self) -> list[Any]:
        """The points of each surface that the last picture shows, RAS mm, shape (n, 3); a picture is not drawn for it."""
        return self._seen or []

    def picture(self, width: int, height: int) -> Any:
        """Draw it."""
        self._window.SetSize(width, height)
        self._renderer.ResetCameraClippingRange()
        self._window.Render()
        return pixmap_of_window(self._window)


SLICE_MANAGERS = (
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLColorLegendDisplayableManager",
)
"""Slicer's own drawing code over a slice: where it cuts models and segmentations, and legends."""


class SliceLines:
    """What Slicer draws over the image of a slice.

    Parameters
    ----------
    app : HostApplication
    node : vtkMRMLSliceNode
    """

    def __init__(self, app: Any, node: Any) -> None:
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(app.logic)
        for name in SLICE_MANAGERS:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._renderer = vtk.vtkRenderer()
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._group = factory.InstantiateDisplayableManagers(self._renderer)
        self._group.SetMRMLDisplayableNode(node)
        for index in range(app.scene.GetNumberOfNodesByClass("vtkMRMLColorLegendDisplayNode")):
            app.scene.GetNthNodeByClass(index, "vtkMRMLColorLegendDisplayNode").Modified()  # here they may be older than the view

    def over(self, image: Any, width: int, height: int) -> Any:
        """The pixels of an image, shape (height, width, 3), with the lines over them."""
        self._window.SetSize(width, height)
        self._window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self._window)
        grab.ReadFrontBufferOff()
        grab.Update()
        lines = _pixels(grab.GetOutput())
        return np.ascontiguousarray(np.where(lines.any(axis=2, keepdims=True), lines, image))


SLICE_PIXELS, SLICE_FIELD_MM = (300, 300, 1), (250.0, 250.0, 1.0)
"""What a slice view has when it first comes on the screen: its size in pixels, and a field of view around the world's origin."""


class SliceView:
    """A slice view: the real slice logic, which draws whenever what it shows changes, as far as to log what VTK has to say.

    When it first comes on the screen it gets its size, and what was fitted before is gone: seen in Slicer 5.12.3 as three black
    slices.

    Parameters
    ----------
    app : HostApplication
    node : vtkMRMLSliceNode
    """

    def __init__(self, app: Any, node: Any) -> None:
        self._app, self._node = app, node
        self._lines: SliceLines | None = None
        self.logic = slicer.vtkMRMLSliceLogic()
        self.logic.SetMRMLApplicationLogic(app.logic)
        self.logic.SetMRMLScene(app.scene)
        self.logic.SetSliceNode(node)
        app.logic.GetSliceLogics().AddItem(self.logic)
        self._in_layout = self._was_on_screen = False
        self.logic.GetSliceCompositeNode().AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *ignored: self._draw())

    def put_in_layout(self, inside: bool) -> None:
        """The layout has the view now or not; on the screen it is when the event loop has run."""
        self._in_layout = inside
        if inside and not self._was_on_screen:
            qt.QTimer.singleShot(0, self._come_on_screen)

    def _come_on_screen(self) -> None:
        if self._in_layout and not self._was_on_screen:
            self._was_on_screen = True
            self._node.SetDimensions(*SLICE_PIXELS)
            self._node.SetFieldOfView(*SLICE_FIELD_MM)
            self._node.JumpSliceByCentering(0.0, 0.0, 0.0)

    def _draw(self) -> None:
        port = self.logic.GetImageDataConnection() if self._in_layout else None
        if port is not None:
            port.GetProducer().Update()

    def picture(self, width: int, height: int) -> Any:
        """Draw it: what lies in the middle stays there."""
        old = self._node.GetDimensions()
        field = np.array(self._node.GetFieldOfView())
        mm_per_pixel = max(field[0] / width, field[1] / height) if old[0] > 1 else 1.0
        self._node.SetDimensions(width, height, 1)
        self._node.SetFieldOfView(width * mm_per_pixel, height * mm_per_pixel, field[2])
        port = self.logic.GetImageDataConnection()
        if port is None:
            blank = qt.QtGui.QPixmap(width, height)
            blank.fill(qt.QtGui.QColor("black"))
            return blank
        port.GetProducer().Update()
        image = port.GetProducer().GetOutputDataObject(port.GetIndex())
        self._lines = self._lines or SliceLines(self._app, self._node)
        return _pixmap(self._lines.over(_pixels(image), width, height))


def pixmap_of_window(window: Any) -> Any:
    """The picture of a drawn window."""
    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.Update()
    return _pixmap(_pixels(grab.GetOutput()))


def _pixels(image: Any) -> Any:
    width, height, _depth = image.GetDimensions()
    scalars = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)[::-1]
    seen = scalars[..., 3:] > 0 if scalars.shape[2] == 4 else 1  # what lies outside the volume is transparent, on black
    return np.ascontiguousarray(scalars[..., :3] * seen)


def _pixmap(pixels: Any) -> Any:
    height, width, _channels = pixels.shape
    picture = qt.QtGui.QImage(pixels.data, width, height, 3 * width, qt.QtGui.QImage.Format.Format_RGB888)
    return qt.QtGui.QPixmap.fromImage(picture.copy())
