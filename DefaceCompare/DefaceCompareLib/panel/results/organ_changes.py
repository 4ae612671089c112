"""What a method costs the organs: how far each one's mean dose and intact volume changed, the worst first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deface_compare.measurement import OK, Measurement
from deface_compare.structures.organs import is_target
from deface_compare.words import number

from .measurement_table import Bar, Cell, MeasurementTable

SLIGHT_PERCENT = 1.0
"""Below it a DVH is taken for the same (criterion of Ebert et al., Phys Med Biol 2010;55:N337, 1 % of volume and of dose)."""
LARGE_PERCENT = 5.0
"""Above it a dose is not the planned one any more (ICRU Report 24, 1976: within 5 %)."""
LEAST_GY = 0.1
"""A mean dose that changed by less is not coloured, however small it was: half of SlicerRT's step of 0.2 Gy."""
FULL_BAR_PERCENT = 20.0
"""A change that fills the bar."""

Arm = tuple[str, str]
"""Method key and variant."""


@dataclass(frozen=True)
class OrganChange:
    """One organ under one method.

    Parameters
    ----------
    structure : str
    dmean_gy, dmean_percent : float
        Change of the mean dose, and in percent of the planned one; NaN where it was not measured.
    intact_percent : float
        Change of the intact volume in percent; NaN where it was not measured.
    """

    structure: str
    dmean_gy: float = math.nan
    dmean_percent: float = math.nan
    intact_percent: float = math.nan

    @property
    def severity_percent(self) -> float:
        """The larger of the two changes; 0 where nothing was measured, or a dose changed by less than `LEAST_GY`."""
        dose = abs(self.dmean_percent) if abs(self.dmean_gy) >= LEAST_GY else 0.0
        return max((value for value in (dose, abs(self.intact_percent)) if math.isfinite(value)), default=0.0)

    def words(self) -> str:
        """Both changes; empty where there is none."""
        dose = f"Dmean {number(self.dmean_gy, 'Gy', signed=True)} Gy" if abs(self.dmean_gy) > 0.0 else ""
        volume = f"intact {number(self.intact_percent, '%', signed=True)} %" if abs(self.intact_percent) > 0.0 else ""
        return ", ".join(filter(None, [dose, volume]))

    def short(self) -> str:
        """The change that weighs more, in a narrow cell: a loss of volume in percent, or a mean dose in Gy."""
        if not self.words():
            return ""
        dose = abs(self.dmean_percent) if abs(self.dmean_gy) >= LEAST_GY else 0.0
        if abs(self.intact_percent) >= dose:
            return f"{number(self.intact_percent, '%', signed=True)} %"
        return f"{number(self.dmean_gy, 'Gy', signed=True)} Gy"


def organ_changes(rows: Iterable[Measurement], image: str, policy: str) -> dict[Arm, dict[str, OrganChange]]:
    """The changes of every organ by method and variant; targets are no organs.

    Parameters
    ----------
    rows : iterable of Measurement
        All rows of one case; of two engines the first counts.
    image : str
        The image whose intact volumes are told.
    policy : str
        The dose policy whose doses are told.
    """
    found: dict[Arm, dict[str, dict[str, float]]] = {}
    for row in rows:
        dose = row.metric == "Dmean" and row.dose_policy == policy
        volume = row.metric == "intact_volume" and row.image == image
        if (dose or volume) and row.status == OK and not is_target(row.structure):
            of_organ = found.setdefault((row.method, row.variant), {}).setdefault(row.structure, {})
            percent = 100.0 * row.change / row.original if row.original else math.nan
            if dose:
                of_organ.setdefault("dmean_gy", row.change)
                of_organ.setdefault("dmean_percent", percent)
            else:
                of_organ.setdefault("intact_percent", percent)
    return {arm: {organ: OrganChange(organ, **changed) for organ, changed in organs.items()} for arm, organs in found.items()}


def worst_organ(changes: Mapping[str, OrganChange]) -> OrganChange | None:
    """The organ that changed most under a method; None where nothing changed."""
    worst = max(changes.values(), key=lambda change: change.severity_percent, default=None)
    return worst if worst is not None and worst.words() else None


def organ_table(
    changes: Mapping[Arm, Mapping[str, OrganChange]], titles: Mapping[str, str], planned: Mapping[str, str]
) -> MeasurementTable:
    """The organs that changed, the worst first, one column a method.

    Parameters
    ----------
    changes : mapping
        From `organ_changes`.
    titles : mapping of method key to title
    planned : mapping of str to str
        By the name that rows give a structure, how it was planned; only a scene may show that.
    """
    organs = list(dict.fromkeys(organ for of_arm in changes.values() for organ in of_arm))
    severity = {organ: max(of_arm[organ].severity_percent for of_arm in changes.values() if organ in of_arm) for organ in organs}
    changed = [organ for organ in organs if any(of_arm[organ].words() for of_arm in changes.values() if organ in of_arm)]
    changed.sort(key=lambda organ: -severity[organ])
    lines = tuple((_name(organ, planned), *(_cell(of_arm.get(organ)) for of_arm in changes.values())) for organ in changed)
    headings = ("organ", *(f"{titles.get(method, method)}{f', {variant}' if variant else ''}" for method, variant in changes))
    return MeasurementTable(headings if lines else (), lines, tuple(changed), ())


def least_changed(organs: MeasurementTable) -> list[int]:
    """The columns of an organ table that a narrow panel can do without: the methods by how much they changed, the least first."""
    bars = {at: [line[at].bar for line in organs.lines] for at in range(1, len(organs.headings))}
    changed = {at: sum(bar.share for bar in of_method if bar is not None) for at, of_method in bars.items()}
    return sorted(changed, key=lambda at: changed[at])[: max(len(changed) - 1, 0)]


def _name(organ: str, planned: Mapping[str, str]) -> Cell:
    name = planned.get(organ, organ)
    return Cell(name, f"{name}: in the tables {organ}" if name != organ else organ)


def _cell(change: OrganChange | None) -> Cell:
    if change is None or not change.words():
        return Cell("", "not measured" if change is None else "unchanged")
    percent = change.severity_percent
    return Cell(
        change.short() or change.words(), change.words(), bar=Bar(min(percent / FULL_BAR_PERCENT, 1.0), grade_of(percent))
    )


def grade_of(percent: float) -> str:
    """``slight``, ``notable`` or ``large``: which colour a change has."""
    return "slight" if percent < SLIGHT_PERCENT else ("notable" if percent <= LARGE_PERCENT else "large")


def unchanged_sentence(changes: Mapping[Arm, Mapping[str, OrganChange]], shown: Sequence[str]) -> str:
    """How many organs no method changed; empty if none was measured."""
    organs = {organ for of_arm in changes.values() for organ in of_arm}
    if not organs:
        return ""
    same = len(organs) - len(shown)
    return f"{len(shown)} of {len(organs)} organs changed" + (f", {same} did not" if same and shown else "")
