"""The report's verdict: one sentence, a table of the images, and one of whole packages by dose policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm
from ..cohort.reidentification.auc import FEW_PERSONS
from ..cohort.reidentification.linkage import LINKED, NOT_LINKED, UNCLEAR, linkage
from ..cohort.reidentification.summary import HEADLINE
from ..cohort.summary import SummaryRow, find
from ..cohort.tradeoff import Axis
from ..cohort.verdict import Standing, Verdict
from ..words import NOTHING, count, interval, number
from .sections import answer_columns
from .tables import Cell, ReportTable, arm_table, auc_cell, by_arm, of_arm

RULE = (
    "AUC: 95 % interval over patients; a scan that a method failed on enters undefaced. Costs: median [quartiles] over the "
    "patients on whom it worked. A method is beaten if, on the patients whom both have, another one is at least as good in AUC "
    "and every cost and clearly better in at least one (exact test of all of them together, Holm over the pairs of methods, "
    "p at most 0.05); a patient on whom a method did not work counts as worse than any number. Judged are methods with every "
    "number of six patients or more that surely worked on more than half of the scans."
)
PACKAGE_RULE = (
    "A package: all images, the dose grid under the named policy and the outer contour. Each dose policy is judged with its own "
    "AUC of any file: a dose grid that draws the face is seen there, whatever the images hide. A kept dose costs nothing."
)


def verdict_sentence(verdict: Verdict, names: ArmNames) -> str:
    """The verdict in one sentence, and who was not judged."""
    if verdict.reason:
        return verdict.reason
    judged = [one.arm for one in verdict.standings if not one.not_judged]
    front = [names.title(arm) for arm in names.arms if arm in verdict.front]
    parts = [_leading(front, len(judged)), *([f"{verdict.powerless}."] if verdict.powerless else [])]
    parts += [
        f"{names.title(one.arm)} is not judged: {one.not_judged}." for one in _in_order(verdict, names.arms) if one.not_judged
    ]
    parts += [f"Nobody is judged by {axis}." for axis in verdict.left_out]
    return " ".join(parts)


def _leading(front: Sequence[str], judged: int) -> str:
    if not judged:
        return "No verdict: no method could be judged."
    if judged == 1:
        return f"No verdict: only {front[0]} could be judged, so there is none to compare it with."
    if not front:
        return "Each method is beaten by another one on the patients whom both have."
    if len(front) == judged:
        return "None of these methods is beaten by another one on these patients."
    if len(front) == 1:
        return f"{front[0]} is the only one that none of the others beats on these patients."
    return f"{', '.join(front[:-1])} and {front[-1]} are beaten by none of the others on these patients; each of the rest is."


def _in_order(verdict: Verdict, arms: Iterable[Arm]) -> list[Standing]:
    standings = {one.arm: one for one in verdict.standings}
    return [standings[arm] for arm in arms if arm in standings]


def verdict_table(verdict: Verdict, summary: Sequence[SummaryRow], image: str, names: ArmNames) -> ReportTable:
    """One line a method: AUC, success, costs, and who beats it."""
    columns = {
        "Recognised?": _recognised(find(summary, metric=HEADLINE, image=image)),
        "AUC, strongest attack": _as_run(find(summary, metric=HEADLINE, image=image)),
        "AUC, reference landmarks": _as_run(find(summary, metric="auc_reference", image=image)),
        **answer_columns(summary, image),
    }
    columns |= {axis.label: partial(_axis_cell, axis) for axis in verdict.axes if not axis.privacy}
    columns["Pareto set"] = partial(_standing_cell, verdict, names)
    return arm_table(f"On {image}" if image else "No image", names, names.arms, columns, note=RULE)


def package_table(packages: Mapping[str, Verdict], summary: Sequence[SummaryRow], names: ArmNames) -> ReportTable | None:
    """Whole packages: under each dose policy the AUC of any file, the cost of the dose, and who is beaten."""
    columns: dict[str, Callable[[Arm], Cell]] = {}
    for policy, verdict in packages.items():
        found = find(summary, metric="auc_any_file", dose_policy=policy)
        highest = find(summary, metric="auc_highest_file", dose_policy=policy)
        columns[f"Dose policy “{policy}”: AUC of the strongest file"] = by_arm(auc_cell, highest)
        columns[f"Dose policy “{policy}”: AUC, any file a pair"] = by_arm(auc_cell, found)
        columns |= {axis.label: partial(_axis_cell, axis) for axis in dose_axes(verdict)}
        columns[f"Dose policy “{policy}”: Pareto set"] = partial(_standing_cell, verdict, names)
    return arm_table("Whole packages, by dose policy", names, names.arms, columns, note=PACKAGE_RULE) if columns else None


def package_sentences(packages: Mapping[str, Verdict], names: ArmNames) -> list[tuple[str, str]]:
    """The verdict on whole packages in one sentence for each dose policy."""
    return [(policy, verdict_sentence(verdict, names)) for policy, verdict in packages.items()]


def dose_axes(verdict: Verdict) -> list[Axis]:
    """The costs of the dose in a verdict on packages (a kept dose has none)."""
    return [axis for axis in verdict.axes if axis.key == "dose"]


def _recognised(rows: Sequence[SummaryRow]) -> Callable[[Arm], Cell]:
    """A column that says in a word what the strongest attack does."""

    def cell(arm: Arm) -> Cell:
        row = of_arm(rows, arm)
        word = linkage(row)
        few = f"fewer than {FEW_PERSONS} scans" if word == UNCLEAR and row is not None and row.n < FEW_PERSONS else ""
        return Cell(word, small=few, kind={LINKED: "bad", UNCLEAR: "", NOT_LINKED: "good"}.get(word, "quiet"))

    return cell


def _as_run(rows: Sequence[SummaryRow]) -> Callable[[Arm], Cell]:
    """A column of AUCs that says how many failed scans entered undefaced."""

    def cell(arm: Arm) -> Cell:
        row = of_arm(rows, arm)
        shown = auc_cell(row)
        undefaced = row is not None and row.note.partition(":")[0].endswith("as run")
        return Cell(shown.text, f"{shown.small}, {row.failed} undefaced", shown.kind) if row and undefaced else shown

    return cell


def _axis_cell(axis: Axis, arm: Arm) -> Cell:
    low, median, high = axis.quartiles(arm)
    n, failed = len(axis.worked(arm)), len(axis.failed.get(arm, ()))
    lost = f", did not work on {failed}" if failed else ""
    if not n:
        return Cell(NOTHING, small=lost.removeprefix(", "), kind="quiet")
    spread = f"{interval(low, high, axis.unit)} " if n > 1 else ""
    return Cell(number(median, axis.unit), small=f"{spread}{count(n)}{lost}")


def _standing_cell(verdict: Verdict, names: ArmNames, arm: Arm) -> Cell:
    one = next((standing for standing in verdict.standings if standing.arm == arm), None)
    if one is None:
        return Cell(NOTHING, kind="quiet")
    if one.not_judged:
        return Cell("not judged", small=one.not_judged, kind="quiet")
    apart = "; ".join(f"not compared with {names.title(other)}: {reason}" for other, reason in one.not_compared)
    if one.on_front:
        return Cell("yes", small=apart, kind="good")
    beaten_by = ", ".join(names.title(other) for other in one.beaten_by)
    return Cell("beaten by", small="; ".join(filter(None, (beaten_by, apart))), kind="quiet")
