"""How an output folder is known from outside: readers, which lie below it, must not take it for a patient's."""

from __future__ import annotations

from pathlib import Path

IDENTIFIABLE, LOCKS = "identifiable", "locks"


def is_output(folder: Path) -> bool:
    """Whether a folder is what a comparison wrote, from its first second on."""
    return (folder / IDENTIFIABLE / LOCKS).is_dir()
