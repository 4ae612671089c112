"""Stand-ins for the qMRML widgets that the panel uses, on the real scene, and a strict loader of .ui files. Only for tests."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any, ClassVar

from shiboken6 import isValid
from vtkmodules.util.numpy_support import vtk_to_numpy

import ctk
import qt


@qt.only_recorded
@qt.in_pythonqt_style
class qMRMLWidget(qt.QWidget):
    """A widget that hands its scene on."""

    SIGNALS = ("mrmlSceneChanged(vtkMRMLScene*)",)
    mrmlSceneChanged = qt.QtCore.Signal(object)

    def __init__(self, parent: Any = None) -> None:
        qt.QWidget.__init__(self, parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:
        """The scene."""
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        """Set the scene and tell the widgets that the .ui connects."""
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)


def _flag(name: str, default: bool) -> Any:
    attribute = f"_{name}"

    def write(self: Any, value: bool) -> None:
        setattr(self, attribute, value)
        self._fill()

    return qt.QtCore.Property(bool, lambda self: getattr(self, attribute, default), write)


@qt.only_recorded
@qt.in_pythonqt_style
class qMRMLNodeComboBox(qt.QtWidgets.QComboBox):
    """Chooses one node of the scene; lists new nodes at once and drops removed ones."""

    SIGNALS = ("currentNodeChanged(vtkMRMLNode*)",)
    currentNodeChanged = qt.QtCore.Signal(object)

    def __init__(self, parent: Any = None) -> None:
        qt.QtWidgets.QComboBox.__init__(self, parent)
        self._scene: Any = None
        self._types: list[str] = []
        self._ids: list[str] = []
        self._tags: list[int] = []
        self.currentIndexChanged.connect(lambda index: self.currentNodeChanged.emit(self.currentNode()))

    def setMRMLScene(self, scene: Any) -> None:
        """Follow a scene."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent, scene.EndImportEvent)
            self._tags = [scene.AddObserver(event, self._follow) for event in events]
        self._fill()

    def _follow(self, *ignored: Any) -> None:
        if isValid(self):  # the real one stops observing when it is deleted
            self._fill()

    def _candidates(self) -> list[Any]:
        if self._scene is None:
            return []
        nodes = [
            self._scene.GetNthNodeByClass(index, name)
            for name in self._types
            for index in range(self._scene.GetNumberOfNodesByClass(name))
        ]
        exact = nodes if self.showChildNodeTypes else [node for node in nodes if node.GetClassName() in self._types]
        return [node for node in exact if not node.GetHideFromEditors()]

    def _fill(self) -> None:
        current = self._current_id()
        self.blockSignals(True)
        self.clear()
        self._ids = [""] if self.noneEnabled else []
        self.addItems(["None"] if self.noneEnabled else [])
        for node in self._candidates():
            self._ids.append(node.GetID())
            self.addItem(node.GetName())
        keep = current if current in self._ids else (self._ids[0] if self._ids else "")
        self.setCurrentIndex(self._ids.index(keep) if keep in self._ids else -1)
        self.blockSignals(False)
        if keep != current:
            self.currentNodeChanged.emit(self.currentNode())

    def _current_id(self) -> str:
        index = qt.QtWidgets.QComboBox.currentIndex.__get__(self)
        return self._ids[index] if 0 <= index < len(self._ids) else ""

    def currentNode(self) -> Any:
        """The chosen node, or None."""
        return self._scene.GetNodeByID(self._current_id()) if self._scene is not None and self._current_id() else None

    def setCurrentNode(self, node: Any) -> None:
        """Choose a node (None: no node)."""
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, node_id: str) -> None:
        """Choose a node by its id."""
        self.setCurrentIndex(self._ids.index(node_id) if node_id in self._ids else -1)

    def _set_types(self, types: list[str]) -> None:
        self._types = list(types)
        self._fill()

    nodeTypes = qt.QtCore.Property("QStringList", lambda self: self._types, _set_types)
    noneEnabled = _flag("none", False)
    addEnabled = _flag("add", True)
    renameEnabled = _flag("rename", False)
    removeEnabled = _flag("remove", True)
    showChildNodeTypes = _flag("children", True)


