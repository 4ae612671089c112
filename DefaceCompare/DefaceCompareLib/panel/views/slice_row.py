"""The row of slice views: the original fading into one version, the edit outlined, the patient's contours."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from .altered_overlay import AlteredOverlay
from .arrangements import SLICES
from .face_row import VIEW_GROUP
from .head_field import HeadField

ROOM_AROUND_HEAD = 1.1
"""Field of view of a slice over the head's size."""


class SliceRow:
    """Slices through the original and one version of it.

    Parameters
    ----------
    scene : vtkMRMLScene
    """

    def __init__(self, scene: Any) -> None:
        self._original: Any = None
        self._body_from = 0.0
        self._overlay = AlteredOverlay(scene)
        self._logics = [slicer.app.applicationLogic().GetSliceLogicByLayoutName(tag) for tag in SLICES]
        for logic in self._logics:
            logic.GetSliceNode().SetViewGroup(VIEW_GROUP)
            logic.GetSliceNode().SetUseLabelOutline(True)
            composite = logic.GetSliceCompositeNode()
            for node in (logic.GetSliceNode(), composite):
                node.SetSaveWithScene(False)
            composite.SetDoPropagateVolumeSelection(False)
            composite.SetLinkedControl(False)

    @property
    def intact(self) -> bool:
        """Whether nobody has deleted a node of ours."""
        return self._overlay.node.GetScene() is not None and self._overlay.node.GetDisplayNode() is not None

    def fill(self, original: Any, body_from: float) -> None:
        """Take another original; the version follows with `show`.

        Parameters
        ----------
        original : vtkMRMLScalarVolumeNode
        body_from : float
            The skin's isovalue on it, in the image's unit.
        """
        self._original, self._body_from = original, body_from
        for logic in self._logics:
            logic.GetSliceCompositeNode().SetBackgroundVolumeID(original.GetID())

    @property
    def views(self) -> list[Any]:
        """The slice nodes."""
        return [logic.GetSliceNode() for logic in self._logics]

    def show(self, version: Any, known: NDArray[np.int64] | None = None) -> int:
        """Look at another version; returns how many voxels of the body it altered.

        Parameters
        ----------
        version : vtkMRMLScalarVolumeNode
        known : ndarray of int64, optional
            Flat indices of the altered voxels, if they were looked for beforehand.
        """
        altered = self._overlay.show(self._original, version, self._body_from, known)
        for logic in self._logics:
            composite = logic.GetSliceCompositeNode()
            composite.SetForegroundVolumeID(version.GetID())
            composite.SetLabelVolumeID(self._overlay.node.GetID())  # not before it has an image: Slicer would log an error
        return altered

    def fade(self, share: float) -> None:
        """From the original (0) to the defaced version (1)."""
        for logic in self._logics:
            logic.GetSliceCompositeNode().SetForegroundOpacity(share)

    def mark_altered(self, marked: bool) -> None:
        """Outline what was altered, or not."""
        for logic in self._logics:
            logic.GetSliceCompositeNode().SetLabelOpacity(1.0 if marked else 0.0)

    def look_at_face(self, head: HeadField) -> None:
        """Show the whole head, cut through the face; only views on the screen know their size."""
        for view in self.views:
            modified = view.StartModify()
            width, height, _depth = view.GetDimensions()
            mm_per_pixel = ROOM_AROUND_HEAD * max(head.size_mm.max() / max(height, 1), head.size_mm.max() / max(width, 1))
            view.SetFieldOfView(width * mm_per_pixel, height * mm_per_pixel, view.GetFieldOfView()[2])
            view.JumpSliceByCentering(*head.centre)
            view.JumpSliceByOffsetting(*head.face)
            view.EndModify(modified)

    def jump(self, ras_mm: NDArray[np.float64]) -> None:
        """Centre every slice on a point, RAS mm."""
        for view in self.views:
            view.JumpSliceByCentering(*ras_mm)

    def let_go(self) -> None:
        """Empty the slices: their logic follows at once only outside `in_one_go`, and would draw on what is gone."""
        for logic in self._logics:
            composite = logic.GetSliceCompositeNode()
            composite.SetLabelVolumeID(None)
            composite.SetForegroundVolumeID(None)
            composite.SetBackgroundVolumeID(None)

    def remove(self) -> None:
        """Take the overlay out of the scene; the slices are empty."""
        self._overlay.remove()

    def let_go_of_voxels(self) -> None:
        """Keep no volume alive; last of all, since a label that leaves the scene is put into its layer once more."""
        for logic in self._logics:
            for layer in (logic.GetBackgroundLayer(), logic.GetForegroundLayer(), logic.GetLabelLayer()):
                _let_go_of_voxels(layer)


def _let_go_of_voxels(layer: Any) -> None:
    """Take the last volume's voxels out of a layer: Slicer leaves them in its filters until another volume comes.

    vtkMRMLSliceLayerLogic, UpdateImageDisplay: measured 270 MB of a CT of 512 × 512 × 216 after the scene was closed.
    """
    for reslice in (layer.GetReslice(), layer.GetResliceUVW()):
        reslice.RemoveAllInputConnections(0)
