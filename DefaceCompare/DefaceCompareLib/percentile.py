"""Where one similarity stands among other heads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Percentile:
    """How many percent of other heads look less like a defaced face than its own original does, and of how many heads."""

    percent: float
    heads: int