class qMRMLUtils:
    """Turns VTK's pictures into Qt's (Slicer:Libs/MRML/Widgets/qMRMLUtils.h, line 69)."""

    def vtkImageDataToQImage(self, image: Any, picture: Any) -> bool:
        """Fill a QImage; VTK's first row is the lowest."""
        width, height, _depth = image.GetDimensions()
        rows = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, 3)[::-1].tobytes()
        drawn = qt.QtGui.QImage(rows, width, height, 3 * width, qt.QtGui.QImage.Format.Format_RGB888).copy()
        picture.swap(drawn)
        return True


STAND_INS = (qMRMLWidget, qMRMLNodeComboBox)


class QUiLoader(qt.QtUiTools.QUiLoader):
    """Loads a .ui file; a class without stand-in raises, and only the scene connections that the file declares are made."""

    CLASSES: ClassVar[dict[str, type]] = {cls.__name__: cls for cls in (*ctk.STAND_INS, *STAND_INS)}

    def createWidget(self, class_name: str, parent: Any = None, name: str = "") -> Any:
        """Make one widget of the file."""
        cls = self.CLASSES.get(class_name) or getattr(qt, class_name, None)
        if cls is None:
            raise LookupError(f"no stand-in for {class_name}")
        widget = cls(parent)
        if isinstance(widget, qt.QtWidgets.QTableView):
            _give_parts_that_connect(widget)
        widget.setObjectName(name)
        self._made.append(widget)
        return widget

    def load(self, file: Any, parent: Any = None) -> Any:
        """Load the file and wire ``mrmlSceneChanged`` as it says."""
        self._made: list[Any] = []
        root = ElementTree.parse(file.fileName()).getroot()
        for element in root.iter("widget"):
            name = element.get("class", "")
            if name not in self.CLASSES and not hasattr(qt, name):
                raise LookupError(f"no stand-in for {name}")
        _check_ctk_flags(root)
        wired = [connection for connections in root.findall("connections") for connection in connections]
        for connections in root.findall("connections"):
            root.remove(connections)  # Qt would look for vtk pointer types, which do not exist here
        buffer = qt.QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(root))
        buffer.open(qt.QtCore.QIODevice.OpenModeFlag.ReadOnly)
        loaded = super().load(buffer, parent)
        by_name = {widget.objectName: widget for widget in self._made}
        for element in wired:
            sender, signal, receiver, slot = (element.findtext(part) for part in ("sender", "signal", "receiver", "slot"))
            if (signal, slot) != ("mrmlSceneChanged(vtkMRMLScene*)", "setMRMLScene(vtkMRMLScene*)"):
                raise LookupError(f"the host cannot make the connection {signal} to {slot}")
            by_name[sender].mrmlSceneChanged.connect(by_name[receiver].setMRMLScene)
        return loaded


def _give_parts_that_connect(table: Any) -> None:
    """A header or scroll bar that Qt itself makes has PySide's `connect`; one in PythonQt's style takes its place (the header's
    own settings: qtableview.cpp, QTableViewPrivate::init)."""
    header = qt.QHeaderView(qt.Qt.Orientation.Horizontal, table)
    header.setSectionsClickable(True)
    header.setHighlightSections(True)
    table.setHorizontalHeader(header)
    table.setHorizontalScrollBar(qt.QScrollBar(qt.Qt.Orientation.Horizontal, table))


def _check_ctk_flags(root: ElementTree.Element) -> None:
    """Take flags of ctk classes out of the file, which Qt cannot read here; one that does not exist raises."""
    for widget in root.iter("widget"):
        for element in widget.findall("property"):
            flags = element.findtext("set") or ""
            if flags.startswith("ctk"):
                for flag in flags.split("|"):
                    class_name, _, value = flag.partition("::")
                    getattr(QUiLoader.CLASSES[class_name], value)
                widget.remove(element)
