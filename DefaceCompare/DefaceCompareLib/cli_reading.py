"""The options about how patients are read, for ``case``, ``study`` and ``names``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .cli_methods import assignment
from .errors import UnusableInput
from .settings import DVH_ENDS, SLAB

if TYPE_CHECKING:
    from .readers.choices import ReadingChoices


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add what headers cannot decide, and how contours become bodies."""
    add_names(parser)
    parser.add_argument(
        "--dose",
        default="",
        metavar="NAME",
        help="which of several doses: its file name (* and ? allowed), series description or plan label; several joined by +"
        " are added up",
    )
    parser.add_argument(
        "--dvh-ends",
        choices=DVH_ENDS,
        default=SLAB,
        help="how contours become bodies for DVHs: slab (as drawn, default) or surface (joined and capped, as SlicerRT does)",
    )
    parser.add_argument(
        "--resegmented",
        action="append",
        default=[],
        type=assignment,
        metavar="METHOD=PATH",
        help="structures drawn again on the images that a method defaced: a segmentation, RTSTRUCT or folder of masks, for a"
        " study a folder with one a patient; may be given several times",
    )


def add_names(parser: argparse.ArgumentParser) -> None:
    """Add the user's own table of structure names."""
    parser.add_argument(
        "--structure-names",
        type=Path,
        metavar="TABLE",
        help="a CSV file part,tg263,group,side,status that stands on top of the built-in table",
    )


def choices_of(arguments: argparse.Namespace, alone: bool) -> ReadingChoices:
    """The user's choices; `alone` if there is only one patient.

    Raises
    ------
    UnusableInput
        If a file that they name does not exist, or a method is resegmented that is not compared.
    """
    from .readers.choices import ReadingChoices

    compared = {*arguments.methods, *(name for name, _ in arguments.external)}
    for method, path in arguments.resegmented:
        if method not in compared:
            raise UnusableInput(f"--resegmented names {method}, which is not among the compared methods")
        if not Path(path).exists():
            raise UnusableInput(f"--resegmented {method}: {path} does not exist")
    table = arguments.structure_names
    if table is not None and not table.is_file():
        raise UnusableInput(f"--structure-names: {table} does not exist")
    again = tuple((method, Path(path).resolve()) for method, path in arguments.resegmented)
    return ReadingChoices(arguments.dose, table.resolve() if table else None, again, alone)
