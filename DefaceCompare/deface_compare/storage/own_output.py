"""How what this program wrote is known from outside: readers, which lie below the writers, must not take it for a patient's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

IDENTIFIABLE, LOCKS = "identifiable", "locks"
MANIFEST = "manifest.json"
"""Tells of a folder that is given away what it is."""
SHARED_COHORT = "shared cohort"
"""The ``kind`` in the manifest of a cohort that was shared."""


def is_output(folder: Path) -> bool:
    """Whether a folder is what a comparison wrote, from its first second on, or a cohort that was shared."""
    return (folder / IDENTIFIABLE / LOCKS).is_dir() or shared_manifest(folder) is not None


def shared_manifest(folder: Path) -> dict[str, Any] | None:
    """What a shared cohort's folder says of itself; None if it is none."""
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    shared = isinstance(told, dict) and told.get("kind") == SHARED_COHORT and isinstance(told.get("cases"), list)
    return told if shared else None
