"""What a stronger attacker does to a cohort: thresholds, rebuilt faces, other files, second scans; faces with planted answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.headline_image import headline_image
from deface_compare.cohort.reidentification.columns import COLUMNS
from deface_compare.cohort.reidentification.records import FaceRecord
from deface_compare.cohort.reidentification.summary import PrivacySummary, summarise_faces
from deface_compare.cohort.summary import SummaryRow, find
from deface_compare.measurement import Measurement, Scope
from deface_compare.privacy.face_prints import BODY, DOSE_FOLLOW, DOSE_KEEP, DOSE_MASK

METHOD = Arm("method", "", "background", "none")
VIEWS, LENGTH = 3, 64
NOTHING = np.full((VIEWS, LENGTH), np.nan)
"""No face is found."""


def face_of(head: int) -> NDArray[np.float64]:
    """A face unlike every other: cosine 1 with itself, 0 with the others; shape (views, length)."""
    face = np.zeros((VIEWS, LENGTH))
    face[:, head] = 1.0
    return face


def hidden(head: int, image: str = "CT", name: str = "") -> FaceRecord:
    """A patient in whose defaced scan no face is found."""
    face = face_of(head)
    return FaceRecord(
        name or f"case-{head:03d}", f"P{head}", image, face, face, own={METHOD: NOTHING}, reference={METHOD: NOTHING}
    )


def summed(records: list[FaceRecord]) -> PrivacySummary:
    return summarise_faces(records, [METHOD], "cohort", seed=1)


def value(rows: tuple[SummaryRow, ...], metric: str, **others: str) -> float:
    (row,) = find(rows, metric=metric, method="method", **others)
    return row.value


def test_a_face_seen_at_one_of_the_attackers_thresholds_is_linked() -> None:
    cohort = [replace(hidden(k), others={METHOD: np.stack([NOTHING[0], face_of(k)[0]])}) for k in range(8)]
    assert value(summed(cohort).rows, "auc_own") == 1.0
    assert value(summed([hidden(k) for k in range(8)]).rows, "auc_own") == 0.5


def test_the_headline_is_the_larger_of_own_landmarks_and_rebuilt_face() -> None:
    cohort = [replace(hidden(k), rebuilt={METHOD: face_of(k)[0]}) for k in range(8)]
    rows = summed(cohort).rows
    assert (value(rows, "auc_own"), value(rows, "auc_reconstructed"), value(rows, "auc_headline")) == (0.5, 1.0, 1.0)
    (row,) = find(rows, metric="auc_headline", method="method")
    assert row.note.startswith("rebuilt face")


def test_a_face_that_only_the_border_of_the_edit_draws_is_linked() -> None:
    nothing = np.full(len(face_of(0)[0]), np.nan)
    cohort = [replace(hidden(k), border={METHOD: np.stack([nothing, face_of(k)[0]])}) for k in range(8)]
    rows = summarise_faces(cohort, [METHOD], "cohort", 1).rows
    assert (value(rows, "auc_own"), value(rows, "auc_border"), value(rows, "auc_headline")) == (0.5, 1.0, 1.0)
    (row,) = (row for row in rows if row.metric == "auc_border")
    assert row.note.startswith("strongest of 2 attempts (skin drawn from the edit's border (2))")


def test_a_face_found_where_other_people_have_theirs_counts_although_no_detector_sees_it() -> None:
    cohort = [replace(hidden(k), mean_landmarks={METHOD: face_of(k)}) for k in range(8)]
    rows = summed(cohort).rows
    assert (value(rows, "auc_own"), value(rows, "auc_mean_landmarks"), value(rows, "auc_headline")) == (0.5, 1.0, 1.0)


def test_one_scan_under_two_ids_is_counted_once_and_it_is_said() -> None:
    cohort = [replace(hidden(k), own={METHOD: face_of(k)}) for k in range(8)]
    twins = [replace(each, case=f"{each.case}-again", person=f"{each.person}'") for each in cohort]
    rows = summed([*cohort, *twins]).rows
    assert [row.n for row in find(rows, metric="auc_own")] == [8]
    (control,) = find(rows, metric="control_rerendered_auc")
    assert "one scan under two ids, counted once: case-000-again is case-000" in control.note


def test_the_highest_file_is_as_strong_as_its_strongest_file_and_pairs_by_their_highest_similarity_are_not() -> None:
    """The dose links everybody; the image is noise as alike to everybody, so that its maximum drowns the dose."""
    random = np.random.default_rng(3)
    cohort = []
    for k in range(24):
        noise = random.normal(size=(VIEWS, LENGTH))
        noise[:, :24] += 2.0 * random.normal(size=24)
        loud = noise / np.linalg.norm(noise, axis=1, keepdims=True)
        weak = 0.2 * face_of(k)[:1]
        cohort.append(replace(hidden(k), own={METHOD: loud}, surfaces={DOSE_KEEP: {METHOD: weak}}))
    rows = summed(cohort).rows
    assert value(rows, "auc_highest_file", dose_policy="keep") == 1.0
    assert value(rows, "auc_any_file", dose_policy="keep") < 0.95  # measured: 0.90


def test_an_undefaced_dose_grid_gives_a_package_away_and_a_dose_that_follows_does_not() -> None:
    cohort = [
        replace(hidden(k), surfaces={DOSE_KEEP: {METHOD: face_of(k)[:1]}, DOSE_FOLLOW: {METHOD: NOTHING[:1]}}) for k in range(8)
    ]
    rows = summed(cohort).rows
    assert value(rows, "auc_own", image="CT") == 0.5
    assert value(rows, "auc_any_file", dose_policy="keep") == 1.0
    assert value(rows, "auc_any_file", dose_policy="follow") == 0.5


def test_each_dose_policy_has_the_auc_of_its_own_package() -> None:
    """A blur removes little, so its masked dose draws the head as the kept one does: 6 of 6 linked, whatever the images hide."""
    drawn = {DOSE_KEEP: face_of, DOSE_MASK: face_of, DOSE_FOLLOW: lambda _: NOTHING}
    cohort = [replace(hidden(k), surfaces={s: {METHOD: face(k)[:1]} for s, face in drawn.items()}) for k in range(6)]
    summary = summed(cohort)
    found = {policy: value(summary.rows, "auc_any_file", dose_policy=policy) for policy in ("keep", "mask", "follow")}
    assert found == {"keep": 1.0, "mask": 1.0, "follow": 0.5}
    (row,) = find(summary.rows, metric="auc_any_file", dose_policy="mask")
    assert "under the dose policy mask drawn in 6" in row.note
    assert set(summary.as_run["all files", "mask"][METHOD].values()) == {1.0}


def test_a_package_with_an_image_that_the_method_failed_on_holds_it_undefaced() -> None:
    cohort = [replace(hidden(k), surfaces={DOSE_FOLLOW: {METHOD: NOTHING[:1]}}) for k in range(8)]
    cohort[2] = replace(cohort[2], own={}, reference={})
    as_run = summed(cohort).as_run["all files", "follow"][METHOD]
    assert as_run == {f"case-{k:03d}": 1.0 if k == 2 else 0.5 for k in range(8)}


def test_an_outer_contour_gives_a_package_away() -> None:
    cohort = [replace(hidden(k), surfaces={BODY: {METHOD: face_of(k)[:1]}}) for k in range(8)]
    assert value(summed(cohort).rows, "auc_any_file") == 1.0


def two_scans(persons: int) -> list[FaceRecord]:
    """Each person as T1, defaced in vain, and as FLAIR; the two scans of one person are alike (cosine 0.8)."""
    found = []
    for k in range(persons):
        first, second = face_of(k), 0.8 * face_of(k) + 0.6 * face_of(persons + k)
        t1 = replace(hidden(k, "MR_T1"), own={METHOD: first}, reference={METHOD: first})
        found += [t1, replace(hidden(k, "MR_FLAIR", f"case-{persons + k:03d}"), original=second, rerendered=second)]
    return found


def test_a_second_scan_of_a_person_is_the_genuine_pair() -> None:
    rows = summed(two_scans(12)).rows
    undefaced, defaced = find(rows, metric="rank1_second_scan", image="MR_T1 → MR_FLAIR")
    assert (undefaced.value, defaced.value) == (100.0, 100.0)
    assert undefaced.note.startswith("undefaced; 12 of 12, p = 1.1e-13 by chance")  # 12**-12
    shut = find(rows, metric="rank1_second_scan", image="MR_FLAIR → MR_T1")
    assert (shut[0].value, shut[1].value) == (100.0, 0.0)  # no face is found on the defaced FLAIR
    assert find(rows, metric="auc_second_scan", image="MR_FLAIR → MR_T1")[1].value == 0.5
    assert not find(rows, metric="rank1_second_scan", image="MR_T1 → MR_T1")


def test_without_second_scans_there_are_no_such_rows() -> None:
    assert not find(summed([hidden(k) for k in range(8)]).rows, metric="auc_second_scan")


def test_heads_cut_by_the_scan_are_scored_among_themselves() -> None:
    cohort = [hidden(k) for k in range(7)]
    cut = [replace(hidden(k), extent="upper", own={METHOD: face_of(k)}) for k in range(7, 12)]
    whole, upper = find(summed([*cohort, *cut]).rows, metric="auc_own", method="method")
    assert (whole.n, whole.value, whole.note) == (7, 0.5, "only 7 persons: fewer than 20")
    assert (upper.n, upper.value) == (5, 1.0)
    assert upper.note.startswith("only the upper part of the face is in the scan")


def test_a_false_acceptance_rate_of_one_percent_needs_a_thousand_impostor_pairs() -> None:
    cohort = [replace(hidden(k), own={METHOD: face_of(k)}) for k in range(33)]
    (many,) = find(summed(cohort).rows, metric="tar_far1_own", method="method")
    (few,) = find(summed(cohort[:32]).rows, metric="tar_far1_own", method="method")
    assert many.value == 100.0
    assert math.isnan(few.value)
    assert few.note == "needs 1000 impostor pairs, here are 992"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda k: {"rerendered": face_of(k + 1)}, "the re-rendered control is 0.47, below 0.95"),
        (lambda k: {"rerendered": None}, "the originals were not re-rendered"),
        (lambda k: {"faceless_reference": face_of(k)}, "heads without a face are linked (AUC 1.00 [0.86, 1.00])"),
        (lambda k: {"planted": face_of((k + 1) % 20)}, "the upper half of the face, left on purpose, is not found (AUC 0.47"),
    ],
)
def test_every_control_that_fails_hides_all_aucs_and_says_why(
    change: Callable[[int], dict[str, NDArray[np.float64] | None]], reason: str
) -> None:
    summary = summed([replace(hidden(k), **change(k)) for k in range(20)])  # type: ignore[arg-type]
    shown = [row for row in summary.rows if row.metric.startswith("auc_")]
    assert {row.metric for row in shown} == {*COLUMNS, "auc_headline"}
    assert all(math.isnan(row.value) and math.isnan(row.low) and reason in row.note for row in shown), shown
    assert not summary.curves
    assert not summary.differences


def test_an_empty_head_is_the_floor_of_the_reference_column() -> None:
    stranger = [np.roll(face_of(k), 1, axis=1) for k in range(8)]
    cohort = [replace(hidden(k), faceless_reference=stranger[k]) for k in range(8)]
    (row,) = find(summed(cohort).rows, metric="control_faceless_auc")
    assert row.value == (7 * 3 / 7 + 0.5) / 8  # seven lose to a stranger and tie with six others, one ties with all


def test_a_cohort_with_two_sequences_of_everybody_is_judged_by_t1_and_a_ct_of_more_patients_by_ct() -> None:
    def row(case: str, image: str) -> Measurement:
        return Scope(case, "method", "", "background", "none").row("success", image=image, defaced=1.0)

    both = [row(case, image) for case in ("case-001", "case-002") for image in ("MR_FLAIR", "MR_T1")]
    assert headline_image(both) == "MR_T1"
    assert headline_image([*both, *(row(f"case-00{k}", "CT") for k in (3, 4, 5))]) == "CT"
    assert headline_image([row("case-001", "DOSE")]) == ""
