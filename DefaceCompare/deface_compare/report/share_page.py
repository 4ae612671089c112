"""The page of a shared folder: what was done with each patient, and who was left out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..words import SYNTHETIC_WARNING
from .page import render_page


def render_share_page(manifest: Mapping[str, Any], shared: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> str:
    """The page as text.

    Parameters
    ----------
    manifest : mapping
        What the folder's ``manifest.json`` holds.
    shared : sequence of rows
        Case, status, reason, files, accepted risks, structures clipped, left behind, notes.
    others : sequence of rows
        Case, status, reason.
    """
    warning = SYNTHETIC_WARNING if manifest["synthetic"] else ""
    return render_page("share_page.html.j2", (), {}, manifest=manifest, shared=shared, others=others, warning=warning)
