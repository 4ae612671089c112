"""A `qt` module in PythonQt's calling style on PySide6: flat names, properties as attributes, ``connect("sig(args)", f)``.

Only for tests. Three differences of PySide6 are bridged: PythonQt reads and writes every Qt property as an attribute, connects by
the signal's C++ signature, and passes a callable no more arguments than it takes. Names that Qt does not have raise.
"""

from __future__ import annotations

import ctypes
import inspect
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtTest, QtUiTools, QtWidgets

for _library in (QtCore, QtGui, QtWidgets, QtUiTools, QtTest):
    for _name in dir(_library):
        if _name.startswith("Q") and not _name.startswith("Q_"):
            globals().setdefault(_name, getattr(_library, _name))

if sys.version_info < (3, 12):
    # PySide6 6.12.0 gives the reference of None back once too often in every method without a result (measured: -1 a call), and
    # booleans were seen to go at exit; before Python 3.12 made them immortal, some thousand calls end the process.
    for _constant in (None, True, False):
        ctypes.c_ssize_t.from_address(id(_constant)).value += 1 << 40

METHODS_NOT_PROPERTIES = frozenset({"parent", "layout", "children", "singleShot", "sizeHint", "minimumSizeHint"})
"""Names that PythonQt leaves callable, and virtual methods, whose descriptor PySide would take for an override."""


class _QtProperty:
    """Data descriptor: ``widget.name`` reads and ``widget.name = value`` writes the Qt property."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance.property(self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        if not instance.setProperty(self.name, value):
            raise AttributeError(f"{type(instance).__name__}.{self.name} cannot be set to {value!r}")


def _properties_as_attributes(cls: Any) -> None:
    meta = cls.staticMetaObject
    for index in range(meta.propertyOffset(), meta.propertyCount()):
        name = meta.property(index).name()
        if name not in METHODS_NOT_PROPERTIES:
            setattr(cls, name, _QtProperty(name))


for _class in {
    member
    for library in (QtCore, QtGui, QtWidgets)
    for member in vars(library).values()
    if isinstance(member, type) and issubclass(member, QtCore.QObject)
}:
    if "staticMetaObject" in dir(_class):
        _properties_as_attributes(_class)
QtCore.QObject.name = _QtProperty("objectName")  # type: ignore[attr-defined]
QtCore.QObject.className = lambda self: self.metaObject().className()  # type: ignore[attr-defined]

_connections: dict[tuple[int, str, Any], Callable[..., Any]] = {}


def _with_arguments_trimmed(function: Callable[..., Any]) -> Callable[..., Any]:
    """As PythonQt calls it: functions and bound methods get no more arguments than they name, any other callable gets all.

    MeVisLab/pythonqt 642c06b6, src/PythonQtSignalReceiver.cpp, PythonQtSignalTarget::call.
    """
    plain = function.__func__ if isinstance(function, types.MethodType) else function
    if not isinstance(plain, types.FunctionType) or plain.__code__.co_flags & inspect.CO_VARARGS:
        return lambda *arguments: function(*arguments)
    count = plain.__code__.co_argcount - isinstance(function, types.MethodType)
    return lambda *arguments: function(*arguments[:count])


def _signal(sender: Any, signature: str) -> Any:
    """Find a signal by its C++ signature; a stand-in class lists the signatures of the real one in SIGNALS."""
    declared = getattr(type(sender), "SIGNALS", None)
    name, _, arguments = signature.rstrip(")").partition("(")
    if declared is not None and signature not in declared and not hasattr(QtWidgets.QWidget, name):
        raise ValueError(f"{type(sender).__name__} has no signal {signature}")
    normalized = QtCore.QMetaObject.normalizedSignature(signature).toStdString()
    if declared is None and sender.metaObject().indexOfSignal(normalized) < 0:
        raise ValueError(f"{type(sender).__name__} has no signal {signature}")
    signal = getattr(sender, name)
    return signal if "*" in arguments or not arguments else signal[arguments]


def _connect(self: Any, signature: str, function: Callable[..., Any]) -> bool:
    trimmed = _with_arguments_trimmed(function)
    _signal(self, signature).connect(trimmed)
    _connections[id(self), signature, function] = trimmed
    return True


def _disconnect(self: Any, signature: str, function: Callable[..., Any]) -> bool:
    _signal(self, signature).disconnect(_connections.pop((id(self), signature, function)))
    return True


def _may_be_set(self: Any, name: str, value: Any) -> bool:
    """Properties can be set, nothing else of a C++ object: no slot is replaced, no attribute made (but by the host itself).

    MeVisLab/pythonqt 642c06b6, src/PythonQtInstanceWrapper.cpp, PythonQtInstanceWrapper_setattro. A class that Python derives
    from a Qt class may have attributes of its own; so may ours, which are derived. A dynamic property is set here already.
    """
    kind = type(self)
    if kind.__module__ in STANDING_FOR_CPP and sys._getframe(2).f_globals.get("__name__") not in STANDING_FOR_CPP:
        member = inspect.getattr_static(kind, name, None)
        if not isinstance(member, (_QtProperty, QtCore.Property)):
            if member is not None:
                raise AttributeError(f"'{name}' can not be overwritten on {kind.__name__} object")
            if not self.property(name):
                raise AttributeError(f"'{name}' does not exist on {kind.__name__}: a C++ object gets no new attributes")
            self.setProperty(name, value)
            return False
    return True


STANDING_FOR_CPP = ("qt", "ctk", "qmrml")
"""Modules whose classes are C++ classes in Slicer."""


def in_pythonqt_style(cls: Any) -> Any:
    """Give a class PythonQt's connect and disconnect, and its way of setting attributes."""
    inherited = cls.__setattr__

    def set_attribute(self: Any, name: str, value: Any) -> None:
        if _may_be_set(self, name, value):
            inherited(self, name, value)

    cls.connect, cls.disconnect, cls.__setattr__ = _connect, _disconnect, set_attribute
    return cls


