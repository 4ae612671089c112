"""The package ``quickshear`` 1.2.0 itself, as its authors released it, with our brain mask."""

from __future__ import annotations

import warnings
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...anatomy.head import Head
from ...case import Case, CaseImage
from ...errors import MethodFailed
from ...geometry.boxes import VoxelBox, box_around, boxed, index_to_mm, whole_box
from ...settings import Settings
from ..defacing import Defacer
from ..edit import Edit
from ..quickshear import Quickshear
from .check import own_grid
from .edit import ExternalEdit, ToolVoxels

PACKAGE, RELEASE = "quickshear", "1.2.0"
NEEDED = (PACKAGE, "nibabel")
FIRST_NUMPY_WITHOUT = (2, 5)
"""From this NumPy on there is no cross product of 2-vectors, which the package takes (measured with NumPy 2.5.5)."""
BUFFER_VOXELS = 10.0
"""The package's own default."""


class QuickshearPackage(Defacer):
    """Run the released package as it is, its loop over the wrong axis included: planning CTs keep their face.

    Each image is sheared on its own grid with the brain mask laid on it, as a user of the package would do it; removed voxels
    become 0 (in CT: water). The gate asks for the cut of the same algorithm in mm, the yardstick of our own Quickshear: a cut
    that stops short, or follows a one-voxel edge of the brain mask, counts as failed.
    """

    key = "quickshear_1.2.0"
    title = "quickshear 1.2.0"
    reference = "Schimke & Hale, USENIX HealthSec 2011; the released package"
    limits = "cuts only as many columns as the image has slices; removed voxels become 0, in CT water"
    licence = "BSD-3-Clause (the package's own; not part of DefaceCompare)"
    verbatim = True
    fill = "zero"

    def available(self) -> str:
        """The package must be there in this very release, and what it needs; it is never installed from here."""
        for package in NEEDED:
            try:
                found = version(package)
            except PackageNotFoundError:
                return f"the package {package} is not installed here (pip install {PACKAGE}=={RELEASE} nibabel)"
            if package == PACKAGE and found != RELEASE:
                return f"{PACKAGE} {found} is installed here, and this entry stands for {RELEASE}"
        if tuple(int(part) for part in np.__version__.split(".")[:2]) >= FIRST_NUMPY_WITHOUT:
            return f"{PACKAGE} {RELEASE} does not run with NumPy {np.__version__} (pip install 'numpy<2.5')"
        return ""

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Shear the image (see `Defacer.find_edit`); other images of the frame follow when they are asked for."""
        ones = sheared(np.ones(whole_box(image.image).shape, dtype=np.uint8), image, head.brain)
        gone = ones == 0
        box = box_around(gone) or VoxelBox((0, 0, 0), (1, 1, 1))
        meant = Quickshear().find_edit(case, image, head, settings)
        voxels = ToolVoxels(self.title, lambda one, _: sheared(one.array(), one, head.brain))
        cut = boxed(gone[box.slices].astype(np.uint8), image.image, box)
        told = {"release": RELEASE, "buffer_voxels": BUFFER_VOXELS}
        return ExternalEdit(voxels, cut, meant.intends, told, steered_by_brain=True)


def sheared(values: NDArray[np.generic], image: CaseImage, brain: sitk.Image) -> NDArray[np.generic]:
    """Call the package on voxels of an image's grid.

    Parameters
    ----------
    values : ndarray, shape (z, y, x)
    image : CaseImage
        Gives the grid.
    brain : SimpleITK.Image
        Mask in the frame of `image`, laid on its grid by nearest neighbour.

    Returns
    -------
    ndarray, shape (z, y, x)
        In the type of `values`.

    Raises
    ------
    MethodFailed
        If the package raises, whatever it is: it does on masks that are empty or one column thin.
    """
    import nibabel
    import quickshear

    on_image = sitk.Resample(brain, image.image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    mask = sitk.GetArrayFromImage(on_image)
    if not mask.any():
        raise MethodFailed(f"{PACKAGE} {RELEASE}: no brain lies in image {image.key}, and it steers by it")
    matrix, origin = index_to_mm(own_grid(image))
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = matrix, origin
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine  # the package lives in RAS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # numpy's, of 2-D cross products: the package's own affair
            result = quickshear.quickshear(
                nibabel.Nifti1Image(values.T, affine, dtype=values.dtype), nibabel.Nifti1Image(mask.T, affine), BUFFER_VOXELS
            )
    except Exception as failure:  # the package checks nothing, so anything may come out of it
        raise MethodFailed(f"{PACKAGE} {RELEASE} stopped on image {image.key}: {type(failure).__name__}: {failure}") from failure
    return np.ascontiguousarray(np.asanyarray(result.dataobj).T.astype(values.dtype))
