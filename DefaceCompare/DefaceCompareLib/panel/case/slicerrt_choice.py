"""The option to measure the dose with SlicerRT too; its rows stand beside the built-in ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ...slicerrt.dvh import slicerrt_logic


class SlicerRtChoice:
    """The check box, and the measuring after a run.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    go_on : callable
        ``go_on(done, total, text) -> bool``; False cancels.
    """

    def __init__(self, ui: Any, go_on: Callable[[int, int, str], bool]) -> None:
        self._ui = ui
        self._go_on = go_on

    def refresh(self) -> None:
        """Offer it where SlicerRT is installed."""
        there = slicerrt_logic() is not None
        self._ui.slicerrtCheckBox.enabled = there
        self._ui.slicerrtCheckBox.toolTip = (
            _("SlicerRT's numbers first in the DVH table, the built-in ones beside them; Slicer stays usable meanwhile")
            if there
            else _("SlicerRT is not installed (Extensions Manager)")
        )

    def measure(
        self,
        out: Path,
        folder: Path,
        case_id: str,
        segmentation: Any | None,
        structures: str = "",
        redrawn: Mapping[str, Path] | None = None,
    ) -> None:
        """Write SlicerRT's rows beside the finished case's own, if the box is ticked.

        Parameters
        ----------
        out : Path
            The finished output.
        folder : Path
            What the case was read from.
        case_id : str
        segmentation : vtkMRMLSegmentationNode, optional
            The chosen structure set; of a folder None.
        structures : str
            Which structure set of a folder was compared (`ReadingChoices.structures`).
        redrawn : mapping of method key to Path, optional
            Structures that were drawn again on its image.

        Raises
        ------
        UnusableInput
            If the segmentation is not the one that was compared.
        Cancelled
            If the user stopped it.
        """
        if not (self._ui.slicerrtCheckBox.checked and slicerrt_logic() is not None):
            return
        from deface_compare.readers import read_case  # brings pydicom, which opening the panel need not wait for
        from deface_compare.readers.choices import ReadingChoices

        from ...slicerrt.rows import add_slicerrt_rows

        add_slicerrt_rows(
            out,
            read_case(folder, case_id, ReadingChoices(structures=structures, resegmented=tuple((redrawn or {}).items()))),
            slicer.mrmlScene,
            segmentation,
            progress=self._go_on,
        )
