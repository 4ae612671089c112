"""The methods as a list of small faces, each with its name and one figure: a click looks at one.

CTK has a widget for this (ctkThumbnailListWidget), but what fills it is neither slot nor property: Python cannot call it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData

import qt

from ..breakable import breakable

MOST_ROWS = 2
"""So many rows of pictures are seen without scrolling."""


@dataclass(frozen=True)
class Caption:
    """What is told of a method below its picture, and its key, which only the pointer reads."""

    figure: str = ""
    key: str = ""


class MethodPictures:
    """Fills a list with pictures and names.

    Parameters
    ----------
    widget : QListWidget
    on_chosen : callable
        Called with the name of the picture that the user has chosen.
    """

    def __init__(self, widget: Any, on_chosen: Callable[[str], None]) -> None:
        self._widget = widget
        self._shown: dict[str, tuple[bytes, Caption]] = {}
        self._on_chosen = on_chosen
        widget.connect("currentRowChanged(int)", self._on_row)

    def show(self, pictures: Mapping[str, NDArray[np.uint8]], chosen: str, captions: Mapping[str, Caption]) -> None:
        """Show pictures under their names; what is shown already stays.

        Parameters
        ----------
        pictures : mapping of str to ndarray of uint8, shape (height, width, 3)
        chosen : str
            The name that is looked at.
        captions : mapping of str to Caption
            By name; a picture need not have one.
        """
        widget = self._widget
        widget.blockSignals(True)
        wanted = {name: (picture.tobytes(), captions.get(name, Caption())) for name, picture in pictures.items()}
        if list(wanted.items()) != list(self._shown.items()):
            self._shown = wanted
            widget.clear()
            for (name, picture), short in zip(pictures.items(), short_names(pictures), strict=True):
                caption = wanted[name][1]
                item = qt.QListWidgetItem("\n".join(filter(None, [breakable(short), caption.figure])))
                item.setIcon(qt.QIcon(pixmap_of(picture)))
                item.setToolTip(f"{name}: {caption.key}" if caption.key else name)
                widget.addItem(item)
            self._fit_height()
        if chosen in self._shown:
            widget.setCurrentRow(list(self._shown).index(chosen))
        widget.blockSignals(False)

    def _fit_height(self) -> None:
        """As high as its rows, up to `MOST_ROWS`."""
        cell = self._widget.gridSize
        in_a_row = max(self._widget.viewport().width // cell.width(), 1)
        rows = min(max(-(-len(self._shown) // in_a_row), 1), MOST_ROWS)
        self._widget.setFixedHeight(rows * cell.height() + 2 * self._widget.frameWidth)

    def _on_row(self, row: int) -> None:
        if 0 <= row < len(self._shown):
            self._on_chosen(list(self._shown)[row])


def short_names(names: Collection[str]) -> list[str]:
    """Names without what stands in brackets, as long as they differ: below a picture there are three lines, and a figure too."""
    short = [name.split(" (")[0] for name in names]
    return [one if short.count(one) == 1 else name for one, name in zip(short, names, strict=True)]


def pixmap_of(picture: NDArray[np.uint8]) -> Any:
    """A QPixmap of an RGB picture, shape (height, width, 3), first row on top."""
    height, width, _colours = picture.shape
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(picture[::-1]).reshape(-1, 3), deep=True))
    drawn = qt.QImage()
    slicer.qMRMLUtils().vtkImageDataToQImage(image, drawn)
    return qt.QPixmap.fromImage(drawn)
