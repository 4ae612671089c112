"""A `qt` module in PythonQt's calling style on PySide6: flat names, properties as attributes, ``connect("sig(args)", f)``.

Only for tests. Three differences of PySide6 are bridged: PythonQt reads and writes every Qt property as an attribute, connects by
the signal's C++ signature, and passes a callable no more arguments than it takes. Names that Qt does not have raise.
"""

from __future__ import annotations

import ctypes
import inspect
import sys
from collections.abc import Callable
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
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return function
    count = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
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


def in_pythonqt_style(cls: Any) -> Any:
    """Give a class PythonQt's connect and disconnect."""
    cls.connect, cls.disconnect = _connect, _disconnect
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
