"""The cohort's DVHs: medians and quartiles of the curves that cases keep."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deface_compare.case_report import CaseReport
from deface_compare.cohort.arms import Arm
from deface_compare.cohort.cohort import PooledCase
from deface_compare.cohort.dvh_bands import DvhKey, dvh_bands, read_case_dvhs
from deface_compare.measurement import Scope
from deface_compare.output.folder import OutputFolder
from deface_compare.settings import Settings
from deface_compare.utility.dvh import DVH
from deface_compare.utility.dvh_table import DvhTable

ARM = Arm("quickshear", "", "background", "none")


def uniform(most_gy: float) -> DVH:
    """Doses spread evenly from 0 to the highest one: its cumulative DVH is a straight line."""
    return DVH(np.linspace(0, most_gy, 4001, dtype=np.float32), 10.0, "builtin-slab-x4")


def case_with(out: Path, name: str, most_gy: float, structure: str = "GTV") -> PooledCase:
    table = DvhTable()
    table.add(structure, "quickshear", "mask", uniform(most_gy), uniform(most_gy / 2))
    OutputFolder(out).make_case(name)
    table.write(OutputFolder(out).dvh(name), name)
    rows = (Scope(name, *ARM).row("success", defaced=1.0, image="CT"),)
    return PooledCase(name, name, out, "cohort", CaseReport(name, False, (), {}, Settings(), {}), rows)


def test_a_band_is_the_median_and_the_quartiles_of_the_patients_at_each_dose(tmp_path: Path) -> None:
    """At 10 Gy of 20, 40 and 80 Gy at most, straight lines stand at 50, 75 and 87.5 %."""
    cases = [case_with(tmp_path, f"case-{k}", gray) for k, gray in enumerate((20.0, 40.0, 80.0))]
    bands = {band.key: band for band in dvh_bands([read_case_dvhs(case, alone=False) for case in cases])}
    original = bands[DvhKey("GTV", None, "")]
    assert original.n == 3
    found = [float(values[10]) for values in (original.low, original.median, original.high)]
    np.testing.assert_allclose(found, [62.5, 75.0, 81.25], atol=0.05)  # quartiles of the three; 4001 doses are no line
    np.testing.assert_allclose(bands[DvhKey("GTV", ARM, "mask")].median[10], 50.0, atol=0.05)  # of 0, 50 and 75; 0.012 measured
    assert original.median[-1] == 0.0


def test_unnamed_structures_are_drawn_of_a_single_case_only(tmp_path: Path) -> None:
    case = case_with(tmp_path, "case-1", 20.0, "structure-07")
    assert read_case_dvhs(case, alone=False) == {}
    assert {key.structure for key in read_case_dvhs(case, alone=True)} == {"structure-07"}


def test_a_case_of_which_only_tables_are_shared_has_no_curves(tmp_path: Path) -> None:
    case = case_with(tmp_path, "case-1", 20.0)
    OutputFolder(tmp_path).dvh("case-1").unlink()
    assert read_case_dvhs(case, alone=True) == {}
