"""What structure sets can hold, and what is wrong with some: counted in notes, a row with its reason, nothing dropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.datadict import tag_for_keyword

from deface_compare.case import Case, Structure
from deface_compare.defacers.defacing import Defacing
from deface_compare.errors import UnusableInput
from deface_compare.measurement import NOT_AVAILABLE, OK, Measurement, Scope
from deface_compare.readers import read_case
from deface_compare.settings import Settings
from deface_compare.utility.baseline import utility_baseline
from deface_compare.utility.rows import utility_rows
from dicom_set import head_hu, square, write_dose, write_series, write_structures

CLOSED, XOR = "CLOSED_PLANAR", "CLOSEDPLANAR_XOR"
PLANES = (-24.0, -21.0, -18.0, -15.0)


def _read(folder: Path, structures: dict[str, list[tuple[str, list[float]]]]) -> Case:
    """A CT of 3 mm slices, a dose and a structure set."""
    write_series(folder, head_hu())
    write_dose(folder / "rd.dcm", np.full((7, 12, 12), 3000, np.uint16), [4.0 * k for k in range(7)])
    write_structures(folder / "rs.dcm", structures)
    return read_case(folder)


def _structure(case: Case, name: str) -> Structure:
    assert case.structure_set is not None
    return next(structure for structure in case.structure_set.structures if structure.standard_name == name)


def _rows(case: Case) -> list[Measurement]:
    settings = Settings()
    defacing = Defacing("method", "Method", "", OK)
    return utility_rows(
        case, utility_baseline(case, settings), defacing, Scope("c", "method", "", "background", "none"), settings
    )


def _dose_row(case: Case, structure: str, metric: str = "Dmean") -> Measurement:
    found = [r for r in _rows(case) if (r.structure, r.metric, r.dose_policy) == (structure, metric, "keep")]
    assert len(found) == 1
    return found[0]


def _volume_cc(case: Case, name: str) -> float:
    row = _dose_row(case, name, "V20Gy_cc")
    assert row.status == OK, row.note
    return row.original


def _keyhole(x: float, y: float, z: float) -> list[float]:
    """A square of 16 mm with a hole of 8 mm, in one contour: in by a channel, round the hole, and back."""
    outer = [(-8, -8), (8, -8), (8, 8), (-8, 8), (-8, 0)]
    inner = [(-4, 0), (-4, 4), (4, 4), (4, -4), (-4, -4), (-4, 0)]
    return [value for dx, dy in (*outer, *inner, (-8, 0)) for value in (x + dx, y + dy, z)]


def _keyhole_with_points_twice(x: float, y: float, z: float) -> list[float]:
    """The same, each of its points drawn twice."""
    points = np.reshape(_keyhole(x, y, z), (-1, 3))
    return np.repeat(points, 2, axis=0).ravel().tolist()


RING_CC = (16**2 - 8**2) * 12 / 1000


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ([(CLOSED, square(8, 4, z, half)) for z in PLANES for half in (8.0, 4.0)], "4 contours lie inside another one"),
        ([(XOR, square(8, 4, z, half)) for z in PLANES for half in (8.0, 4.0)], "4 contours lie inside another one"),
        ([(CLOSED, _keyhole(8, 4, z)) for z in PLANES], "4 contours enclose a hole by a channel (keyhole)"),
        ([(CLOSED, _keyhole_with_points_twice(8, 4, z)) for z in PLANES], "4 contours enclose a hole by a channel (keyhole)"),
    ],
    ids=["nested", "xor", "keyhole", "keyhole of points drawn twice"],
)
def test_a_hole_is_a_hole_however_it_is_drawn(tmp_path: Path, drawn: list[tuple[str, list[float]]], said: str) -> None:
    case = _read(tmp_path, {"Brain": drawn})
    # Measured: within 0.1 %; a filled hole is +33 %.
    assert _volume_cc(case, "Brain") == pytest.approx(RING_CC, rel=0.01)
    planned = [row for row in _rows(case) if (row.structure, row.metric) == ("Brain", "planned_volume")]
    assert any(said in note for note in _structure(case, "Brain").notes)
    assert len(planned) == 1


def test_a_contour_written_twice_counts_once(tmp_path: Path) -> None:
    """By even-odd a contour and its copy would cancel: the structure would be empty."""
    once = [(CLOSED, square(8, 4, z, 8)) for z in PLANES]
    again = [(CLOSED, np.reshape(square(8, 4, z, 8), (-1, 3))[[2, 1, 0, 3]].ravel().tolist()) for z in PLANES]
    case = _read(tmp_path, {"Larynx": once, "GTV": [*once, *again]})
    assert _volume_cc(case, "GTV") == _volume_cc(case, "Larynx")
    assert _structure(case, "GTV").notes == ("4 contours are drawn twice in the same place; one of each counts",)


def test_gaps_and_uneven_planes_are_told(tmp_path: Path) -> None:
    gap = [(CLOSED, square(8, 4, z, 5)) for z in (-27.0, -24.0, -21.0, -12.0, -9.0)]
    uneven = [(CLOSED, square(8, 4, z, 5)) for z in (-27.0, -24.0, -21.0, -17.0, -13.0)]
    case = _read(tmp_path, {"Brain": gap, "Tronc": uneven})
    assert "1 gap of up to 9.0 mm between contour planes (3.00 mm elsewhere) stay empty" in " ".join(
        _structure(case, "Brain").notes
    )
    assert "contour planes are unevenly spaced (3.00 to 4.00 mm)" in " ".join(_structure(case, "Brainstem").notes)
    assert _volume_cc(case, "Brain") == pytest.approx(100 * 15 / 1000, rel=0.02)


def test_planes_across_the_body_are_read_by_their_normal(tmp_path: Path) -> None:
    flat = np.array(square(8, 4, 0, 6)).reshape(-1, 3)
    # The same squares standing up: x and z in the plane, stacked along y.
    standing = [(CLOSED, (flat[:, [0, 2, 1]] * [1, 1, 1] + [0, y, -24.0]).ravel().tolist()) for y in (-2.0, 1.0, 4.0, 7.0)]
    case = _read(tmp_path, {"Brain": standing})
    assert "the contour planes are not axial (normal 0.000, 1.000, 0.000)" in _structure(case, "Brain").notes
    # Measured: -0.3 %.
    assert _volume_cc(case, "Brain") == pytest.approx(144 * 12 / 1000, rel=0.01)


def test_points_and_open_lines_and_short_contours_are_skipped_with_a_count(tmp_path: Path) -> None:
    good = [(CLOSED, square(8, 4, z, 5)) for z in PLANES]
    bad = [("POINT", [1.0, 2.0, -24.0]), ("OPEN_PLANAR", square(8, 4, -12, 5)), (CLOSED, [1.0, 2.0, -24.0, 3.0, 2.0, -24.0])]
    case = _read(tmp_path, {"Brain": [*good, *bad], "Tronc": bad, "OEIL D": []})
    said = "1 contour of type POINT skipped; 1 contour of type OPEN_PLANAR skipped; 1 contour with fewer than 3 points skipped"
    assert "; ".join(_structure(case, "Brain").notes[:3]) == said
    stem, eye = _dose_row(case, "Brainstem"), _dose_row(case, "Eye_R")
    assert (stem.status, stem.note) == (NOT_AVAILABLE, f"the structure has no closed contours; {said}")
    assert (eye.status, eye.note) == (NOT_AVAILABLE, "the structure has no closed contours")


def test_a_structure_with_a_coordinate_that_is_no_number_has_rows_with_that_reason(tmp_path: Path) -> None:
    case = _read(tmp_path, {"Brain": [(CLOSED, square(8, 4, z, 5)) for z in PLANES], "Tronc": [(CLOSED, square(8, 4, -18, 5))]})
    path = tmp_path / "rs.dcm"
    # pydicom refuses to write NaN: the text is put into the file, as a broken exporter would.
    path.write_bytes(path.read_bytes().replace(b"3.0\\-1.0\\-18.0\\13.0", b"3.0\\NaN \\-18.0\\13.0"))
    case = read_case(tmp_path)
    row = _dose_row(case, "Brain")
    assert (row.status, row.note) == (NOT_AVAILABLE, "1 of its contours have coordinates that are no numbers (NaN or infinite)")


def test_a_contour_that_crosses_itself_is_told(tmp_path: Path) -> None:
    bow = [0.0, 0.0, 12.0, 8.0, 12.0, 0.0, 0.0, 8.0]
    drawn = [(CLOSED, [v for x, y in zip(bow[::2], bow[1::2], strict=True) for v in (x, y, z)]) for z in PLANES]
    case = _read(tmp_path, {"Brain": drawn})
    assert any(note.startswith("4 contours have crossing outlines") for note in _structure(case, "Brain").notes)
    # Two triangles of 12 x 8 / 4 = 24 mm2 each; measured within 1 %.
    assert _volume_cc(case, "Brain") == pytest.approx(2 * 24 * 12 / 1000, rel=0.03)


def test_of_two_structures_of_one_name_the_one_that_is_drawn_counts_and_says_so(tmp_path: Path) -> None:
    case = _read(tmp_path, {"tronc": [], "TRONC*": [(CLOSED, square(8, 4, z, 5)) for z in PLANES]})
    assert _volume_cc(case, "Brainstem") == pytest.approx(1.2, rel=0.02)
    assert "2 structures are named Brainstem; structure 2 in planned order was used" in _structure(case, "Brainstem").notes


def test_a_structure_outside_the_dose_has_rows_with_that_reason(tmp_path: Path) -> None:
    case = _read(tmp_path, {"Brain": [(CLOSED, square(300, 4, z, 5)) for z in PLANES]})
    assert _dose_row(case, "Brain").note == "the structure lies outside the dose grid"


def test_a_structure_set_of_another_patient_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_structures(tmp_path / "rs.dcm", {"Brain": []}, extra={"PatientID": "ID-8"})
    with pytest.raises(UnusableInput, match=r"holds 2 patients.*PatientID"):
        read_case(tmp_path)


def test_why_a_structure_set_was_not_used_stands_in_the_rows(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_structures(tmp_path / "rs.dcm", {"Brain": [(CLOSED, square(8, 4, -9, 5))]}, series="other", frame="elsewhere")
    rows = [row for row in _rows(read_case(tmp_path)) if row.image == "CT"]
    assert rows
    assert {row.note for row in rows} == {
        "structure set rs.dcm references an image series that is not in the folder and lies in another frame of reference;"
        " it was not used"
    }


Deletion = tuple[str, str, str]
"""File, keyword, and the attribute's new value ("" deletes it)."""


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        (("rs.dcm", "ROINumber", ""), "rs.dcm: a structure has no ROINumber; export the structure set again"),
        (("rs.dcm", "ReferencedROINumber", "x7"), "rs.dcm: a structure has no ReferencedROINumber"),
        (("rd.dcm", "ImagePositionPatient", ""), "rd.dcm has no usable ImagePositionPatient (3 numbers)"),
        (("rd.dcm", "PixelSpacing", ""), "rd.dcm has no usable PixelSpacing"),
    ],
)
def test_an_object_without_a_needed_attribute_is_named_and_costs_what_it_alone_tells(
    tmp_path: Path, spoilt: Deletion, sentence: str
) -> None:
    _spoil(tmp_path, spoilt)
    case = read_case(tmp_path)
    lost = case.missing_structures if spoilt[0] == "rs.dcm" else case.missing_dose
    assert sentence in lost
    assert (case.structure_set is None, case.dose is None) == (spoilt[0] == "rs.dcm", spoilt[0] == "rd.dcm")
    assert any(sentence in note for note in case.notes)


def test_an_only_series_that_loses_a_slice_for_its_spacing_is_refused(tmp_path: Path) -> None:
    _spoil(tmp_path, ("ct_00_0.dcm", "PixelSpacing", ""))
    with pytest.raises(UnusableInput, match="only 3 slices"):
        read_case(tmp_path)


def _spoil(tmp_path: Path, spoilt: Deletion) -> None:
    """A patient of whom one file lacks an attribute."""
    write_series(tmp_path, head_hu()[:4])
    write_dose(tmp_path / "rd.dcm", np.full((7, 12, 12), 3000, np.uint16), [4.0 * k for k in range(7)])
    write_structures(tmp_path / "rs.dcm", {"Brain": [(CLOSED, square(8, 4, -24, 8))]})
    name, keyword, value = spoilt
    dataset = pydicom.dcmread(tmp_path / name)
    for item in (dataset, *dataset.get("StructureSetROISequence", []), *dataset.get("ROIContourSequence", [])):
        if keyword in item:
            del item[keyword]
            if value:
                item.add_new(tag_for_keyword(keyword), "LO", value)
    dataset.save_as(tmp_path / name)
