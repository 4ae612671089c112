"""Our own layout: taken when the views are shown, given back when they go, and never written into a saved scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from .arrangements import (
    ARRANGEMENTS,
    KNOWN_VERSIONS,
    ROW,
    is_ours,
    is_own_name,
    layout_description,
    layout_id,
)


def is_own_view(view: Any) -> bool:
    """Whether a view node is one of ours."""
    return is_own_name(view.GetLayoutName() or "")


class OwnLayout:
    """The layout, and what becomes of it when the scene is saved or another is loaded into it.

    A scene that is saved with it would reopen without views. Slicer tells nobody that it is about to save, so the layout node is
    not saved at all while the layout is ours.

    Parameters
    ----------
    scene : vtkMRMLScene
    leave : callable
        Called without arguments while the layout is on and must go: a scene was loaded, with a layout of its own.
    """

    def __init__(self, scene: Any, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._before: int | None = None
        self._asked = False
        self._scene = scene
        for arrangement in ARRANGEMENTS:
            for versions in range(1, KNOWN_VERSIONS + 1) if arrangement == ROW else (1,):
                self._describe(arrangement, versions)
        self._tag = scene.AddObserver(scene.EndImportEvent, self._on_imported)
        self._on_imported()

    @property
    def on(self) -> bool:
        """Whether the layout is taken."""
        return self._before is not None

    def take(self, arrangement: str, versions: int) -> bool:
        """Show one of `ARRANGEMENTS` for some versions beside the original; a layout that the user has chosen meanwhile stays.

        Returns
        -------
        bool
            Whether this very layout was on the screen before: its views have their size.
        """
        node = _layout_node()
        now = node.GetViewArrangement()
        ours = is_ours(now)
        mine = self._before is None or self._asked or ours
        if self._before is None or (self._asked and not ours):
            self._before = now
            node.SetSaveWithScene(False)
        self._asked = False
        self._describe(arrangement, versions)
        wanted = layout_id(arrangement, versions)
        if mine and now != wanted:
            slicer.app.layoutManager().setLayout(wanted)
        return bool(now == wanted)

    def ask(self) -> None:
        """The user asks for our layout: the next time it is shown whatever stands there."""
        self._asked = True

    def _describe(self, arrangement: str, versions: int) -> None:
        node, number = _layout_node(), layout_id(arrangement, versions)
        if node is not None and not node.IsLayoutDescription(number):
            node.AddLayoutDescription(number, layout_description(arrangement, versions))

    def give_back(self) -> None:
        """Give the user's layout back, unless another was chosen meanwhile."""
        before, self._before, self._asked = self._before, None, False
        if before is None:
            return
        _layout_node().SetSaveWithScene(True)
        if is_ours(_layout_node().GetViewArrangement()):
            slicer.app.layoutManager().setLayout(before)

    def close(self) -> None:
        """Follow the scene no longer."""
        self._scene.RemoveObserver(self._tag)

    def _on_imported(self, *ignored: Any) -> None:
        """A loaded scene has its own layout; one that an earlier version saved with ours asks for views that nobody fills."""
        if self.on:
            self._leave()
        node = _layout_node()
        if node is not None and is_ours(node.GetViewArrangement()):
            slicer.app.layoutManager().setLayout(node.SlicerLayoutFourUpView)


def _layout_node() -> Any:
    """The layout node; None without a main window."""
    manager = slicer.app.layoutManager()
    return manager.layoutLogic().GetLayoutNode() if manager is not None else None
