"""Gaussian smoothing for those voxels only that are asked for."""

from __future__ import annotations

import SimpleITK as sitk

PASSES = (2, 0, 1)
"""The axes in the order of `SimpleITK.SmoothingRecursiveGaussian`, so that the same bytes come out."""


def smoothed_at(image: sitk.Image, sigma_mm: float, places: tuple[slice, slice, slice]) -> sitk.Image:
    """What `SimpleITK.SmoothingRecursiveGaussian` gives, bit for bit, at some of the voxels.

    Each axis is smoothed by itself; after its pass the lines that nobody asks for are dropped, so that the passes that follow
    have less to do.

    Parameters
    ----------
    image : SimpleITK.Image
        Scalar.
    sigma_mm : float
    places : (slice, slice, slice)
        Which voxels along x, y and z, as an image is sliced; not reversed.

    Returns
    -------
    SimpleITK.Image
        float32, where those voxels lie.
    """
    smooth = sitk.Cast(image, sitk.sitkFloat32)
    for axis in PASSES:
        smooth = sitk.RecursiveGaussian(smooth, sigma_mm, False, sitk.RecursiveGaussianImageFilter.ZeroOrder, axis)
        smooth = smooth[tuple(places[axis] if each == axis else slice(None) for each in range(3))]
    return smooth
