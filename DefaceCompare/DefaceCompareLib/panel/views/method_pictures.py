"""The methods as a list of small faces: a click looks at one.

CTK has a widget for this (ctkThumbnailListWidget), but what fills it is neither slot nor property: Python cannot call it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData

import qt


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
        self._shown: dict[str, bytes] = {}
        self._on_chosen = on_chosen
        widget.connect("currentRowChanged(int)", self._on_row)

    def show(self, pictures: Mapping[str, NDArray[np.uint8]], chosen: str) -> None:
        """Show pictures under their names; what is shown already stays.

        Parameters
        ----------
        pictures : mapping of str to ndarray of uint8, shape (height, width, 3)
        chosen : str
            The name that is looked at.
        """
        widget = self._widget
        widget.blockSignals(True)
        wanted = {name: picture.tobytes() for name, picture in pictures.items()}
        if list(wanted.items()) != list(self._shown.items()):
            self._shown = wanted
            widget.clear()
            for name, picture in pictures.items():
                item = qt.QListWidgetItem(name)
                item.setIcon(qt.QIcon(pixmap_of(picture)))
                item.setToolTip(name)
                widget.addItem(item)
        if chosen in self._shown:
            widget.setCurrentRow(list(self._shown).index(chosen))
        widget.blockSignals(False)

    def _on_row(self, row: int) -> None:
        if 0 <= row < len(self._shown):
            self._on_chosen(list(self._shown)[row])


def pixmap_of(picture: NDArray[np.uint8]) -> Any:
    """A QPixmap of an RGB picture, shape (height, width, 3), first row on top."""
    height, width, _colours = picture.shape
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(picture[::-1]).reshape(-1, 3), deep=True))
    drawn = qt.QImage()
    slicer.qMRMLUtils().vtkImageDataToQImage(image, drawn)
    return qt.QPixmap.fromImage(drawn)
