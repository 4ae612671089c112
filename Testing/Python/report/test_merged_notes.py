"""Notes that differ in a number only are one; names with digits in them are not numbers."""

from __future__ import annotations

from deface_compare.report.merged_notes import merged, merged_by_pattern


def test_notes_that_differ_in_a_number_become_one_with_its_range_and_all_their_cases() -> None:
    notes = {
        "CT: tilt of 0.25 degrees": ["case-002"],
        "CT: tilt of 12 degrees": ["case-001", "case-003"],
        "MR_T1: face in the scan: full": ["case-001"],
    }
    assert merged_by_pattern(notes) == {
        "CT: tilt of 0.25 to 12 degrees": ["case-001", "case-002", "case-003"],
        "MR_T1: face in the scan: full": ["case-001"],
    }


def test_two_structures_or_images_are_not_two_numbers() -> None:
    notes = {"MR_T1: x": ["a"], "MR_T2: x": ["b"], "structure-07: y": ["a"], "structure-08: y": ["b"], "D95 of 3 mm": ["a"]}
    assert set(merged_by_pattern(notes)) == set(notes)


def test_a_number_that_is_the_same_in_all_stays_one_number() -> None:
    assert merged(["3.1 of 9 mm", "2.5 of 9 mm"]) == "2.5 to 3.1 of 9 mm"
