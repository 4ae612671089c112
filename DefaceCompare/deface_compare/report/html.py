"""The report: one HTML file that opens without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from ..atomic import write_text
from ..cohort.answer import Answer
from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm, arm_of, arm_order
from ..cohort.patient_table import Table, unnamed_structures
from ..cohort.reidentification.summary import HEADLINE, FaceCurves
from ..cohort.review import Decision
from ..cohort.summary import SummaryRow, find, first_of_each_arm, is_of_one_arm
from ..cohort.tradeoff import DOSE_POLICY
from ..cohort.verdict import Verdict
from ..measurement import Measurement, metrics
from ..settings import Settings
from ..structures.count import pooled_count, structures_sentence
from ..structures.organs import is_further
from ..words import DOSE_SENTENCE, LINKAGE_SENTENCE, NO_VERDICT_FROM_ONE_CASE, SYNTHETIC_WARNING
from . import sections
from .by_cohort import auc_by_cohort, success_by_cohort
from .case_browser import case_lines
from .charts import CostPanel, organ_chart, tradeoff_chart
from .panels import structure_panels
from .pictures import FaceRow
from .privacy_charts import cmc_chart, roc_chart
from .privacy_tables import privacy_tables
from .published import Evidence, answers
from .verdict_section import dose_axes, package_sentences, package_table, verdict_sentence, verdict_table

DIFFERENCE = "mean_absolute_difference"
SYNTHETIC_COLUMN_C = "Synthetic patients are deformations of the template that the average-face method registers to."


@dataclass(frozen=True)
class ReportContent:
    """All that a report is made from.

    Parameters
    ----------
    image : str
        The image that the verdict, the chart and a single case's table are about.
    manifest : mapping
        What goes to ``study.json``.
    faces : list of FaceRow
        Synthetic faces only.
    auc_differences : mapping of (image, first arm, second arm) to (low, high)
    centres : sequence of SummaryRow
        Of several cohorts: the rows of each of them.
    packages : mapping of dose policy to Verdict
        On whole packages.
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
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    folder = files(__package__)
    template = environment.from_string(folder.joinpath("report.html.j2").read_text(encoding="utf-8"))
    charts = _charts(content)
    return template.render(
        style=Markup(folder.joinpath("report.css").read_text(encoding="utf-8")),
        plotly=Markup(get_plotlyjs()) if any(charts.values()) else "",
        charts={name: Markup(figure) for name, figure in charts.items() if figure},
        words={
            "synthetic": SYNTHETIC_WARNING,
            "synthetic_template": SYNTHETIC_COLUMN_C,
            "dose": DOSE_SENTENCE,
            "linkage": LINKAGE_SENTENCE,
            "one_case": NO_VERDICT_FROM_ONE_CASE,
        },
        manifest=content.manifest,
        single=len(content.manifest["cases"]) == 1,
        faces=content.faces,
        image=content.image,
        **_tables(content),
    )


def arm_names(content: ReportContent) -> ArmNames:
    """The arms of a report with their titles and colours."""
    titles = {method["key"]: method["title"] for method in content.manifest["methods"]}
    return ArmNames(sorted({arm_of(row) for row in content.summary if is_of_one_arm(row)}, key=arm_order), titles)


def _charts(content: ReportContent) -> dict[str, str]:
    names = arm_names(content)
    own = first_of_each_arm(find(content.summary, metric=HEADLINE, image=content.image))
    reference = first_of_each_arm(find(content.summary, metric="auc_reference", image=content.image))
    curves = [each for each in content.curves if each.image == content.image]
    intact = find(content.summary, metric="intact_volume", unit="%", image=content.image)
    headline = [row for row in intact if not is_further(row.structure)]
    return {
        "tradeoff": tradeoff_chart(_panels_of_costs(content, own, reference), names) if not content.verdict.reason else "",
        "roc": roc_chart(curves, names),
        "cmc": cmc_chart(curves, names),
        "organs": organ_chart(headline, names, f"Change of intact volume, {content.image} (%)"),
    } | _panels(content, names)


