"""Which patients are asked for: a file of ids, or studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UnusableInput
from .archive import UID

HEADINGS = frozenset({"patientid", "patient_id", "patient id", "patient"})
"""A first line that says what stands below it."""
PATTERN = frozenset("*?\\")
"""Characters that archives take for a pattern or for several values (PS3.4 section C.2.2.2)."""


@dataclass(frozen=True)
class Wanted:
    """A patient.

    Parameters
    ----------
    patient_id : str
        Empty where only studies are known.
    studies : tuple of str
        All of the patient's if empty.
    """

    patient_id: str
    studies: tuple[str, ...] = ()


def read_wanted(path: Path) -> list[Wanted]:
    """The patients of a file: one id a line, or ``id,StudyInstanceUID``; ``#`` begins a comment; each patient once.

    Raises
    ------
    UnusableInput
        If the file cannot be read, or a line is none.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise UnusableInput(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{path} is not a text in UTF-8; save it again as UTF-8") from error
    studies: dict[str, dict[str, None] | None] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        patient_id, _, study = (part.strip().strip('"') for part in text.replace("\t", ",").partition(","))
        if not studies and patient_id.lower() in HEADINGS:
            continue
        if not patient_id or PATTERN & set(patient_id):
            raise UnusableInput(f"{path}, line {number}: expected one patient's id, without {' '.join(sorted(PATTERN))}")
        if study and not UID.fullmatch(study):
            raise UnusableInput(f"{path}, line {number}: what follows the id must be a StudyInstanceUID")
        known = studies.setdefault(patient_id, {})
        if not study:
            studies[patient_id] = None  # all of them
        elif known is not None:
            known[study] = None
    if not studies:
        raise UnusableInput(f"{path} names no patient; write one patient id a line")
    return [Wanted(patient_id, tuple(named or ())) for patient_id, named in studies.items()]


def wanted_studies(uids: Sequence[str]) -> list[Wanted]:
    """Studies, whoever's they are.

    Raises
    ------
    UnusableInput
        If one is no UID.
    """
    for uid in uids:
        if not UID.fullmatch(uid):
            raise UnusableInput(f"{uid!r} is no StudyInstanceUID (digits and points)")
    return [Wanted("", (uid,)) for uid in dict.fromkeys(uids)]
