"""The colours of structures: their own where those tell them apart, else ones that do."""

from __future__ import annotations

import colorsys
from collections import Counter
from collections.abc import Sequence

Colour = tuple[float, float, float]
"""Red, green, blue, 0 to 1."""

COLOURS: tuple[Colour, ...] = (
    (0.12, 0.47, 0.71),
    (0.84, 0.15, 0.16),
    (0.17, 0.63, 0.17),
    (0.58, 0.40, 0.74),
    (0.89, 0.47, 0.76),
    (0.55, 0.34, 0.29),
    (0.74, 0.74, 0.13),
    (0.09, 0.75, 0.81),
)
"""The first colours of structures without one of their own; told apart on light and dark ground."""
HUE_STEP = 0.618034
"""The golden ratio's part behind the point: hues in its steps keep away from each other, however many there are."""
NOT_COLOURED: Colour = (0.5, 0.5, 0.5)
"""What Slicer gives a segment that nobody has coloured (vtkSegment::SEGMENT_COLOR_INVALID)."""
DECIMALS = 2
"""Colours that agree to so many decimals look the same."""


def colour_in_turn(number: int) -> Colour:
    """A colour by number, counted from 0; no two of some dozens are alike."""
    if number < len(COLOURS):
        return COLOURS[number]
    further = number - len(COLOURS)
    return colorsys.hsv_to_rgb(HUE_STEP * further % 1.0, 0.6 if further % 2 else 0.9, 0.85)


def told_apart(colours: Sequence[Colour]) -> list[Colour]:
    """A colour for each structure: its own, or one in turn where it has none or shares it (masks are imported all in one green).

    Parameters
    ----------
    colours : sequence of Colour
        The structures' own.
    """
    alike = Counter(_rounded(colour) for colour in colours)
    kept = {_rounded(colour) for colour in colours if _is_own(colour) and alike[_rounded(colour)] == 1}
    free = (colour for number in range(len(colours) + len(kept)) if _rounded(colour := colour_in_turn(number)) not in kept)
    return [colour if _rounded(colour) in kept else next(free) for colour in colours]


def _is_own(colour: Colour) -> bool:
    return _rounded(colour) != _rounded(NOT_COLOURED)


def _rounded(colour: Colour) -> Colour:
    red, green, blue = (round(part, DECIMALS) for part in colour)
    return red, green, blue
