"""The report: one HTML file that opens without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..cohort.answer import Answer
from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm
from ..cohort.decision import Decision
from ..cohort.dvh_bands import CaseDvhs, dvh_bands
from ..cohort.patient_table import Table, unnamed_structures
from ..cohort.reidentification.linkage import LINK_MARGIN_AUC
from ..cohort.reidentification.summary import HEADLINE, FaceCurves
from ..cohort.summary import SummaryRow, find, first_of_each_arm
from ..cohort.tradeoff import Axis
from ..cohort.verdict import Verdict
from ..geometry.found_once import FoundOnce
from ..measurement import Measurement, metrics
from ..natural_order import natural
from ..settings import Settings
from ..storage.atomic import write_text
from ..structures.count import pooled_count, structures_sentence
from ..words import DOSE_SENTENCE, LINKAGE_SENTENCE, NO_VERDICT_FROM_ONE_CASE, counted
from . import sections
from .answer_section import cards
from .by_cohort import auc_by_cohort, success_by_cohort
from .case_browser import CaseLine, case_lines
from .case_pictures import CasePictures
from .charts import CostPanel, case_dvh_data, curve_data, dvh_data, tradeoff_data
from .heat_map import heat_map_data, heat_maps
from .merged_notes import merged_by_pattern
from .page import DRAWING, render_page
from .pictures import FaceRow
from .privacy_tables import privacy_tables
from .published import Evidence, answers, published_line
from .tables import with_n_once
from .verdict_section import dose_axes, package_sentences, package_table, verdict_sentence, verdict_table

SYNTHETIC_COLUMN_C = (
    "Skin, size and proportions of made-up people are nobody's; the inside of their heads is one average anatomy."
)
SCRIPTS = (*DRAWING, "privacy_view.js", "report.js")
CASES_PAGE = "identifiable/cases.html"
"""Where faces and slices of patients are shown, seen from the report."""
_DATA = FoundOnce()
"""What a content's pages draw."""


@dataclass(frozen=True)
class ReportContent:
    """All that a report is made from.

    Parameters
    ----------
    answer : Answer
        What the first screen shows.
    image : str
        The image that the verdict, the charts and a single case's table are about.
    manifest : mapping
        What goes to ``study.json``.
    faces : list of FaceRow
        Synthetic faces only.
    auc_differences : mapping of (image, first arm, second arm) to (low, high)
    centres : sequence of SummaryRow
        Of several cohorts: the rows of each of them.
    packages : mapping of dose policy to Verdict
        On whole packages.
    dvhs : mapping of case id to CaseDvhs
        Kept curves.
    pictures : mapping of case id to CasePictures
        What the report itself shows of synthetic cases.
    cases_page : bool
        Whether faces and slices lie on the identifiable page.
    """

    measurements: Sequence[Measurement]
    summary: Sequence[SummaryRow]
    table: Table
    verdict: Verdict
    answer: Answer
    image: str
    manifest: Mapping[str, Any]
    settings: Settings
    faces: Sequence[FaceRow] = ()
    auc_differences: Mapping[tuple[str, Arm, Arm], tuple[float, float]] = field(default_factory=dict)
    reviews: Sequence[Decision] = ()
    curves: Sequence[FaceCurves] = ()
    centres: Sequence[SummaryRow] = ()
    packages: Mapping[str, Verdict] = field(default_factory=dict)
    dvhs: Mapping[str, CaseDvhs] = field(default_factory=dict)
    pictures: Mapping[str, CasePictures] = field(default_factory=dict)
    cases_page: bool = False

    @property
    def names(self) -> ArmNames:
        """The arms with their titles and colours."""
        return self.answer.names

    @property
    def single(self) -> bool:
        """Whether it is of one case, which has no verdict."""
        return len(self.manifest["cases"]) == 1

    @property
    def cases(self) -> list[str]:
        """Ids of the finished cases in the order of the report."""
        return sorted((case["id"] for case in self.manifest["cases"]), key=natural)


def write_report(path: Path, content: ReportContent) -> None:
    """Write the report; the file appears whole or not at all.

    Parameters
    ----------
    path : Path
        ``.../report.html``.
    """
    write_text(path, render(content))


