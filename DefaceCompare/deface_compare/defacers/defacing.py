"""The result of one method on one case: patches, not images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import SimpleITK as sitk

from ..anatomy.head import Head
from ..case import Case, CaseImage
from ..geometry.boxes import Patch
from ..measurement import FAILED, Missing
from ..settings import Settings
from .edit import Edit


class Defacer(Protocol):
    """A defacing method: a class that inherits from this one takes over what most methods have in common.

    Attributes
    ----------
    key, title : str
        Its name in tables and folders, and in headings.
    reference, limits, licence : str
        Where it comes from, what it leaves, and under which terms it may be used.
    variant : str
        Which of its variants this is; ``""`` is the default one.
    fill : str
        What removed voxels become, where the method itself decides that; ``""``: what the settings say.
    verbatim : bool
        Its voxels are taken as they are, devices and protected structures included: a real tool's numbers must be its own.
    starts_programs : bool
        It runs child processes: from the thread that signals reach, and its time is that of the clock.
    """

    key: str
    title: str
    reference: str
    limits: str
    licence: str
    variant: str = ""
    fill: str = ""
    verbatim: bool = False
    starts_programs: bool = False

    def available(self) -> str:
        """Return ``""`` if the method can run here, else the reason why not."""
        return ""

    def folder_of_results(self) -> Path | None:
        """The folder whose files are this method's results, None for a method that computes them."""
        return None

    def mark(self) -> str:
        """What its results depend on besides code, settings, the patient and `folder_of_results`."""
        return ""

    def for_patient(self, folder: Path, case_id: str, *, alone: bool) -> Defacer:
        """The method as it serves one patient; `alone` if there is no other one.

        A method that imports results looks into the patient's own folder only: another patient's face must never be taken
        for it.
        """
        return self

    def in_environment(self, environment: Mapping[str, str]) -> Defacer:
        """The method with a process's environment, for one that starts programs."""
        return self

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Find the edit on `image`, the one the head was found on.

        Raises
        ------
        MethodFailed
            With one sentence, if the method cannot deface this patient.
        """


@dataclass(frozen=True)
class Defacing:
    """What one method did to one case.

    Parameters
    ----------
    patches : mapping of image key to Patch
    dose_patches : mapping of dose policy (``mask``, ``follow``) to Patch
    edits : mapping of image key to Edit
        The edit behind each patch (one per frame of reference).
    unavailable : mapping of image key to Missing
        Images that were not edited, and why.
    status : str
        ``ok`` if at least the primary image was edited, or another one where the primary shows no face; else ``failed``,
        ``not available`` or ``no face`` (no image shows one); reason in `note`.
    fill, protect : str
        As they hold for this method: a real tool fills as it does and protects nothing.
    logs : mapping of image key to str
        What a tool in a child process said; may name the patient.
    """

    method: str
    title: str
    variant: str
    status: str
    note: str = ""
    patches: Mapping[str, Patch] = field(default_factory=dict)
    dose_patches: Mapping[str, Patch] = field(default_factory=dict)
    edits: Mapping[str, Edit] = field(default_factory=dict)
    unavailable: Mapping[str, Missing] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fill: str = ""
    protect: str = ""
    logs: Mapping[str, str] = field(default_factory=dict)

    def blocked(self, key: str) -> Missing | None:
        """Why an image was not edited; None if it was."""
        if key in self.patches:
            return None
        return self.unavailable.get(key, Missing(FAILED, self.note or "the method did not edit this image"))

    def judged(self, case: Case) -> CaseImage | None:
        """The image that stands for the patient: the primary, or, where that shows no face, the first edited one."""
        return next((image for image in case.images if image.key in self.patches), None)

    def seen_patch(self, image: CaseImage) -> Patch:
        """The image's patch as an attacker sees it (see `Edit.seen`)."""
        return self.edits[image.key].seen(image, self.patches[image.key])

    def edited_image(self, image: CaseImage) -> sitk.Image:
        """The whole defaced image (KeyError if this image was not edited: there is no undefaced result)."""
        return self.patches[image.key].whole(image.image)
