"""The table of re-identification says what was not tried: maps of depth linked real people's CT more often."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deface_compare.cohort.arm_names import ArmNames
from deface_compare.cohort.arms import Arm
from deface_compare.cohort.summary import SummaryRow
from deface_compare.report.privacy_tables import NO_MAPS_CAUTION, privacy_tables

AVERAGE = Arm("average_face", "", "background", "none")
NAMES = ArmNames([AVERAGE], {"average_face": "Average face"})
OWN = SummaryRow("c", *AVERAGE, "", "CT", "privacy", "", "auc_own", "", 62, 0, 0.71, 0.66, 0.77, "CI95")


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([OWN], NO_MAPS_CAUTION),
        ([OWN, replace(OWN, metric="auc_maps", value=0.85)], ""),
        ([replace(OWN, image="MR_T1")], ""),
    ],
)
def test_a_ct_without_maps_of_depth_says_what_they_would_tell(rows: list[SummaryRow], note: str) -> None:
    table = privacy_tables(rows, NAMES)[0]
    assert table.caption.startswith("Re-identification on")
    assert table.note == note
