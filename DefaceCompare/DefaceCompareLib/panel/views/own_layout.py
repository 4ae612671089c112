"""Our own layout: taken when the views are shown, given back when they go, and never written into a saved scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

FIRST_LAYOUT_ID = 5206
"""Our layouts are this number plus the number of versions (Slicer's own are below 100)."""
MOST_VERSIONS, KNOWN_VERSIONS = 99, 9
"""How many layouts are ours by their numbers; so many are described beforehand, for scenes that were saved with one."""
FACES_IN_A_ROW = 3
"""A 3D view cannot be made narrower than its controls (five forced the window to 1377 pixels): three stand beside the panel in
a window of 1280."""
ORIGINAL_TAG, VERSION_TAG = "DefaceOriginal", "DefaceVersion{number}"
"""Names of our own 3D views; the user's views stay as they are."""
SLICES = {
    "DefaceAxial": ("Axial", "A", "#F34A33"),
    "DefaceSagittal": ("Sagittal", "S", "#EDD54C"),
    "DefaceCoronal": ("Coronal", "C", "#6EB04B"),
}
"""Names of our own slice views; orientation, label and Slicer's colour of each."""


def version_tag(number: int) -> str:
    """The tag of the view that shows a version, counted from 1."""
    return VERSION_TAG.format(number=number)


def face_tags(versions: int) -> list[str]:
    """The tags of the 3D views, the original's first."""
    return [ORIGINAL_TAG, *map(version_tag, range(1, versions + 1))]


def face_rows(versions: int) -> list[list[str]]:
    """The 3D views in rows of nearly equal length."""
    tags = face_tags(versions)
    rows = -(-len(tags) // FACES_IN_A_ROW)
    length = -(-len(tags) // rows)
    return [tags[first : first + length] for first in range(0, len(tags), length)]


def is_own_view(view: Any) -> bool:
    """Whether a view node is one of ours."""
    name = view.GetLayoutName() or ""
    return name in SLICES or name == ORIGINAL_TAG or name.startswith(VERSION_TAG.format(number=""))


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
        self._scene = scene
        for versions in range(1, KNOWN_VERSIONS + 1):
            self._describe(versions)
        self._tag = scene.AddObserver(scene.EndImportEvent, self._on_imported)
        self._on_imported()

    @property
    def on(self) -> bool:
        """Whether the layout is taken."""
        return self._before is not None

    def take(self, versions: int) -> None:
        """Show the layout for some versions beside the original."""
        node = _layout_node()
        if self._before is None:
            self._before = node.GetViewArrangement()
            node.SetSaveWithScene(False)
        self._describe(versions)
        slicer.app.layoutManager().setLayout(FIRST_LAYOUT_ID + versions)

    def _describe(self, versions: int) -> None:
        node = _layout_node()
        if node is not None and not node.IsLayoutDescription(FIRST_LAYOUT_ID + versions):
            node.AddLayoutDescription(FIRST_LAYOUT_ID + versions, layout_description(versions))

    def give_back(self) -> None:
        """Give the user's layout back, unless another was chosen meanwhile."""
        before, self._before = self._before, None
        if before is None:
            return
        _layout_node().SetSaveWithScene(True)
        if _is_ours(_layout_node().GetViewArrangement()):
            slicer.app.layoutManager().setLayout(before)

    def close(self) -> None:
        """Follow the scene no longer."""
        self._scene.RemoveObserver(self._tag)

    def _on_imported(self, *ignored: Any) -> None:
        """A loaded scene has its own layout; one that an earlier version saved with ours asks for views that nobody fills."""
        if self.on:
            self._leave()
        node = _layout_node()
        if node is not None and _is_ours(node.GetViewArrangement()):
            slicer.app.layoutManager().setLayout(node.SlicerLayoutFourUpView)


def layout_description(versions: int) -> str:
    """The layout's XML: one 3D view for the original and for each version above, three slices below."""
    numbers = {tag: number for number, tag in enumerate(face_tags(versions))}
    rows = "".join(f"<item>{_row([_face(tag, numbers[tag]) for tag in tags])}</item>" for tags in face_rows(versions))
    slices = [
        f'<view class="vtkMRMLSliceNode" singletontag="{tag}">'
        f'<property name="orientation" action="default">{orientation}</property>'
        f'<property name="viewlabel" action="default">{label}</property>'
        f'<property name="viewcolor" action="default">{colour}</property></view>'
        for tag, (orientation, label, colour) in SLICES.items()
    ]
    return f'<layout type="vertical" split="true">{rows}<item>{_row(slices)}</item></layout>'


def _face(tag: str, number: int) -> str:
    label = f'<property name="viewlabel" action="default">{number}</property>'
    return f'<view class="vtkMRMLViewNode" singletontag="{tag}">{label}</view>'


def _row(views: list[str]) -> str:
    return f'<layout type="horizontal" split="true">{"".join(f"<item>{view}</item>" for view in views)}</layout>'


def _is_ours(number: int) -> bool:
    return FIRST_LAYOUT_ID <= number <= FIRST_LAYOUT_ID + MOST_VERSIONS


def _layout_node() -> Any:
    """The layout node; None without a main window."""
    manager = slicer.app.layoutManager()
    return manager.layoutLogic().GetLayoutNode() if manager is not None else None
