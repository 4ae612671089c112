"""Every structure of a set gives rows or stands in the count of those that do not, with why; planned numbers need no defacing."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.case import Case, CaseImage, Dose, Structure, StructureSet
from deface_compare.defacers import defacer
from deface_compare.defacers.deface import deface
from deface_compare.defacers.defacing import Defacing
from deface_compare.geometry.boxes import Patch
from deface_compare.measurement import FAILED, NOT_AVAILABLE, OK, Measurement, Scope
from deface_compare.settings import DOSE_POLICIES, Settings
from deface_compare.structures.count import pooled_count, structures_sentence
from deface_compare.structures.name_words import user_names
from deface_compare.structures.naming import named, structure_notes, unique_names
from deface_compare.structures.region import regions
from deface_compare.utility.baseline import utility_baseline
from deface_compare.utility.dose_rows import dose_metrics
from deface_compare.utility.dose_sampling import DoseSamples
from deface_compare.utility.dvh_table import DvhTable
from deface_compare.utility.measured import HELPER, OUTLINE, count_structures
from deface_compare.utility.rows import utility_rows

SCOPE = Scope("case-001", "method", "", "background", "none")
Corner = tuple[float, float, float]
LOW, HIGH = (9.0, 9.0, 9.0), (19.0, 19.0, 19.0)


def _drawn(name: str, low: Corner = LOW, high: Corner = HIGH, number: int = 1) -> Structure:
    """A box of contours at 2 mm, named as a reader names it."""
    corners = np.array([(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])])
    planes = np.arange(low[2] + 1, high[2], 2.0)
    contours = tuple(np.column_stack([corners, np.full(4, z)]) for z in planes)
    return named(Structure(name, "", contours=contours), number)


def _set(*names: str) -> StructureSet:
    structures = unique_names([_drawn(name, number=number) for number, name in enumerate(names, 1)])
    return StructureSet(structures, notes=structure_notes(structures))


def _image(array: np.ndarray) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((2.0, 2.0, 2.0))
    return image


def _case(structure_set: StructureSet, *, images: bool = True) -> Case:
    array = np.full((32, 32, 32), 40, np.int16)
    array[:, :5] = -1000
    dose = np.tile(np.arange(32, dtype=np.float32)[None, :, None], (32, 1, 32))
    ct = (CaseImage("CT", "CT", _image(array), "HU"),) if images else ()
    return Case(id="case-001", images=ct, structure_set=structure_set, dose=Dose(_image(dose), prescription_gy=20.0))


def _defacing(case: Case, rows_gone: int = 8) -> Defacing:
    patches = {image.key: Patch((0, 0, 0), np.full((32, rows_gone, 32), -1000, np.int16)) for image in case.images}
    dose = Patch((0, 0, 0), np.zeros((32, rows_gone, 32), np.float32))
    return Defacing("method", "Method", "", OK, patches=patches, dose_patches={"mask": dose, "follow": dose})


def _rows(case: Case, defacing: Defacing, curves: DvhTable | None = None) -> list[Measurement]:
    return utility_rows(case, utility_baseline(case, Settings()), defacing, SCOPE, Settings(), curves)


def test_all_but_helpers_and_body_outlines_are_regions_the_headline_first() -> None:
    found = _set("neck thing", "Larynx", "SpinalCord_PRV", "BODY", "Moelle", "Cochlea", "PTV", "Brain", "RSubmand")
    assert [(region.name, region.group) for region in regions(found)] == [
        ("Brain", "brain"),
        ("PTV", "ptv"),
        ("SpinalCord", "spinal_cord"),
        ("Glnd_Submand_R", "submandibular_gland"),
        ("Larynx", "larynx"),
        ("structure-01", "other"),
        ("structure-06", "other"),
    ]


def test_a_users_own_group_stands_between_the_further_organs_and_what_has_no_name(tmp_path: Path) -> None:
    table = tmp_path / "names.csv"
    table.write_text("part,tg263,group,side,status\nstoma,Stoma,airway,,mapped\n", encoding="utf-8")
    with user_names(table):
        found = _set("thing", "Stoma", "Larynx")
    assert [region.name for region in regions(found)] == ["Larynx", "Stoma", "structure-01"]
    assert _set("Stoma").structures[0].standard_name == "structure-01"


def test_planned_names_stay_out_of_rows_and_notes() -> None:
    case = _case(_set("Larynx", "Smith area", "Smith ring", "Cochlea Smith"))
    rows = _rows(case, _defacing(case))
    count = count_structures(case, utility_baseline(case, Settings()))
    told = "".join((*(row.structure + row.note for row in rows), structures_sentence(count), *case.structure_set.notes))  # type: ignore[union-attr]
    assert "Smith" not in told
    assert {row.structure for row in rows} == {"Larynx", "structure-02", "structure-04"}


def test_an_ambiguous_and_an_unknown_structure_are_measured_and_their_rows_say_so() -> None:
    case = _case(_set("Cochlea", "thing"))
    notes = {row.structure: row.note for row in _rows(case, _defacing(case)) if row.metric == "planned_volume"}
    assert notes == {
        "structure-01": "its name does not say which organ",
        "structure-02": "its name is no organ's or target's that a table knows",
    }


def test_a_second_drawing_of_an_organ_has_rows_under_its_place_holder() -> None:
    case = _case(_set("Larynx", "larynx new", "thing"))
    planned = {row.structure: row for row in _rows(case, _defacing(case)) if row.metric == "planned_volume"}
    assert set(planned) == {"Larynx", "structure-02", "structure-03"}
    assert "another drawing of Larynx" in planned["structure-02"].note
    assert planned["structure-02"].original == planned["Larynx"].original


def test_place_holders_are_unique_whatever_number_a_reader_gave() -> None:
    numbered = [
        _drawn("thing", number=2),
        _drawn("Larynx", number=3),
        _drawn("Larynx2", number=4),
        _drawn("other thing", number=2),
    ]
    names = [structure.standard_name for structure in unique_names(numbered)]
    assert names == ["structure-01", "Larynx", "structure-03", "structure-04"]


def test_further_and_unnamed_structures_have_every_metric_of_an_organ() -> None:
    case = _case(_set("Brain", "Larynx", "thing"))
    rows = _rows(case, _defacing(case))
    by_structure = {name: {(r.metric, r.dose_policy) for r in rows if r.structure == name} for name in ("Brain", "Larynx")}
    assert by_structure["Brain"] == by_structure["Larynx"]
    assert {(r.metric, r.dose_policy) for r in rows if r.structure == "structure-03"} == by_structure["Brain"]
    # The same box, so the same numbers whatever it is called.
    numbers = {name: [r.defaced for r in rows if r.structure == name] for name in ("Brain", "Larynx", "structure-03")}
    np.testing.assert_array_equal(numbers["Brain"], numbers["Larynx"])
    np.testing.assert_array_equal(numbers["Brain"], numbers["structure-03"])


def test_the_count_says_how_many_were_measured_and_why_the_others_were_not() -> None:
    empty = Structure("Larynx", "Larynx", group="larynx", contours=(), problem="the structure has no closed contours")
    far = _drawn("Moelle", (200, 200, 200), (220, 220, 220))
    ring, body = _drawn("ring PTV", number=4), _drawn("BODY", number=5)
    case = _case(StructureSet((_drawn("Brain"), far, empty, replace(ring, standard_name="structure-04"), body)))
    count = count_structures(case, utility_baseline(case, Settings()))
    assert (count["measured"], count["total"]) == (1, 5)
    assert count["not_measured"] == {
        "the structure lies outside the image's field of view": ["SpinalCord"],
        "the structure has no closed contours": ["Larynx"],
        HELPER: ["structure-04"],
        OUTLINE: ["External"],
    }
    assert structures_sentence(count).startswith("1 of 5 structures measured; not measured: 1 × the structure lies outside")
    assert f"1 × {HELPER} (structure-04)" in structures_sentence(count)
    assert count_structures(replace(case, structure_set=None), utility_baseline(case, Settings())) == {}


def test_counts_of_a_cohort_add_up_by_reason() -> None:
    counts = [
        {"total": 3, "measured": 2, "not_measured": {HELPER: ["structure-01"]}},
        {},
        {"total": 4, "measured": 1, "not_measured": {OUTLINE: ["External"], HELPER: ["structure-02", "structure-03"]}},
    ]
    told = structures_sentence(pooled_count(counts), named=False)
    assert told == f"3 of 7 structures measured; not measured: 3 × {HELPER}; 1 × {OUTLINE}"
    assert pooled_count([{}]) == {}
    assert structures_sentence({}) == ""


def test_where_a_method_failed_the_planned_numbers_stand_beside_the_reason() -> None:
    case = _case(_set("Larynx", "GTV"))
    curves = DvhTable()
    good, bad = _rows(case, _defacing(case)), _rows(case, Defacing("method", "Method", "", FAILED, note="no face"), curves)
    for worked, failed in zip(good, bad, strict=True):
        assert (failed.structure, failed.metric, failed.status, failed.unit) == (
            worked.structure,
            worked.metric,
            FAILED,
            worked.unit,
        )
        assert math.isnan(failed.defaced)
        assert math.isnan(failed.change)
        if worked.domain == "dose" or worked.metric in ("planned_volume", "tissue_volume", "median", "mean"):
            assert failed.original == pytest.approx(worked.original, nan_ok=True)
    assert {(name.structure, name.method) for name in curves.curves} == {("Larynx", "original"), ("GTV", "original")}


def test_without_any_image_the_planned_dose_is_told_under_every_method_and_policy() -> None:
    case = _case(_set("Larynx"), images=False)
    defacing = deface(defacer("quickshear"), case, {}, Settings())
    assert (defacing.status, defacing.note) == (NOT_AVAILABLE, "the case holds no image")
    curves = DvhTable()
    rows = _rows(case, defacing, curves)
    assert len(rows) == len(dose_metrics()) * len(DOSE_POLICIES)
    assert {(row.status, row.note) for row in rows} == {(NOT_AVAILABLE, "the case holds no image")}
    mean = [row for row in rows if row.metric == "Dmean"]
    # Dose is the voxel row's number: 4.5 to 9.5 Gy over the box's five rows, rising evenly; measured 7.0000.
    assert [row.original for row in mean] == [pytest.approx(7.0, abs=1e-3)] * len(DOSE_POLICIES)
    assert {name.structure for name in curves.curves} == {"Larynx"}


def test_what_an_edit_does_not_reach_has_the_originals_very_numbers() -> None:
    case = _case(_set("Larynx"))
    rows = _rows(case, _defacing(case, rows_gone=3))
    assert {row.status for row in rows} == {OK}
    changes = {row.metric: (row.defaced - row.original) for row in rows if row.metric != "planned_volume"}
    assert set(changes.values()) == {0.0}


def test_a_structure_of_unknown_name_as_large_as_a_body_is_sampled_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deface_compare.utility.dose_sampling.MOST_SAMPLES", 5000)
    case = _case(_set("thing", "Brain", "Larynx"))
    dose = utility_baseline(case, Settings()).dose
    engines = {name: samples.engine for name, samples in dose.items() if isinstance(samples, DoseSamples)}
    assert engines == {"Brain": "builtin-slab-x4", "Larynx": "builtin-slab-x2", "structure-01": "builtin-slab-x2"}
