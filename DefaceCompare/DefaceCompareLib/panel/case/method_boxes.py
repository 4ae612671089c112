"""One check box a method: its title, and why it cannot run here if it cannot; for a tool that ran elsewhere, its results."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

import ctk
import qt
from deface_compare.defacers import REGISTRY, external_methods
from deface_compare.defacers.external.command import ExternalCommand
from deface_compare.settings import DEFAULT_METHODS

from ..parameters import NO, PATH, TICK, YES, Parameter


class MethodBoxes:
    """The check boxes of all methods that the command line knows; each is an attribute too, as `Parameter` wants it.

    Parameters
    ----------
    layout : QLayout
        Where the boxes go.
    """

    def __init__(self, layout: Any) -> None:
        self._boxes: dict[str, Any] = {}
        self._paths: dict[str, Any] = {}
        self.parameters: tuple[Parameter, ...] = ()
        self.titles: dict[str, str] = {}
        """Titles by key of the methods that can be compared here, or whose results can be chosen."""
        for method in (*REGISTRY, *external_methods()):
            reason = method.available()
            box = qt.QCheckBox(method.title)
            box.toolTip = f"Not available: {reason}" if reason else f"{method.reference}\nLimits: {method.limits}"
            box.enabled = not reason
            layout.addWidget(box)
            if not reason or isinstance(method, ExternalCommand):
                self.titles[method.key] = method.title
            if reason and isinstance(method, ExternalCommand):
                self._add_path(layout, method.key, method.title, box)
            elif reason:
                layout.addWidget(_small_label(f"not available: {reason}"))
            else:
                name = f"methodBox_{method.key}"
                self._boxes[method.key] = box
                setattr(self, name, box)
                default = YES if method.key in DEFAULT_METHODS else NO
                self.parameters += (Parameter(name, TICK, f"Method.{method.key}", default),)

    def _add_path(self, layout: Any, key: str, title: str, box: Any) -> None:
        """A tool that cannot run here: its box follows whether its results were chosen."""
        layout.addWidget(_small_label(_("cannot run here; choose what it made elsewhere, a volume or a folder:")))
        path = ctk.ctkPathLineEdit()
        path.filters = ctk.ctkPathLineEdit.Dirs | ctk.ctkPathLineEdit.Files
        path.toolTip = _(
            "Results of {tool}: a folder with this patient's images (CT.nrrd, DICOM …), or the defaced volume"
        ).format(tool=title)
        layout.addWidget(path)
        path.connect("currentPathChanged(QString)", lambda: self._on_path(key, box))
        name = f"resultsOf_{key}"
        self._paths[key] = path
        setattr(self, name, path)
        self.parameters += (Parameter(name, PATH, f"Results.{key}"),)

    def _on_path(self, key: str, box: Any) -> None:
        there = key in self.imported()
        box.enabled = there
        box.checked = there
        box.toolTip = _("Its results are compared with the others'") if there else _("Choose its results")

    def chosen(self) -> list[str]:
        """Keys of the ticked methods that run here, in the registry's order."""
        return [key for key, box in self._boxes.items() if box.checked]

    def imported(self) -> dict[str, Path]:
        """Tools by key whose results were chosen, and where those are."""
        typed = {key: path.currentPath.strip() for key, path in self._paths.items()}
        return {key: Path(text) for key, text in typed.items() if text and Path(text).exists()}

    def why_not(self) -> str:
        """Why nothing can be compared with this choice; empty if it can."""
        for key, path in self._paths.items():
            if path.currentPath.strip() and key not in self.imported():
                return _("There is no {path}: choose the results of {tool} again, or none.").format(
                    path=path.currentPath, tool=self.titles[key]
                )
        return "" if self.chosen() else _("Tick at least one method.")


def folders_of_results(imported: Mapping[str, Path], image: str, private: Path) -> dict[str, Path]:
    """Folders as ``--external`` wants them; a single volume is copied into one of its own, under the image's key.

    Parameters
    ----------
    imported : mapping of tool's key to Path
        A folder, or the defaced volume of the primary image.
    image : str
        Key of the primary image.
    private : Path
        Where copies may lie.
    """
    from deface_compare.defacers.external.match import stem_of  # brings pydicom, which opening the panel need not wait for

    folders = {}
    for key, path in imported.items():
        folders[key] = path
        if path.is_file():
            folders[key] = private / "results" / key
            folders[key].mkdir(parents=True)
            shutil.copyfile(path, folders[key] / f"{image}{path.name.removeprefix(stem_of(path))}")
    return folders


def _small_label(text: str) -> Any:
    label = qt.QLabel(text)
    label.wordWrap = True
    label.enabled = False
    label.indent = 22
    return label
