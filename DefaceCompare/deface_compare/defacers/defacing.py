"""The result of one method on one case: patches, not images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import SimpleITK as sitk

from ..anatomy.head import Head
from ..case import Case, CaseImage
from ..geometry.boxes import Patch
from ..measurement import FAILED, NOT_AVAILABLE
from ..settings import Settings
from .edit import Edit


class Defacer(Protocol):
    """A defacing method. `key` names it in tables and folders, `title` in headings."""

    key: str
    title: str
    reference: str
    limits: str
    licence: str

    def available(self) -> str:
        """Return ``""`` if the method can run here, else the reason why not."""

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
    unavailable : mapping of image key to str
        Images that were not edited, with the reason; their rows are ``not available`` or ``failed`` (see `blocked`).
    status : str
        ``ok`` if at least the primary image was edited, else ``failed`` or ``not available`` (reason in `note`).
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
    unavailable: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fill: str = ""
    protect: str = ""
    logs: Mapping[str, str] = field(default_factory=dict)

    def blocked(self, key: str) -> tuple[str, str]:
        """Status and reason of an image that was not edited; two empty words if it was."""
        if key in self.patches:
            return "", ""
        reason = self.unavailable.get(key, self.note or "the method did not edit this image")
        return status_of(reason), reason

    def seen_patch(self, image: CaseImage) -> Patch:
        """The image's patch as an attacker sees it: an edit that leaves a constant wall before the face has `seen` for that."""
        patch, seen = self.patches[image.key], getattr(self.edits[image.key], "seen", None)
        return patch if seen is None else seen(image, patch)

    def edited_image(self, image: CaseImage) -> sitk.Image:
        """The whole defaced image (KeyError if this image was not edited: there is no undefaced result)."""
        return self.patches[image.key].whole(image.image)


def status_of(reason: str) -> str:
    """The status of rows for a reason: ``not available`` where it begins so (nothing was tried), else ``failed``."""
    return NOT_AVAILABLE if reason.startswith(NOT_AVAILABLE) else FAILED
