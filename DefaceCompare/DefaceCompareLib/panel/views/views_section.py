"""The *Faces* tab: our views and how they stand, the method that is looked at, wipe, flicker, colour, slices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray
from slicer.i18n import tr as _

import qt
from deface_compare.errors import DefaceCompareError

from ...nodes.method_names import titled, titles_of_methods
from ...nodes.results import defaced_volumes
from .arrangements import ARRANGEMENTS, FACE_AND_DVH
from .camera import FRONT, LEFT, RIGHT, THREE_QUARTERS
from .method_pictures import Caption, MethodPictures
from .side_by_side import SideBySide

FLICKER_KEY = "O"


class ViewsSection:
    """Shows the last compared patient beside its defaced versions.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    figures : callable
        One figure by method key, as it is written; of the comparison that is offered.
    """

    def __init__(self, ui: Any, figures: Callable[[], Mapping[str, str]]) -> None:
        self._ui = ui
        self._figures = figures
        self.views = SideBySide(slicer.mrmlScene, self.taken, self._on_gone)
        self._original: Any = None
        self._segmentation: Any = None
        self._dose: Any = None
        self._own = self._filling = self._wanted = False
        self._pictures = MethodPictures(ui.methodList, self._on_version)
        ui.sideBySideButton.connect("toggled(bool)", self._on_toggle)
        ui.arrangementComboBox.connect("currentIndexChanged(int)", self._on_arrangement)
        ui.dvhButton.connect("toggled(bool)", self._on_dvh)
        ui.alteredCheckBox.connect("toggled(bool)", self.views.mark_altered)
        ui.isodosesCheckBox.connect("toggled(bool)", self.views.lines.show_isodoses)
        ui.fadeSlider.connect("valueChanged(int)", self._on_fade)
        ui.wipeSlider.connect("valueChanged(int)", self._on_wipe)
        ui.distanceCheckBox.connect("toggled(bool)", self._on_distance)
        ui.flickerButton.connect("clicked(bool)", self.flicker)
        buttons = {FRONT: ui.frontButton, LEFT: ui.leftButton, RIGHT: ui.rightButton, THREE_QUARTERS: ui.threeQuartersButton}
        for direction, button in buttons.items():
            button.connect("clicked(bool)", partial(_without_argument, partial(self.views.look_from, direction)))
        self._shortcut = qt.QShortcut(qt.QKeySequence(FLICKER_KEY), ui.viewsTab)
        self._shortcut.setContext(qt.Qt.WidgetWithChildrenShortcut)
        self._shortcut.connect("activated()", self.flicker)
        self.refresh()

    def offer(self, original: Any | None, segmentation: Any | None = None, dose: Any | None = None) -> None:
        """Offer a volume, its defaced versions, contours and dose; views that show the earlier ones take them up at once."""
        self._original, self._segmentation, self._dose = original, segmentation, dose
        if self.views.on and self._own:
            if self._versions():
                self._fill()
            else:
                self.views.restore()
        self.refresh()

    def _on_gone(self) -> None:
        """Something that the views show was deleted: they go on with the rest, those of a review give way."""
        if not self._own:
            self.views.restore()
        there = [node if node is not None and node.GetScene() is not None else None for node in (self._segmentation, self._dose)]
        self.offer(self._original, *there)

    def _versions(self) -> dict[str, Any]:
        """The defaced versions by the method's title, in the order of the methods."""
        if self._original is None or self._original.GetScene() is None:
            return {}
        found = defaced_volumes(slicer.mrmlScene, self._original)
        return {title: found[key] for title, key in self._titled(found).items()}

    def _titled(self, keys: Iterable[str]) -> dict[str, str]:
        """Keys by title, in the order of the methods."""
        titles = titles_of_methods()
        order = list(titles)
        return titled(sorted(keys, key=lambda key: (key not in order, key in order and order.index(key))), titles)

    def _captions(self) -> dict[str, Caption]:
        """What stands below and behind the pictures of the comparison that is offered; a reviewer must not read it."""
        if not self._own or self._original is None or self._original.GetScene() is None:
            return {}
        figures, keys = self._figures(), self._titled(defaced_volumes(slicer.mrmlScene, self._original))
        return {title: Caption(figures.get(key, ""), key) for title, key in keys.items()}

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
        with_dvh = on and self.views.arrangement == FACE_AND_DVH
        for button, checked in ((ui.sideBySideButton, on), (ui.dvhButton, with_dvh)):
            button.blockSignals(True)
            button.checked = checked
            button.blockSignals(False)
            button.enabled = not reason
        ui.sideBySideButton.toolTip = reason or _("Faces and slices of original and methods; press again for your own layout")
        ui.dvhButton.toolTip = reason or _(
            "The chart in a view of its own, with face and slices; press again for your own layout"
        )
        self._pictures.show(self.views.thumbnails(), self.views.looked_at, self._captions())
        of_a_face = (ui.wipeSlider, ui.flickerButton, ui.distanceCheckBox)
        of_the_views = (ui.methodList, ui.alteredCheckBox, ui.fadeSlider, ui.frontButton, ui.leftButton, ui.rightButton)
        for widget in (*of_the_views, ui.threeQuartersButton):
            widget.enabled = on
        for widget in of_a_face:
            widget.enabled = self.views.face is not None
        ui.isodosesCheckBox.enabled = on and self.views.lines.has_dose
        ui.isodosesCheckBox.toolTip = (
            _("Lines of equal planned dose: {levels}").format(levels=self.views.lines.isodoses)
            if self.views.lines.has_dose
            else _("There is no dose to draw.")
        )
        self._apply()

    def _apply(self) -> None:
        self.views.mark_altered(self._ui.alteredCheckBox.checked)
        self.views.lines.show_isodoses(self._ui.isodosesCheckBox.checked)
        self._on_fade()
        self._colour()
        self._on_wipe()

    def _on_toggle(self, on: bool) -> None:
        if on:
            self._fill()
        else:
            self.views.restore()
        self.refresh()

    def _on_arrangement(self) -> None:
        """Let the views stand otherwise; those that the review has filled, too."""
        self.views.arrangement = ARRANGEMENTS[max(self._ui.arrangementComboBox.currentIndex, 0)]
        if self.views.on:
            with slicer.util.WaitCursor():
                self.views.rearrange()
        self.refresh()

    def _on_dvh(self, on: bool) -> None:
        if on:
            self._ui.arrangementComboBox.setCurrentIndex(ARRANGEMENTS.index(FACE_AND_DVH))
        if on != self.views.on:
            self._on_toggle(on)

    def _fill(self) -> None:
        """Fill the views; who offers something else while the skins are drawn has it shown afterwards."""
        self._wanted = True
        if self._filling:
            return
        self._filling = True
        try:
            while self._wanted:
                self._wanted = False
                with slicer.util.WaitCursor():
                    self.views.show(self._original, self._versions(), self._segmentation, self._dose)
                self._own = True
        except DefaceCompareError as error:
            slicer.util.errorDisplay(str(error))
        finally:
            self._filling = self._wanted = False

    def _on_version(self, label: str) -> None:
        if label in self.views.labels:
            self.views.look_at(label)

    def _on_fade(self) -> None:
        slider = self._ui.fadeSlider
        self.views.fade(slider.value / slider.maximum)

    def _on_wipe(self) -> None:
        if self.views.face is not None:
            slider = self._ui.wipeSlider
            self.views.face.wipe(slider.value / slider.maximum)

    def _on_distance(self) -> None:
        with slicer.util.WaitCursor():
            self._colour()

    def _colour(self) -> None:
        """Without the waiting cursor, which draws every view before it comes: half of the time to switch the views on."""
        if self.views.face is not None:
            self.views.face.colour_by_distance(self._ui.distanceCheckBox.checked)

    def flicker(self) -> None:
        """Show the original alone, at the next call the method alone; the wipe brings both back."""
        if self.views.face is not None:
            self.views.face.flicker()

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


def _without_argument(act: Callable[[], None], *ignored: object) -> None:
    """A button says whether it is checked; what it does wants nothing of it."""
    act()
