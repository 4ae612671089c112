"""``deface-compare names``: how the structure names of a file are read."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from ..errors import DONE, UnusableInput
from .arguments import add_names, given_path, table_of
from .parser import CommandParser, add_command

EXAMPLES = (
    "deface-compare names PATIENT",
    "deface-compare names RS.dcm --structure-names ours.csv",
)


def add_names_command(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    names = add_command(commands, "names", "how structure names are read", run_names, EXAMPLES)
    names.add_argument(
        "file", type=given_path, metavar="FILE", help="an RTSTRUCT, a case's folder, or a text file with one name a line"
    )
    add_names(names)


def run_names(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from ..structures.name_words import user_names
    from ..structures.names import read_structure_name

    table = csv.writer(sys.stdout, lineterminator="\n")
    names = planned_names(arguments.file)
    with user_names(table_of(arguments)):
        table.writerow(("name", "tg263", "group", "side", "status"))
        for name in names:
            read = read_structure_name(name)
            table.writerow((name, read.tg263, read.group, read.side, read.status))
    return DONE


def planned_names(path: Path) -> list[str]:
    """Structure names of an RTSTRUCT or SEG file, of a patient's folder, or of a text file with one name a line.

    Raises
    ------
    UnusableInput
        If there is no such file, or it holds no structure names.
    """
    from ..readers.found_files import is_dicom

    if path.is_dir():
        from ..readers import read_case

        structure_set = read_case(path).structure_set
        names = [structure.name for structure in structure_set.structures] if structure_set else []
    elif not path.is_file():
        raise UnusableInput(f"{path} does not exist; give an RTSTRUCT file, a patient's folder or a text file")
    elif is_dicom(path):
        names = _names_of_dicom(path)
    else:
        names = _names_of_text(path)
    if not names:
        raise UnusableInput(f"{path} holds no structure names")
    return names


def _names_of_dicom(path: Path) -> list[str]:
    from ..readers.dicom.dicom_file import read_file
    from ..readers.dicom.header import PYDICOM_ERRORS
    from ..readers.dicom.texts import name_in

    try:
        dataset = read_file(path, stop_before_pixels=True).data
    except (OSError, *PYDICOM_ERRORS) as error:
        raise UnusableInput(f"{path} is a damaged DICOM file ({error}); export it again") from error
    names = [name_in(roi, "ROIName") for roi in dataset.get("StructureSetROISequence") or []]
    return names or [name_in(segment, "SegmentLabel") for segment in dataset.get("SegmentSequence") or []]


def _names_of_text(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{path} is neither an RTSTRUCT nor a text file in UTF-8") from error
    return [line for line in lines if line.strip()]
