"""A strict stand-in for desktop Slicer's module host: loads DefaceCompare.py and its .ui unchanged, offscreen. Only for tests.

Real: the module, its .ui, slicer.util, scene and nodes, Qt's widgets and events. Standing in: PythonQt's calling style, the ctk
and qMRML widgets, the ScriptedLoadableModule classes. What the stand-ins do not know raises; looks are Qt's Fusion, not Slicer's.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parent))

import slicer
import slicer.util

import layout_manager
import qmrml
import qt
import scene_host
import scripted_module


def start() -> tuple[Any, scene_host.HostApplication]:
    """Start Qt and the scene, and put the stand-ins where the module looks for them.

    Returns
    -------
    QApplication, HostApplication
    """
    application = qt.QtWidgets.QApplication.instance() or qt.QtWidgets.QApplication(["Slicer"])
    host = scene_host.bootstrap()
    host.processEvents = application.processEvents  # type: ignore[method-assign]
    host.clipboard = application.clipboard  # type: ignore[attr-defined]
    if host.layoutManager() is None:
        host.set_layout_manager(layout_manager.LayoutManager(host))
    qt.QUiLoader = qmrml.QUiLoader
    for cls in (*qmrml.STAND_INS, qmrml.qMRMLUtils):
        setattr(slicer, cls.__name__, cls)
    scripted_module.install()
    slicer.util.reloadScriptedModule = lambda name: reload_module(getattr(slicer.modules, f"{name}Widget"))
    slicer.util.errorDisplay = scene_host.collect_messages(host)
    slicer.util.infoDisplay = scene_host.collect_news(host)
    slicer.util.confirmOkCancelDisplay = scene_host.answer_questions(host)
    return application, host


def load_module(file: Path) -> tuple[Any, Any]:
    """Load a scripted module and build its panel.

    Parameters
    ----------
    file : Path
        ``<Module>.py``.

    Returns
    -------
    parent widget, module widget
    """
    name = file.stem
    sys.path.insert(0, str(file.parent))
    python = _execute(file)
    description = types.SimpleNamespace(path=str(file), name=name)
    getattr(python, name)(description)
    setattr(slicer.modules, name.lower(), description)
    parent = slicer.qMRMLWidget()
    parent.setLayout(qt.QtWidgets.QVBoxLayout())
    parent.setMRMLScene(slicer.mrmlScene)
    return parent, _set_up(python, parent, name)


def reload_module(widget: Any) -> None:
    """What slicer.util.reloadScriptedModule does: run the file again, clean the old widget up, put a new one in its place."""
    python = _execute(Path(slicer.util.modulePath(widget.moduleName)))
    layout = widget.parent.layout()
    for index in range(layout.count()):
        layout.itemAt(index).widget().hide()
    widget.cleanup()
    while layout.count():
        layout.takeAt(0)
    _set_up(python, widget.parent, widget.moduleName)


def _execute(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    python = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = python
    spec.loader.exec_module(python)
    return python


def _set_up(python: Any, parent: Any, name: str) -> Any:
    widget = getattr(python, f"{name}Widget")(parent)
    setattr(slicer.modules, f"{name}Widget", widget)
    widget.setup()
    return widget
