"""The study's own renders of a case: the original beside the method that is judged, while the views do not show the case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

import qt
from deface_compare.cohort.decision import ORIGINAL
from deface_compare.cohort.review import Review

PICTURE_PIXELS = 200


def show_pictures(ui: Any, review: Review, method: str, *, hidden: bool) -> None:
    """Show the original and one method.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    review : Review
        At the case.
    method : str
        Key of the method; empty: none.
    hidden : bool
        Whether something better shows them.
    """
    pictures = review.case.pictures
    shown = {
        ui.originalPicture: (pictures.get(ORIGINAL), _("original")),
        ui.methodPicture: (pictures.get(method), review.label(method) if method else ""),
    }
    ui.reviewPicturesWidget.visible = any(path is not None for path, _text in shown.values()) and not hidden
    for label, (path, text) in shown.items():
        label.setPixmap(_picture(path) if path is not None else qt.QPixmap())
        label.toolTip = text


def _picture(path: Path) -> Any:
    return qt.QPixmap(str(path)).scaledToWidth(PICTURE_PIXELS, qt.Qt.SmoothTransformation)
