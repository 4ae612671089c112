"""``deface-compare check``: what was found of each patient, before anything is computed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DONE, SOME_UNREADABLE, UNUSABLE, UnusableInput
from ..settings import DEFAULT_METHODS
from .arguments import add_image, add_progress, add_which_files, comma_list, given_path, positive, table_of
from .parser import CommandParser, add_command

if TYPE_CHECKING:
    from ..study.check import CheckedPatient

AUTOMATIC, PATIENT, COHORT = "auto", "patient", "cohort"
COLUMNS = ("case", "image", "size", "spacing mm", "frame", "face", "structures", "dose", "plan, structures, dose", "not read")


EXAMPLES = ("deface-compare check COHORT", "deface-compare check PATIENT --no-faces")


def add_check(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    what = "what is found of each patient, before hours of computing"
    check = add_command(commands, "check", what, run_check, EXAMPLES)
    check.add_argument(
        "input",
        type=given_path,
        metavar="PATIENT_OR_COHORT",
        help="a patient's folder, one that holds a folder a patient, or a zip",
    )
    check.add_argument("--as", dest="kind", choices=(AUTOMATIC, PATIENT, COHORT), default=AUTOMATIC, help="what that folder is")
    check.add_argument(
        "--methods", type=comma_list, default=list(DEFAULT_METHODS), metavar="a,b", help="of the study to come, for its time"
    )
    check.add_argument("--jobs", type=positive, default=1, metavar="N", help="of the study to come, for its time too (default 1)")
    add_which_files(check)
    add_image(check)
    check.add_argument("--no-faces", action="store_true", help="do not look for the heads: much faster, and no time is told")
    check.add_argument("--names", action="store_true", help="show which folder each case is; folders may name people")
    check.add_argument("--json", action="store_true", help="one JSON object on stdout instead of the table")
    add_progress(check)


def run_check(arguments: argparse.Namespace) -> int:
    """Run the command: 0 if all can be compared, 3 if some cannot, 2 if none can."""
    from ..archives.zip_input import folder_of

    with folder_of(arguments.input, cohort=arguments.kind == COHORT) as source:
        return _check(source, arguments)


def _check(source: Path, arguments: argparse.Namespace) -> int:
    from ..readers.choices import ReadingChoices
    from ..readers.found_files import is_image_file
    from ..study.check import check_patients
    from ..study.parts_of_patients import holds_one_patient
    from ..study.patients import find_patients, no_folder
    from .progress import progress_of

    one_file = is_image_file(source)
    if not source.is_dir() and not one_file:
        raise UnusableInput(f"{source} {no_folder(source)}; give the folder of one patient or of a cohort, or one image file")
    alone = one_file or arguments.kind == PATIENT or (arguments.kind == AUTOMATIC and holds_one_patient(source))
    folders, beside = ((source,), {}) if alone else ((found := find_patients(source)).folders, found.left_out)
    choices = ReadingChoices(
        arguments.dose,
        table_of(arguments),
        alone=alone,
        structures=arguments.structures,
        image=arguments.image if alone else "",
    )
    with progress_of("human" if arguments.json else arguments.progress) as progress:
        checked = list(check_patients(folders, choices=choices, faces=not arguments.no_faces, progress=progress))
    estimate_s = sum(each.estimated_s(len(arguments.methods)) for each in checked) / min(arguments.jobs, len(folders))
    if arguments.json:
        told = {
            "kind": PATIENT if alone else COHORT,
            "patients": [asdict(each) for each in checked],
            "beside_the_patients": dict(beside),
            "estimate_s": None if arguments.no_faces else round(estimate_s),
        }
        if arguments.names:
            told["folders"] = {each.id: str(folder) for each, folder in zip(checked, folders, strict=True)}
        print(json.dumps(told, indent=1))
    else:
        print("\n".join(_lines(checked, beside)))
        if arguments.names:
            print("\n".join(f"{each.id} is {folder}" for each, folder in zip(checked, folders, strict=True)))
        if not arguments.no_faces:
            print(f"about {_duration(estimate_s)} for {len(arguments.methods)} methods with --jobs {arguments.jobs}")
    broken = sum(bool(each.problem) for each in checked)
    if broken == len(checked):
        print("deface-compare: no patient can be compared", file=sys.stderr)
        return UNUSABLE
    return SOME_UNREADABLE if broken else DONE


def _lines(checked: Sequence[CheckedPatient], beside: Mapping[str, int]) -> list[str]:
    from ..readers.found_files import count_words

    rows = [COLUMNS, *(row for each in checked for row in _rows(each))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for each in checked:
        lines += [f"{each.id}: cannot be compared: {each.problem}"] if each.problem else []
        lines += [f"{each.id}: {image.key}: {image.face_note}" for image in each.images if image.face_note]
        lines += [f"{each.id}: {note}" for note in each.notes]
        lines += [f"{each.id}: {count_words(each.left_out)}"] if each.problem and each.left_out else []
    if beside:
        lines.append(f"beside the patients' folders: {count_words(beside)}")
    return lines


def _rows(each: CheckedPatient) -> list[tuple[str, ...]]:
    """A row an image; what belongs to the patient stands in the first one."""
    if each.problem:
        return [(each.id, "cannot be compared", *[""] * (len(COLUMNS) - 3), str(sum(each.left_out.values())))]
    total, measured = sum(each.structures.values()), each.structures.get("measured", 0)
    dose = each.dose
    own = (
        f"{measured} of {total}, frame {each.structures_frame}" if total else "none",
        f"{dose.maximum:g} {dose.unit} at most, frame {dose.frame}" if dose else "none",
        each.pairing or "–",
        str(sum(each.left_out.values())),
    )
    images = [
        (image.key, "×".join(map(str, image.size)), "×".join(f"{edge:g}" for edge in image.spacing_mm), image.frame, image.face)
        for image in each.images
    ] or [("none", "", "", "", "")]
    return [(each.id, *images[0], *own), *(("", *image, *[""] * len(own)) for image in images[1:])]


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
