"""Output folders read back: their finished cases, or the two tables that a centre shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ..case_report import CaseReport
from ..defacers import REGISTRY, external_methods
from ..measurement import Measurement
from ..measurement_table import read_measurements
from ..output.finished_mark import is_torn
from ..output.folder import OutputFolder
from ..output.key import read_persons
from ..output.study_file import read_study_file
from ..settings import Settings
from .arms import Arm, arm_of, arm_order
from .reidentification.inner_anatomy import read_inner_records
from .reidentification.read_records import read_face_records
from .reidentification.records import FaceRecord
from .summary import SummaryRow, read_summary

PRIVACY = "privacy"
TORN = "a run was interrupted while it wrote this case; run the study again"


@dataclass(frozen=True)
class PooledCase:
    """One case as it lies in an output folder.

    Parameters
    ----------
    id : str
        In the pooled tables; `folder` and `key` are where its files lie and under which id.
    """

    id: str
    key: str
    out: Path
    cohort: str
    report: CaseReport
    rows: tuple[Measurement, ...]
    person: str = ""
    """Equal for scans of one person, as far as the folder's key tells."""

    @cached_property
    def arms(self) -> frozenset[Arm]:
        """The arms that it was measured with (looked for once: a study has hundreds of thousands of rows)."""
        return frozenset(arm_of(row) for row in self.rows)

    @property
    def synthetic(self) -> bool:
        """Whether the patient is made."""
        return self.report.synthetic


@dataclass(frozen=True)
class Cohort:
    """All that goes into one report."""

    cohort: str
    cases: tuple[PooledCase, ...]
    records: tuple[FaceRecord, ...]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    inner: tuple[FaceRecord, ...] = ()
    """What tells the heads by their inner anatomy, where it was asked for."""
    shared: tuple[SummaryRow, ...] = ()
    """Of a centre that shares tables only: the privacy rows of its ``summary.csv``."""

    @property
    def rows(self) -> list[Measurement]:
        """All rows, cases in order of their ids."""
        return [row for case in self.cases for row in case.rows]

    @property
    def persons(self) -> dict[str, str]:
        """Who each case is."""
        return {case.id: case.person or case.id for case in self.cases}

    @property
    def arms(self) -> list[Arm]:
        """All arms, in the order of tables."""
        return sorted(frozenset().union(*(case.arms for case in self.cases)), key=arm_order)

    @property
    def synthetic(self) -> bool:
        """Whether any patient is made."""
        return any(case.synthetic for case in self.cases)

    @property
    def settings(self) -> Settings:
        """The settings of the first case (fill, protection and variant stand on every row)."""
        return self.cases[0].report.settings


def cohort_names(outs: Sequence[Path]) -> list[str]:
    """``cohort`` for one folder; else the folders' names, numbered where equal."""
    if len(outs) == 1:
        return ["cohort"]
    names = [folder.resolve().name for folder in outs]
    twice = Counter(names)
    return [name if twice[name] == 1 else f"{name}-{k + 1}" for k, name in enumerate(names)]


def read_out(out: Path, cohort: str, *, prefix: bool) -> Cohort:
    """The finished cases of one output folder, or of the tables that a centre shares.

    Parameters
    ----------
    prefix : bool
        Put the cohort's name before every case id, so that ids of several cohorts stay apart.
    """
    folder = OutputFolder(out)
    finished = folder.finished_cases()
    if not finished and folder.measurements.is_file():
        return _shared_tables(folder, cohort, prefix=prefix)
    cases, torn, persons = [], {}, read_persons(folder.key)
    for path in finished:
        key = path.name
        if is_torn(out, key):
            torn[key] = TORN  # its rows and its faces may be of two runs
            continue
        name = f"{cohort}/{key}" if prefix else key
        report = CaseReport.read(path)
        rows = _named(report.measurements, name, cohort)
        cases.append(PooledCase(name, key, out, cohort, replace(report, measurements=()), rows, persons.get(key, "")))
    unreadable = {**read_study_file(folder.manifest).unreadable, **torn}
    if prefix:
        unreadable = {f"{cohort}/{case}": reason for case, reason in unreadable.items()}
    arms = {case.key: sorted(case.arms) for case in cases}
    ids = {case.key: case.id for case in cases}
    faces, inner = read_face_records(out, ids, arms), read_inner_records(out, ids, arms)
    return Cohort(cohort, tuple(cases), tuple(faces), unreadable, inner=tuple(inner))


def _named(rows: Sequence[Measurement], case: str, cohort: str) -> tuple[Measurement, ...]:
    """Rows under the case's and the cohort's name in the pooled tables; most have them already."""
    return tuple(row if (row.case, row.cohort) == (case, cohort) else replace(row, case=case, cohort=cohort) for row in rows)


def _shared_tables(out: OutputFolder, cohort: str, *, prefix: bool) -> Cohort:
    """The cases of ``measurements.csv`` alone, and what the centre's own run scored of their faces (``summary.csv``)."""
    by_case: dict[str, list[Measurement]] = {}
    for row in read_measurements(out.measurements):
        by_case.setdefault(row.case, []).append(row)
    known = {method.key: method.title for method in (*REGISTRY, *external_methods())}
    cases = []
    for key, rows in by_case.items():
        name = f"{cohort}/{key}" if prefix else key
        report = CaseReport(
            case_id=key,
            synthetic=any(row.synthetic for row in rows),
            measurements=(),
            methods={row.method: {"title": known.get(row.method, row.method)} for row in rows},
            settings=Settings(protect=rows[0].protect),
            inputs={},
            version="",  # the tables do not tell it
        )
        cases.append(PooledCase(name, key, out.path, cohort, report, _named(rows, name, cohort)))
    found = read_summary(out.summary) if out.summary.is_file() else []
    scored = tuple(replace(row, cohort=cohort) for row in found if row.domain == PRIVACY and row.cohort == found[0].cohort)
    return Cohort(cohort, tuple(cases), (), shared=scored)
