"""What is shared and where: the chosen cases, a method that they were compared with, and a folder that may hold them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..case_report import CaseReport
from ..errors import UnusableInput
from ..near_names import nearest_or_all
from ..output.folder import OutputFolder
from ..output.key import read_key
from ..storage.atomic import is_full


def chosen_cases(out: Path, finished: Sequence[str], cases: Sequence[str]) -> list[str]:
    """The finished cases that are asked for, all if none is named (UnusableInput for one that is not finished)."""
    if not finished:
        raise UnusableInput(f"{out} holds no finished case; give the OUT of a study")
    for case in cases:
        if case not in finished:
            raise UnusableInput(f"there is no finished case {case!r} in {out}{nearest_or_all(case, finished)}")
    return [case for case in finished if not cases or case in cases]


def refuse_unknown_method(out: Path, chosen: Sequence[str], method: str) -> None:
    """A method that no case was compared with is one mistake, not one for each case."""
    known: dict[str, None] = {}
    for case in chosen:
        try:
            known |= dict.fromkeys(CaseReport.read(OutputFolder(out).case(case), measurements=False).methods)
        except UnusableInput:
            continue  # a damaged case is refused by itself
    if known and method not in known:
        raise UnusableInput(f"no chosen case was compared with {method!r}{nearest_or_all(method, known)}")


def refuse_place(out: Path, to: Path) -> None:
    """Raise `UnusableInput` if a folder is a file, or lies where it must not be given away."""
    if to.exists() and not to.is_dir():
        raise UnusableInput(f"{to} is a file; --to must be a folder")
    if to.is_relative_to(out):
        raise UnusableInput(f"{to} lies inside {out}, whose identifiable folder must stay here; choose another --to")
    for row in read_key(out):
        if row["source"] and to.is_relative_to(Path(row["source"]).resolve()):
            raise UnusableInput(f"{to} lies inside the folder of {row['case']}'s patient; choose another --to")


def make_place(to: Path) -> None:
    """Make the folder (UnusableInput where nothing can be written)."""
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if is_full(error):
            raise
        raise UnusableInput(f"nothing can be written to {to} ({error.strerror}); choose another --to") from error
