"""A trunk: a scan that holds no head."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

AIR_HU, TISSUE_HU = -1000, 40


def thorax() -> sitk.Image:
    """A trunk of 320 x 220 x 300 mm with two lungs."""
    z, y, x = np.mgrid[:100, :130, :180]
    body = ((x - 90) / 80.0) ** 2 + ((y - 65) / 55.0) ** 2 < 1
    lungs = ((np.abs(x - 90) - 38) / 25.0) ** 2 + ((y - 60) / 38.0) ** 2 + ((z - 50) / 45.0) ** 2 < 1
    image = sitk.GetImageFromArray(np.where(body & ~lungs, TISSUE_HU, AIR_HU).astype(np.int16))
    image.SetSpacing((2.0, 2.0, 3.0))
    return image
