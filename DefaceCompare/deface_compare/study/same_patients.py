"""Patients that lie in a cohort twice, in two folders: they count twice in every table, and find themselves as another scan."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ..case import CaseImage
from ..output.finished_mark import read_mark

COUNTS_TWICE = "the patient counts twice; take one of them away"


def same_files(out: Path, cases: Sequence[str]) -> dict[str, str]:
    """What must be said of finished cases most of whose files are those of a case before them, by case."""
    marks = {case: mark for case in cases if (mark := read_mark(out, case)) is not None and mark.contents}
    found: dict[str, str] = {}
    for case, mark in marks.items():
        first = next((other for other in marks if marks[other].shares_files(mark.contents)), case)
        if first != case:
            found[case] = f"holds the same files as {first}: {COUNTS_TWICE}"
    return found


class SeenImages:
    """The images of the patients that were looked at so far."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def seen_before(self, case_id: str, images: Sequence[CaseImage]) -> list[str]:
        """What must be said of a patient's images that are those of a patient before."""
        told = []
        for image in images:
            pixels = image.array()
            mark = hashlib.sha256(repr((pixels.shape, pixels.dtype.str, image.image.GetSpacing())).encode() + pixels.tobytes())
            first = self._first.setdefault(mark.hexdigest(), case_id)
            if first != case_id:
                told.append(f"{image.key} is the same image as one of {first}: {COUNTS_TWICE}")
        return told
