"""One sentence in each tab that says what to do first; it goes when that was done once, and does not come back."""

from __future__ import annotations

from functools import partial
from typing import Any

import slicer
from slicer.i18n import tr as _

SETTING = "DefaceCompare/HintFollowed/{tab}"
"""Name in Slicer's user settings; "1" for a hint that was followed."""
FOLLOWED = "1"


class Hints:
    """Shows the hints that were not followed yet.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    """

    def __init__(self, ui: Any) -> None:
        self._labels = {
            "patient": ui.patientHintLabel,
            "results": ui.resultsHintLabel,
            "faces": ui.viewsHintLabel,
            "review": ui.reviewHintLabel,
            "export": ui.exportHintLabel,
        }
        texts = {
            "patient": _("First: load a patient (or module Sample Data › Deface Compare), then press Compare."),
            "results": _("Click on an organ: slices and DVH go to it. Show the DVH puts the chart above the face."),
            "faces": _(
                "Press Side by side: left of the line stands the original, right of it the method. O shows them by turns."
            ),
            "review": _("Choose a study's output and your initials, open it, and answer with P, F and U; N is the next case."),
            "export": _("Keep the results of a DICOM patient in a folder first (tab Patient); then choose a method here."),
        }
        for tab, label in self._labels.items():
            label.text = texts[tab]
            label.visible = slicer.app.userSettings().value(SETTING.format(tab=tab)) != FOLLOWED
        done = {
            "patient": (ui.compareButton, "clicked(bool)"),
            "results": (ui.dvhButton, "clicked(bool)"),
            "faces": (ui.sideBySideButton, "clicked(bool)"),
            "review": (ui.reviewButton, "clicked(bool)"),
            "export": (ui.exportButton, "clicked(bool)"),
        }
        for tab, (widget, signal) in done.items():
            widget.connect(signal, partial(self._follow, tab))
        ui.organTable.connect("itemSelectionChanged()", partial(self._follow, "results"))

    def _follow(self, tab: str, *ignored: object) -> None:
        self._labels[tab].visible = False
        slicer.app.userSettings().setValue(SETTING.format(tab=tab), FOLLOWED)
