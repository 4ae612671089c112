"""What a rerun does with a finished case: which methods run, which stay, and what would be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..case_report import CaseReport
from ..defacers import method_order
from ..defacers.defacing import Defacer
from ..errors import UnusableInput
from ..output.finished_mark import FinishedMark
from ..output.folder import OutputFolder
from .recipe import CHOSEN, Recipe

DAMAGED = "files of it that are gone or cut"


@dataclass(frozen=True)
class CasePlan:
    """What is to be done for one case.

    Parameters
    ----------
    run : tuple of str
        Keys of the methods that run.
    keep : tuple of str
        Keys of the finished methods that join them as they are.
    drop : tuple of str
        Keys of the finished methods that will be gone (only where the user asked for it).
    renewed : str
        Why finished methods run again; ``""`` if none does.
    """

    run: tuple[str, ...]
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    renewed: str = ""

    @property
    def nothing_to_do(self) -> bool:
        """Whether the very same comparison is already there."""
        return not self.run and not self.drop


NOTHING = CasePlan(())
"""For a case of which nothing was run."""


def plan_case(
    out: Path, case_id: str, before: FinishedMark | None, recipe: Recipe, methods: Sequence[Defacer], *, replace: bool
) -> CasePlan:
    """Compare what is wanted with what is finished: a rerun adds methods, and renews what is out of date.

    Parameters
    ----------
    before : FinishedMark or None
        Of the finished case.
    replace : bool
        The user wants just these methods under these choices, whatever gets lost.

    Raises
    ------
    UnusableInput
        If finished results would be lost, and `replace` is False; the sentence says which and why.
    """
    wanted = tuple(method.key for method in methods)
    if before is None or before.moving:
        return CasePlan(wanted)
    others = tuple(sorted(set(before.methods) - set(wanted), key=method_order))
    differs = recipe.differs(before) or ([] if before.whole(out) else [DAMAGED])
    chosen = recipe.differs(before, CHOSEN) or _other_variants(out, case_id, before, methods)
    lost = tuple(sorted(before.methods, key=method_order)) if recipe.differs(before, CHOSEN) else others if differs else ()
    if (chosen or lost) and not replace:
        what = ", ".join(lost) or ", ".join(sorted(set(wanted) & set(before.methods), key=method_order))
        raise UnusableInput(
            f"{case_id} was compared with {' and '.join(chosen or differs)} ({what}), and these results would be lost;"
            " choose another --out, " + ("or give --replace" if chosen else f"name these methods too ({what}), or give --replace")
        )
    outdated = tuple(key for key in wanted if differs or before.methods.get(key) != recipe.methods[key])
    again = tuple(key for key in outdated if key in before.methods)
    return CasePlan(
        run=outdated,
        keep=tuple(
            key for key in sorted(before.methods, key=method_order) if key not in outdated and (key in wanted or not replace)
        ),
        drop=others if replace else (),
        renewed=_why(again, differs) if again else "",
    )


def _other_variants(out: Path, case_id: str, before: FinishedMark, methods: Sequence[Defacer]) -> list[str]:
    """Which methods were finished in another variant, in words."""
    asked = [method for method in methods if method.key in before.methods]
    if not asked or not before.whole(out):
        return []
    told = CaseReport.read(OutputFolder(out).case(case_id), measurements=False).methods
    return [
        f"another variant of {method.key}"
        for method in asked
        if method.key in told and told[method.key].get("variant", "") != method.variant
    ]


def _why(again: Sequence[str], differs: Sequence[str]) -> str:
    return f"compared again ({', '.join(again)}): {', '.join(differs) or 'the methods or their tools are not the same any more'}"
