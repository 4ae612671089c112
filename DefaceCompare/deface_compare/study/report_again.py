"""The report and the tables of an output folder, made again from its finished cases."""

from __future__ import annotations

from pathlib import Path

from ..errors import UnusableInput
from ..output.folder import OutputFolder
from ..output.lock import sole_run
from ..output.study_file import read_study_file
from ..words import counted
from .pool import pool_cases
from .study_report import LEFT_OUT, StudyReport


def report_again(out: Path) -> StudyReport:
    """Make ``report.html``, the pooled tables and ``study.json`` again, of the cases that ``study.json`` names.

    Reviews that came later enter; nothing is measured.

    Raises
    ------
    UnusableInput
        If the folder holds no finished case, or was written by a later version.
    """
    folder = OutputFolder(out)
    here = [case.name for case in folder.finished_cases()]
    if not here:
        kind = (
            "pooled tables only; run `pool` on the folders behind them" if folder.measurements.is_file() else "no finished case"
        )
        raise UnusableInput(f"{out} holds {kind}")
    told = read_study_file(folder.manifest)
    chosen = [case for case in told.cases or here if case in here]
    if not chosen:
        raise UnusableInput(
            f"{folder.manifest} names none of the {counted(len(here), 'finished case')} of {out}; run the study again, or remove "
            "the file: then all of them count"
        )
    left_out = {case: reason for case, reason in told.unreadable.items() if reason.startswith(LEFT_OUT)}
    with sole_run(out):
        return pool_cases(out, chosen, {}, left_out)
