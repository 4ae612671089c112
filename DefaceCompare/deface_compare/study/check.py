"""What a comparison would find in each patient, in seconds a patient and before hours of computing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..anatomy.find_heads import find_heads
from ..anatomy.head import Head
from ..case import Case, CaseImage, Dose
from ..errors import DefaceCompareError
from ..geometry.threads import one_itk_thread
from ..measurement import NO_FACE, Missing
from ..output.neutral_words import NeutralWords
from ..progress import Cancelled, Progress, report_step, silent
from ..readers import read_case
from ..readers.choices import ReadingChoices
from ..readers.dicom.kept_scan import read_once
from ..readers.found_files import find_files
from ..settings import Settings
from ..structures.organs import EXCLUDE, EXTERNAL
from ..words import DEFACED_BEFORE
from .pairing_check import pairing_words
from .same_patients import SeenImages

VERIFIED, UNVERIFIED, NO_HEAD, NOT_LOOKED_FOR = "verified", "found, not verified", "no head", "not looked for"
"""What is known of the face in an image, beside ``no face`` (the scan is known to show none)."""
DEFACED = "defaced before"
SHARE_OF_BASE, SHARE_OF_METHOD = 0.7, 1.1
"""A case takes so many times the seconds of reading it and finding its head, and so many more for each method.

Three synthetic patients: 7.5 s of processor time to read and find, 13 s before the first method, 8.4 s a method.
"""


@dataclass(frozen=True)
class CheckedImage:
    """One image; `frame` is a letter, the same for images that lie in one frame of reference."""

    key: str
    size: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    unit: str
    frame: str
    face: str
    face_note: str = ""


@dataclass(frozen=True)
class CheckedDose:
    """The dose that would be used."""

    size: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    maximum: float
    unit: str
    prescription_gy: float | None
    frame: str


@dataclass(frozen=True)
class CheckedPatient:
    """What was found of one patient; names of files and people are not in it.

    Parameters
    ----------
    id : str
        As a study of the same folder would call the case in a new output folder.
    problem : str
        Why the patient cannot be compared; ``""`` if it can.
    structures : mapping of what becomes of them to how many; empty without a structure set
    structures_frame : str
    pairing : str
        Which plan, structure set and dose belong together.
    left_out : mapping of reason to how many files
    seconds : float
        Reading, and finding the heads.
    """

    id: str
    problem: str = ""
    images: tuple[CheckedImage, ...] = ()
    structures: Mapping[str, int] = field(default_factory=dict)
    structures_frame: str = ""
    dose: CheckedDose | None = None
    pairing: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def estimated_s(self, methods: int) -> float:
        """How long the comparison will take in one process of this machine, seconds."""
        return self.seconds * (1.0 + SHARE_OF_BASE + SHARE_OF_METHOD * methods)


def check_patients(
    folders: Sequence[Path],
    settings: Settings | None = None,
    choices: ReadingChoices | None = None,
    *,
    faces: bool = True,
    progress: Progress = silent,
) -> Iterator[CheckedPatient]:
    """Check one patient after the other; a broken one is told and never stops the others.

    Parameters
    ----------
    faces : bool
        Whether heads are searched, which takes most of the time.

    Raises
    ------
    Cancelled
        If `progress` answers False.
    """
    seen = SeenImages()
    for number, folder in enumerate(folders):
        case_id = f"case-{number + 1:03d}"
        report_step(progress, number, len(folders), f"{case_id}: reading")
        try:
            chosen = choices or ReadingChoices(alone=False)
            checked = check_patient(folder, case_id, settings or Settings(), chosen, faces=faces, seen=seen)
        except Cancelled:
            raise
        except DefaceCompareError as error:
            checked = _unusable(folder, case_id, str(error))
        except Exception as error:  # one broken patient must not hide the others
            checked = _unusable(folder, case_id, f"reading stopped at an unexpected {type(error).__name__}")
        yield checked
    report_step(progress, len(folders), len(folders), "checked")


@read_once()
@one_itk_thread()
def check_patient(
    folder: Path, case_id: str, settings: Settings, choices: ReadingChoices, *, faces: bool, seen: SeenImages | None = None
) -> CheckedPatient:
    """Read one patient as a comparison would, and look for the heads.

    Raises
    ------
    UnusableInput
        If the folder cannot be read as a case.
    """
    began = time.perf_counter()
    case = read_case(folder, case_id, choices)
    heads, reasons = find_heads(case, settings) if faces else ({}, {})
    seconds = time.perf_counter() - began
    frames = _frame_letters(case)
    structure_set, words = case.structure_set, NeutralWords(folder, case_id)
    return CheckedPatient(
        id=case_id,
        images=tuple(_image(image, frames, heads, reasons, faces=faces) for image in case.images),
        structures=_structures(case),
        structures_frame="" if structure_set is None else frames[structure_set.frame_of_reference_uid],
        dose=None if case.dose is None else _dose(case.dose, frames),
        pairing=pairing_words(folder, case),
        left_out=case.left_out,
        notes=(*dict.fromkeys(map(words.shared, _notes(case))), *(seen.seen_before(case_id, case.images) if seen else ())),
        seconds=seconds,
    )


def _unusable(folder: Path, case_id: str, problem: str) -> CheckedPatient:
    try:
        left_out = find_files(folder).left_out
        return CheckedPatient(case_id, NeutralWords(folder, case_id).shared(problem), left_out=left_out)
    except DefaceCompareError:  # the folder itself cannot be opened
        return CheckedPatient(case_id, problem.replace(str(folder), case_id))


def _notes(case: Case) -> Iterator[str]:
    yield from case.notes
    for image in case.images:
        yield from (f"{image.key}: {note}" for note in image.notes)
    yield from case.structure_set.notes if case.structure_set else ()
    yield from case.dose.notes if case.dose else ()
    yield from filter(None, (case.missing_structures, case.missing_dose))


def _frame_letters(case: Case) -> dict[str, str]:
    """A letter for each frame of reference, the primary image's first."""
    uids = [image.frame_of_reference_uid for image in case.images]
    uids += [part.frame_of_reference_uid for part in (case.structure_set, case.dose) if part is not None]
    return {uid: chr(ord("A") + number) for number, uid in enumerate(dict.fromkeys(uids))}


