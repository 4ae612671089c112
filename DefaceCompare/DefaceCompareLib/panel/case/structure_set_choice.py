"""Which structure set of a folder is read: a list that is there only where the folder holds several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer.util
from slicer.i18n import tr as _

import qt

if TYPE_CHECKING:
    from deface_compare.readers.structure_files import StructureFile


class StructureSetChoice:
    """The list, below the path of the patient's folder.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    """

    def __init__(self, ui: Any) -> None:
        self._label, self._list = qt.QLabel(_("Structure set:")), qt.QComboBox()
        self._list.toolTip = _("This folder holds several: which of them is compared")
        ui.casePathEdit.parentWidget().layout().addRow(self._label, self._list)
        self._folder: Path | None = None
        self._files: tuple[StructureFile, ...] = ()
        self._chosen: dict[Path, str] = {}
        self._list.connect("activated(int)", self._on_chosen)
        self.show(None)

    def show(self, folder: Path | None) -> None:
        """Offer the structure sets of a folder; None, or a folder with one of them, hides the list."""
        if folder != self._folder:
            self._folder, self._files = folder, self._files_of(folder)
            self._list.clear()
            self._list.addItem(_("automatic: the plan's, else approved, else newest"))
            for each in self._files:
                self._list.addItem("  ".join(filter(None, (each.label, each.date, each.path.name))))
            wanted = [each.wanted for each in self._files]
            chosen = self.chosen(folder) if folder is not None else ""
            self._list.setCurrentIndex(1 + wanted.index(chosen) if chosen in wanted else 0)
        self._label.visible = self._list.visible = len(self._files) > 1

    def chosen(self, folder: Path) -> str:
        """What ``--structures`` gets for a patient's folder; empty: the rule decides."""
        return self._chosen.get(folder, "")

    def _on_chosen(self, index: int) -> None:
        if self._folder is not None:
            self._chosen[self._folder] = self._files[index - 1].wanted if index > 0 else ""

    def _files_of(self, folder: Path | None) -> tuple[StructureFile, ...]:
        if folder is None or not folder.is_dir():
            return ()
        from deface_compare.readers.structure_files import (
            structure_files,  # brings pydicom, which opening the panel need not wait for
        )

        with slicer.util.WaitCursor():
            return structure_files(folder)
