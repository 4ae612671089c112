"""The part of Slicer's application that slicer-core lacks and our module uses: scene, app, modules.

Only for tests. What is not here raises AttributeError, as it should: the module may use nothing that was not checked
against Slicer's sources (`slicer_api.json`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import slicer
import slicer.util
import vtk

SIGNALS = ("startupCompleted()",)
"""Slicer:Base/QTGUI/qSlicerApplication.h, line 248."""


class HostApplication:
    """In place of qSlicerApplication: a scene with its logic, a temporary folder, the environment."""

    applicationName = "Slicer"

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="SlicerHost-")
        self.temporaryPath = self._temporary.name
        self.scene = slicer.vtkMRMLScene()
        self.logic = slicer.vtkSlicerApplicationLogic()
        self.logic.SetMRMLScene(self.scene)
        self.logic.SetSliceLogics(vtk.vtkCollection())
        self.logic.SetViewLogics(vtk.vtkCollection())
        colors = self.logic.GetColorLogic()
        colors.SetMRMLScene(self.scene)
        colors.AddDefaultColorNodes()
        self.logic.SetModuleLogic("Colors", colors)
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene, True)
        self._bundles = _bundle_reading(self.scene, self.logic, self.temporaryPath)
        self._connected: list[Callable[[], None]] = []
        self.shown_messages: list[str] = []
        self.logged: list[str] = []
        self.render_pauses = 0
        self.scene.AddObserver(self.scene.NodeAboutToBeRemovedEvent, self._check_removal)
        self.asked: list[str] = []
        self.news: list[str] = []
        self.confirms = False
        self.exit_code: int | None = None
        self._settings: dict[str, Any] = {}
        self._options = SimpleNamespace(runPythonAndExit=False)
        self._layout_manager: Any = None

    def _check_removal(self, scene: Any, event: str, node: Any) -> None:
        """What is displayed must not go before what displays it: Slicer's widgets then log a critical line."""
        if not scene.IsClosing() and node.IsA("vtkMRMLDisplayableNode"):
            for index in range(node.GetNumberOfDisplayNodes()):
                display = node.GetNthDisplayNode(index)
                if display is not None and scene.IsNodePresent(display):
                    self.logged.append(f"critical: {node.GetName()} is removed before its {display.GetClassName()}")

    _check_removal.CallDataType = vtk.VTK_OBJECT  # type: ignore[attr-defined]

    def connect(self, signature: str, function: Callable[[], None]) -> bool:
        """Remember what to call at a signal of the application; only those exist that modules use."""
        if signature not in SIGNALS:
            raise ValueError(f"slicer.app has no signal {signature}")
        self._connected.append(function)
        return True

    def complete_startup(self) -> None:
        """Emit startupCompleted(), once, as Slicer does when all modules are loaded."""
        functions, self._connected = self._connected, []
        for function in functions:
            function()

    def mrmlScene(self) -> Any:
        """The scene."""
        return self.scene

    def applicationLogic(self) -> Any:
        """The logic that owns selection and colours."""
        return self.logic

    def startupEnvironment(self) -> SimpleNamespace:
        """The environment as Slicer found it (here: the test's own)."""
        return SimpleNamespace(keys=lambda: list(os.environ), value=os.environ.get)

    def testingEnabled(self) -> bool:
        """Whether Slicer was started with --testing: message boxes do not block then."""
        return True

    def commandOptions(self) -> SimpleNamespace:
        """The command line's options; slicer.util.exit writes one of them."""
        return self._options

    def exit(self, status: int) -> None:
        """Note the exit code; Slicer would end here."""
        self.exit_code = status

    def userSettings(self) -> SimpleNamespace:
        """What the user's settings file keeps from one start to the next; here it is forgotten with the application."""
        return SimpleNamespace(value=self._settings.get, setValue=self._settings.__setitem__, remove=self._settings.pop)

    def pauseRender(self) -> None:
        """Views draw nothing until `resumeRender`."""
        self.render_pauses += 1

    def resumeRender(self) -> None:
        """Views draw again."""
        self.render_pauses -= 1

    def processEvents(self, *arguments: Any) -> None:
        """Replaced by the Qt application's where there is one."""

    def setOverrideCursor(self, *arguments: Any) -> None:
        """There is no pointer."""

    def restoreOverrideCursor(self) -> None:
        """There is no pointer."""

    def layoutManager(self) -> Any:
        """None, as under --no-main-window, until `set_layout_manager`."""
        return self._layout_manager

    def set_layout_manager(self, manager: Any) -> None:
        """Give the application the views of a main window."""
        self._layout_manager = manager

    def topLevelWidgets(self) -> list[Any]:
        """None of them is a qSlicerMainWindow."""
        return []


def _bundle_reading(scene: Any, logic: Any, cache: str) -> tuple[Any, Any]:
    """A scene bundle (.mrb) is unpacked in a cache folder that the scene finds through a data manager."""
    remote, manager = slicer.vtkMRMLRemoteIOLogic(), slicer.vtkDataIOManagerLogic()
    for each in (remote, manager):
        each.SetMRMLScene(scene)
        each.SetMRMLApplicationLogic(logic)
    remote.GetCacheManager().SetRemoteCacheDirectory(cache)
    manager.SetAndObserveDataIOManager(remote.GetDataIOManager())
    remote.AddDataIOToScene()
    return remote, manager


def bootstrap() -> HostApplication:
    """Give `slicer` a scene, an app and the modules that slicer.util itself needs; once a process.

    Returns
    -------
    HostApplication
    """
    if isinstance(getattr(slicer, "app", None), HostApplication):
        return slicer.app
    app = HostApplication()
    slicer.app, slicer.mrmlScene = app, app.scene
    slicer.modules = SimpleNamespace(
        volumes=_module(app, "Volumes", slicer.vtkSlicerVolumesLogic()),
        segmentations=_module(app, "Segmentations", slicer.vtkSlicerSegmentationsModuleLogic()),
        cameras=_module(app, "Cameras", slicer.vtkSlicerCamerasModuleLogic()),
        colors=_colors(app),
        markups=_module(app, "Markups", slicer.vtkSlicerMarkupsLogic()),
    )
    return app


def _colors(app: HostApplication) -> SimpleNamespace:
    """The module Colors with its legends; the default colour nodes are the application's own already."""
    app.scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
    logic = slicer.vtkSlicerColorLogic()
    return SimpleNamespace(logic=lambda: logic)


def _module(app: HostApplication, name: str, logic: Any) -> SimpleNamespace:
    logic.SetMRMLScene(app.scene)
    logic.SetMRMLApplicationLogic(app.logic)
    app.logic.SetModuleLogic(name, logic)
    return SimpleNamespace(logic=lambda: logic)


def collect_messages(app: HostApplication) -> Callable[..., None]:
    """A stand-in for slicer.util.errorDisplay that keeps the text instead of opening a box."""

    def keep(text: str, *arguments: Any, **options: Any) -> None:
        app.shown_messages.append(text)

    return keep


def collect_news(app: HostApplication) -> Callable[..., None]:
    """A stand-in for slicer.util.infoDisplay that keeps the text instead of opening a box."""

    def keep(text: str, *arguments: Any, **options: Any) -> None:
        app.news.append(text)

    return keep


def answer_questions(app: HostApplication) -> Callable[..., bool]:
    """A stand-in for slicer.util.confirmOkCancelDisplay that keeps the question and answers as the test has said."""

    def answer(text: str, *arguments: Any, **options: Any) -> bool:
        app.asked.append(text)
        return app.confirms

    return answer
