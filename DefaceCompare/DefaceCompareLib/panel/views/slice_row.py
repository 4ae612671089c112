"""The row of slice views: the original fading into one version, altered voxels laid over."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from .altered_overlay import OPACITY, AlteredOverlay
from .face_row import VIEW_GROUP

SLICES = {
    "DefaceAxial": ("Axial", "A", "#F34A33"),
    "DefaceSagittal": ("Sagittal", "S", "#EDD54C"),
    "DefaceCoronal": ("Coronal", "C", "#6EB04B"),
}
"""Names of our own slice views; orientation, label and Slicer's colour of each."""


class SliceRow:
    """Slices through the original and one version of it.

    Parameters
    ----------
    scene : vtkMRMLScene
    original : vtkMRMLScalarVolumeNode
    """

    def __init__(self, scene: Any, original: Any) -> None:
        self._original = original
        self._overlay = AlteredOverlay(scene)
        self._logics = [slicer.app.applicationLogic().GetSliceLogicByLayoutName(tag) for tag in SLICES]
        for logic in self._logics:
            logic.GetSliceNode().SetViewGroup(VIEW_GROUP)
            composite = logic.GetSliceCompositeNode()
            composite.SetDoPropagateVolumeSelection(False)
            composite.SetLinkedControl(False)
            composite.SetBackgroundVolumeID(original.GetID())
            composite.SetLabelVolumeID(self._overlay.node.GetID())
        self.fit()

    def fit(self) -> None:
        """Show the whole image in every slice view."""
        for logic in self._logics:
            logic.FitSliceToAll()

    def show(self, version: Any) -> int:
        """Look at another version; returns how many voxels it altered."""
        altered = self._overlay.show(self._original, version)
        for logic in self._logics:
            logic.GetSliceCompositeNode().SetForegroundVolumeID(version.GetID())
        return altered

    def fade(self, share: float) -> None:
        """From the original (0) to the defaced version (1)."""
        for logic in self._logics:
            logic.GetSliceCompositeNode().SetForegroundOpacity(share)

    def mark_altered(self, marked: bool) -> None:
        """Lay the altered voxels over the slices, or not."""
        for logic in self._logics:
            logic.GetSliceCompositeNode().SetLabelOpacity(OPACITY if marked else 0.0)

    def jump(self, ras_mm: NDArray[np.float64]) -> None:
        """Centre every slice on a point, RAS mm."""
        for logic in self._logics:
            logic.GetSliceNode().JumpSliceByCentering(*ras_mm)

    def remove(self) -> None:
        """Empty the slices and take the overlay out of the scene."""
        for logic in self._logics:
            composite = logic.GetSliceCompositeNode()
            composite.SetBackgroundVolumeID(None)
            composite.SetForegroundVolumeID(None)
            composite.SetLabelVolumeID(None)
        self._overlay.remove()
