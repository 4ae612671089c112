"""Volumes that another tool defaced: imported, checked and compared like the built-in methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.air import skin_threshold
from ..anatomy.head import Head
from ..case import Case, CaseImage, Dose
from ..errors import MethodFailed
from ..settings import Settings
from .edit import Edit, Patch
from .face_region import FaceRegion, face_region
from .surface_change import rounded
from .voxel_box import VoxelBox, box_around, boxed, corners_mm, sample_box, whole_box

ENDINGS = (".nrrd", ".nii.gz", ".mha", ".nii")
"""Volume formats that are looked for, in this order."""
SUFFIXES = ("", "_deFaced")
"""mri_reface names its results ``<input>_deFaced``."""
GEOMETRY_TOLERANCE_MM = 0.01
"""Largest difference of any corner's place; NIfTI stores float32."""


@dataclass(frozen=True)
class ImportedVolumes:
    """The difference between the original images and those in a folder.

    Parameters
    ----------
    name : str
    folders : tuple of Path
        Where a case's volumes may lie, the first hit counts.
    became_air : SimpleITK.Image
        uint8 on a box of the primary image: tissue there, air in the imported volume.
    region : FaceRegion
    """

    name: str
    folders: tuple[Path, ...]
    became_air: sitk.Image
    region: FaceRegion
    warnings: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def apply(self, image: CaseImage, head: Head, settings: Settings) -> Patch:
        """The imported voxels that differ (see `Edit.apply`)."""
        values = imported(self.name, self.folders, image)
        box = box_around(values != image.array())
        if box is None:
            raise MethodFailed(f"{self.name}: the imported image {image.key} is the original, nothing was defaced")
        return Patch(box.offset, np.ascontiguousarray(values[box.slices]))

    def removed(self, grid: sitk.Image) -> NDArray[np.bool_]:
        """Where tissue of the primary image became air (see `Edit.removed`)."""
        return sample_box(self.became_air, grid, whole_box(grid), 0.0, nearest=True) > 0.5

    def intends(self, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """The face from brow to chin: what any defacer is asked to change (see `Edit.intends`)."""
        return self.region.face(points_mm)

    def follow(self, dose: Dose, head: Head) -> Patch:
        """0 Gy where tissue became air (see `Edit.follow`)."""
        removed = self.removed(dose.image)
        array = sitk.GetArrayViewFromImage(dose.image)
        box = box_around(removed) or VoxelBox((0, 0, 0), (1, 1, 1))
        return Patch(box.offset, np.where(removed[box.slices], array.dtype.type(0), array[box.slices]))


class ExternalFolder:
    """A tool's results in ``FOLDER[/<case id>]/<IMAGE>.nrrd|.nii.gz|.mha|.nii``, also with ``_deFaced`` after the name.

    Parameters
    ----------
    name : str
        The real tool's own name; key and title in every table.
    folder : Path
    """

    reference = "imported: the tool's own result"
    limits = "as the tool's"
    licence = "the tool's own"

    def __init__(self, name: str, folder: Path) -> None:
        self.key = name
        self.title = name
        self.folder = folder

    def available(self) -> str:
        """The folder must be there."""
        return "" if self.folder.is_dir() else f"the folder of {self.key} ({self.folder.name}) does not exist"

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Read the volume of `image` and find where tissue became air (see `Defacer.find_edit`)."""
        folders = (self.folder / case.id, self.folder)
        values = imported(self.key, folders, image)
        isovalue = skin_threshold(image)
        gone = np.greater(image.array(), isovalue) & np.less_equal(values, isovalue)
        box = box_around(gone) or VoxelBox((0, 0, 0), (1, 1, 1))
        became_air = boxed(gone[box.slices].astype(np.uint8), image.image, box)
        return ImportedVolumes(self.key, folders, became_air, face_region(head), parameters={"imported": True})


def imported(name: str, folders: tuple[Path, ...], image: CaseImage) -> NDArray[np.generic]:
    """The defaced volume of one image in its own stored type, shape (z, y, x).

    Raises
    ------
    MethodFailed
        If there is no file, it can't be read, or its geometry or values don't fit the original.
    """
    names = [f"{image.key}{suffix}{ending}" for suffix in SUFFIXES for ending in ENDINGS]
    found = next((folder / file for folder in folders for file in names if (folder / file).is_file()), None)
    if found is None:
        raise MethodFailed(f"{name}: there is no file {names[0]} (or .nii.gz, .mha) for image {image.key}")
    try:
        volume = sitk.ReadImage(str(found))
    except RuntimeError as failure:
        raise MethodFailed(f"{name}: {found.name} cannot be read; import it again") from failure
    difference = geometry_difference(volume, image.image)
    if difference:
        raise MethodFailed(f"{name}: {found.name} does not lie on the original's grid: {difference}")
    values = sitk.GetArrayFromImage(volume)
    if not np.isfinite(values).all():
        raise MethodFailed(f"{name}: {found.name} holds NaN or infinite voxels")
    dtype = image.array().dtype
    if values.dtype == dtype:
        return values
    return rounded(values, dtype)


def geometry_difference(volume: sitk.Image, original: sitk.Image) -> str:
    """What differs between two grids, in words; empty if they agree to `GEOMETRY_TOLERANCE_MM` at every corner."""
    if volume.GetDimension() != 3 or volume.GetNumberOfComponentsPerPixel() != 1:
        return "it is not a scalar 3-D volume"
    if volume.GetSize() != original.GetSize():
        return f"size {volume.GetSize()} instead of {original.GetSize()}"
    corners = np.abs(corners_mm(volume) - corners_mm(original))
    if float(corners.max()) <= GEOMETRY_TOLERANCE_MM:
        return ""
    for label, mine, theirs in (
        ("spacing", volume.GetSpacing(), original.GetSpacing()),
        ("direction", volume.GetDirection(), original.GetDirection()),
        ("origin", volume.GetOrigin(), original.GetOrigin()),
    ):
        if not np.allclose(mine, theirs, atol=1e-4):
            return f"{label} {tuple(round(v, 4) for v in mine)} instead of {tuple(round(v, 4) for v in theirs)}"
    return f"its corners lie up to {float(corners.max()):.3f} mm away"
