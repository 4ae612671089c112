"""Where a case's files lie below an output folder."""

from __future__ import annotations

from pathlib import Path


def case_folder(out: Path, case_id: str) -> Path:
    """``OUT/cases/<id>``, made if need be."""
    folder = out / "cases" / case_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def identifiable_folder(out: Path, *parts: str) -> Path:
    """``OUT/identifiable/…``, readable by its owner only: whatever shows or leads to a person."""
    folder = out / "identifiable"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    inner = folder.joinpath(*parts)
    inner.mkdir(parents=True, exist_ok=True, mode=0o700)
    return inner
