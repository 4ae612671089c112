"""Stand-ins for Slicer's scripted module base classes and for its translations. Only for tests."""

from __future__ import annotations

import sys
import types
import unittest
from pathlib import Path
from typing import Any

import slicer
import slicer.util


class ScriptedLoadableModule:
    """Describes a module."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__


class ScriptedLoadableModuleWidget:
    """Builds a module's panel into a parent widget."""

    def __init__(self, parent: Any = None) -> None:
        self.parent = parent
        self.layout = parent.layout()
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False

    def resourcePath(self, name: str) -> str:
        """A file in the module's Resources folder."""
        return str(Path(slicer.util.modulePath(self.moduleName)).parent / "Resources" / name)

    def setup(self) -> None:
        """Build the developer section (there is none here)."""

    def cleanup(self) -> None:
        """Called before the panel goes away."""

    def onReload(self) -> None:
        """Read the module's file again, and put a new widget in this one's place."""
        slicer.util.reloadScriptedModule(self.moduleName)


class ScriptedLoadableModuleLogic:
    """Holds what can run without a panel."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self) -> Any:
        """The module's singleton parameter node, made when there is none."""
        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetAttribute("ModuleName", self.moduleName)
            node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
            node = slicer.mrmlScene.AddNode(node)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """A module's own test."""

    def runTest(self) -> None:
        """Overridden by the module."""

    def delayDisplay(self, message: str, *arguments: Any, **options: Any) -> None:
        """Show a message for a moment (not here)."""


def install() -> None:
    """Put the classes where ``from slicer.ScriptedLoadableModule import *`` and ``slicer.i18n`` find them."""
    module = types.ModuleType("slicer.ScriptedLoadableModule")
    classes = (ScriptedLoadableModule, ScriptedLoadableModuleWidget, ScriptedLoadableModuleLogic, ScriptedLoadableModuleTest)
    for cls in classes:
        setattr(module, cls.__name__, cls)
    module.__all__ = [cls.__name__ for cls in classes]  # type: ignore[attr-defined]
    translations = types.ModuleType("slicer.i18n")
    translations.tr = lambda text: text  # type: ignore[attr-defined]
    translations.translate = lambda context, text: text  # type: ignore[attr-defined]
    for name, made in (("ScriptedLoadableModule", module), ("i18n", translations)):
        sys.modules[f"slicer.{name}"] = made
        setattr(slicer, name, made)
