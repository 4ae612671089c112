"""A face turned upright and cut out by its five landmarks, as recognition networks were trained to see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CROP_PX = 112
"""Width and height of a face as the ArcFace family and SFace take it."""
TEMPLATE_PX = np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)])
"""Where eyes, nose tip and mouth corners lie in the crop, (x, y), image-left first; the template that the ArcFace family
and SFace were trained with (InsightFace, face_align)."""


def similarity_transform(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares rotation, scaling and shift that moves `source` onto `target`, both shape (n, 2).

    Returns
    -------
    ndarray, shape (2, 3)
        Matrix ``[scale * rotation | shift]``.

    References
    ----------
    Umeyama, Least-squares estimation of transformation parameters between two point patterns,
    IEEE TPAMI 13(4), 1991, doi 10.1109/34.88573.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred, aimed = source - source_mean, target - target_mean
    left, strengths, right = np.linalg.svd(aimed.T @ centred / len(source))
    signs = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    rotation = left @ np.diag(signs) @ right
    scale = (strengths * signs).sum() / (centred**2).sum() * len(source)
    return np.column_stack([scale * rotation, target_mean - scale * rotation @ source_mean])


def aligned_face(
    picture: NDArray[np.uint8],
    landmarks_px: NDArray[np.float64],
    template_px: NDArray[np.float64] = TEMPLATE_PX,
    size_px: int = CROP_PX,
) -> NDArray[np.uint8]:
    """Cut out a face.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    landmarks_px : ndarray, shape (5, 2)
        Eyes, nose tip, mouth corners, (x, y), image-left first.
    template_px : ndarray, shape (5, 2)
        Where they are to lie in the crop.
    size_px : int
        Width and height of the crop.

    Returns
    -------
    ndarray of uint8, shape (size_px, size_px, 3)
        Bilinear; black outside the picture.
    """
    forward = similarity_transform(np.asarray(landmarks_px, np.float64), template_px)
    inverse = np.linalg.inv(forward[:, :2])
    y, x = np.mgrid[:size_px, :size_px]
    points = (np.stack([x, y], axis=-1) - forward[:, 2]) @ inverse.T
    return np.rint(bilinear(picture, points[..., 0], points[..., 1])).astype(np.uint8)


def bilinear(picture: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sample a picture (height, width, channels) at pixel positions x, y of any shape; black outside."""
    height, width = picture.shape[:2]
    x, y = np.clip(x, -1, width) + 1, np.clip(y, -1, height) + 1
    column, row = np.minimum(x.astype(np.intp), width), np.minimum(y.astype(np.intp), height)
    left, top = int(column.min()), int(row.min())  # only the part that is looked at gets its black border
    part = picture[max(top - 1, 0) : row.max() + 1, max(left - 1, 0) : column.max() + 1]
    border = [(int(top == 0), int(row.max() == height)), (int(left == 0), int(column.max() == width)), (0, 0)]
    bordered = np.pad(part.astype(np.float64), border)
    right, down = (x - column)[..., None], (y - row)[..., None]
    pixels, across = bordered.reshape(-1, picture.shape[2]), bordered.shape[1]
    place = (row - top) * across + (column - left)
    above = pixels.take(place, axis=0) * (1 - right) + pixels.take(place + 1, axis=0) * right
    below = pixels.take(place + across, axis=0) * (1 - right) + pixels.take(place + across + 1, axis=0) * right
    return above * (1 - down) + below * down
