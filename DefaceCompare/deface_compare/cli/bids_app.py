"""``deface-compare bids-app``: the command line that BIDS apps share.

Gorgolewski et al. 2017, doi 10.1371/journal.pcbi.1005209.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UnusableInput
from ..export.options import KEEP_LABELS, LABELS
from ..settings import DEFAULT_METHODS
from .arguments import add_progress, comma_list, given_path, jobs
from .comparison import face_model, tell
from .parser import CommandParser, add_command

PARTICIPANT, GROUP = LEVELS = ("participant", "group")
STUDY, PARTS, POOLED, DEFACED = "study", "participants", "group", "defaced"
"""What lies in the output folder: the comparison of all, or of one participant each, the pooled one, and the derivative."""
EXAMPLES = (
    "deface-compare bids-app /bids_dataset /outputs participant",
    "deface-compare bids-app /bids_dataset /outputs participant --participant-label 01",
    "deface-compare bids-app /bids_dataset /outputs group --deface surface_blur",
)


def add_bids_app(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    app = add_command(
        commands, "bids-app", "compare methods on a BIDS data set, called like any BIDS app", run_bids_app, EXAMPLES
    )
    app.add_argument("bids_dir", type=given_path, metavar="BIDS", help="the data set; it may be read-only")
    app.add_argument("output_dir", type=given_path, metavar="OUTPUTS", help="where all results go")
    app.add_argument("level", choices=LEVELS, help="participant: compare; group: pool what was compared, and deface")
    app.add_argument(
        "--participant-label",
        "--participant_label",
        nargs="+",
        default=[],
        metavar="LABEL",
        help="these only, each in an output folder of its own (with or without sub-): for one job a participant",
    )
    app.add_argument(
        "--methods", type=comma_list, default=list(DEFAULT_METHODS), metavar="a,b", help=f"default {','.join(DEFAULT_METHODS)}"
    )
    app.add_argument("--face-model", metavar="KEY[,KEY]", help="as of study; none for no face scores")
    app.add_argument("--deface", metavar="M", help="at group level: write the derivative of this method into OUTPUTS/defaced")
    app.add_argument("--accept-risk", action="store_true", help="as of share")
    app.add_argument("--labels", choices=LABELS, default=KEEP_LABELS, help="as of share")
    app.add_argument("--jobs", "--n-cpus", "--n_cpus", type=jobs, default=1, metavar="N", help="processes, or auto (default 1)")
    add_progress(app)


def run_bids_app(arguments: argparse.Namespace) -> int:
    """Run one level."""
    from ..readers.bids.dataset import DESCRIPTION, is_dataset

    if not is_dataset(arguments.bids_dir):
        raise UnusableInput(f"{arguments.bids_dir} is no BIDS data set: it holds no {DESCRIPTION} that states a BIDSVersion")
    return _participants(arguments) if arguments.level == PARTICIPANT else _group(arguments)


def _participants(arguments: argparse.Namespace) -> int:
    """Compare all, or the named ones one after the other; the worst exit code counts."""
    if arguments.deface:
        raise UnusableInput("--deface belongs to the group level: what is shared depends on all participants")
    labels = [label.removeprefix("sub-") for label in arguments.participant_label]
    missing = [label for label in labels if not (arguments.bids_dir / f"sub-{label}").is_dir()]
    if missing:
        raise UnusableInput(f"{arguments.bids_dir} holds no sub-{missing[0]}; look at --participant-label")
    if not labels:
        return _compare(arguments, arguments.bids_dir, arguments.output_dir / STUDY)
    parts = arguments.output_dir / PARTS
    return max(_compare(arguments, arguments.bids_dir / f"sub-{label}", parts / f"sub-{label}") for label in labels)


def _compare(arguments: argparse.Namespace, source: Path, out: Path) -> int:
    from ..settings import Settings
    from ..study.run import run_study
    from .progress import progress_of

    settings = Settings(face_model=face_model(arguments.face_model, out))
    with progress_of(arguments.progress) as progress:
        report = run_study(source, out, methods=arguments.methods, settings=settings, jobs=arguments.jobs, progress=progress)
    return tell(report, arguments.progress)


def _group(arguments: argparse.Namespace) -> int:
    """Pool what the participant level left, and write the derivative that is asked for."""
    study, parts = arguments.output_dir / STUDY, arguments.output_dir / PARTS
    if arguments.deface:
        if not study.is_dir():
            raise UnusableInput(f"--deface needs {study}: run the participant level without --participant-label first")
        return _deface(arguments, study)
    if study.is_dir():
        from ..study.report_again import report_again

        return tell(report_again(study), arguments.progress)
    outs = [path for path in sorted(parts.glob("sub-*")) if path.is_dir()] if parts.is_dir() else []
    if not outs:
        raise UnusableInput(f"{arguments.output_dir} holds nothing to pool; run the participant level first")
    from ..study.pool import pool

    return tell(pool(outs, arguments.output_dir / POOLED), arguments.progress)


def _deface(arguments: argparse.Namespace, study: Path) -> int:
    from .share import share_bids

    return share_bids(
        argparse.Namespace(
            out=study,
            to=arguments.output_dir / DEFACED,
            method=arguments.deface,
            accept_risk=arguments.accept_risk,
            cases=[],
            labels=arguments.labels,
            jobs=arguments.jobs,
            progress=arguments.progress,
        )
    )
