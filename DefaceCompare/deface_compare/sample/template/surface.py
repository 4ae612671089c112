"""The skin of the average head: artefacts of averaging removed, chin, jaw and neck added."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from ...anatomy.head import Point
from .shapes import Coordinates, Field, cut, depth_of_mask, ellipsoid, joined, tube

SOURCE_SKIN = 85.0
"""Source intensity of the skin: the brow's shelf and the shadows in front of the face are below, lips and eyelids above."""
SOURCE_END_MM = -103.0
"""z at the lips (y = -95) below which the source fades out and the head is drawn."""
SOURCE_END_SLOPE = 0.06
"""The source reaches lower at the back of the head, by this much a mm of y."""

LANDMARKS_MM: dict[str, Point] = {
    "eye_left": (30.0, -78.0, -33.0),
    "eye_right": (-30.0, -78.0, -33.0),
    "nasion": (0.0, -100.0, -33.0),
    "nose_tip": (0.0, -118.0, -68.0),
    "mouth": (0.0, -97.0, -104.0),
    "chin": (0.0, -93.0, -137.0),
    "ear_left": (78.0, 14.0, -50.0),
    "ear_right": (-78.0, 14.0, -50.0),
    "vertex": (0.0, 18.0, 83.0),
}
"""Landmarks of the average head, read off its surface and its slices."""


def skin_depth(source: sitk.Image) -> Field:
    """Depth below the skin of the mended head.

    Parameters
    ----------
    source : SimpleITK.Image
        Symmetric head in source intensity, float32, LPS mm.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        mm inside the skin, negative in air, accurate within about 20 mm of the skin.
    """
    at = Coordinates(source)
    head = source_depth(source)
    end = at.z - SOURCE_END_MM + SOURCE_END_SLOPE * (at.y + 95.0)
    head = cut(head, np.broadcast_to(end, head.shape).astype(np.float32), 8.0)
    for shape in lower_face(at):
        head = joined(head, shape, 14.0)
    head = joined(head, neck(at), 22.0)
    head = smoothed_below(at, head)
    for shape in small_parts(at):
        head = joined(head, shape, 4.0)
    return sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(0.5 * (head + head[:, :, ::-1])), 0.5))


def source_depth(source: sitk.Image) -> Field:
    """Depth below the skin of the source: its largest solid at `SOURCE_SKIN`, holes filled.

    Far from the skin it is the distance to a mask of half the voxel size; within 3 mm it follows the intensity.
    """
    size = [2 * n - 1 for n in source.GetSize()]
    half = [0.5 * s for s in source.GetSpacing()]
    fine = sitk.Resample(source, size, sitk.Transform(), sitk.sitkLinear, source.GetOrigin(), half, source.GetDirection(), 0.0)
    solid = sitk.RelabelComponent(sitk.ConnectedComponent(fine > SOURCE_SKIN)) == 1
    solid = sitk.BinaryFillhole(sitk.BinaryMorphologicalClosing(solid, [2, 2, 2]))
    smooth = sitk.SmoothingRecursiveGaussian(depth_of_mask(solid), 1.2)
    far = sitk.GetArrayFromImage(sitk.Resample(smooth, source, sitk.Transform(), sitk.sitkLinear, -50.0))
    gradient = sitk.GetArrayFromImage(sitk.GradientMagnitudeRecursiveGaussian(source, 1.5))
    intensity = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(source, 1.0))
    near = np.clip((intensity - SOURCE_SKIN) / np.maximum(gradient, 8.0), -4.0, 4.0)
    trust = np.clip((3.0 - np.abs(far)) / 1.5, 0.0, 1.0) * (np.abs(near - far) < 2.5)
    return np.asarray(far + ndimage.gaussian_filter(trust, 0.8) * (near - far), dtype=np.float32)


def smoothed_below(at: Coordinates, head: Field) -> Field:
    """Smooth out the folds of neck and cheeks, where few of the averaged scans reached; the face above the mouth stays."""
    below = np.clip((-66.0 - at.z) / 26.0, 0.0, 1.0) * np.clip((np.abs(at.x) - 16.0) / 14.0, 0.0, 1.0)
    below = np.maximum(below, np.clip((-108.0 - at.z) / 6.0, 0.0, 1.0))
    return np.asarray(head + below * (ndimage.gaussian_filter(head, 3.0) - head), dtype=np.float32)


def lower_face(at: Coordinates) -> list[Field]:
    """Floor of the mouth, jaw and chin."""
    jaw = [(0.0, -76.0, -126.0), (30.0, -60.0, -122.0), (45.0, -24.0, -110.0), (48.0, -4.0, -92.0)]
    radii = [14.0, 13.5, 14.0, 13.0]
    mirrored = [(-x, y, z) for x, y, z in jaw]
    return [
        np.maximum(tube(at, jaw, radii), tube(at, mirrored, radii)),
        ellipsoid(at, (0.0, -46.0, -112.0), (46.0, 43.0, 32.0)),
        ellipsoid(at, (0.0, -80.0, -130.0), (17.0, 14.0, 14.0)),
    ]


def neck(at: Coordinates) -> Field:
    """Neck from the skull base to the lower end of the grid, widening towards the shoulders."""
    drop = np.clip((-130.0 - at.z) / 82.0, 0.0, 1.0)
    half_width, half_depth = 56.0 + 11.0 * drop**2, 51.5 + 3.0 * drop
    across = np.sqrt((at.x / half_width) ** 2 + ((at.y - 14.0) / half_depth) ** 2)
    column = (1.0 - across) * np.minimum(half_width, half_depth)
    top = np.broadcast_to(-84.0 - at.z, column.shape).astype(np.float32)
    return cut(column.astype(np.float32), top, 24.0)


def small_parts(at: Coordinates) -> list[Field]:
    """Lower lip, eyelids over the globes, tip and wings of the nose: what averaging has flattened."""
    lower = [(-20.0, -85.0, -107.5), (-10.0, -90.5, -109.5), (0.0, -92.5, -110.0), (10.0, -90.5, -109.5), (20.0, -85.0, -107.5)]
    upper = [(-20.0, -86.0, -104.0), (-8.0, -93.0, -99.0), (0.0, -94.0, -99.5), (8.0, -93.0, -99.0), (20.0, -86.0, -104.0)]
    parts = [
        tube(at, lower, [3.0, 5.0, 5.5, 5.0, 3.0]),
        tube(at, upper, [3.0, 5.0, 5.0, 5.0, 3.0]),
        ellipsoid(at, (0.0, -107.5, -68.0), (10.0, 10.0, 9.0)),
    ]
    for side in (-1.0, 1.0):
        parts.append(ellipsoid(at, (side * 30.0, -78.0, -33.0), (15.0, 14.0, 12.5)))
        parts.append(ellipsoid(at, (side * 12.0, -101.0, -72.5), (5.0, 7.5, 5.5)))
    return parts