def render(content: ReportContent) -> str:
    """The whole page as text."""
    lines = case_lines(content.measurements, content.manifest, content.names, content.image)
    data = report_data(content, lines)
    return render_page(
        "report.html.j2",
        SCRIPTS,
        data,
        words={
            "synthetic": content.answer.warning,
            "synthetic_template": SYNTHETIC_COLUMN_C,
            "dose": DOSE_SENTENCE,
            "linkage": LINKAGE_SENTENCE,
            "one_case": NO_VERDICT_FROM_ONE_CASE,
        },
        manifest=content.manifest,
        single=content.single,
        faces=content.faces,
        image=content.image,
        answer=content.answer,
        cards=cards(content.answer, _card_pictures(content)),
        tradeoff=bool(data["tradeoff"]),
        curves=bool(data["curves"]["roc"]),
        maps=bool(data["maps"]),
        dvh=bool(data["dvh"]["structures"]),
        cases_shown=not content.single or bool(data["maps"] or data["pictures"]),
        cases=lines,
        shown=set(data["cases"]),
        order=data["order"],
        case_columns=[(content.names.short_title(facts.arm), content.names.colour(facts.arm)) for facts in content.answer.facts],
        **_tables(content),
    )


def _card_pictures(content: ReportContent) -> dict[Arm, str]:
    """One synthetic face after each method: of the first case that is shown."""
    if not content.faces:
        return {}
    sources = {face.title: face.source for face in content.faces[0].faces}
    titles = {method["key"]: method["title"] for method in content.manifest["methods"]}
    return {arm: sources.get(titles.get(arm.method, ""), "") for arm in content.names.arms}


def report_data(content: ReportContent, lines: Sequence[CaseLine]) -> dict[str, Any]:
    """What the page's scripts draw: the same values as in the tables. Found once: the page of cases asks, too."""
    told = tuple((line.id, line.remarks) for line in lines)  # all that is read of them
    return dict(_DATA.of(content, told, lambda: _report_data(content, lines)))


def _report_data(content: ReportContent, lines: Sequence[CaseLine]) -> dict[str, Any]:
    names, cases = content.names, content.cases
    maps = heat_maps(content.summary, content.table, content.image, content.settings.tolerances, cases)
    worst = next((facts.worst_dose.case for facts in content.answer.facts if facts.worst_dose), "")
    remarks = {line.id: list(line.remarks) for line in lines}
    return {
        "arms": [{"title": names.title(arm), "short": names.short_title(arm), "colour": names.colour(arm)} for arm in names.arms],
        "order": [names.arms.index(facts.arm) for facts in content.answer.facts],
        "cases": cases,
        "first_case": cases.index(worst) if worst in cases else 0,
        "margin": LINK_MARGIN_AUC,
        "tradeoff": tradeoff_data(_panels_of_costs(content), names) if not content.verdict.reason else [],
        "curves": curve_data([each for each in content.curves if each.image == content.image], names),
        "maps": heat_map_data(maps, names, cases),
        "dvh": dvh_data(dvh_bands([content.dvhs[case] for case in cases if case in content.dvhs]), names),
        "case_dvhs": [case_dvh_data(content.dvhs.get(case, {}), names) for case in cases],
        "pictures": [content.pictures[case].data(names) if case in content.pictures else None for case in cases],
        "cases_page": CASES_PAGE if content.cases_page else "",
        "remarks": [remarks.get(case, []) for case in cases],
    }


def _panels_of_costs(content: ReportContent) -> list[CostPanel]:
    """The image's costs against its AUC, the dose's against that of the package under the same dose policy."""
    own = first_of_each_arm(find(content.summary, metric=HEADLINE, image=content.image))
    reference = first_of_each_arm(find(content.summary, metric="auc_reference", image=content.image))
    strongest = f"AUC of the strongest attack, {content.image}"
    panels = [CostPanel(axis, _button(axis), strongest, own, reference) for axis in content.verdict.axes if not axis.privacy]
    for policy, verdict in content.packages.items():
        any_file = first_of_each_arm(find(content.summary, metric="auc_any_file", dose_policy=policy))
        told = f"AUC of any file, dose policy “{policy}”"
        panels += [CostPanel(axis, f"dose, “{policy}”", told, any_file, {}) for axis in dose_axes(verdict)]
    return panels


