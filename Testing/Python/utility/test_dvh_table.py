"""DVH curves as they are written for drawing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deface_compare.utility.dvh import DVH
from deface_compare.utility.dvh_table import CurveName, DvhTable, read_dvh_table


def test_a_written_curve_is_the_share_of_doses_at_or_above_each_step(tmp_path: Path) -> None:
    doses = np.sort(np.random.default_rng(1).uniform(0.0, 60.0, 4000)).astype(np.float32)
    before, after = DVH(doses, 12.0, "builtin-slab-x4"), DVH(doses / 2, 12.0, "builtin-slab-x4")
    table = DvhTable()
    table.add("Eye_L", "quickshear", "keep", before, before)
    table.add("Eye_L", "quickshear", "mask", before, after)
    table.write(tmp_path / "dvh.csv")
    dose_gy, curves = read_dvh_table(tmp_path / "dvh.csv")
    assert list(curves) == [
        CurveName("Eye_L", "original", "", "builtin-slab-x4"),
        CurveName("Eye_L", "quickshear", "mask", "builtin-slab-x4"),
    ]
    for values, written in zip((doses, doses / 2), curves.values(), strict=True):
        expected = [100.0 * np.mean(values >= np.float32(dose)) for dose in dose_gy]
        assert np.abs(np.array(written) - expected).max() <= 0.0005  # three decimals are written
    assert (dose_gy[1], written[0], written[-1]) == (0.25, 100.0, 0.0)


def test_a_case_without_dose_writes_no_curves(tmp_path: Path) -> None:
    DvhTable().write(tmp_path / "dvh.csv")
    assert list(tmp_path.iterdir()) == []
