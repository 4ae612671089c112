"""What is left of a region: its intact volume and its tissue volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..case import CT
from ..structures.region_voxels import RegionVoxels

ALTERED_HU = 0.5
"""A CT voxel that differs by more is altered (half a stored step)."""
NOTABLY_ALTERED_HU = 20.0
"""A CT voxel that differs by more is altered beyond usual noise; told in the note."""


@dataclass(frozen=True)
class Volumes:
    """Volumes of one region on one image, cc.

    Parameters
    ----------
    planned_cc : float
        The planned region inside the image.
    altered_cc : float
        Volume of altered voxels in it (CT: by more than 0.5 HU; MR and PET: at all).
    notably_altered_cc : float
        CT: altered by more than 20 HU; else the same as `altered_cc`.
    tissue_original_cc, tissue_defaced_cc : float
        Volume above the skin threshold of the original image, before and after.
    """

    planned_cc: float
    altered_cc: float
    notably_altered_cc: float
    tissue_original_cc: float
    tissue_defaced_cc: float

    @property
    def intact_cc(self) -> float:
        """Planned volume without altered voxels."""
        return self.planned_cc - self.altered_cc


def measure_volumes(
    voxels: RegionVoxels,
    original: NDArray[np.generic],
    defaced: NDArray[np.generic],
    modality: str,
    tissue_above: float,
) -> Volumes:
    """Measure volumes from the box of `voxels` of both images.

    Parameters
    ----------
    original, defaced : ndarray, shape (z, y, x) of the region's box
        The same object where nothing was altered: then nothing is compared.
    tissue_above : float
        Skin threshold, found on the original image and used for both.
    """
    tissue_cc = voxels.cc(np.greater(original, tissue_above))
    if defaced is original:
        return Volumes(voxels.volume_cc, 0.0, 0.0, tissue_cc, tissue_cc)
    altered = altered_voxels(original, defaced, modality)
    notably = altered_voxels(original, defaced, modality, NOTABLY_ALTERED_HU)
    return Volumes(
        planned_cc=voxels.volume_cc,
        altered_cc=voxels.cc(altered),
        notably_altered_cc=voxels.cc(notably),
        tissue_original_cc=tissue_cc,
        tissue_defaced_cc=voxels.cc(np.greater(defaced, tissue_above)),
    )


def altered_voxels(
    original: NDArray[np.generic], defaced: NDArray[np.generic], modality: str, threshold_hu: float = ALTERED_HU
) -> NDArray[np.bool_]:
    """Which voxels differ: CT by more than a threshold in HU, other modalities at all."""
    altered = np.asarray(original != defaced)
    if modality == CT:
        before, after = (values[altered].astype(np.float32) for values in (original, defaced))
        altered[altered] = np.abs(before - after) > threshold_hu
    return altered
