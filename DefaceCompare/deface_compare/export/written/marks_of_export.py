"""The marks of one export."""

from __future__ import annotations

from dataclasses import replace

from ...output.finished_case import FinishedCase
from ..headers.retained import codes_of
from ..options import BASIC, ExportOptions
from .marks import Marks, marks_of


def marks_of_export(finished: FinishedCase, options: ExportOptions, passed: bool) -> Marks:
    """What every object says of itself.

    A program that cleans the headers claims its own profile; whether nobody is named is said where it gave the objects back.

    Parameters
    ----------
    passed : bool
        Whether the privacy checks of all images are passed.
    """
    row = next(iter(finished.measurements), None)
    fill, protect = (row.fill, row.protect) if row else (finished.settings.fill, finished.settings.protect)
    marks = marks_of(options.method, finished.told, options.dose_policy, fill, protect)
    if options.headers != BASIC:
        return marks
    codes = codes_of(options.retain, keep_uids=options.keep_uids)
    return replace(marks, codes=tuple(codes), identity_removed=passed and not options.accept_risk)
