"""Which voxels of the body a method altered."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def altered_voxels(before: NDArray[Any], after: NDArray[Any], body_from: float) -> NDArray[np.int64]:
    """Voxels that differ and are body before or after: air that changed is no tissue that changed.

    Parameters
    ----------
    before, after : ndarray
        Values on one grid, x fastest where they are flattened.
    body_from : float
        The skin's isovalue, in the values' unit.

    Returns
    -------
    ndarray of int64
        Flat indices, ascending.
    """
    one, other = before.ravel(), after.ravel()
    differ = np.flatnonzero(one != other)  # few: only they are looked at further
    return differ[np.maximum(one[differ], other[differ]) > body_from]
