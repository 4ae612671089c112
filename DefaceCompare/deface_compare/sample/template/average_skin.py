"""Depth below the average head's skin."""

from __future__ import annotations

from functools import cache

import numpy as np
import SimpleITK as sitk

from ...anatomy.average_head import template_image
from .source import like
from .t1 import SKIN_ISOVALUE

DEPTH_LIMIT_MM = 30.0
"""Depths beyond this are cut off."""


@cache
def average_skin_depth() -> sitk.Image:
    """Depth below the skin of the average head in mm (float32), sub-voxel at the skin."""
    head = template_image("average_head")
    solid = sitk.BinaryFillhole((head > SKIN_ISOVALUE) | (template_image("average_labels") > 0))
    # Of the outside: exact in the head, a voxel rough in the air, where no depth is used. 0 midway between voxel centres.
    outward = sitk.SignedMaurerDistanceMap(solid == 0, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    far = sitk.GetArrayFromImage(outward) - np.float32(0.5 * head.GetSpacing()[0])
    near = (sitk.GetArrayFromImage(head) / (2.0 * SKIN_ISOVALUE) - 0.5) * 4.0
    depth = np.where(far < 2.5, np.clip(near, -2.0, 2.0), far)
    depth = np.where(far < -2.5, far, depth)
    return like(np.clip(depth, -DEPTH_LIMIT_MM, DEPTH_LIMIT_MM).astype(np.float32), head)