def _panels_of_costs(
    content: ReportContent, own: Mapping[Arm, SummaryRow], reference: Mapping[Arm, SummaryRow]
) -> list[CostPanel]:
    """The image's costs against its AUC, the dose's against that of the package under the same dose policy."""
    panels = [CostPanel(axis, axis.label, own, reference) for axis in content.verdict.axes if not axis.privacy]
    for policy, verdict in content.packages.items():
        any_file = first_of_each_arm(find(content.summary, metric="auc_any_file", dose_policy=policy))
        panels += [CostPanel(axis, f"{axis.label}; AUC of any file", any_file, {}) for axis in dose_axes(verdict)]
    return panels


def _panels(content: ReportContent, names: ArmNames) -> dict[str, str]:
    """Small multiples of volume, intensity and dose; nothing for a single case, which has no spread."""
    if len(content.manifest["cases"]) == 1:
        return {}
    table, image = content.table, content.image
    unit = next((item.unit for item in table if (item.metric, item.image) == (DIFFERENCE, image)), "HU")
    return {
        "volume-panels": structure_panels(table, names, "intact_volume", "%", image),
        "intensity-panels": structure_panels(table, names, DIFFERENCE, unit, image),
        "dose-panels": structure_panels(table, names, "Dmean", "Gy", policy=DOSE_POLICY),
    }


def _tables(content: ReportContent) -> dict[str, Any]:
    names, summary = arm_names(content), content.summary
    single = len(content.manifest["cases"]) == 1
    model = content.manifest["face_model"]
    evidence = Evidence(
        content.table,
        summary,
        content.auc_differences,
        bool(content.manifest["synthetic"]),
        model.get("loss", ""),
        content.settings.seed,
    )
    doses = sections.dose_tables(summary, names)
    shown = {row.metric for row in content.measurements} | {row.metric for row in summary}
    return {
        "verdict": content.verdict,
        "sentence": verdict_sentence(content.verdict, names),
        "verdict_table": verdict_table(content.verdict, summary, content.image, names),
        "package_table": package_table(content.packages, summary, names),
        "package_sentences": package_sentences(content.packages, names),
        "single_table": sections.single_case_table(content.measurements, names, content.image) if single else None,
        "cases": case_lines(content.measurements, content.manifest, names, content.image),
        "case_columns": [(names.title(arm), names.colour(arm)) for arm in names.arms],
        "success_by_cohort": success_by_cohort(content.measurements, content.manifest, names),
        "success": sections.success_tables(summary, names, content.reviews),
        "auc_by_cohort": auc_by_cohort(content.centres, names),
        "privacy": privacy_tables(summary, names),
        "volumes": sections.utility_tables(summary, names, "volume", content.image),
        "intensities": sections.utility_tables(summary, names, "intensity", content.image),
        "doses": doses,
        "planned_dose": sections.planned_dose_table(content.measurements, opened=not doses) if single else None,
        "tests": sections.difference_table(summary),
        "published": sections.published_table(answers(evidence)),
        "failures": sections.failure_table(content.measurements, content.manifest["unreadable"], names),
        "notes": case_notes(content.manifest),
        "structures": structures_fact(content.manifest),
        "unnamed": unnamed_sentence(content),
        "glossary": [metric for name, metric in metrics().items() if name in shown],
    }


def case_notes(manifest: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Each note once, with the cases that it stands for."""
    by_note: dict[str, list[str]] = {}
    for case in manifest["cases"]:
        counted = structures_sentence(case.get("structures", {}))
        for note in case["notes"]:
            if note != counted:  # the first screen has them all
                by_note.setdefault(note, []).append(case["id"])
    return sorted(by_note.items())


def structures_fact(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """``870 of 910 structures measured`` over all cases, and how many are not for which reason; empty if none is known."""
    counts = [case.get("structures", {}) for case in manifest["cases"]]
    told, _, why = structures_sentence(pooled_count(counts), named=len(counts) == 1).partition("; ")
    return told.removesuffix(" structures measured"), why


def unnamed_sentence(content: ReportContent) -> str:
    """How many structures have no standard name and enter no table of the cohort; ``""`` if there is none, or one case only."""
    structures, cases = unnamed_structures(content.measurements)
    if not structures or len(content.manifest["cases"]) == 1:
        return ""
    return (
        f"{structures} structures of {cases} cases have names that no table knows. They are measured (structure-07 and the like "
        "in measurements.csv) but enter no table here: structure-07 of one patient is not structure-07 of another."
    )
