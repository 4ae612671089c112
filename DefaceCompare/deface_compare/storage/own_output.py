"""How what this program wrote is known from outside: readers, which lie below its writers, must not take it for a patient's."""

from __future__ import annotations

import json
from pathlib import Path

IDENTIFIABLE, LOCKS = "identifiable", "locks"
MANIFEST = "manifest.json"
"""Tells of a folder that is given away what it is."""
SHARED_COHORT = "shared cohort"
"""The ``kind`` in the manifest of a cohort that was shared."""


def is_output(folder: Path) -> bool:
    """Whether a folder is what a comparison wrote, from its first second on, or a cohort that was shared."""
    return (folder / IDENTIFIABLE / LOCKS).is_dir() or _is_shared(folder)


def _is_shared(folder: Path) -> bool:
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("kind") == SHARED_COHORT
