"""*Side by side*: our own views, shown on their toggle only, and the user's layout back afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray

import qt

from ...nodes.volumes import is_ct
from .face_row import FaceRow
from .head_field import HeadField, head_field
from .other_displays import OtherDisplays, contours_in
from .own_layout import OwnLayout
from .skins import SkinSurfaces
from .slice_row import SliceRow, show_soft_tissue

ORIGINAL_LABEL = "original"


class SideBySide:
    """Views of an original and its defaced versions.

    Parameters
    ----------
    scene : vtkMRMLScene
    on_left : callable
        Called without arguments when the views went by themselves: a scene is loaded into this one.
    """

    def __init__(self, scene: Any, on_left: Callable[[], None] = lambda: None) -> None:
        self._scene = scene
        self._on_left = on_left
        self._layout = OwnLayout(scene, self._leave)
        self._others = OtherDisplays(scene)
        self._skins = SkinSurfaces()
        self._faces: FaceRow | None = None
        self._slices: SliceRow | None = None
        self._head: HeadField | None = None
        self._versions: dict[str, Any] = {}
        self.looked_at = ""
        """What the version in the slices is called."""

    @property
    def on(self) -> bool:
        """Whether the views are ours now."""
        return self._layout.on

    @property
    def labels(self) -> list[str]:
        """What the shown versions are called."""
        return list(self._versions)

    def show(self, original: Any, versions: Mapping[str, Any], segmentation: Any | None = None) -> None:
        """Change the layout and fill the views; while it is on, only fill them anew.

        Parameters
        ----------
        original : vtkMRMLScalarVolumeNode
        versions : mapping of label to vtkMRMLScalarVolumeNode
        segmentation : vtkMRMLSegmentationNode, optional
            Drawn in the slices; what else the scene draws is kept out of our views.

        Raises
        ------
        FaceNotFound, UnusableInput
            If the original shows no head; the layout is then the user's.
        """
        try:
            skins = self._skins.of(original, list(versions.values()))
        except BaseException:
            self.restore()
            raise
        with slicer.util.RenderBlocker():
            self._empty()
            self._layout.take(len(versions))
            try:
                self._fill(original, versions, segmentation, skins)
            except BaseException:
                self.restore()
                raise
        qt.QTimer.singleShot(0, self._when_on_screen)

    def _fill(self, original: Any, versions: Mapping[str, Any], segmentation: Any | None, skins: list[Any]) -> None:
        self._head = head_field(skins[0])
        if is_ct(original):
            show_soft_tissue(original, versions.values())
        self._slices = SliceRow(self._scene, original, self._skins.body_from)
        self._others.keep_out(admitted=contours_in(segmentation, self._slices.views))
        self._faces = FaceRow(self._scene, {ORIGINAL_LABEL: original, **versions}, skins, self._head)
        self._versions = dict(versions)
        if self._versions:
            self.look_at(next(iter(self._versions)))

    def _when_on_screen(self) -> None:
        """What only views on the screen can do: they come there, and get their size, when the event loop runs."""
        if self._faces is not None and self._slices is not None and self._head is not None:
            self._slices.look_at_face(self._head)
            self._faces.draw()

    def look_at(self, label: str) -> int:
        """Show one version in the slices; returns how many voxels of the body it altered."""
        self.looked_at = label
        return self._slices.show(self._versions[label]) if self._slices is not None else 0

    def fade(self, share: float) -> None:
        """Fade the slices from the original (0) to the defaced version (1)."""
        if self._slices is not None:
            self._slices.fade(share)

    def mark_altered(self, marked: bool) -> None:
        """Outline altered voxels in the slices, or not."""
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
        self._layout.give_back()

    def _leave(self) -> None:
        self.restore()
        self._on_left()

    def forget(self) -> None:
        """Give the layout back, and let go of what is kept for the next time (the scene closes)."""
        self.restore()
        self._skins.forget()

    def close(self) -> None:
        """Follow the scene no longer (the panel goes away)."""
        self.forget()
        self._layout.close()
        self._others.close()

    def _empty(self) -> None:
        self._others.put_back()
        for row in (self._faces, self._slices):
            if row is not None:
                row.remove()
        self._faces = self._slices = None
        self._versions = {}
