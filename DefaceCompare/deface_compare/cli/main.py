"""``deface-compare``: the command line. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from ..errors import DONE, INTERRUPTED, UNUSABLE, DefaceCompareError
from ..storage.atomic import full_disk_sentence, is_full, system_sentence
from ..version import __version__
from .bids_app import add_bids_app
from .case import add_case
from .check import add_check
from .export import add_export
from .fetch import add_fetch
from .methods import add_methods
from .models import add_models
from .names import add_names_command
from .parser import COMMAND, CommandParser
from .plain_signs import PLAIN, register_plain_signs
from .pool import add_pool
from .report import add_report
from .sample import add_sample
from .send import add_send
from .share import add_share
from .study import add_study


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if not given.

    Returns
    -------
    int
        The exit code: 0, 2 (unusable input), 3 (some cases unreadable) or 130 (stopped by Ctrl-C).
    """
    # before numpy loads: more BLAS threads than cores cost minutes, and their number may change last digits
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    register_plain_signs()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # names of files may hold what no terminal can show, our words what an old one cannot
            stream.reconfigure(errors=PLAIN)
    arguments = make_parser().parse_all(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except DefaceCompareError as error:
        print(f"deface-compare: {error}", file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:  # who reads our output has seen enough (``| head``)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        print(f"deface-compare: {full_disk_sentence(error) if is_full(error) else system_sentence(error)}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("deface-compare: stopped", file=sys.stderr)
        return INTERRUPTED


EXAMPLES = (
    "deface-compare sample COHORT                     # six synthetic patients",
    "deface-compare study COHORT --out OUT --jobs 2   # or your own: one folder a patient",
    "deface-compare COMMAND --help                    # all options of a command",
)


def make_parser() -> CommandParser:
    """The parser of all commands."""
    parser = CommandParser(
        prog="deface-compare",
        description="Compare defacing methods on radiotherapy patients: re-identification against utility.",
        examples=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"deface-compare {__version__}")
    commands = parser.add_subparsers(required=True, metavar=COMMAND)
    for add in (
        add_sample,
        add_fetch,
        add_check,
        add_case,
        add_study,
        add_report,
        add_pool,
        add_export,
        add_share,
        add_bids_app,
        add_send,
        add_models,
        add_methods,
        add_names_command,
    ):
        add(commands)
    return parser
