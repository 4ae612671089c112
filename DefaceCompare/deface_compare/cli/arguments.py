"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UnusableInput
from ..export.headers.own_tool import HeaderTool, read_header_tool
from ..export.headers.retained import DEFAULT_RETAINED, NOTHING, RETAINED
from ..export.options import BY_TOOL, HEADERS, KEEP_FRAMES
from ..machine.fitting_processes import AUTO, Jobs
from ..machine.fitting_threads import Threads

Options = argparse._ActionsContainer
"""A parser, or a group of its options."""


def add_archive(parser: Options) -> None:
    """Add how an archive is talked to."""
    parser.add_argument(
        "--header-file",
        type=given_path,
        metavar="FILE",
        help="DICOMweb: lines 'Name: value' that go with each request, such as a token; name and password come from ~/.netrc or"
        " DEFACE_COMPARE_USER and DEFACE_COMPARE_PASSWORD",
    )
    parser.add_argument(
        "--timeout", type=positive, default=60, metavar="S", help="seconds until a silent archive is given up (default 60)"
    )


def add_headers(parser: argparse.ArgumentParser, default: str) -> None:
    """Add what becomes of names, dates and identifiers in headers."""
    parser.add_argument(
        "--headers",
        choices=HEADERS,
        default=None,
        help="basic: the confidentiality profile of DICOM PS3.15, and a search for what is left; tool: your own program, and the"
        f" same search; none: names and dates remain (default {default})",
    )
    parser.add_argument(
        "--headers-tool",
        type=given_path,
        metavar="FILE.toml",
        help="the command of your own program that cleans headers (implies --headers tool)",
    )
    parser.add_argument(
        "--retain",
        type=retained,
        default=DEFAULT_RETAINED,
        metavar="a,b",
        help="with --headers basic: dates (moved), characteristics (sex, age, size, weight), device, or nothing"
        " (default dates,characteristics, which SUV need)",
    )


def chosen_headers(arguments: argparse.Namespace, default: str) -> tuple[str, HeaderTool | None]:
    """What becomes of headers, and by which program.

    Raises
    ------
    UnusableInput
        If options contradict one another, or the program's file is not understood.
    """
    chosen, file = arguments.headers, arguments.headers_tool
    if chosen not in (None, BY_TOOL) and file is not None:
        raise UnusableInput(f"--headers {chosen} and --headers-tool contradict one another; leave one of the two out")
    if file is None:
        if chosen == BY_TOOL:
            raise UnusableInput("--headers tool needs --headers-tool FILE.toml, the command of the program")
        return chosen or default, None
    if arguments.retain != DEFAULT_RETAINED:
        raise UnusableInput("--retain is for --headers basic: what your own program keeps is told in its command; leave it out")
    for option, given in (("--keep-uids", "keep_uids"), ("--frame keep", "frame")):
        if getattr(arguments, given, False) in (True, KEEP_FRAMES):
            raise UnusableInput(f"{option} is not for --headers tool: which UIDs stay is the program's own matter; leave it out")
    return BY_TOOL, read_header_tool(file)


def retained(text: str) -> tuple[str, ...]:
    """Options of the confidentiality profile, with commas between."""
    chosen = [] if text == NOTHING else [word.strip() for word in text.split(",")]
    wrong = [word for word in chosen if word not in RETAINED]
    if NOTHING in wrong:
        raise argparse.ArgumentTypeError(f"{NOTHING} goes alone; leave it out to retain something")
    if wrong:
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is none of {', '.join(RETAINED)}, {NOTHING}")
    return tuple(option for option in RETAINED if option in chosen)


def add_progress(parser: Options) -> None:
    """Add the choice of how progress is told."""
    parser.add_argument("--progress", choices=("human", "json"), default="human", help="json: one JSON object a line on stdout")


def given_path(text: str) -> Path:
    """A path; an empty one (a shell's variable that is not set) would be the folder where the command runs."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty; give one (. is this folder)")
    return Path(text)


def comma_list(text: str) -> list[str]:
    """``a,b`` as a list that holds something."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found:
        raise argparse.ArgumentTypeError("give at least one method")
    return found


def case_list(text: str) -> list[str]:
    """``case-001,case-003`` as a list that holds something."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found:
        raise argparse.ArgumentTypeError("give at least one case")
    return found


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, not {text!r}")
    return int(text)


def jobs(text: str) -> Jobs:
    """A number of processes, or ``auto``."""
    if text == AUTO:
        return AUTO
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, or {AUTO}, not {text!r}")
    return int(text)


def threads(text: str) -> Threads:
    """A number of threads, or ``auto``."""
    return jobs(text)


def assignment(text: str) -> tuple[str, str]:
    """``NAME=VALUE`` in two."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, not {text!r}")
    return name, value


def add_names(parser: Options) -> None:
    """Add the user's own table of structure names."""
    parser.add_argument(
        "--structure-names",
        type=Path,
        metavar="TABLE",
        help="a CSV file part,tg263,group,side,status that stands on top of the built-in table",
    )


def table_of(arguments: argparse.Namespace) -> Path | None:
    """The table that `add_names` asks for, as an absolute path.

    Raises
    ------
    UnusableInput
        If it does not exist.
    """
    table: Path | None = arguments.structure_names
    if table is not None and not table.is_file():
        raise UnusableInput(f"--structure-names: {table} does not exist")
    return table.resolve() if table else None


def add_which_files(parser: Options) -> None:
    """Add what headers cannot decide of one patient: which dose, which structure set, and what their names mean."""
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


def add_image(parser: Options) -> None:
    """Add what the image is where the patient is a single file."""
    parser.add_argument(
        "--image",
        default="",
        metavar="KEY",
        help="what one image file shows: CT, MR_T1, PET ... (default: as its name says, or by its values)",
    )
