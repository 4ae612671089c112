"""From measured rows and face prints to the verdict: failures, packages by dose policy, and orders that decide nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deface_compare.cohort.arm_names import ArmNames
from deface_compare.cohort.arms import Arm
from deface_compare.cohort.cohort import Cohort, read_out
from deface_compare.cohort.cohort_verdict import decide, decide_packages
from deface_compare.cohort.patient_table import patient_table
from deface_compare.cohort.reidentification.summary import summarise_faces
from deface_compare.cohort.tradeoff import dose_axis, outcomes, tradeoff_axes
from deface_compare.cohort.verdict import Verdict, working
from deface_compare.measurement import Measurement, Scope
from deface_compare.privacy.face_prints import DOSE_SURFACES
from deface_compare.report.verdict_section import package_table, verdict_sentence, verdict_table
from made_study import make_out

CASES = 12
QUICKSHEAR, AVERAGE, BLUR = (Arm(key, "", "background", "none") for key in ("quickshear", "average_face", "surface_blur"))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return worked(read_out(make_out(tmp_path_factory.mktemp("decide") / "out", CASES, synthetic=False), "cohort", prefix=False))


def worked(cohort: Cohort, failing: dict[Arm, int] | None = None) -> Cohort:
    """Every method worked on every scan, but for the first scans of some."""

    def changed(row: Measurement, number: int) -> Measurement:
        if row.metric != "success":
            return row
        fails = number < (failing or {}).get(Arm(row.method, row.variant, row.fill, row.protect), 0)
        return replace(row, defaced=0.0 if fails else 1.0)

    cases = [replace(case, rows=tuple(changed(row, k) for row in case.rows)) for k, case in enumerate(cohort.cases)]
    return replace(cohort, cases=tuple(cases))


def verdict(cohort: Cohort) -> Verdict:
    return decide(cohort, patient_table(cohort.rows), summarise_faces(cohort.records, cohort.arms, "cohort", seed=1), "CT")


def relations(found: Verdict) -> dict[Arm, tuple[tuple[Arm, ...], str]]:
    return {one.arm: (one.beaten_by, one.not_judged) for one in found.standings}


def test_the_images_are_judged_by_their_auc_and_their_own_costs(cohort: Cohort) -> None:
    found = verdict(cohort)
    assert [each.key for each in found.axes] == ["auc", "altered_organ_volume", "intensity"]
    assert len(found.standings) == 4
    assert not any(one.not_judged for one in found.standings)


def test_the_order_of_cases_rows_records_and_images_decides_nothing(cohort: Cohort) -> None:
    expected = relations(verdict(cohort))
    generator = np.random.default_rng(1)
    for _ in range(3):
        cases = [replace(case, rows=tuple(case.rows[k] for k in generator.permutation(len(case.rows)))) for case in cohort.cases]
        shuffled = replace(
            cohort,
            cases=tuple(cases[k] for k in generator.permutation(CASES)),
            records=tuple(cohort.records[k] for k in generator.permutation(len(cohort.records))),
        )
        assert relations(verdict(shuffled)) == expected


def test_a_method_that_fails_on_half_of_the_scans_is_not_judged_and_the_sentence_says_so(cohort: Cohort) -> None:
    found = verdict(worked(cohort, {QUICKSHEAR: CASES // 2}))
    assert QUICKSHEAR not in found.front
    names = ArmNames(cohort.arms, {"quickshear": "Quickshear"})
    told = "Quickshear is not judged: worked on 6 of 12 scans: not surely on more than half."
    assert told in verdict_sentence(found, names)
    table = verdict_table(found, [], "CT", names)
    (row,) = [row for row in table.rows if row[0].text == "Quickshear"]
    assert (row[-1].text, row[-1].small) == ("not judged", "worked on 6 of 12 scans: not surely on more than half")


def test_failed_patients_and_those_on_whom_a_method_did_not_work_are_worse_than_any_number(cohort: Cohort) -> None:
    first, second, *_ = (case.id for case in cohort.cases)
    rows = [
        replace(row, status="failed", note="no") if (row.case, row.method) == (second, "quickshear") else row
        for row in worked(cohort, {QUICKSHEAR: 1}).rows
    ]
    table = patient_table(rows)
    for axis in (*tradeoff_axes(table, "CT"), dose_axis(table, "CT", "mask")):
        assert axis is not None
        assert axis.failed == {QUICKSHEAR: frozenset({first, second})}
        assert axis.as_run(QUICKSHEAR)[first] == axis.as_run(QUICKSHEAR)[second] == np.inf
        assert len(axis.worked(QUICKSHEAR)) == CASES - 2
    assert working(outcomes(table, "CT"))[QUICKSHEAR] == (CASES - 2, CASES)


def test_a_method_without_a_dose_is_not_judged_under_that_policy_and_judged_on_the_images(cohort: Cohort) -> None:
    cases = [replace(c, rows=tuple(r for r in c.rows if r.image != "DOSE" or r.method != "quickshear")) for c in cohort.cases]
    without = with_doses(replace(cohort, cases=tuple(cases)), {"mask": 0.0})
    table = patient_table(without.rows)
    faces = summarise_faces(without.records, without.arms, "cohort", seed=1)
    reason = "Largest |ΔDmean| of any organ or target, dose policy “mask”: no number"
    assert relations(decide_packages(without, table, faces, "CT")["mask"])[QUICKSHEAR] == ((), reason)
    assert relations(decide(without, table, faces, "CT"))[QUICKSHEAR][1] == ""


def with_doses(cohort: Cohort, shares: dict[str, float]) -> Cohort:
    """A dose grid under each policy whose drawing is that share the patient's own face, the same for every method."""
    generator = np.random.default_rng(2)
    records = []
    for record in cohort.records:
        surfaces = {}
        for policy, share in shares.items():
            noise = generator.normal(size=record.original.shape[1])
            drawn = share * record.original[0] + (1.0 - share) * noise / np.linalg.norm(noise)
            surfaces[DOSE_SURFACES[policy]] = dict.fromkeys(cohort.arms, drawn[None] / np.linalg.norm(drawn))
        records.append(replace(record, surfaces=surfaces))
    return replace(cohort, records=tuple(records))