def _image(
    image: CaseImage, frames: Mapping[str, str], heads: Mapping[str, Head], reasons: Mapping[str, Missing], *, faces: bool
) -> CheckedImage:
    face, note = NOT_LOOKED_FOR, ""
    if image.key in heads:
        head = heads[image.key]
        face = VERIFIED if head.witnesses else UNVERIFIED
        note = f"{head.face_extent} face, by {', '.join(head.witnesses)}" if head.witnesses else f"{head.face_extent} face"
    elif faces:
        missing = reasons[image.key]
        face, note = (NO_FACE if missing.status == NO_FACE else NO_HEAD), missing.reason
    elif image.defaced_before:
        note = f"{DEFACED_BEFORE} ({image.defaced_before})"
    face = DEFACED if DEFACED_BEFORE in note else face
    frame = frames[image.frame_of_reference_uid] + (" by registration" if image.own_frame else "")
    return CheckedImage(image.key, *_grid(image.image), image.unit, frame, face, note)


def _grid(image: sitk.Image) -> tuple[tuple[int, ...], tuple[float, ...]]:
    return tuple(image.GetSize()), tuple(round(float(edge), 3) for edge in image.GetSpacing())


def _dose(dose: Dose, frames: Mapping[str, str]) -> CheckedDose:
    maximum = round(float(np.max(sitk.GetArrayViewFromImage(dose.image))), 2)
    return CheckedDose(*_grid(dose.image), maximum, dose.unit, dose.prescription_gy, frames[dose.frame_of_reference_uid])


def _structures(case: Case) -> dict[str, int]:
    """How many structures will be measured, and how many not, by reason."""
    counts: Counter[str] = Counter()
    for structure in case.structure_set.structures if case.structure_set else ():
        if structure.group == EXCLUDE:
            counts["helper, excluded"] += 1
        elif structure.group == EXTERNAL:
            counts["body outline"] += 1
        else:
            counts[structure.problem or "measured"] += 1
    return dict(counts)
