"""A small bar before a table's text: how much, in the colour of how bad."""

from __future__ import annotations

from typing import Any

import qt

from .measurement_table import Bar

BAR_PIXELS = (36, 24, 14)
"""How long a full bar is where there is room, less, and little of it."""
HEIGHT_PIXELS = 10
COLOURS = {"slight": (128, 134, 140), "notable": (214, 148, 36), "large": (200, 62, 52)}
"""Red, green, blue by grade: grey, amber and red stand out on a light and on a dark table; the number says it, too."""
FRAME_OPACITY = 60
"""Of 255: the bar's whole length is a faint frame."""


def bar_picture(bar: Bar, width_px: int = BAR_PIXELS[0]) -> Any:
    """A QPixmap of the bar; a full one is so wide."""
    image = qt.QImage(width_px, HEIGHT_PIXELS, qt.QImage.Format_ARGB32)
    image.fill(0)
    painter = qt.QPainter()
    painter.begin(image)
    colour = COLOURS[bar.grade]
    painter.setPen(qt.QPen(qt.QColor(*colour, 0)))
    for share, opacity in ((1.0, FRAME_OPACITY), (bar.share, 255)):
        painter.setBrush(qt.QBrush(qt.QColor(*colour, opacity)))
        painter.drawRect(0, 0, round(share * width_px), HEIGHT_PIXELS)
    painter.end()
    return qt.QPixmap.fromImage(image)