def test_each_dose_policy_stands_with_the_auc_of_its_own_package(cohort: Cohort) -> None:
    drawn = with_doses(cohort, {"keep": 1.0, "mask": 1.0, "follow": 0.0})
    table = patient_table(drawn.rows)
    faces = summarise_faces(drawn.records, drawn.arms, "cohort", seed=1)
    found = decide_packages(drawn, table, faces, "CT")
    assert {policy: [each.key for each in one.axes] for policy, one in found.items()} == {
        "keep": ["auc", "altered_organ_volume", "intensity"],
        "mask": ["auc", "altered_organ_volume", "intensity", "dose"],
        "follow": ["auc", "altered_organ_volume", "intensity", "dose"],
    }
    for policy, auc in (("keep", 1.0), ("mask", 1.0)):
        assert set(found[policy].axes[0].values[BLUR].values()) == {auc}
    assert np.mean(list(found["follow"].axes[0].values[QUICKSHEAR].values())) < 0.8
    shown = package_table(found, list(faces.rows), ArmNames(drawn.arms, {}))
    assert shown is not None
    (blur,) = [row for row in shown.rows if row[0].text == "surface_blur"]
    cells = dict(zip(shown.columns, blur, strict=True))
    assert cells["Dose policy “mask”: AUC, any file a pair"].text == "1.00"


def test_repeat_scans_of_a_person_are_one_patient(cohort: Cohort) -> None:
    persons = [f"P{k % 5}" for k in range(CASES)]
    cases = [replace(case, person=person) for case, person in zip(cohort.cases, persons, strict=True)]
    assert verdict(replace(cohort, cases=tuple(cases))).reason.startswith("No verdict: AUC on CT: numbers of 5 patients")


def test_six_patients_and_four_methods_are_no_verdict_against_anybody(cohort: Cohort) -> None:
    six = replace(cohort, cases=cohort.cases[:6], records=tuple(r for r in cohort.records if r.case <= "case-006"))
    told = verdict_sentence(verdict(six), ArmNames(six.arms, {}))
    assert told == (
        "None of these methods is beaten by another one on these patients. "
        "6 patients are too few to tell any two of so many methods apart (6 comparisons)."
    )


def test_a_method_that_was_not_run_on_a_patient_did_not_fail_there(cohort: Cohort) -> None:
    """Four of twelve patients come from a centre that never ran average face: no undefaced scan of it is counted."""
    elsewhere = {case.id for case in cohort.cases[:4]}
    cases = [
        replace(c, rows=tuple(r for r in c.rows if c.id not in elsewhere or r.method != "average_face")) for c in cohort.cases
    ]
    records = [
        replace(r, own={arm: face for arm, face in r.own.items() if r.case not in elsewhere or arm != AVERAGE})
        for r in cohort.records
    ]
    found = verdict(replace(cohort, cases=tuple(cases), records=tuple(records)))
    assert set(found.axes[0].values[AVERAGE]) == {case.id for case in cohort.cases} - elsewhere
    assert len(found.axes[0].values[BLUR]) == CASES


def test_an_unverified_success_is_no_failure_of_a_cost() -> None:
    scope = Scope("case-001", "quickshear", "", "background", "none")
    place = {"image": "CT", "structure": "Brain"}
    rows = [
        scope.missing("success", "not verified", image="CT"),
        scope.row("intact_volume", original=10.0, defaced=9.0, change_percent=-10.0, **place),
    ]
    axis, *_ = tradeoff_axes(patient_table(rows), "CT")
    assert (axis.values[QUICKSHEAR], axis.failed) == ({"case-001": 10.0}, {})


def test_the_names_of_patients_and_images_decide_nothing(cohort: Cohort) -> None:
    expected = relations(verdict(cohort))
    renamed = {case.id: f"x{k:02d}" for k, case in zip(np.random.default_rng(3).permutation(CASES), cohort.cases, strict=True)}
    images = {"CT": "MR_T2", "MR_T1": "MR_FLAIR"}

    def called(row: Measurement) -> Measurement:
        return replace(row, case=renamed[row.case], image=images.get(row.image, row.image))

    cases = [replace(case, id=renamed[case.id], rows=tuple(map(called, case.rows))) for case in cohort.cases]
    records = [replace(each, case=renamed[each.case], image=images[each.image]) for each in cohort.records]
    other = replace(cohort, cases=tuple(sorted(cases, key=lambda case: case.id)), records=tuple(records))
    faces = summarise_faces(other.records, other.arms, "cohort", seed=1)
    assert relations(decide(other, patient_table(other.rows), faces, "MR_T2")) == expected
