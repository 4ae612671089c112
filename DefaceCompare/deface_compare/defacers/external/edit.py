"""The edit of a tool that is not ours: its own voxels, taken as they are and compared with the original."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...anatomy.air import air_level, skin_threshold
from ...anatomy.head import Head
from ...case import Case, CaseImage, Dose
from ...errors import MethodFailed
from ...geometry.box_sampling import sample_mask
from ...geometry.boxes import Patch, VoxelBox, box_around, boxed, whole_box
from ...settings import Settings
from ..stored_values import stored_level

WALL_SHARE = 0.5
"""Share of the altered voxels that must have one value to call it a fill."""
WALL_NOTE = "what the tool removed has one constant value that draws as skin; surfaces are measured with it set to air"


class ToolVoxels:
    """What a tool made of each image of a case: asked for once an image, successes and failures remembered.

    Parameters
    ----------
    name : str
        The tool's own name, for messages.
    make : callable
        ``make(image, voxels) -> array`` of shape (z, y, x) in the image's stored type, checked; raises `MethodFailed`. It may
        add to `notes` and `logs`.
    """

    def __init__(self, name: str, make: Callable[[CaseImage, ToolVoxels], NDArray[np.generic]]) -> None:
        self.name = name
        self.notes: list[str] = []
        self.logs: dict[str, str] = {}
        self._make = make
        self._known: dict[str, NDArray[np.generic] | MethodFailed] = {}

    def of(self, image: CaseImage) -> NDArray[np.generic]:
        """The tool's voxels of an image.

        Raises
        ------
        MethodFailed
            Each time it is asked for an image that the tool did not deface.
        """
        if image.key not in self._known:
            try:
                self._known[image.key] = self._make(image, self)
            except MethodFailed as failure:
                self._known[image.key] = failure
        known = self._known[image.key]
        if isinstance(known, MethodFailed):
            raise known
        return known


@dataclass(frozen=True)
class ExternalEdit:
    """The difference between the original images and a tool's.

    Parameters
    ----------
    voxels : ToolVoxels
    became_air : SimpleITK.Image or None
        uint8 on a box of the image that the tool was first asked for: 1 = the tool removed this. None: it gave no image.
    intended : callable
        Which skin points, shape (n, 3), the tool means to change.
    steered_by_brain : bool
        Whether the tool was given `Head.brain`: then it is not judged on it.
    """

    voxels: ToolVoxels
    became_air: sitk.Image | None
    intended: Callable[[NDArray[np.float64]], NDArray[np.bool_]]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    steered_by_brain: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """What came up so far (see `Edit.warnings`)."""
        return tuple(self.voxels.notes)

    @property
    def logs(self) -> Mapping[str, str]:
        """What the tool said, by image key."""
        return self.voxels.logs

    def apply(self, image: CaseImage, head: Head, settings: Settings) -> Patch:
        """The tool's voxels that differ (see `Edit.apply`)."""
        values = self.voxels.of(image)
        box = box_around(values != image.array())
        if box is None:
            raise MethodFailed(f"{self.voxels.name}: its image {image.key} is the original, nothing was defaced")
        patch = Patch(box.offset, np.ascontiguousarray(values[box.slices]))
        if wall_value(image, patch) is not None:
            self.voxels.notes.append(f"{image.key}: {WALL_NOTE}")
        return patch

    def seen(self, image: CaseImage, patch: Patch) -> Patch:
        """`patch` as an attacker sees it: a wall of one constant value, as tools leave that multiply a CT by 0, is set to air."""
        value = wall_value(image, patch)
        if value is None:
            return patch
        wall = patch.altered(image.image) & (patch.values == value)
        return Patch(patch.offset, np.where(wall, stored_level(air_level(image), patch.values.dtype), patch.values))

    def removed(self, grid: sitk.Image) -> NDArray[np.bool_]:
        """Where the tool turned tissue into air (see `Edit.removed`)."""
        if self.became_air is None:
            return np.zeros(whole_box(grid).shape, dtype=np.bool_)
        return sample_mask(self.became_air, grid, whole_box(grid))

    def outlined(self, planned: NDArray[np.bool_], grid: sitk.Image) -> NDArray[np.bool_]:
        """Without what became air; where the tool added tissue is not known (see `Edit.outlined`)."""
        return planned & ~self.removed(grid)

    def intends(self, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """What the tool is asked to change (see `Edit.intends`)."""
        return self.intended(points_mm)

    def follow(self, dose: Dose, head: Head) -> Patch:
        """0 Gy where tissue became air (see `Edit.follow`)."""
        removed = self.removed(dose.image)
        array = sitk.GetArrayViewFromImage(dose.image)
        box = box_around(removed) or VoxelBox((0, 0, 0), (1, 1, 1))
        return Patch(box.offset, np.where(removed[box.slices], array.dtype.type(0), array[box.slices]))


def wall_value(image: CaseImage, patch: Patch) -> float | None:
    """The one value that most altered voxels have, if it draws as skin: a wall in front of whatever is left of the face."""
    altered = patch.values[patch.altered(image.image)]
    values, counts = np.unique(altered, return_counts=True)
    if not values.size or counts.max() < WALL_SHARE * altered.size:
        return None
    value = float(values[int(np.argmax(counts))])
    return value if value > skin_threshold(image) else None


def of_one_frame(case: Case, image: CaseImage) -> list[CaseImage]:
    """The images that share the frame of `image`, itself first."""
    others = [one for one in case.images if one.frame_of_reference_uid == image.frame_of_reference_uid and one is not image]
    return [image, *others]


def tissue_to_air(voxels: ToolVoxels, images: list[CaseImage]) -> sitk.Image | None:
    """Where tissue became air in the first image that the tool defaced (uint8 on a box of its grid); None without any."""
    for image in images:
        try:
            values = voxels.of(image)
        except MethodFailed:  # told in this image's own rows: the memory of `voxels` raises it again there
            continue
        isovalue = skin_threshold(image)
        gone = np.greater(image.array(), isovalue) & np.less_equal(values, isovalue)
        box = box_around(gone) or VoxelBox((0, 0, 0), (1, 1, 1))
        return boxed(gone[box.slices].astype(np.uint8), image.image, box)
    return None