def _button(axis: Axis) -> str:
    """Title of a cost's button: an intensity in HU by its unit."""
    return "HU" if axis.unit == "HU" else TRADEOFF_TITLES.get(axis.key, axis.title)


TRADEOFF_TITLES = {"altered_organ_volume": "organ volume", "edited_volume": "edited volume", "intensity": "intensity"}
"""Buttons of the trade-off's panels by key of the cost."""


def _tables(content: ReportContent) -> dict[str, Any]:
    names, summary = content.names, content.summary
    model = content.manifest["face_model"]
    evidence = Evidence(
        content.table,
        summary,
        content.auc_differences,
        bool(content.manifest["synthetic"]),
        model.get("loss", ""),
        content.settings.seed,
    )
    found = answers(evidence)
    shown = {row.metric for row in content.measurements} | {row.metric for row in summary}
    failures = sections.failure_table(content.measurements, content.manifest["unreadable"], names)
    notes = case_notes(content.manifest)
    tables = {
        "verdict_table": verdict_table(content.verdict, summary, content.image, names),
        "package_table": package_table(content.packages, summary, names),
        "single_table": sections.single_case_table(content.measurements, names, content.image) if content.single else None,
        "success_by_cohort": success_by_cohort(content.measurements, content.manifest, names),
        "success": sections.success_tables(summary, names, content.reviews, single=content.single),
        "auc_by_cohort": auc_by_cohort(content.centres, names),
        "privacy": privacy_tables(summary, names),
        "planned_dose": sections.planned_dose_table(content.measurements) if content.single else None,
        "tests": sections.difference_table(summary),
        "published": sections.published_table(found),
        "failures": failures,
    }
    return {
        name: [with_n_once(t) for t in each] if isinstance(each, list) else with_n_once(each) for name, each in tables.items()
    } | {
        "sentence": verdict_sentence(content.verdict, names),
        "package_sentences": package_sentences(content.packages, names),
        "published_line": published_line(found),
        "notes": notes,
        "differing": differing_words(content.manifest),
        "notes_line": f"{counted(len(failures.rows) if failures else 0, 'reason')}, {counted(len(notes), 'note')}",
        "structures": structures_fact(content.manifest),
        "unnamed": unnamed_sentence(content),
        "glossary": [metric for name, metric in metrics().items() if name in shown],
    }


def case_notes(manifest: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Each note once, with the cases that it stands for; those that differ in a number only are one."""
    by_note: dict[str, list[str]] = {}
    for case in manifest["cases"]:
        counted = structures_sentence(case.get("structures", {}))
        for note in case["notes"]:
            if note != counted:  # the report's foot has them all
                by_note.setdefault(note, []).append(case["id"])
    return sorted(merged_by_pattern(by_note).items())


def differing_words(manifest: Mapping[str, Any]) -> str:
    """``version 0.4.1 (2 cases), 0.5.0 (4 cases); …`` where not all cases were made alike; else ``""``."""
    told = (
        f"{name} " + ", ".join(f"{value} ({counted(n, 'case')})" for value, n in values.items())
        for name, values in manifest["differing"].items()
    )
    differ = any(name.startswith("tolerances.") for name in manifest["differing"])
    return "; ".join(told) + ("; tolerances are those of the first case" if differ else "")


def structures_fact(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """``870 of 910 structures measured`` over all cases, and how many are not for which reason; empty if none is known."""
    counts = [case.get("structures", {}) for case in manifest["cases"]]
    told, _, why = structures_sentence(pooled_count(counts), named=len(counts) == 1).partition("; ")
    return told.removesuffix(" structures measured"), why


def unnamed_sentence(content: ReportContent) -> str:
    """How many structures have no standard name and enter no table of the cohort; ``""`` if there is none, or one case only."""
    structures, cases = unnamed_structures(content.measurements)
    if not structures or content.single:
        return ""
    have = "has a name" if structures == 1 else "have names"
    return (
        f"{counted(structures, 'structure')} of {counted(cases, 'case')} {have} that no table knows. "
        "What has none is measured (structure-07 and the like in measurements.csv) but enters no table here: "
        "structure-07 of one patient is not structure-07 of another."
    )
