"""Values as the page's scripts read them: JSON that a script element can hold, the same bytes for the same values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def page_json(value: Any) -> str:
    """JSON without line breaks and without ``<``, so that nothing in it can end the element; NaN is an error."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def finite(value: float, decimals: int) -> float | int | None:
    """A number with so many decimals; None where there is none."""
    if not math.isfinite(value):
        return None
    rounded = round(float(value), decimals)
    return int(rounded) if rounded == int(rounded) else rounded


def finite_list(values: Iterable[float] | NDArray[np.float64], decimals: int) -> list[float | int | None]:
    """`finite` for each of several numbers."""
    return [finite(float(value), decimals) for value in values]
