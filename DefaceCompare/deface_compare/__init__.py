"""DefaceCompare: which defacing keeps the most clinical value of a radiotherapy patient's images?

The one way through is :func:`deface_compare.compare.compare_case`.
"""

from __future__ import annotations

__version__ = "0.2.0"
