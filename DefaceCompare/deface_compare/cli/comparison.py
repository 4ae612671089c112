"""The options that ``case`` and ``study`` share, and the values that they become."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import DONE, SOME_UNREADABLE, UnusableInput
from ..machine.fitting_processes import AUTO
from ..settings import (
    DEFAULT_FACE_VIEWS,
    DEFAULT_METHODS,
    DVH_ENDS,
    FACE_VIEWS,
    FILLS,
    NO_FACE_MODEL,
    PROTECTIONS,
    SLAB,
    VARIANTS,
)
from .arguments import Options, add_progress, add_which_files, assignment, comma_list, given_path, table_of, threads

if TYPE_CHECKING:
    from ..readers.choices import ReadingChoices
    from ..settings import Settings
    from ..study.study_report import StudyReport


class ComparisonGroups(NamedTuple):
    """The groups of options, for those that one command has alone."""

    output: Options
    reading: Options
    running: Options


def add_comparison(parser: argparse.ArgumentParser) -> ComparisonGroups:
    """The options that case and study share, in groups."""
    output = parser.add_argument_group("output")
    output.add_argument("--out", required=True, type=given_path, metavar="OUT", help="a new folder, or one of an earlier run")
    output.add_argument(
        "--replace",
        action="store_true",
        help="let OUT hold what this command asks for and nothing else of the patients it names; it says what it drops"
        " (default: only add and renew)",
    )
    output.add_argument("--keep-ids", action="store_true", help="call cases by their own ids instead of case-001")
    _add_methods(parser.add_argument_group("methods"))
    reading = parser.add_argument_group("reading")
    _add_reading(reading)
    recognition = parser.add_argument_group("recognition")
    recognition.add_argument(
        "--face-model",
        metavar="KEY[,KEY]",
        help="see `models list`; several with commas between, of which the strongest counts; none for no face scores (default:"
        " that of the results in OUT, else ArcFace where it is installed, else SFace)",
    )
    recognition.add_argument(
        "--face-views",
        type=int,
        choices=FACE_VIEWS,
        default=DEFAULT_FACE_VIEWS,
        help="in how many poses an attacker pictures each scan (default 5); 25 takes longer, see docs/reidentification.md",
    )
    recognition.add_argument(
        "--face-maps",
        action="store_true",
        help="also show faces as maps of normals and depths, as an attacker may draw them (column E)",
    )
    recognition.add_argument(
        "--inner-anatomy",
        action="store_true",
        help="also look whether other scans of a patient find him by what lies inside the head (0.3 s an image)",
    )
    running = parser.add_argument_group("running")
    running.add_argument("--seed", type=int, default=1, help="seed of everything random (default 1)")
    running.add_argument(
        "--threads",
        type=threads,
        default=AUTO,
        metavar="N",
        help="threads that work on one patient, or auto: the cores that there are, two at most (default auto)",
    )
    add_progress(running)
    return ComparisonGroups(output, reading, running)


def _add_methods(group: Options) -> None:
    """What is compared, and how: built-in methods and tools that are not ours."""
    group.add_argument(
        "--methods", type=comma_list, default=list(DEFAULT_METHODS), metavar="a,b", help=f"default {','.join(DEFAULT_METHODS)}"
    )
    told = "; ".join(f"{method}={name}: {what}" for method, names in VARIANTS.items() for name, what in names.items())
    group.add_argument("--variant", action="append", default=[], type=assignment, metavar="METHOD=NAME", help=told)
    group.add_argument("--protect", choices=PROTECTIONS, default="none", help="what no method may alter (default none)")
    group.add_argument("--fill", choices=FILLS, default="background", help="what removed voxels become (default background)")
    group.add_argument(
        "--external",
        action="append",
        default=[],
        type=assignment,
        metavar="NAME=FOLDER",
        help="images defaced elsewhere, under the tool's own name: FOLDER[/PATIENT]/CT.nrrd, CT_deFaced.nii.gz ... or DICOM"
        " series; may be given several times",
    )
    group.add_argument(
        "--external-command",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.toml",
        help="tools to run as child processes, one table a tool (see docs/external_tools.md); may be given several times",
    )


def _add_reading(group: Options) -> None:
    """Add what headers cannot decide, and how contours become bodies."""
    add_which_files(group)
    group.add_argument(
        "--dvh-ends",
        choices=DVH_ENDS,
        default=SLAB,
        help="how contours become bodies for DVHs: slab (as drawn, default) or surface (joined and capped, as SlicerRT does)",
    )
    group.add_argument(
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
        If there is no face model of that name, or one that was asked for does not lie here.
    """
    from ..settings import Settings

    return Settings(
        fill=arguments.fill,
        protect=arguments.protect,
        variants=dict(arguments.variant),
        face_model=face_model(arguments.face_model, arguments.out),
        face_views=arguments.face_views,
        face_maps=arguments.face_maps,
        inner_anatomy=arguments.inner_anatomy,
        seed=arguments.seed,
        dvh_ends=arguments.dvh_ends,
    )


def face_model(named: str | None, out: Path) -> str:
    """The face model: the one that is named, else that of the results in `out`, else the best that is installed."""
    from ..privacy.networks.choice import refuse_unusable
    from ..privacy.networks.default_model import default_recogniser
    from ..privacy.networks.models import known_model
    from ..study.begun_with import face_model_of

    if named == NO_FACE_MODEL:
        return named
    if named is not None:
        keys = list(dict.fromkeys(key.strip() for key in named.split(",")))
        for key in keys:
            if key == NO_FACE_MODEL:
                raise UnusableInput(f"--face-model {named}: {NO_FACE_MODEL} stands alone")
            refuse_unusable(key)
        return ",".join(keys)
    best, begun = default_recogniser(), face_model_of(out)
    if begun in ("", NO_FACE_MODEL, best):
        return best
    if best not in begun.split(","):
        titles = " and ".join(known_model(key).title for key in begun.split(","))
        print(
            f"face model: {titles}, as the results in {out} were made; {known_model(best).title} is installed: "
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
    table = table_of(arguments)
    again = tuple((method, Path(path).resolve()) for method, path in arguments.resegmented)
    image = arguments.image if alone else ""
    return ReadingChoices(arguments.dose, table, again, alone, arguments.structures, image)


def tell(report: StudyReport, progress: str = "human") -> int:
    """Show the last screen (stdout; stderr where stdout carries JSON)."""
    from .last_screen import show

    show(report, sys.stderr if progress == "json" else sys.stdout)
    return SOME_UNREADABLE if report.unreadable else DONE
