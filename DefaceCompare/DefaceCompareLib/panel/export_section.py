"""The *Export* section: one method's result as DICOM RT, written and verified by the command line."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
import slicer.util
from slicer.i18n import tr as _

from deface_compare.case_report import REPORT
from deface_compare.cohort.review import review_cases
from deface_compare.errors import DefaceCompareError
from deface_compare.export.options import BASIC, NO_CHANGE
from deface_compare.settings import DOSE_POLICIES

from ..nodes.method_names import titled, titles_of_methods
from .child_run import Answers, ChildRun

RISK_OPTION = "--accept-risk"
"""The command line's sentence names this option where only the user's consent is missing."""


class ExportSection:
    """Exports a finished case (``OUT/cases/<id>``) that was made from DICOM.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    busy : callable
        Whether a comparison is running.
    on_run : callable
        Called without arguments when an export begins or ends.
    """

    def __init__(self, ui: Any, busy: Callable[[], bool], on_run: Callable[[], None]) -> None:
        self._ui = ui
        self._busy = busy
        self._on_run = on_run
        self._run: ChildRun | None = None
        self._keys: list[str] = []
        ui.exportCasePathEdit.connect("currentPathChanged(QString)", self._on_case)
        ui.exportToPathEdit.connect("currentPathChanged(QString)", self.refresh)
        ui.exportButton.connect("clicked(bool)", self.export)
        ui.exportCancelButton.connect("clicked(bool)", self.cancel)
        ui.exportPolicyComboBox.addItems(list(DOSE_POLICIES))
        self.refresh()

    @property
    def running(self) -> bool:
        """Whether an export is at work."""
        return self._run is not None

    def offer(self, case: Path) -> None:
        """Offer a finished case."""
        self._ui.exportCasePathEdit.currentPath = str(case)

    def _on_case(self) -> None:
        self._keys = methods_of_case(Path(self._ui.exportCasePathEdit.currentPath))
        titles = titles_of_methods()
        self._ui.exportMethodComboBox.clear()
        self._ui.exportMethodComboBox.addItems(list(titled(self._keys, titles)))
        self.refresh()

    def why_not(self) -> str:
        """Why nothing can be exported; empty if it can."""
        if self._busy() or self.running:
            return _("Another run is at work.")
        if not self._ui.exportCasePathEdit.currentPath.strip():
            return _("Choose a finished case: the folder cases/… of kept results.")
        if not self._keys:
            return _("This folder holds no finished case with a defaced image.")
        target = self._ui.exportToPathEdit.currentPath.strip()
        if not target:
            return _("Choose a new folder for the DICOM files.")
        if Path(target).exists() and (not Path(target).is_dir() or any(Path(target).iterdir())):
            return _("The folder for the DICOM files is not empty: choose a new one.")
        return ""

    def refresh(self) -> None:
        """Say in the tooltip why the button is off."""
        reason = self.why_not()
        self._ui.exportButton.enabled = not reason
        self._ui.exportButton.toolTip = reason or _("Write this method's images, structures, dose and plan, and read them back")
        self._ui.exportCancelButton.visible = self.running

    def export(self, *, accept_risk: bool = False) -> None:
        """Start the command; it refuses what is risky, and then the user is asked once."""
        key = self._keys[max(self._ui.exportMethodComboBox.currentIndex, 0)]
        target = Path(self._ui.exportToPathEdit.currentPath.strip())
        private = Path(tempfile.mkdtemp(prefix=".DefaceCompare-", dir=target.parent))
        policy = DOSE_POLICIES[max(self._ui.exportPolicyComboBox.currentIndex, 0)]
        arguments = ["export", self._ui.exportCasePathEdit.currentPath, "--method", key, "--to", str(private / "dicom")]
        headers = BASIC if self._ui.exportHeadersCheckBox.checked else NO_CHANGE
        arguments += ["--dose-policy", policy, "--headers", headers, *([RISK_OPTION] if accept_risk else [])]
        answers = Answers(
            lambda done, total, text: self._say(text),
            lambda told: self._on_finished(private, target, told),
            lambda sentence: self._on_failed(sentence, may_ask=not accept_risk),
            lambda: self._end(_("Cancelled. Nothing was written.")),
        )
        try:
            self._run = ChildRun(arguments, private, answers)
        except DefaceCompareError as error:
            shutil.rmtree(private)
            self._on_failed(str(error), may_ask=False)
            return
        self._say(_("Starting …"))
        self._on_run()

    def cancel(self) -> None:
        """Kill the running export, if there is one."""
        if self._run is not None:
            self._run.cancel()

    def close(self) -> None:
        """End at once and leave nothing behind."""
        if self._run is not None:
            self._run.abandon()
            self._end("")

    def _on_finished(self, private: Path, target: Path, told: dict[str, Any]) -> None:
        if target.exists():
            target.rmdir()  # empty: anything else was refused
        (private / "dicom").rename(target)
        self._end(what_was_written(told, target))

    def _on_failed(self, sentence: str, *, may_ask: bool) -> None:
        self._end(_("Nothing was written."))
        if not may_ask or RISK_OPTION not in sentence:
            slicer.util.errorDisplay(sentence)
        elif slicer.util.confirmOkCancelDisplay(
            _("{sentence}\n\nWrite it all the same, for use inside the department?").format(sentence=sentence)
        ):
            self.export(accept_risk=True)

    def _end(self, text: str) -> None:
        self._run = None
        self._say(text)
        self._on_run()

    def _say(self, text: str) -> None:
        self._ui.exportStatusLabel.text = text


def what_was_written(told: dict[str, Any], target: Path) -> str:
    """The notes of an export and its last sentence, as the command line prints them.

    Parameters
    ----------
    told : dict
        The command's last JSON line: by case (a single one is called ``""``) its ``files`` and ``notes``.
    target : Path
        Where the files are now.
    """
    lines = []
    for export in told["exported"].values():
        lines += [*export["notes"], _("{count} verified DICOM files in {folder}").format(count=export["files"], folder=target)]
    return "\n".join(lines)


def methods_of_case(case: Path) -> list[str]:
    """Keys of the methods that have a defaced image in a finished case; none if the folder is not one."""
    if not (case / REPORT).is_file():
        return []
    found = [each for each in review_cases(case.parent.parent) if each.id == case.name]
    return list(found[0].titles) if found else []
