"""The window of head and neck for a CT whose window nobody has chosen, and what stood there before afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...nodes.volumes import HEAD_LEVEL_HU, HEAD_WINDOW_HU


@dataclass(frozen=True)
class _Before:
    """How a volume was shown: whether by Slicer's own choice, and how."""

    display: Any
    by_itself: bool
    window: float
    level: float


class SoftTissue:
    """Lets an original and its versions be shown alike: one grey is one value."""

    def __init__(self) -> None:
        self._before: list[_Before] = []

    def show(self, original: Any, versions: Iterable[Any]) -> None:
        """Give a CT whose window nobody has chosen the window of head and neck, and its versions with it.

        Parameters
        ----------
        original : vtkMRMLScalarVolumeNode
            A CT.
        versions : iterable of vtkMRMLScalarVolumeNode
        """
        display = original.GetDisplayNode()
        if display is None or not display.GetAutoWindowLevel():
            return
        for volume in (original, *versions):
            shown = volume.GetDisplayNode()
            if shown is None:
                continue
            self._before.append(_Before(shown, bool(shown.GetAutoWindowLevel()), shown.GetWindow(), shown.GetLevel()))
            modified = shown.StartModify()
            shown.SetAutoWindowLevel(False)
            shown.SetWindowLevel(HEAD_WINDOW_HU, HEAD_LEVEL_HU)
            shown.EndModify(modified)

    def put_back(self) -> None:
        """Give every volume what it had, unless the user has chosen a window meanwhile."""
        before, self._before = self._before, []
        for each in before:
            display = each.display
            ours = (display.GetAutoWindowLevel(), display.GetWindow(), display.GetLevel()) == (0, HEAD_WINDOW_HU, HEAD_LEVEL_HU)
            if ours and display.GetScene() is not None:
                modified = display.StartModify()
                display.SetWindowLevel(each.window, each.level)
                display.SetAutoWindowLevel(each.by_itself)
                display.EndModify(modified)
