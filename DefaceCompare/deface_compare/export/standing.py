"""What already lies where a case is to be exported: nothing, the same export whole, or one that is to be written again."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..errors import UnusableInput
from .manifest import MADE_FROM, read_manifest, wrong_files

ABSENT, WHOLE, OLD, HALF = "absent", "whole", "made from something else", "half of it missing"


def standing(to: Path, case_id: str, mark: str) -> str:
    """What lies at a place.

    Parameters
    ----------
    to : Path
        The folder of one exported case.
    case_id : str
    mark : str
        As `made_from` gives it for what would be written; ``""`` where nothing can be written.

    Returns
    -------
    str
        `ABSENT`, `WHOLE`, `OLD` (another comparison, or another answer of the privacy check), or `HALF` (files are missing).

    Raises
    ------
    UnusableInput
        If something else lies there, or files that were changed since: nobody's work is overwritten.
    """
    if not to.exists() or (to.is_dir() and not any(to.iterdir())):
        return ABSENT
    told = read_manifest(to)
    if told is None or told.get("case") != case_id:
        raise UnusableInput(f"{to} holds something else than an export of {case_id}; move it away")
    wrong = wrong_files(to)
    changed = [name for name in wrong if (to / name).exists()]
    if changed:
        count = "1 file is" if len(changed) == 1 else f"{len(changed)} files are"
        raise UnusableInput(f"{count} in {to} not as the export wrote it (another tool?); remove that folder to write it again")
    if told.get(MADE_FROM) != mark:
        return OLD
    return HALF if wrong else WHOLE


def take_away(to: Path) -> None:
    """Remove an export that is not to stand any longer; its manifest goes last: a killed removal is known as `HALF`."""
    for path in sorted(path for path in to.iterdir() if path.is_dir()):
        shutil.rmtree(path)
    shutil.rmtree(to)
