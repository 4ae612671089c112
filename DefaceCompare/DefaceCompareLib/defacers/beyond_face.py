"""What an edit takes away far below the face: removal to the border of a whole-body scan takes the trunk."""

from __future__ import annotations

import numpy as np

from ..anatomy.air import SKIN_HU
from ..anatomy.head import Head
from ..case import CT, CaseImage
from .edit import Patch
from .voxel_box import box_of_patch, index_to_mm

BELOW_CHIN_MM = 80.0
"""The neck: head-and-neck scans and face masks reach about so far."""
NOTABLE_CC = 100.0


def trunk_warning(image: CaseImage, patch: Patch, head: Head) -> str:
    """A sentence if the edit altered more than `NOTABLE_CC` of a CT's tissue over `BELOW_CHIN_MM` below the chin, else ``""``.

    Parameters
    ----------
    image : CaseImage
    patch : Patch
    head : Head
    """
    if image.modality != CT:  # the other images of the frame lose the same
        return ""
    altered = patch.altered(image.image) & (image.array()[patch.box].astype(np.float32) > SKIN_HU)
    box = box_of_patch(patch)
    matrix, origin = index_to_mm(image.image)
    x, y, z = (np.arange(o, o + n, dtype=np.float64) for o, n in zip(box.offset, box.size, strict=True))
    height = origin[2] + matrix[2, 0] * x[None, None, :] + matrix[2, 1] * y[None, :, None] + matrix[2, 2] * z[:, None, None]
    lowest = head.landmarks_mm["chin"][2] - BELOW_CHIN_MM
    volume_cc = float((altered & (height < lowest)).sum()) * abs(float(np.linalg.det(matrix))) / 1000.0
    if volume_cc < NOTABLE_CC:
        return ""
    return f"the edit goes on below the neck: {volume_cc:.0f} cc of image {image.key} over {BELOW_CHIN_MM:g} mm under the chin"
