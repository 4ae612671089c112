"""Finished cases, of one output folder or of several centres, to one table, one report and one manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..cohort.answer import Answer, make_answer
from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm
from ..cohort.centres import pool_centres
from ..cohort.cohort import Cohort, cohort_names, read_out
from ..cohort.cohort_verdict import decide, decide_packages
from ..cohort.decision import Decision
from ..cohort.dvh_bands import read_case_dvhs
from ..cohort.headline_image import headline_image
from ..cohort.method_tests import method_test_rows
from ..cohort.patient_table import Table, patient_table
from ..cohort.reidentification.inner_anatomy import inner_anatomy_rows
from ..cohort.reidentification.person_groups import Shown
from ..cohort.reidentification.summary import PrivacySummary, summarise_faces
from ..cohort.review import read_decisions
from ..cohort.summary import SummaryRow, describe_all, describe_sides, write_summary
from ..cohort.verdict import Verdict
from ..errors import UnusableInput
from ..measurement import metrics
from ..measurement_table import write_measurements
from ..natural_order import natural
from ..output.folder import OutputFolder
from ..output.lock import sole_run
from ..output.parquet import write_parquet
from ..report.case_pictures import CasePictures, embedded_pictures, linked_pictures
from ..report.cases_page import write_cases_page
from ..report.face_page import write_face_page
from ..report.html import ReportContent, write_report
from ..report.pictures import FaceRow, synthetic_faces
from ..settings import Settings
from ..storage.atomic import write_text
from .manifest import make_manifest, method_entries
from .other_cases import mixed_words
from .study_report import LEFT_OUT, StudyReport

CASES_EMBEDDED = 12
"""So many made-up people are shown in the report itself: 0.2 MB each."""


def pool(outs: Sequence[str | Path], out: str | Path) -> StudyReport:
    """Write the pooled tables, the report and the manifest of finished cases.

    Parameters
    ----------
    outs : sequence of str or Path
        Output folders of ``case`` or ``study``, or of each only ``measurements.csv``, ``notes.csv`` and ``summary.csv``, which
        is all that a centre needs to share; several stand for several cohorts, named after their folders.
    out : str or Path
        Where to write; may be one of `outs`.

    Raises
    ------
    UnusableInput
        If no folder holds a finished case.
    """
    folders, target = [Path(outs)] if isinstance(outs, (str, Path)) else [Path(each) for each in outs], Path(out)
    several = len(folders) > 1
    # no table depends on the order in which they are given
    named = sorted(zip(cohort_names(folders), folders, strict=True), key=lambda pair: natural(pair[0]))
    found = [read_out(folder, name, prefix=several) for name, folder in named]
    cases = tuple(sorted((case for one in found for case in one.cases), key=lambda case: natural(case.id)))
    if not cases:
        raise UnusableInput(f"no finished case lies in {', '.join(map(str, folders))}; run `case` or `study` first")
    missing = {case: reason for one in found for case, reason in one.unreadable.items()}
    records = tuple(record for one in found for record in one.records)
    inner = tuple(record for one in found for record in one.inner)
    shared = () if several else found[0].shared
    pooled = Cohort("pooled" if several else found[0].cohort, cases, records, missing, inner, shared)
    target.mkdir(parents=True, exist_ok=True)
    with sole_run(target):
        report = _write(pooled, [one for one in found if several and one.cases], target)
    mixed = mixed_words(folders)
    return replace(report, remarks={"these cases": mixed}) if mixed else report


def pool_cases(
    out: Path,
    finished: Sequence[str],
    unreadable: Mapping[str, str],
    left_out: Mapping[str, str] | None = None,
    *,
    alone: bool = False,
) -> StudyReport:
    """Cohort just these finished cases of one output folder.

    Parameters
    ----------
    unreadable : mapping of case id to reason
        Of this run; what earlier runs could not read stays listed, unless it is finished or told anew.
    left_out : mapping of case id to reason, optional
        Finished cases of earlier runs that do not belong into one table with these.
    alone : bool
        Earlier runs do not count any more.
    """
    everything = read_out(out, "cohort", prefix=False)
    cases = tuple(case for case in everything.cases if case.id in finished)
    records = tuple(record for record in everything.records if record.case in finished)
    listed = {} if alone else everything.unreadable
    earlier = {case: reason for case, reason in listed.items() if case not in finished and not reason.startswith(LEFT_OUT)}
    inner = tuple(record for record in everything.inner if record.case in finished)
    return _write(Cohort("cohort", cases, records, {**earlier, **(left_out or {}), **unreadable}, inner), [], out)


def _write(pooled: Cohort, centres: Sequence[Cohort], out: Path) -> StudyReport:
    out.mkdir(parents=True, exist_ok=True)
    settings, rows = pooled.settings, pooled.rows
    table = patient_table(rows)
    shown = Shown()  # the centres' rows first: they are what each has shown by itself
    own = {centre.cohort: _faces_of(centre, pooled.arms, settings.seed, shown) for centre in centres}
    if any(centre.shared for centre in centres):
        faces = pool_centres([each.rows for each in own.values()], pooled.arms, pooled.cohort)
    else:
        faces = _faces_of(pooled, pooled.arms, settings.seed, shown)
    summary = summarise(table, faces, pooled.cohort, settings)
    for centre in centres:
        summary += summarise(patient_table(centre.rows), own[centre.cohort], centre.cohort, settings)
    sides = [row for each in (pooled, *centres) for row in describe_sides(each.rows, each.cohort, settings.tolerances)]
    image = headline_image(rows)
    manifest = make_manifest(pooled, (*summary, *sides))
    verdict = decide(pooled, table, faces, image)
    answer = answer_of(pooled, summary, image, verdict, manifest)
    content = ReportContent(
        measurements=rows,
        summary=[row for row in summary if row.cohort == pooled.cohort],
        table=table,
        verdict=verdict,
        answer=answer,
        packages=decide_packages(pooled, table, faces, image),
        image=image,
        manifest=manifest,
        settings=settings,
        faces=_faces(pooled, image),
        auc_differences=faces.differences,
        curves=faces.curves,
        centres=[row for row in summary if row.cohort != pooled.cohort],
        reviews=_reviews(pooled),
        dvhs={case.id: found for case in pooled.cases if (found := read_case_dvhs(case, alone=len(pooled.cases) == 1))},
        pictures=_pictures(pooled, image),
        cases_page=bool(linked := _linked_pictures(pooled, OutputFolder(out).cases_page)),
    )
    folder = OutputFolder(out)
    write_measurements(folder.measurements, rows)
    write_parquet(out)
    if len(pooled.cases) + len(pooled.unreadable) > 1:
        write_summary(folder.summary, (*summary, *sides))
    elif folder.finished_cases():  # else it may be all that a centre shared
        folder.summary.unlink(missing_ok=True)
    write_report(folder.report, content)
    write_face_page(out, content)
    write_cases_page(out, content, linked)
    write_json(folder.manifest, manifest)
    table_rows = (*summary, *sides)
    return StudyReport(out, image, manifest, tuple(rows), table_rows, answer, pooled.unreadable, mean_seconds(pooled))


def answer_of(pooled: Cohort, summary: Sequence[SummaryRow], image: str, verdict: Verdict, manifest: Mapping[str, Any]) -> Answer:
    """The answer of a pooled cohort: what its report, the command line and the panel show first."""
    titles = {method["key"]: method["title"] for method in manifest["methods"]}
    return make_answer(
        pooled.rows,
        [row for row in summary if row.cohort == pooled.cohort],
        image,
        verdict,
        ArmNames(pooled.arms, titles),
        model=manifest["face_model"].get("name", ""),
        patients=len(pooled.cases),
        made=sum(case.synthetic for case in pooled.cases),
        tolerances=pooled.settings.tolerances,
        seconds=mean_seconds(pooled),
    )


def _faces_of(cohort: Cohort, arms: Sequence[Arm], seed: int, shown: Shown) -> PrivacySummary:
    """Scored from a cohort's face prints; where a centre shares tables only, what its own run scored."""
    if cohort.shared:
        return pool_centres([cohort.shared], arms, cohort.cohort, alone=True)
    found = summarise_faces(cohort.records, arms, cohort.cohort, seed, shown)
    return replace(found, rows=(*found.rows, *inner_anatomy_rows(cohort.inner, arms, cohort.cohort, seed)))


