"""*Side by side*: our own layout, shown on its toggle only, and the user's layout back afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

import qt

from .face_row import ORIGINAL_TAG, FaceRow, version_tag
from .skins import SkinSurfaces
from .slice_row import SLICES, SliceRow

ORIGINAL_LABEL = "original"
FIRST_LAYOUT_ID = 5206
"""Our layouts are this number plus the number of versions (Slicer's own are below 100)."""


class SideBySide:
    """Views of an original and its defaced versions.

    Parameters
    ----------
    scene : vtkMRMLScene
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._layout_before: int | None = None
        self._layout = 0
        self._skins = SkinSurfaces()
        self._faces: FaceRow | None = None
        self._slices: SliceRow | None = None
        self._versions: dict[str, Any] = {}

    @property
    def on(self) -> bool:
        """Whether the views are ours now."""
        return self._layout_before is not None

    @property
    def labels(self) -> list[str]:
        """What the shown versions are called."""
        return list(self._versions)

    def show(self, original: Any, versions: Mapping[str, Any]) -> None:
        """Change the layout and fill the views; while it is on, only fill them anew.

        Parameters
        ----------
        original : vtkMRMLScalarVolumeNode
        versions : mapping of label to vtkMRMLScalarVolumeNode

        Raises
        ------
        FaceNotFound, UnusableInput
            If the original shows no head; the layout is then as it was.
        """
        before = self._layout_before
        if before is None:
            before = _layout_node().GetViewArrangement()
        self._empty()
        self._layout = FIRST_LAYOUT_ID + len(versions)
        node = _layout_node()
        if not node.IsLayoutDescription(self._layout):
            node.AddLayoutDescription(self._layout, layout_description(len(versions)))
        slicer.app.layoutManager().setLayout(self._layout)
        self._layout_before = before
        try:
            skins = self._skins.of(original, list(versions.values()))
            self._faces = FaceRow(self._scene, {ORIGINAL_LABEL: original, **versions}, skins)
            self._slices = SliceRow(self._scene, original)
        except BaseException:
            self.restore()
            raise
        self._versions = dict(versions)
        if self._versions:
            self.look_at(next(iter(self._versions)))
        qt.QTimer.singleShot(0, self._when_on_screen)

    def _when_on_screen(self) -> None:
        """What only views on the screen can do: they come there when the event loop runs."""
        if self._faces is not None:
            self._faces.draw()

    def look_at(self, label: str) -> int:
        """Show one version in the slices; returns how many voxels it altered."""
        return self._slices.show(self._versions[label]) if self._slices is not None else 0

    def fade(self, share: float) -> None:
        """Fade the slices from the original (0) to the defaced version (1)."""
        if self._slices is not None:
            self._slices.fade(share)

    def mark_altered(self, marked: bool) -> None:
        """Lay altered voxels over the slices, or not."""
        if self._slices is not None:
            self._slices.mark_altered(marked)

    def jump(self, ras_mm: NDArray[np.float64]) -> None:
        """Centre our slices on a point, RAS mm; while the views are not ours, every slice of the scene."""
        if self._slices is not None:
            self._slices.jump(ras_mm)
        else:
            node = slicer.vtkMRMLSliceNode
            node.JumpAllSlices(self._scene, *ras_mm, node.CenteredJumpSlice)

    def restore(self) -> None:
        """Take everything of ours out of the scene; give the layout back unless the user has chosen another meanwhile."""
        self._empty()
        before, self._layout_before = self._layout_before, None
        if before is not None and _layout_node().GetViewArrangement() == self._layout:
            slicer.app.layoutManager().setLayout(before)

    def _empty(self) -> None:
        for row in (self._faces, self._slices):
            if row is not None:
                row.remove()
        self._faces = self._slices = None
        self._versions = {}


def layout_description(versions: int) -> str:
    """The layout's XML: one 3D view for the original and for each version above, three slices below."""
    faces = "".join(
        f'<item><view class="vtkMRMLViewNode" singletontag="{tag}">'
        f'<property name="viewlabel" action="default">{number}</property></view></item>'
        for number, tag in enumerate((ORIGINAL_TAG, *map(version_tag, range(1, versions + 1))))
    )
    slices = "".join(
        f'<item><view class="vtkMRMLSliceNode" singletontag="{tag}">'
        f'<property name="orientation" action="default">{orientation}</property>'
        f'<property name="viewlabel" action="default">{label}</property>'
        f'<property name="viewcolor" action="default">{colour}</property></view></item>'
        for tag, (orientation, label, colour) in SLICES.items()
    )
    return (
        '<layout type="vertical" split="true">'
        f'<item><layout type="horizontal" split="true">{faces}</layout></item>'
        f'<item><layout type="horizontal" split="true">{slices}</layout></item></layout>'
    )


def _layout_node() -> Any:
    return slicer.app.layoutManager().layoutLogic().GetLayoutNode()
