"""What a method found to change: one edit of the head in world coordinates, applied to every image in the frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.head import Head
from ..case import CaseImage, Dose
from ..geometry.boxes import Patch
from ..settings import Settings


class Edit(Protocol):
    """One change of a head. Points and grids are LPS mm of the head's frame of reference."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers must know of this edit."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What was found or chosen, for the case report."""

    @property
    def logs(self) -> Mapping[str, str]:
        """What a program in a child process said, by image key; it may name the patient. Empty for an edit of ours."""

    def seen(self, image: CaseImage, patch: Patch) -> Patch:
        """`patch` as an attacker sees it: without a wall of one constant value that a tool leaves before the face."""

    def apply(self, image: CaseImage, head: Head, settings: Settings) -> Patch:
        """Edit one image of the frame on its own grid and in its own stored type.

        Raises
        ------
        MethodFailed
            If the edit does not meet the image (an edit that misses the volume is never an empty result).
        """

    def removed(self, grid: sitk.Image) -> NDArray[np.bool_]:
        """Which voxels of `grid` lie where tissue became air, shape (z, y, x) of the grid."""

    def outlined(self, planned: NDArray[np.bool_], grid: sitk.Image) -> NDArray[np.bool_]:
        """The planned outer contour as it lies on the defaced head; both on `grid`, shape (z, y, x)."""

    def intends(self, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which original skin points, shape (n, 3), the method means to move or remove."""

    def follow(self, dose: Dose, head: Head) -> Patch:
        """Dose treated as the method treats the image (policy ``follow``); float32 Gy."""