def summarise(table: Table, faces: PrivacySummary, cohort: str, settings: Settings) -> list[SummaryRow]:
    """All rows of ``summary.csv`` of one cohort, in the order of ``data/metrics.csv``."""
    rows = [*describe_all(table, cohort, settings.tolerances), *faces.rows]
    rows += method_test_rows(table, cohort)
    order = list(metrics())
    return sorted(rows, key=lambda row: order.index(row.metric))


def _faces(pooled: Cohort, image: str) -> list[FaceRow]:
    """Pictures of synthetic patients only."""
    titles = {method["key"]: method["title"] for method in method_entries(pooled)}
    rows: list[FaceRow] = []
    for folder in dict.fromkeys(case.out for case in pooled.cases):
        synthetic = [case.key for case in pooled.cases if case.out == folder and case.synthetic]
        rows += synthetic_faces(OutputFolder(folder), synthetic, titles, image)
    return rows


def _pictures(pooled: Cohort, image: str) -> dict[str, CasePictures]:
    """What the report itself shows of made-up people; never of a patient."""
    titles = {method["key"]: method["title"] for method in method_entries(pooled)}
    shown = [case for case in pooled.cases if case.synthetic][:CASES_EMBEDDED]
    found = {case.id: embedded_pictures(OutputFolder(case.out), case.key, titles, image) for case in shown}
    return {case: pictures for case, pictures in found.items() if pictures.faces or pictures.planes}


def _linked_pictures(pooled: Cohort, page: Path) -> dict[str, CasePictures]:
    """Faces and slices of every case that has any, as the identifiable page shows them."""
    titles = {method["key"]: method["title"] for method in method_entries(pooled)}
    found = {case.id: linked_pictures(OutputFolder(case.out), case.key, titles, page) for case in pooled.cases}
    return {case: pictures for case, pictures in found.items() if pictures.faces or pictures.planes}


def _reviews(pooled: Cohort) -> list[Decision]:
    """What reviewers said of these cases, under the pooled ids."""
    ids = {(case.out, case.key): case.id for case in pooled.cases}
    return [
        replace(decision, case=ids[folder, decision.case])
        for folder in dict.fromkeys(case.out for case in pooled.cases)
        for decision in read_decisions(OutputFolder(folder).reviews)
        if (folder, decision.case) in ids
    ]


def mean_seconds(pooled: Cohort) -> dict[str, float]:
    """Mean seconds a case by method."""
    times: dict[str, list[float]] = {}
    for case in pooled.cases:
        for method, seconds in case.report.seconds.items():
            times.setdefault(method, []).append(float(seconds))
    return {method: sum(seconds) / len(seconds) for method, seconds in times.items()}


def write_json(path: Path, value: Any) -> None:
    """Write JSON with a stable layout; the file appears whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
