"""``study.json`` read back, as far as later runs need it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..case_report import refuse_later_format
from ..errors import UnusableInput


@dataclass(frozen=True)
class StudyFile:
    """What an earlier run told of its cases.

    Parameters
    ----------
    cases : tuple of str
        Ids in its order; empty if there is no file.
    unreadable : mapping of case id to reason
    """

    cases: tuple[str, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)


def read_study_file(path: Path) -> StudyFile:
    """Read ``study.json``; an absent file tells nothing.

    Raises
    ------
    UnusableInput
        If it is not what `study` writes, or was written by a later version.
    """
    if not path.is_file():
        return StudyFile()
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
        refuse_later_format(path, told)
        cases = tuple(_text(case["id"]) for case in told.get("cases", ()))
        return StudyFile(cases, {case: _text(reason) for case, reason in told.get("unreadable", {}).items()})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnusableInput(f"{path} is damaged or of another program; remove it: then all finished cases count") from error


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError("no text")
    return told
