"""The options that ``case`` and ``study`` share, and the values that they become."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DONE, SOME_UNREADABLE, UnusableInput
from ..settings import DEFAULT_METHODS, DVH_ENDS, FILLS, PROTECTIONS, SLAB
from .arguments import add_names, add_progress, assignment, comma_list

NO_FACE_MODEL = "none"

if TYPE_CHECKING:
    from ..readers.choices import ReadingChoices
    from ..settings import Settings
    from ..study.study_report import StudyReport


def add_comparison(parser: argparse.ArgumentParser) -> None:
    """The options that case and study share."""
    parser.add_argument("--out", required=True, type=Path, help="output folder")
    parser.add_argument(
        "--methods", type=comma_list, default=list(DEFAULT_METHODS), metavar="a,b", help=f"default {','.join(DEFAULT_METHODS)}"
    )
    _add_external(parser)
    _add_reading(parser)
    parser.add_argument("--protect", choices=PROTECTIONS, default="none", help="what no method may alter (default none)")
    parser.add_argument("--fill", choices=FILLS, default="background", help="what removed voxels become (default background)")
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        type=assignment,
        metavar="METHOD=NAME",
        help="for example quickshear=nipy",
    )
    parser.add_argument(
        "--face-model",
        metavar="KEY",
        help="see `models list`; none for no face scores (default: that of the results in OUT, else ArcFace where it is"
        " installed, else SFace)",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of everything random (default 1)")
    parser.add_argument("--keep-ids", action="store_true", help="call cases by their own ids instead of case-001")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="let OUT hold what this command asks for and nothing else of the patients it names; it says what it drops"
        " (default: only add and renew)",
    )
    add_progress(parser)


def _add_external(parser: argparse.ArgumentParser) -> None:
    """The options that bring in tools that are not ours."""
    parser.add_argument(
        "--external",
        action="append",
        default=[],
        type=assignment,
        metavar="NAME=FOLDER",
        help="images defaced elsewhere, under the tool's own name: FOLDER[/PATIENT]/CT.nrrd, CT_deFaced.nii.gz ... or DICOM"
        " series; may be given several times",
    )
    parser.add_argument(
        "--external-command",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.toml",
        help="tools to run as child processes, one table a tool (see docs/external_tools.md); may be given several times",
    )


def _add_reading(parser: argparse.ArgumentParser) -> None:
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
        "--structures",
        default="",
        metavar="NAME",
        help="which of several structure sets: its file name (* and ? allowed), label, name or series description",
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


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The comparison's parameters.

    Raises
    ------
    UnusableInput
        If there is no face model of that name.
    """
    from ..settings import Settings

    return Settings(
        fill=arguments.fill,
        protect=arguments.protect,
        variants=dict(arguments.variant),
        face_model=_face_model(arguments.face_model, arguments.out),
        seed=arguments.seed,
        dvh_ends=arguments.dvh_ends,
    )


def _face_model(named: str | None, out: Path) -> str:
    """The face model: the one that is named, else that of the results in `out`, else the best that is installed."""
    from ..privacy.networks.default_model import default_recogniser
    from ..privacy.networks.models import known_model
    from ..study.begun_with import face_model_of

    if named is not None:
        return named if named == NO_FACE_MODEL else known_model(named).key
    best, begun = default_recogniser(), face_model_of(out)
    if begun in ("", NO_FACE_MODEL, best):
        return best
    print(
        f"face model: {known_model(begun).title}, as the results in {out} were made; {known_model(best).title} is installed: "
        f"--face-model {best} with another --out compares with it",
        file=sys.stderr,
    )
    return begun


def choices_of(arguments: argparse.Namespace, alone: bool) -> ReadingChoices:
    """The user's choices; `alone` if there is only one patient.

    Raises
    ------
    UnusableInput
        If a file that they name does not exist, or a method is resegmented that is not compared.
    """
    from ..readers.choices import ReadingChoices

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
    return ReadingChoices(arguments.dose, table.resolve() if table else None, again, alone, arguments.structures)


def tell(report: StudyReport, arguments: argparse.Namespace) -> int:
    """Print the lines that a person wants (stdout; stderr where stdout carries JSON)."""
    print("\n".join(report.lines()), file=sys.stderr if arguments.progress == "json" else sys.stdout)
    return SOME_UNREADABLE if report.unreadable else DONE
