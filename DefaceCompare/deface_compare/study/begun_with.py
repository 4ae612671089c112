"""With which face model an output folder began: it goes on with it, whatever was installed since."""

from __future__ import annotations

from pathlib import Path

from ..case_report import CaseReport
from ..errors import UnusableInput
from ..output.folder import OutputFolder


def face_model_of(out: Path) -> str:
    """The face model of the first finished case of `out` that can be read; ``""`` if there is none."""
    for folder in OutputFolder(out).finished_cases():
        try:
            return CaseReport.read(folder, measurements=False).settings.face_model
        except UnusableInput:
            continue
    return ""
