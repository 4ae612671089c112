"""One check box a method: its title, and why it cannot run here if it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import qt

from ..defacers import REGISTRY
from ..settings import DEFAULT_METHODS


class MethodBoxes:
    """The check boxes of all registered methods.

    Parameters
    ----------
    layout : QLayout
        Where the boxes go.
    on_change : callable
        Called without arguments when a box is ticked or cleared.
    """

    def __init__(self, layout: Any, on_change: Callable[[], None]) -> None:
        self._boxes: dict[str, Any] = {}
        for defacer in REGISTRY:
            reason = defacer.available()
            box = qt.QCheckBox(defacer.title)
            box.checked = defacer.key in DEFAULT_METHODS and not reason
            box.enabled = not reason
            box.toolTip = f"Not available: {reason}" if reason else f"{defacer.reference}\nLimits: {defacer.limits}"
            box.connect("toggled(bool)", lambda checked: on_change())
            layout.addWidget(box)
            self._boxes[defacer.key] = box

    def chosen(self) -> list[str]:
        """Keys of the ticked methods, in the registry's order."""
        return [key for key, box in self._boxes.items() if box.checked]

    def choose(self, keys: Iterable[str]) -> None:
        """Tick exactly these methods (those that cannot run here stay clear)."""
        wanted = set(keys)
        for key, box in self._boxes.items():
            box.checked = key in wanted and box.enabled
