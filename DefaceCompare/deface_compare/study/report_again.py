"""The report and the tables of an output folder, made again from its finished cases."""

from __future__ import annotations

import json
from pathlib import Path

from ..case_report import refuse_later_format
from ..errors import UnusableInput
from ..output.folder import OutputFolder
from ..output.lock import sole_run
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
    told = json.loads(folder.manifest.read_text(encoding="utf-8")) if folder.manifest.is_file() else {}
    refuse_later_format(folder.manifest, told)
    listed = [case["id"] for case in told.get("cases", ())] or here
    left_out = {case: reason for case, reason in told.get("unreadable", {}).items() if reason.startswith(LEFT_OUT)}
    with sole_run(out):
        return pool_cases(out, [case for case in listed if case in here], {}, left_out)
