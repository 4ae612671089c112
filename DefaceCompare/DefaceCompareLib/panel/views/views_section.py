"""The *Views* section: the *Side by side* toggle, the method that the slices show, overlay and fade."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray
from slicer.i18n import tr as _

from deface_compare.defacers import REGISTRY, external_methods
from deface_compare.errors import DefaceCompareError

from ...nodes.results import defaced_volumes
from .side_by_side import SideBySide


class ViewsSection:
    """Shows the last compared patient beside its defaced versions.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    """

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        self.views = SideBySide(slicer.mrmlScene, self.taken)
        self._original: Any = None
        self._segmentation: Any = None
        self._own = False
        ui.sideBySideButton.connect("toggled(bool)", self._on_toggle)
        ui.sliceVersionComboBox.connect("currentIndexChanged(int)", self._on_version)
        ui.alteredCheckBox.connect("toggled(bool)", self.views.mark_altered)
        ui.fadeSlider.connect("valueChanged(int)", self._on_fade)
        self.refresh()

    def offer(self, original: Any | None, segmentation: Any | None = None) -> None:
        """Offer a volume, its defaced versions and its contours; views that show the earlier ones take them up at once."""
        self._original, self._segmentation = original, segmentation
        if self.views.on and self._own:
            if self._versions():
                self._fill()
            else:
                self.views.restore()
        self.refresh()

    def _versions(self) -> dict[str, Any]:
        """The defaced versions by method key, in the order of the methods: keys are short enough for a row of views."""
        if self._original is None or self._original.GetScene() is None:
            return {}
        found = defaced_volumes(slicer.mrmlScene, self._original)
        order = [method.key for method in (*REGISTRY, *external_methods())]
        return {key: found[key] for key in sorted(found, key=lambda key: (key not in order, key in order and order.index(key)))}

    def why_not(self) -> str:
        """Why the views cannot be shown; empty if they can."""
        if slicer.app.layoutManager() is None:
            return _("There is no main window.")
        return "" if self._versions() or self.views.on else _("Compare first: there is no defaced volume yet.")

    def taken(self) -> None:
        """The views were filled or emptied by somebody else (the review)."""
        self._own = False
        self.refresh()

    def refresh(self) -> None:
        """Make the section's widgets say what the views show."""
        ui, reason, on = self._ui, self.why_not(), self.views.on
        ui.sideBySideButton.blockSignals(True)
        ui.sideBySideButton.checked = on
        ui.sideBySideButton.blockSignals(False)
        ui.sideBySideButton.enabled = not reason
        ui.sideBySideButton.toolTip = reason or _(
            "Original and every method in 3D and in slices; press again for your own layout"
        )
        ui.sliceVersionComboBox.blockSignals(True)
        ui.sliceVersionComboBox.clear()
        ui.sliceVersionComboBox.addItems(self.views.labels)
        if self.views.looked_at in self.views.labels:
            ui.sliceVersionComboBox.setCurrentIndex(self.views.labels.index(self.views.looked_at))
        ui.sliceVersionComboBox.blockSignals(False)
        for widget in (ui.sliceVersionComboBox, ui.alteredCheckBox, ui.fadeSlider):
            widget.enabled = on
        self._apply()

    def _apply(self) -> None:
        self.views.mark_altered(self._ui.alteredCheckBox.checked)
        self._on_fade()

    def _on_toggle(self, on: bool) -> None:
        if on:
            self._fill()
        else:
            self.views.restore()
        self.refresh()

    def _fill(self) -> None:
        try:
            with slicer.util.WaitCursor():
                self.views.show(self._original, self._versions(), self._segmentation)
            self._own = True
        except DefaceCompareError as error:
            slicer.util.errorDisplay(str(error))

    def _on_version(self, index: int) -> None:
        if 0 <= index < len(self.views.labels):
            self.views.look_at(self.views.labels[index])

    def _on_fade(self) -> None:
        slider = self._ui.fadeSlider
        self.views.fade(slider.value / slider.maximum)

    def jump(self, ras_mm: NDArray[np.float64]) -> None:
        """Centre the slices on a point, RAS mm."""
        self.views.jump(ras_mm)

    def close(self) -> None:
        """Give the layout back and let go of the scene's surfaces (it closes)."""
        self.views.forget()
        self.refresh()

    def shut_down(self) -> None:
        """Follow the scene no longer (the panel goes away)."""
        self.views.close()
