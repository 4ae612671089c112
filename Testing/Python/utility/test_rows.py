"""Rows of volume, intensity and dose: numbers known beforehand, and a row with a reason wherever there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.case import Case, CaseImage, Dose, Structure, StructureSet
from deface_compare.defacers.defacing import Defacing
from deface_compare.geometry.boxes import Patch
from deface_compare.measurement import FAILED, NOT_AVAILABLE, OK, Measurement, Missing, Scope
from deface_compare.settings import DOSE_POLICIES, Settings
from deface_compare.utility.baseline import utility_baseline
from deface_compare.utility.dose_rows import KEEP_NOTE, dose_metrics
from deface_compare.utility.rows import image_metrics, utility_rows
from deface_compare.words import DOSE_SENTENCE

SCOPE = Scope("case-001", "method", "", "background", "none")


def _image(array: np.ndarray, spacing: float = 2.0) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((spacing,) * 3)
    return image


def _box(name: str, group: str, low: tuple[float, float, float], high: tuple[float, float, float]) -> Structure:
    """A box of contours at 2 mm from `low` to `high`, half a slice beyond the first and last plane."""
    corners = np.array([(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])])
    planes = np.arange(low[2] + 1, high[2], 2.0)
    contours = tuple(np.column_stack([corners, np.full(4, z)]) for z in planes)
    return Structure(name, name, group=group, contours=contours)


BRAIN = _box("Brain", "brain", (9, 29, 9), (49, 49, 49))
"""20 x 10 x 20 voxels of 2 mm = 32 cc."""
LENS = _box("Lens_L", "lens", (20, 10, 20), (25, 15, 24))
"""0.1 cc with faces inside voxels."""
GTVS = (_box("GTV", "gtv", (9, 9, 9), (19, 19, 19)), _box("GTV_2", "gtv", (13, 9, 9), (23, 19, 19)))
PTV = _box("PTV", "ptv", (9, 9, 9), (25, 25, 25))


def _case(modality: str = "CT", unit: str = "HU", frame: str = "") -> Case:
    array = np.full((32, 32, 32), 40, np.int16)
    array[:, :5] = -1000
    dose = np.tile(np.arange(32, dtype=np.float32)[None, :, None], (32, 1, 32))
    return Case(
        id="case-001",
        images=(CaseImage(modality, modality, _image(array), unit, frame_of_reference_uid=frame),),
        structure_set=StructureSet((BRAIN, LENS, *GTVS, PTV, _box("External", "external", (1, 1, 1), (60, 60, 60)))),
        dose=Dose(_image(dose), prescription_gy=20.0),
    )


def _defacing(case: Case, rows_gone: int = 8, **other: object) -> Defacing:
    """Everything in front of voxel row `rows_gone` becomes air, and 0 Gy under the policies mask and follow."""
    patches = {image.key: Patch((0, 0, 0), np.full((32, rows_gone, 32), -1000, np.int16)) for image in case.images}
    dose = Patch((0, 0, 0), np.zeros((32, rows_gone, 32), np.float32))
    values: dict[str, object] = {"status": OK, "patches": patches, "dose_patches": {"mask": dose, "follow": dose}, **other}
    return Defacing("method", "Method", "", **values)  # type: ignore[arg-type]


def _rows(case: Case, defacing: Defacing, settings: Settings | None = None) -> list[Measurement]:
    settings = settings or Settings()
    return utility_rows(case, utility_baseline(case, settings), defacing, SCOPE, settings)


def _one(rows: list[Measurement], structure: str, metric: str, policy: str = "") -> Measurement:
    found = [r for r in rows if (r.structure, r.metric, r.dose_policy) == (structure, metric, policy)]
    assert len(found) == 1
    return found[0]


def test_volumes_of_boxes_are_those_of_their_edges() -> None:
    rows = _rows(_case(), _defacing(_case()))
    assert _one(rows, "Brain", "planned_volume").original == pytest.approx(32.0)
    lens = _one(rows, "Lens_L", "planned_volume")
    # 5 x 5 x 4 mm on voxels of 2 mm: whole voxels would be off by 20 %; measured exact in steps of 0.5 mm.
    assert lens.original == pytest.approx(0.1, rel=0.01)
    assert lens.engine == "builtin-partial-x4"


def test_an_edit_of_half_a_lens_takes_that_half_of_its_intact_and_tissue_volume() -> None:
    # Rows 0-5 end at y = 11 mm, rows 0-6 at 13 mm: 3 of the lens's 5 mm.
    rows = _rows(_case(), _defacing(_case(), rows_gone=7))
    for metric in ("intact_volume", "tissue_volume"):
        assert _one(rows, "Lens_L", metric).change_percent == pytest.approx(-60, abs=0.1)
    assert "0.060 cc altered by more than 20 HU" in _one(rows, "Lens_L", "intact_volume").note


def test_a_region_that_the_edit_does_not_reach_changes_by_exactly_nothing() -> None:
    rows = [row for row in _rows(_case(), _defacing(_case())) if row.structure == "Brain" and row.metric != "planned_volume"]
    assert len(rows) > 30
    assert all(row.change == 0 for row in rows)


def test_intensities_are_measured_in_hu_with_percent_of_the_original() -> None:
    rows = _rows(_case(), _defacing(_case(), rows_gone=8))
    gtv = _one(rows, "GTV", "median")
    # Voxels 5-9 of 2 mm: 3 of 5 rows are edited.
    assert (gtv.original, gtv.defaced, gtv.change_percent, gtv.unit) == (40, -1000, -2600, "HU")
    assert _one(rows, "GTV", "altered_fraction").defaced == pytest.approx(60)
    assert _one(rows, "GTV", "mean_absolute_difference").change == pytest.approx(0.6 * 1040)


def test_percent_of_a_median_near_zero_hu_is_not_given() -> None:
    case = _case()
    array = np.full((32, 32, 32), 4, np.int16)
    array[:, :5] = -1000
    case = replace(case, images=(replace(case.images[0], image=_image(array)),))
    assert math.isnan(_one(_rows(case, _defacing(case)), "GTV", "median").change_percent)


def test_every_region_and_metric_has_one_row_and_targets_have_no_intensity() -> None:
    rows = _rows(_case(), _defacing(_case()))
    organs = ["Brain", "GTV", "GTV_2", "GTV_all", "Lens_L"]
    wanted = {(name, metric, "") for name in organs for metric in image_metrics("CT", target=False)}
    wanted |= {("PTV", metric, "") for metric in image_metrics("CT", target=True)}
    wanted |= {(name, metric, p) for name in [*organs, "PTV"] for metric in dose_metrics() for p in DOSE_POLICIES}
    keys = [(row.structure, row.metric, row.dose_policy) for row in rows]
    assert len(keys) == len(set(keys))
    assert set(keys) == wanted


def test_the_union_of_two_overlapping_gtvs_counts_the_overlap_once() -> None:
    rows = _rows(_case(), _defacing(_case()))
    assert _one(rows, "GTV_all", "planned_volume").original == pytest.approx(1.4)
    assert _one(rows, "GTV", "planned_volume").original == pytest.approx(1.0)


def test_dose_follows_the_policy_and_says_what_it_is() -> None:
    rows = _rows(_case(), _defacing(_case(), rows_gone=8))
    # Dose is the voxel row's number: 5 to 9 Gy over the GTV's five rows, rising evenly (4.5 to 9.5 Gy).
    keep, mask = (_one(rows, "GTV", "Dmean", policy) for policy in ("keep", "mask"))
    assert keep.original == pytest.approx(7.0, abs=1e-4)
    assert (keep.change, keep.change_percent) == (0, 0)
    assert keep.note.startswith(KEEP_NOTE)
    assert mask.defaced < 4
    assert mask.change_percent == pytest.approx(100 * mask.change / 20.0)
    assert mask.note == DOSE_SENTENCE
    assert mask.engine == "builtin-slab-x4"
    assert _one(rows, "GTV", "D50%", "keep").original == pytest.approx(7.0, abs=0.05)
    assert math.isnan(_one(rows, "GTV", "V20Gy_percent", "mask").change_percent)


def test_a_failed_method_gives_failed_rows_with_the_reason() -> None:
    case = _case()
    rows = _rows(case, Defacing("method", "Method", "", FAILED, note="no face lies inside the scan"))
    assert {row.status for row in rows} == {FAILED}
    assert all("no face lies inside the scan" in row.note for row in rows)
    assert len(rows) == len(_rows(case, _defacing(case)))


def _reasons(rows: list[Measurement]) -> Mapping[str, str]:
    return {row.structure: row.note for row in rows if row.status == NOT_AVAILABLE}


def test_what_cannot_be_measured_is_a_row_with_its_reason() -> None:
    case = _case()
    assert case.structure_set is not None
    far = _box("Parotid_L", "parotid", (200, 200, 200), (220, 220, 220))
    empty = Structure("Eye_L", "Eye_L", group="eye", contours=())
    case = replace(case, structure_set=replace(case.structure_set, structures=(far, empty)))
    rows = _rows(case, _defacing(case))
    assert {row.status for row in rows} == {NOT_AVAILABLE}
    assert {row.note for row in rows if row.structure == "Parotid_L"} == {
        "the structure lies outside the image's field of view",
        "the structure lies outside the dose grid",
    }
    assert _reasons(rows)["Eye_L"] == "the structure has no closed contours"


def test_an_image_in_another_frame_is_never_measured() -> None:
    case = _case(frame="elsewhere")
    rows = [row for row in _rows(case, _defacing(case)) if row.image == "CT"]
    assert {row.status for row in rows} == {NOT_AVAILABLE}
    assert all(row.note.startswith("no registration") for row in rows)


def test_a_case_without_structures_or_dose_says_so() -> None:
    case = replace(_case(), structure_set=None)
    assert set(_reasons(_rows(case, _defacing(case))).values()) == {"the case has no structure set"}
    case = replace(_case(), dose=None)
    rows = [row for row in _rows(case, _defacing(case)) if row.image == "DOSE"]
    assert len(rows) == len(dose_metrics()) * len(DOSE_POLICIES)
    assert {row.note for row in rows} == {"the case has no dose"}


def test_an_image_that_the_method_left_out_is_not_available() -> None:
    case = _case()
    rows = _rows(case, _defacing(case, patches={}, unavailable={"CT": Missing(NOT_AVAILABLE, "no registration")}))
    assert {(row.status, row.note) for row in rows if row.image == "CT"} == {(NOT_AVAILABLE, "no registration")}


def test_pet_has_suv_only_in_suv() -> None:
    for unit, status in (("SUVbw", OK), ("Bq/ml", NOT_AVAILABLE)):
        case = _case("PET", unit)
        rows = _rows(case, _defacing(case))
        assert _one(rows, "GTV", "SUVmax").status == status
        assert _one(rows, "GTV", "median").unit == unit


def test_a_target_is_measured_against_its_own_prescription() -> None:
    case = _case()
    assert case.structure_set is not None
    own = replace(PTV, prescription_gy=10.0)
    case = replace(case, structure_set=replace(case.structure_set, structures=(*GTVS, own)))
    rows = _rows(case, _defacing(case, rows_gone=8))
    ptv, gtv = (_one(rows, name, "Dmean", "mask") for name in ("PTV", "GTV"))
    assert ptv.change_percent == pytest.approx(100 * ptv.change / 10.0)
    assert "percent of the structure's own prescription of 10 Gy" in ptv.note
    assert gtv.change_percent == pytest.approx(100 * gtv.change / 20.0)


def test_a_relative_dose_has_no_gray() -> None:
    case = _case()
    assert case.dose is not None
    rows = _rows(replace(case, dose=replace(case.dose, unit="relative", prescription_gy=None)), _defacing(case))
    mean, volume = _one(rows, "GTV", "Dmean", "keep"), _one(rows, "GTV", "V20Gy_percent", "keep")
    assert (mean.unit, mean.status) == ("relative", OK)
    assert (volume.status, volume.note) == (
        NOT_AVAILABLE,
        "the dose is relative to a value that the file does not tell, not in Gy",
    )


def test_a_dose_that_must_be_centigray_says_so_in_every_row() -> None:
    case = _case()
    assert case.dose is not None
    dose = replace(case.dose, image=case.dose.image * 100.0)
    rows = [row for row in _rows(replace(case, dose=dose), _defacing(case)) if row.image == "DOSE"]
    assert all("the dose has a maximum of 3100 Gy: its values are likely cGy" in row.note for row in rows if row.status == OK)
    assert any(row.status == OK for row in rows)


def test_why_there_is_no_dose_stands_in_its_rows() -> None:
    case = replace(_case(), dose=None, missing_dose="2 plan sums and no rule to choose; choose with --dose: a.dcm, b.dcm")
    rows = [row for row in _rows(case, _defacing(case)) if row.image == "DOSE"]
    assert {(row.status, row.note) for row in rows} == {(NOT_AVAILABLE, case.missing_dose)}


def test_contours_can_be_measured_with_caps_as_slicerrt_closes_them() -> None:
    case = _case()
    rows = _rows(case, _defacing(case), Settings(dvh_ends="surface"))
    slab = _rows(case, _defacing(case))
    engines = {row.engine for row in rows if row.image == "DOSE" and row.status == OK}
    assert engines == {"builtin-surface-x4"}
    # The lowest dose lies at the box's front face, which the caps do not reach; the mean stays (dose changes along y only).
    assert _one(rows, "GTV", "Dmean", "keep").original == pytest.approx(_one(slab, "GTV", "Dmean", "keep").original, abs=0.02)
    surface_cc, slab_cc = (
        utility_baseline(case, Settings(dvh_ends=ends)).dose["GTV"].original.volume_cc  # type: ignore[union-attr]
        for ends in ("surface", "slab")
    )
    # Two of ten half slices taper to half of their area: about 7 % less.
    assert 0.90 < surface_cc / slab_cc < 0.97
    with pytest.raises(ValueError, match="dvh_ends must be one of slab, surface"):
        Settings(dvh_ends="round")


def test_a_dvh_is_a_curve_with_axes_in_percent_and_cc() -> None:
    case = _case()
    dose = utility_baseline(case, Settings()).dose["GTV"]
    assert not isinstance(dose, str)
    curve = dose.original.curve(0.5)
    assert curve.dose_gy[:3].tolist() == [0.0, 0.5, 1.0]
    assert (curve.percent[0], curve.percent[-1]) == (100.0, 0.0)
    assert np.all(np.diff(curve.percent) <= 0)
    assert curve.volume_axis_cc[0] == pytest.approx(1.0)
    assert curve.engine == "builtin-slab-x4"


def test_a_structure_beyond_image_and_dose_keeps_their_own_units() -> None:
    far = _box("SpinalCord", "cord", (200, 200, 200), (210, 210, 210))
    case = _case("MR", "a.u.")
    assert case.structure_set is not None
    assert case.dose is not None
    case = replace(
        case,
        structure_set=StructureSet((*case.structure_set.structures, far)),
        dose=replace(case.dose, unit="relative", prescription_gy=None),
    )
    rows = _rows(case, _defacing(case))
    assert {_one(rows, name, "mean").unit for name in ("Brain", "SpinalCord")} == {"a.u."}
    assert {_one(rows, name, "Dmean", "mask").unit for name in ("Brain", "SpinalCord")} == {"relative"}
    assert _one(rows, "SpinalCord", "mean").status == _one(rows, "SpinalCord", "Dmean", "mask").status == NOT_AVAILABLE
