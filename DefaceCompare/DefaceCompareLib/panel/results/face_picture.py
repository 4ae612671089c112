"""The report's small schematic face, drawn by Qt for a table's cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import qt
from deface_compare.report.small_face import HEIGHT, OUTLINE, SHAPES, WIDTH, Ellipse

HEIGHT_PIXELS = 54
DRAWN_LARGER = 4
"""So many times larger it is drawn, then made smaller: even lines."""
LEFT_COLOUR, LINE_COLOUR = (214, 104, 52), (128, 134, 140)
"""Red, green, blue: both stand out on a light and on a dark table."""


def face_picture(left_percent: Mapping[str, float]) -> Any:
    """A QPixmap: a feature is as full of colour as it is left; dotted where nothing is known of it.

    Parameters
    ----------
    left_percent : mapping of str to float
        By feature, percent of its skin that lies where it was; absent: not known.
    """
    scale = DRAWN_LARGER * HEIGHT_PIXELS / HEIGHT
    image = qt.QImage(round(WIDTH * scale), round(HEIGHT * scale), qt.QImage.Format_ARGB32)
    image.fill(0)
    painter = qt.QPainter()
    painter.begin(image)
    _draw(painter, OUTLINE, scale, 0.0)
    for feature, shapes in SHAPES.items():
        for shape in shapes:
            _draw(painter, shape, scale, left_percent.get(feature, math.nan))
    painter.end()
    return qt.QPixmap.fromImage(image.scaledToHeight(HEIGHT_PIXELS, qt.Qt.SmoothTransformation))


def _draw(painter: Any, shape: Ellipse, scale: float, left_percent: float) -> None:
    known = math.isfinite(left_percent)
    pen = qt.QPen(qt.QColor(*LINE_COLOUR))
    pen.setWidth(DRAWN_LARGER)
    pen.setStyle(qt.Qt.SolidLine if known else qt.Qt.DotLine)
    painter.setPen(pen)
    painter.setBrush(qt.QBrush(qt.QColor(*LEFT_COLOUR, round(2.55 * left_percent) if known else 0)))
    x, y, half_width, half_height = (scale * each for each in shape)
    painter.drawEllipse(round(x - half_width), round(y - half_height), round(2 * half_width), round(2 * half_height))
