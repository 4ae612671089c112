"""What is drawn as lines in our slices: the patient's contours and isodoses, where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .contours import Contours
from .isodoses import Isodoses


class SliceLines:
    """Contours and isodoses of one patient after the other; their nodes stay where they can be filled anew.

    Parameters
    ----------
    scene : vtkMRMLScene
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._isodoses: Isodoses | None = None
        self._contours: Contours | None = None

    def draw_contours(self, segmentation: Any | None, slices: Sequence[Any]) -> None:
        """Draw a segmentation, or none.

        Parameters
        ----------
        segmentation : vtkMRMLSegmentationNode, optional
        slices : sequence of vtkMRMLSliceNode
        """
        if self._contours is not None and not self._contours.draws(segmentation):
            self._contours.remove()
            self._contours = None
        if self._contours is not None:
            self._contours.refresh()
        elif segmentation is not None:
            self._contours = Contours(self._scene, segmentation, slices)

    def draw_dose(self, dose: Any | None, slices: Sequence[Any]) -> None:
        """Draw a dose, or none.

        Parameters
        ----------
        dose : vtkMRMLScalarVolumeNode, optional
            In Gy; one under a transform is not drawn.
        slices : sequence of vtkMRMLSliceNode
        """
        drawn = dose is not None and dose.GetImageData() is not None and dose.GetParentTransformNode() is None
        if self._isodoses is not None and not (drawn and self._isodoses.intact):
            self._isodoses.remove()
            self._isodoses = None
        if self._isodoses is not None:
            self._isodoses.fill(dose)
        elif drawn:
            self._isodoses = Isodoses(self._scene, dose, slices)

    @property
    def has_dose(self) -> bool:
        """Whether there are isodoses to show."""
        return self._isodoses is not None

    @property
    def isodoses(self) -> str:
        """The doses that have a line."""
        return ", ".join(f"{level_gy:g}" for level_gy in self._isodoses.levels_gy) + " Gy" if self._isodoses else ""

    def show_isodoses(self, shown: bool) -> None:
        """Draw lines of equal dose, or not."""
        if self._isodoses is not None:
            self._isodoses.show(shown)

    def remove(self) -> None:
        """Take everything out of the scene."""
        for part in (self._isodoses, self._contours):
            if part is not None:
                part.remove()
        self._isodoses = self._contours = None