RECORDED = json.loads((Path(__file__).parent / "slicer_api.json").read_text(encoding="utf-8"))["widgets"]
"""What was read upstream of the ctk and qMRML widgets."""


def only_recorded(cls: Any) -> Any:
    """Let the module's own code see of a stand-in only what was recorded for the real class and what every QWidget has.

    A stand-in may be built from another Qt class than the real one (a combo box for a qMRMLNodeComboBox); what that brings along
    must not be used by accident, under whatever name the widget is held.
    """
    recorded = RECORDED[cls.__name__]
    signals = {signal.partition("(")[0] for signal in recorded["signals"]}
    known = {*recorded["properties"], *recorded["methods"], *signals, *dir(QtWidgets.QWidget), "connect", "disconnect"}
    inherited = cls.__getattribute__

    def get(self: Any, name: str) -> Any:
        if name not in known and not name.startswith("_"):
            asking = sys._getframe(1).f_globals.get("__name__", "")
            if asking.split(".")[0] in ("DefaceCompareLib", "DefaceCompare"):
                raise AttributeError(f"{cls.__name__}.{name} was not read upstream (slicer_api.json)")
        return inherited(self, name)

    cls.__getattribute__ = get
    return cls


# PySide answers `connect` with a built-in unless the object's own Python class defines it, hence thin subclasses.
for _name, _value in list(globals().items()):
    if (
        isinstance(_value, type)
        and issubclass(_value, (QtWidgets.QWidget, QtGui.QShortcut))
        and _value is not QtWidgets.QWidget
        and not _name.startswith("QAbstract")
    ):
        globals()[_name] = in_pythonqt_style(type(_name, (_value,), {"__module__": "qt"}))


def _first_of(function: Callable[..., Any]) -> Any:
    """PythonQt's file dialogs return the path alone, PySide's also the filter."""
    return staticmethod(lambda *arguments: function(*arguments)[0])


for _name in ("getSaveFileName", "getOpenFileName"):
    setattr(globals()["QFileDialog"], _name, _first_of(getattr(QtWidgets.QFileDialog, _name)))
