"""A stand-in for qSlicerLayoutManager on the real layout logic; pictures only when asked. Only for tests."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace
from typing import Any

import slicer
import vtk

import qt
from drawn_views import SliceView, ThreeDView
from plot_view import PlotView

NARROWEST_PIXELS = {"vtkMRMLSliceNode": 335, "vtkMRMLViewNode": 125, "vtkMRMLPlotViewNode": 125}
"""Views with their controls, by their node's class: a slice view's offset with its unit and four decimals needs most (minimum
size hints of Slicer 5.12.3)."""

FOUR_UP = 3
"""vtkMRMLLayoutNode.SlicerLayoutFourUpView, Slicer's default."""


class LayoutManager:
    """Switches layouts by the real vtkMRMLLayoutLogic, and gives every view node of the layout a view.

    Parameters
    ----------
    app : HostApplication
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._views: dict[str, ThreeDView | SliceView | PlotView] = {}
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(app.logic)
        self._logic.SetMRMLScene(app.scene)
        self.viewport = qt.QWidget()
        self.viewport.setLayout(qt.QtWidgets.QVBoxLayout())
        self.viewport.layout().setContentsMargins(0, 0, 0, 0)
        self._content: Any = None
        self._logic.GetLayoutNode().AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *ignored: self._make_views())
        self.setLayout(FOUR_UP)

    def layoutLogic(self) -> Any:
        """The logic with the layout node."""
        return self._logic

    def threeDWidget(self, name: str) -> Any:
        """The widget of a 3D view by its node's name, which is not its layout name; None where there is no such view."""
        found = [view for view in self._views.values() if isinstance(view, ThreeDView) and view.node_name == name]
        return SimpleNamespace(threeDView=lambda: found[0]) if found else None

    def mrmlSliceLogics(self) -> Any:
        """The logics of the slice views (slicer.util asks for them); the host's views are drawn without."""
        return self._app.logic.GetSliceLogics()

    @property
    def layout(self) -> int:
        """Number of the layout that is shown."""
        return self._logic.GetLayoutNode().GetViewArrangement()

    def setLayout(self, number: int) -> None:
        """Show another layout; one that nobody described raises (Slicer would show nothing)."""
        node = self._logic.GetLayoutNode()
        if not node.IsLayoutDescription(number):
            raise LookupError(f"no layout {number} was described")
        node.SetViewArrangement(number)

    def _make_views(self) -> None:
        """Views for the layout's nodes: made once each, as Slicer does, and kept."""
        nodes = self._logic.GetViewNodes()
        shown = {node.GetID(): node for node in (nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems()))}
        for node_id, node in shown.items():
            if node_id in self._views:
                continue
            if node.IsA("vtkMRMLSliceNode"):
                self._views[node_id] = SliceView(self._app, node)
            elif node.IsA("vtkMRMLViewNode"):
                self._views[node_id] = ThreeDView(self._app, node)
            elif node.IsA("vtkMRMLPlotViewNode"):
                self._views[node_id] = PlotView(node)
        for node_id, view in self._views.items():
            view.put_in_layout(node_id in shown)

    # --- pictures ----------------------------------------------------------------------------------------------------

    def paint(self) -> None:
        """Draw every view of the layout into the viewport."""
        description = self._logic.GetLayoutNode().GetLayoutDescription(self.layout)
        if self._content is not None:
            self._content.setParent(None)
            self._content.deleteLater()
        self._content = self._widget(ElementTree.fromstring(description))
        self.viewport.layout().addWidget(self._content)
        self._content.show()
        self._app.processEvents()
        for frame in self._content.findChildren(qt.QtWidgets.QFrame):
            if frame.objectName == "view":
                view = self._views[frame.toolTip]
                picture = frame.findChild(qt.QtWidgets.QLabel, "picture")
                picture.setPixmap(view.picture(picture.width, picture.height))
        self._app.processEvents()

    def _widget(self, element: ElementTree.Element) -> Any:
        if element.tag == "view":
            return self._frame(element)
        panes = qt.QWidget()
        box = qt.QtWidgets.QHBoxLayout() if element.get("type") == "horizontal" else qt.QtWidgets.QVBoxLayout()
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        panes.setLayout(box)
        for item in element.findall("item"):
            box.addWidget(self._widget(item[0]), int(item.get("splitSize", "1")))
        return panes

    def _frame(self, element: ElementTree.Element) -> Any:
        """A title bar in the view's colour and room for its picture."""
        node = self._app.scene.GetSingletonNode(element.get("singletontag"), element.get("class"))
        frame = qt.QtWidgets.QFrame()
        frame.setObjectName("view")
        frame.setToolTip(node.GetID())
        box = qt.QtWidgets.QVBoxLayout()
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        frame.setLayout(box)
        title, picture = qt.QtWidgets.QLabel(node.GetLayoutLabel()), qt.QtWidgets.QLabel()
        red, green, blue = (round(255 * part) for part in node.GetLayoutColor())
        title.setStyleSheet(f"background: rgb({red},{green},{blue}); color: black; padding: 1px 4px; font-size: 8pt")
        title.setSizePolicy(qt.QtWidgets.QSizePolicy.Policy.Ignored, qt.QtWidgets.QSizePolicy.Policy.Fixed)
        picture.setObjectName("picture")
        picture.setSizePolicy(qt.QtWidgets.QSizePolicy.Policy.Ignored, qt.QtWidgets.QSizePolicy.Policy.Ignored)
        box.addWidget(title)
        box.addWidget(picture, 1)
        return frame


def narrowest(element: ElementTree.Element) -> int:
    """How many pixels a layout, or a part of it, needs from left to right."""
    if element.tag == "view":
        return NARROWEST_PIXELS[element.get("class", "")]
    widths = [narrowest(item[0]) for item in element.findall("item")]
    return sum(widths) if element.get("type") == "horizontal" else max(widths)
