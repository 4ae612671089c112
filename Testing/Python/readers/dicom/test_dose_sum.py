"""Sums of RTDOSE files on unequal grids: what one grid does not cover is missing, and file names decide nothing."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.case import Dose
from deface_compare.defacers.defacing import Defacing
from deface_compare.geometry.lattice import Lattice
from deface_compare.measurement import Scope
from deface_compare.readers import read_case
from deface_compare.settings import Settings
from deface_compare.utility.baseline import Baseline, utility_baseline
from deface_compare.utility.dose_rows import dose_rows
from dicom_set import head_hu, square, write_dose, write_plan, write_series, write_structures

STORED = np.full((10, 12, 12), 1000, np.uint16)
"""10 Gy in every voxel of a grid that reaches 4 mm further than its outermost centres in plane."""
FRAMES = [4.0 * k for k in range(10)]
CLOSED = "CLOSED_PLANAR"


def write_patient(folder: Path, names: dict[str, str], half_mm: float = 8.0) -> Path:
    """A CT, a cylinder of squares through all frames of the wide dose, and approved plans with doses.

    `names` gives the file names of ``wide`` (10 frames), ``low`` (the lower six of them) and ``fine`` (3 mm in plane, of the
    lower eight), as far as they are wanted; each of them is 10 Gy everywhere.
    """
    write_series(folder, head_hu())
    contours = [(CLOSED, square(12.0, 2.0, -30.0 + z, half_mm)) for z in np.arange(0.0, 36.1, 2.0)]
    short = [(CLOSED, square(12.0, 2.0, -30.0 + z, half_mm)) for z in np.arange(0.0, 20.1, 2.0)]
    write_structures(folder / "rs.dcm", {"Brain": contours, "Parotid_L": short})
    grids = {
        "wide": (STORED, FRAMES, {}),
        "low": (STORED[:6], FRAMES[:6], {}),
        "fine": (np.full((8, 15, 15), 1000, np.uint16), FRAMES[:8], {"PixelSpacing": [3.0, 3.0]}),
    }
    for kind, name in names.items():
        stored, frames, extra = grids[kind]
        write_plan(folder / f"rp_{kind}.dcm", 30.0, plan=kind, approval="APPROVED")
        write_dose(folder / name, stored, frames, plan=kind, extra=extra)
    return folder


def read_dose(folder: Path) -> Dose:
    dose = read_case(folder).dose
    assert dose is not None
    return dose


def baseline(folder: Path) -> Baseline:
    return utility_baseline(read_case(folder), Settings())


def values(image: sitk.Image) -> NDArray[np.float32]:
    return sitk.GetArrayFromImage(image)


def test_what_one_of_two_grids_does_not_cover_has_no_dose_instead_of_the_others_alone(tmp_path: Path) -> None:
    dose = read_dose(write_patient(tmp_path, {"wide": "a.dcm", "low": "b.dcm"}))
    assert dose.image.GetSize() == (12, 12, 6)  # the six frames that both have; ten, four of them 10 Gy too low, before
    assert np.unique(values(dose.image)).tolist() == [20.0]
    # Borders, closed form: from half a voxel under the first frame (-30 - 2) to half a voxel over the sixth (-10 + 2).
    lattice = Lattice.of(dose.image)
    assert (lattice.origin[2] - 2.0, lattice.origin[2] + 4.0 * 5.5) == pytest.approx((-32.0, -8.0))


def test_a_structure_that_reaches_out_of_the_smaller_grid_has_no_dvh(tmp_path: Path) -> None:
    found = baseline(write_patient(tmp_path, {"wide": "a.dcm", "low": "b.dcm"}))
    # Slabs of 2 mm from -31 to +7 mm: 38 mm, of which 15 lie above -8 mm: 39 %.
    assert found.dose["Brain"] == "39 % of the structure lies outside the dose grid"
    inside = found.dose["Parotid_L"]
    assert not isinstance(inside, str)  # from -31 to -9 mm, all of it covered
    assert (inside.outside_fraction, float(inside.original.dose_gy.min())) == (0.0, 20.0)


@pytest.mark.parametrize("kinds", [("wide", "low"), ("wide", "fine"), ("wide", "low", "fine")])
def test_the_sum_does_not_depend_on_file_names(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    found = []
    for number, order in enumerate(permutations(["a.dcm", "b.dcm", "c.dcm"][: len(kinds)])):
        folder = write_patient(tmp_path / str(number), dict(zip(kinds, order, strict=True)))
        dose = read_dose(folder)
        image = dose.image
        place = image.GetSize(), image.GetOrigin(), image.GetSpacing(), image.GetDirection()
        found.append((place, values(image).tobytes(), dose.prescription_gy, dose.summation, dose.remarks))
    assert len(set(found)) == 1  # bit for bit, over 2 or 6 orders


def test_a_ramp_is_added_up_on_the_finer_grid_to_its_closed_form(tmp_path: Path) -> None:
    folder = write_patient(tmp_path, {"wide": "a.dcm", "fine": "b.dcm"})
    x = np.arange(12, dtype=np.uint16)
    write_dose(folder / "a.dcm", np.broadcast_to(100 * x, STORED.shape).astype(np.uint16), FRAMES, plan="wide")
    image = read_dose(folder).image
    assert (image.GetSpacing()[0], image.GetSize()) == (3.0, (15, 15, 8))
    expected = 10.0 + 0.75 * np.arange(15)  # 1 Gy a 4 mm voxel; linear in between
    assert np.abs(values(image)[3, 4] - expected).max() < 2e-6  # measured 9.5e-7: float32


def test_every_dose_row_of_a_sum_says_so(tmp_path: Path) -> None:
    folder = write_patient(tmp_path, {"wide": "secret_name.dcm", "low": "b.dcm"})
    case = read_case(folder)
    defacing = Defacing("method", "Method", "", "ok")
    rows = list(dose_rows(case.dose, utility_baseline(case, Settings()), defacing, Scope("c", "method", "", "", "none")))
    told = {row.note for row in rows if row.status == "ok"}
    assert told
    assert all("sum of 2 dose grids of unequal extent: known where all of them are, missing elsewhere" in note for note in told)
    assert not any("secret_name" in row.note for row in rows)


def test_doses_that_do_not_meet_are_no_sum(tmp_path: Path) -> None:
    folder = write_patient(tmp_path, {"wide": "a.dcm"})
    write_plan(folder / "rp_far.dcm", 30.0, plan="far", approval="APPROVED")
    far = {"ImagePositionPatient": [-10.0, -20.0, 500.0]}
    write_dose(folder / "b.dcm", STORED, FRAMES, plan="far", extra=far)
    case = read_case(folder)
    assert case.dose is None
    assert case.missing_dose == "the 2 doses that belong together have no common part and were not added up"


def test_a_grid_turned_against_the_other_counts_where_it_covers(tmp_path: Path) -> None:
    folder = write_patient(tmp_path, {"wide": "a.dcm"})
    write_plan(folder / "rp_turned.dcm", 30.0, plan="turned", approval="APPROVED")
    c, s = np.cos(np.radians(20.0)), np.sin(np.radians(20.0))
    turned = {"ImageOrientationPatient": [c, s, 0, -s, c, 0]}
    write_dose(folder / "b.dcm", STORED, FRAMES, plan="turned", extra=turned)
    image = read_dose(folder).image
    assert np.unique(values(image)).tolist() == [20.0]  # no voxel of the box has the one without the other
    assert image.GetNumberOfPixels() >= 0.4 * 10 * 12 * 12  # 0.49 measured: a box inside the common part
