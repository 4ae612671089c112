"""Sex and age of a case, kept beside its face prints: in ``identifiable/`` only."""

from __future__ import annotations

import json
from pathlib import Path

from ..demographics import UNKNOWN, Demographics
from ..storage.atomic import write_text
from .folder import OutputFolder


def write_demographics(out: Path, case_id: str, known: Demographics) -> None:
    """Keep what is known of a case's person; nothing is written where nothing is."""
    if known == UNKNOWN:
        return
    folder = OutputFolder(out)
    path = folder.demographics(case_id)
    folder.make_private(path.parent)
    write_text(path, json.dumps(known._asdict(), sort_keys=True) + "\n")


def read_demographics(out: Path, case_id: str) -> Demographics:
    """What is known of a case's person; a file that is missing or damaged tells nothing."""
    try:
        told = json.loads(OutputFolder(out).demographics(case_id).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return UNKNOWN
    return Demographics.of(told) if isinstance(told, dict) else UNKNOWN
