"""DVH curves as they are written for drawing."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from deface_compare.errors import UnusableInput
from deface_compare.utility.dvh import DVH
from deface_compare.utility.dvh_table import CurveName, DvhTable, read_dvh_table


def test_a_written_curve_is_the_share_of_doses_at_or_above_each_step(tmp_path: Path) -> None:
    doses = np.sort(np.random.default_rng(1).uniform(0.0, 60.0, 4000)).astype(np.float32)
    before, after = DVH(doses, 12.0, "builtin-slab-x4"), DVH(doses / 2, 12.0, "builtin-slab-x4")
    table = DvhTable()
    table.add("Eye_L", "quickshear", "keep", before, before)
    table.add("Eye_L", "quickshear", "mask", before, after)
    table.write(tmp_path / "dvh.csv", "case-001")
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
    DvhTable().write(tmp_path / "dvh.csv", "case-001")
    assert list(tmp_path.iterdir()) == []


def steep() -> DvhTable:
    """A curve of two flat stretches and two steps: at 10 and at 20 Gy half of the volume each."""
    table = DvhTable()
    table.add_original("Eye_L", DVH(np.repeat(np.float32([10.0, 20.0]), 50), 12.0, "builtin-slab-x4"))
    return table


def test_a_row_of_the_file_is_a_point_of_a_curve_and_flat_stretches_have_two(tmp_path: Path) -> None:
    steep().write(tmp_path / "dvh.csv", "case-007")
    with (tmp_path / "dvh.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert list(lines[0]) == ["case", "structure", "method", "policy", "engine", "dose_gy", "volume_percent"]
    assert {(line["case"], line["structure"], line["method"], line["policy"]) for line in lines} == {
        ("case-007", "Eye_L", "original", "")
    }
    points = [(float(line["dose_gy"]), float(line["volume_percent"])) for line in lines]
    assert points == [(0.0, 100.0), (10.0, 100.0), (10.25, 50.0), (20.0, 50.0), (20.25, 0.0)]


def test_what_was_left_out_of_flat_stretches_is_there_again_when_the_curve_is_read(tmp_path: Path) -> None:
    steep().write(tmp_path / "dvh.csv", "case-007")
    dose_gy, curves = read_dvh_table(tmp_path / "dvh.csv")
    (percents,) = curves.values()
    assert dose_gy == [0.25 * step for step in range(82)]
    assert percents == [100.0] * 41 + [50.0] * 40 + [0.0]


def test_curves_of_the_first_version_of_the_tables_are_read(tmp_path: Path) -> None:
    (tmp_path / "dvh.csv").write_text("dose_gy,Eye_L|original||builtin-slab-x4,Eye_L|blur|mask|x\n0,100,100\n0.25,50,0\n")
    assert read_dvh_table(tmp_path / "dvh.csv") == (
        [0.0, 0.25],
        {
            CurveName("Eye_L", "original", "", "builtin-slab-x4"): [100.0, 50.0],
            CurveName("Eye_L", "blur", "mask", "x"): [100.0, 0.0],
        },
    )


def test_another_table_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "dvh.csv").write_text("patient,dose\n1,2\n")
    with pytest.raises(UnusableInput, match="no table of DVH curves"):
        read_dvh_table(tmp_path / "dvh.csv")
