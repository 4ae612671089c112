"""Smooth mapping between scattered points: the biharmonic spline in three dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
CHUNK = 20_000
"""Points mapped at a time, to bound the memory."""


@dataclass(frozen=True)
class BiharmonicSpline:
    """The smoothest mapping (least bending) near given pairs of points, with an affine part (Bookstein, doi 10.1109/34.24792).

    Parameters
    ----------
    points_mm : ndarray, shape (n, 3)
    coefficients : ndarray, shape (n + 4, 3)
    """

    points_mm: Points
    coefficients: Points

    @staticmethod
    def fitted(points_mm: Points, images_mm: Points, ridge_mm: float) -> BiharmonicSpline:
        """Fit it to points and their images, both of shape (n, 3); the larger `ridge_mm`, the smoother."""
        count = len(points_mm)
        distances = np.linalg.norm(points_mm[:, None] - points_mm[None], axis=-1)
        affine = np.column_stack([np.ones(count), points_mm])
        system = np.block([[ridge_mm * np.eye(count) - distances, affine], [affine.T, np.zeros((4, 4))]])
        return BiharmonicSpline(points_mm, np.linalg.solve(system, np.concatenate([images_mm, np.zeros((4, 3))])))

    def __call__(self, points_mm: Points) -> Points:
        """Map points, shape (n, 3)."""
        found = np.empty((len(points_mm), 3))
        own = (self.points_mm**2).sum(axis=1)
        for start in range(0, len(points_mm), CHUNK):
            part = points_mm[start : start + CHUNK]
            squared = (part**2).sum(axis=1)[:, None] + own - 2.0 * part @ self.points_mm.T
            distances = np.sqrt(np.maximum(squared, 0.0))
            found[start : start + CHUNK] = -distances @ self.coefficients[:-4] + part @ self.coefficients[-3:]
        return found + self.coefficients[-4]
