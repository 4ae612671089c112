"""One check box a method: its title, and why it cannot run here if it cannot."""

from __future__ import annotations

from typing import Any

import qt
from deface_compare.defacers import REGISTRY, external_methods
from deface_compare.settings import DEFAULT_METHODS

from ..parameters import NO, TICK, YES, Parameter


class MethodBoxes:
    """The check boxes of all methods that the command line knows; each is an attribute too, as `Parameter` wants it.

    Parameters
    ----------
    layout : QLayout
        Where the boxes go.
    """

    def __init__(self, layout: Any) -> None:
        self._boxes: dict[str, Any] = {}
        self.parameters: tuple[Parameter, ...] = ()
        for method in (*REGISTRY, *external_methods()):
            reason = method.available()
            box = qt.QCheckBox(method.title)
            box.toolTip = f"Not available: {reason}" if reason else f"{method.reference}\nLimits: {method.limits}"
            box.enabled = not reason
            layout.addWidget(box)
            if reason:
                layout.addWidget(_reason_label(reason))
                continue
            name = f"methodBox_{method.key}"
            self._boxes[method.key] = box
            setattr(self, name, box)
            default = YES if method.key in DEFAULT_METHODS else NO
            self.parameters += (Parameter(name, TICK, f"Method.{method.key}", default),)

    def chosen(self) -> list[str]:
        """Keys of the ticked methods, in the registry's order."""
        return [key for key, box in self._boxes.items() if box.checked]


def _reason_label(reason: str) -> Any:
    label = qt.QLabel(f"not available: {reason}")
    label.wordWrap = True
    label.enabled = False
    label.indent = 22
    return label
