"""What becomes of single attributes: dates, words, names of structures, codes, numbers."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage

from deface_compare.export.headers.header_cleaner import HeaderCleaner
from deface_compare.export.headers.patient_words import patient_words, subject_of
from deface_compare.export.headers.profile import rules
from deface_compare.export.headers.retained import codes_of
from deface_compare.export.headers.structure_names import shared_name
from deface_compare.export.headers.time_shift import TimeShift, time_shift
from deface_compare.export.headers.words import cleaned_text
from deface_compare.export.written.marks import Marks
from deface_compare.structures.names import read_structure_name

SHIFT = TimeShift(-400, 75)


def cleaned(data: Dataset, *retained: str) -> Dataset:
    """The data set after cleaning, as that of one patient."""
    cleaner = HeaderCleaner("case-001", frozenset(retained), SHIFT, patient_words([data]).names)
    cleaner.clean(data)
    return data


def test_a_shift_keeps_differences_and_crosses_no_midnight() -> None:
    dates, times = {"20260105", "20260228", "20260301"}, {"000500", "101530", "231000.25"}
    shift = time_shift(b"secret", "person", dates, times)
    moved = {text: datetime.strptime(shift.shifted(text, "DA"), "%Y%m%d") for text in dates}
    assert (moved["20260301"] - moved["20260228"]).days == 1
    assert -3653 < shift.days <= -366
    assert -5 <= shift.minutes <= 49
    clock = [shift.shifted(text, "TM") for text in sorted(times)]
    assert clock == sorted(clock)
    assert not set(clock) & times
    assert shift == time_shift(b"secret", "person", dates, times) != time_shift(b"other", "person", dates, times)
    assert shift.days == time_shift(b"secret", "person", dates, set()).days != time_shift(b"secret", "another", dates, set()).days


@pytest.mark.parametrize(
    ("text", "vr", "zone", "moved"),
    [
        ("20260105", "DA", "", "20241201"),
        ("2026.01.05", "DA", "", "20241201"),
        ("101530.25", "TM", "", "113030.25"),
        ("10:15", "TM", "", "1130"),
        ("10", "TM", "", "1115"),
        ("000000.00", "TM", "", "000000.00"),
        ("20260105101530.5", "DT", "", "20241201113030.5"),
        ("20260105", "DT", "", "20241201"),
        ("20260105101530+0100", "DT", "+0100", "20241201113030"),
        ("20260105231530+0000", "DT", "+0100", "20241202013030"),
        ("20260105101530+0100", "DT", "", ""),
        ("2026", "DT", "", ""),
        ("Smith", "DA", "", ""),
        ("20261399", "DA", "", ""),
    ],
)
def test_dates_and_times_of_all_kinds_move(text: str, vr: str, zone: str, moved: str) -> None:
    assert SHIFT.shifted(text, vr, zone) == moved


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("T1 MPRAGE sag", "T1 MPRAGE sag"),
        ("t1_mprage_sag_p2", "t1_mprage_sag_p2"),
        ("CT HEAD Mueller", "CT HEAD"),
        ("planning CT 2026-01-05", "planning CT"),
        ("call 030 445 566 7", ""),
        ("Dr. Haverkamp", ""),
        ("HEAD 3mm", "HEAD 3mm"),
        ("ID 204817", ""),
    ],
)
def test_a_text_keeps_its_words_of_the_field(text: str, kept: str) -> None:
    assert cleaned_text(text) == kept


@pytest.mark.parametrize(
    ("planned", "shared"),
    [
        ("PTV_5400", "PTV_5400"),
        ("Brainstem_JD", "Brainstem"),
        ("Lt parotid Mueller", "ROI_7"),
        ("PTV_20260105", "PTV"),
        ("Haverkamp", "ROI_7"),
        ("li", "ROI_7"),
        ("OpticNrv_L", "OpticNrv_L"),
    ],
)
def test_a_structure_is_called_by_words_of_the_field(planned: str, shared: str) -> None:
    assert shared_name(planned, read_structure_name(planned).tg263, 7) == shared


def test_a_word_of_the_field_goes_where_it_is_a_persons_name() -> None:
    data = Dataset()
    data.PatientName, data.SeriesDescription, data.Manufacturer = "Head^Philips", "CT HEAD", "Philips Medical Systems"
    assert cleaned(data).SeriesDescription == "CT"
    assert data.Manufacturer == "Medical Systems"
    assert data.PatientName == "case-001"


@pytest.mark.parametrize(("stated", "kept"), [("US", "US"), ("HU_MOD", "HU_MOD"), ("Z_EFF", "Z_EFF"), ("Mueller", "US")])
def test_what_stored_values_mean_stays_if_the_standard_defines_the_term(stated: str, kept: str) -> None:
    data = Dataset()
    data.SOPClassUID = CTImageStorage
    data.RescaleType = stated
    assert cleaned(data).RescaleType == kept


def test_numbers_stay_and_what_is_none_or_an_identifier_goes() -> None:
    data = Dataset()
    data.StudyID, data.SeriesNumber, data.AcquisitionNumber, data.KVP = "123456", "123456", "7", "120"
    data[0x00180050] = RawDataElement(Tag(0x00180050), "DS", 6, b"Smith ", 0, is_implicit_VR=False, is_little_endian=True)
    cleaned(data)
    assert (str(data.get("SeriesNumber") or ""), str(data.AcquisitionNumber), float(data.KVP)) == ("", "7", 120)
    assert "Smith" not in str(data)


def test_characteristics_stay_on_demand_and_great_ages_are_told_alike() -> None:
    for retained, age in (((), ""), (("characteristics",), "090Y")):
        data = Dataset()
        data.PatientAge, data.PatientSex, data.PatientWeight, data.EthnicGroup = "094Y", "F", "61.5", "none told"
        cleaned(data, *retained)
        assert str(data.get("PatientAge") or "") == age
        assert bool(data.get("PatientWeight")) == bool(retained)
        assert not data.get("EthnicGroup")


def test_a_code_of_the_standard_gets_its_meaning_and_another_one_goes() -> None:
    data, public, local = Dataset(), Dataset(), Dataset()
    public.CodeValue, public.CodingSchemeDesignator, public.CodeMeaning = "35321007", "SCT", "FDG for Haverkamp"
    local.CodeValue, local.CodingSchemeDesignator, local.CodeMeaning = "W-204817", "99CLINIC", "Haverkamp"
    data.RadionuclideCodeSequence, data.AnatomicRegionSequence = [public, local], [local]
    cleaned(data)
    assert [str(item.CodeMeaning) for item in data.RadionuclideCodeSequence] == ["Fluorodeoxyglucose F^18^"]
    assert "Haverkamp" not in str(data)
    assert "204817" not in str(data)


def test_private_factors_stay_only_as_numbers() -> None:
    data = Dataset()
    block = data.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.0014")
    block.add_new(0x09, "LO", "Haverkamp")
    cleaned(data)
    assert float(data[0x7053, 0x1000].value) == 0.0014
    assert "Haverkamp" not in str(data)


def test_a_patients_own_id_is_no_subject() -> None:
    assert subject_of("case-012", b"x") == "case-012"
    assert subject_of("HX-204817", b"x") == subject_of("HX-204817", b"x") != subject_of("HX-204817", b"y")
    assert "204817" not in subject_of("HX-204817", b"x")


def test_the_table_knows_the_attributes_that_name_people() -> None:
    for keyword in ("PatientName", "ReferringPhysicianName", "AccessionNumber", "ROIName", "TreatmentMachineName", "StudyDate"):
        assert rules()[keyword].basic
    assert sum(1 for rule in rules().values() if rule.basic) == 617


def test_an_identity_counts_as_removed_only_where_everything_is_clean_and_nothing_is_burnt_in() -> None:
    codes = tuple(codes_of(("dates",), keep_uids=True))
    assert [code[0] for code in codes] == ["113100", "113105", "113107", "113110"]
    for removed, burnt, said in ((True, "NO", "YES"), (True, "", "YES"), (True, "YES", ""), (False, "NO", "")):
        data = Dataset()
        data.PatientIdentityRemoved, data.BurnedInAnnotation = "YES", burnt
        Marks(("a line",), codes, removed).on_object(data)
        assert str(data.get("PatientIdentityRemoved") or "") == said
    untouched = Dataset()
    untouched.PatientIdentityRemoved = "NO"
    Marks(("a line",)).on_object(untouched)
    assert untouched.PatientIdentityRemoved == "NO"
