"""The search for an identity against values planted into objects that are clean: whatever attribute holds one, it is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from deface_compare.export.checked.identity_search import IdentitySearch
from deface_compare.export.checked.identity_wanted import wanted_of
from deface_compare.export.checked.ordinary_words import ordinary_words
from deface_compare.export.headers.words import technical_words
from deface_compare.writers.study import DicomStudy, new_object, save

Change = Callable[[Dataset], None]
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY = DicomStudy(
    ("search",), "Lindqvist^Ann-Kathrin", "HX-204817", "F", "19610417", "20260105", "101500", "", "", "", "", 70.0, 1.7
)
SURNAMES = (
    "smith johnson williams jones garcia rodriguez davis martinez hernandez lopez gonzalez wilson anderson thomas taylor jackson"
    " martin lee perez thompson sanchez harris clark ramirez lewis robinson walker allen wright scott torres nguyen flores adams"
    " nelson baker rivera campbell mitchell carter roberts mueller schmidt schneider fischer weber meyer wagner becker schulz"
    " hoffmann koch bauer richter klein wolf schroeder neumann schwarz zimmermann braun krueger hofmann hartmann lange krause"
    " lehmann rossi russo ferrari esposito bianchi romano dubois durand leroy moreau lefebvre michel silva santos oliveira"
    " souza ivanov smirnov kuznetsov popov wang zhang chen yang huang zhao zhou kim park choi singh kumar sharma patel khan ali"
    " hassan ahmed suzuki tanaka watanabe yamamoto maria anna peter paul michael thomas andreas james mary john robert patricia"
)
"""Frequent names of several countries."""


def clean(path: Path, change: Change | None = None) -> Path:
    """An object of nobody, with something planted."""
    nobody = DicomStudy(("nobody",), "case-001", "case-001", "", "", "20190807", "", "", "", "", "", 70.0, 1.7, station="")
    data = new_object(nobody, CT, nobody.uid("object"), "CT")
    if change:
        change(data)
    save(data, path)
    return path


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> IdentitySearch:
    """What looks for the identity of one object of Ann-Kathrin Lindqvist's."""
    folder = tmp_path_factory.mktemp("source")
    data = new_object(STUDY, CT, STUDY.uid("object"), "CT")
    data.Manufacturer, data.SeriesDescription, data.BodyPartExamined = "Engstrom", "AXIAL Haverkamp", "OKONKWO"
    data.OperatorsName = "Müller^Jürgen=山田"
    data.private_block(0x0099, "Vandenberghe", create=True).add_new(1, "UN", b"Castellanos\0\1")
    data.file_meta.SourceApplicationEntityTitle = "WESTERGAARD"
    data.AcquisitionDateTime = "20260106073142.5"
    data.StudyComments = "seen on 2025-11-30 by Dr Abernathy, call 0304455667"
    (folder / "Petrosyan").mkdir()
    save(data, folder / "Petrosyan" / "scan.dcm")
    wanted = wanted_of([folder / "Petrosyan" / "scan.dcm"], folder)
    wanted.without(["1.2.826.0.1.3680043.8.498.1"])
    return IdentitySearch(wanted, [f"PYDICOM {pydicom.__version__}"])


def _nested(data: Dataset) -> None:
    inner, outer = Dataset(), Dataset()
    inner.PatientName = "lindqvist"
    outer.ReferencedStudySequence = [inner]
    data.RequestAttributesSequence = [outer]


def _private(data: Dataset) -> None:
    data.private_block(0x0077, "X", create=True).add_new(1, "UN", b"xxCASTELLANOSxx ")


def _wide(data: Dataset) -> None:
    data.add_new(0x00420011, "OB", "Lindqvist".encode("utf-16-le"))


def _cyrillic_set(data: Dataset) -> None:
    data.add_new(0x00420011, "OB", "山田".encode("shift_jis"))


def _meta(data: Dataset) -> None:
    data.file_meta.SourceApplicationEntityTitle = "Kathrin"


PLANTED: dict[str, Change] = {
    "a maker": lambda data: setattr(data, "Manufacturer", "ENGSTROM"),
    "a family name as maker": lambda data: setattr(data, "Manufacturer", "by lindqvist inc"),
    "a description": lambda data: setattr(data, "SeriesDescription", "T1 HaverkampCT"),
    "a term": lambda data: setattr(data, "ScanOptions", "LINDQVIST"),
    "a term's own": lambda data: setattr(data, "BodyPartExamined", "OKONKWO"),
    "a short given name": lambda data: setattr(data, "ProtocolName", "ann_2"),
    "an umlaut without its dots": lambda data: setattr(data, "ProtocolName", "JURGEN MULLER"),
    "an umlaut": lambda data: setattr(data, "ImageComments", "müller"),
    "a name in another alphabet": lambda data: setattr(data, "ImageComments", "山田"),
    "a name in an old character set": _cyrillic_set,
    "a name in two bytes a letter": _wide,
    "a nested name": _nested,
    "a private element": _private,
    "file meta": _meta,
    "a private maker": lambda data: setattr(data, "DeviceID", "Vandenberghe"),
    "an identifier": lambda data: setattr(data, "StudyID", "204817"),
    "an identifier as number": lambda data: setattr(data, "AcquisitionNumber", "204817"),
    "a birth date": lambda data: setattr(data, "ContentDate", "19610417"),
    "a birth date as people write it": lambda data: setattr(data, "ImageComments", "born 17.4.1961"),
    "a date in a moment": lambda data: setattr(data, "AcquisitionDateTime", "20260105121212"),
    "a date in words": lambda data: setattr(data, "ImageComments", "Jan 05, 2026"),
    "a time": lambda data: setattr(data, "ContentTime", "101500.25"),
    "a time of a moment": lambda data: setattr(data, "ContentTime", "073142"),
    "a time in a text": lambda data: setattr(data, "ImageComments", "at 10:15:00"),
    "a date of a comment": lambda data: setattr(data, "ImageComments", "2025-11-30"),
    "a telephone number": lambda data: setattr(data, "ImageComments", "0304455667"),
    "a word of a comment": lambda data: setattr(data, "ImageComments", "abernathy"),
    "a UID": lambda data: setattr(data, "InstanceCreatorUID", STUDY.uid("object")),
    "a UID in a text": lambda data: setattr(data, "ImageComments", f"see {STUDY.study_uid}"),
    "a folder's name": lambda data: setattr(data, "ImageComments", "petrosyan"),
    "an entity's title": lambda data: setattr(data, "StationName", "westergaard"),
}
"""What is planted into a clean object, each to be found."""


def test_a_clean_object_holds_nothing(search: IdentitySearch, tmp_path: Path) -> None:
    clean(tmp_path / "clean.dcm")
    assert search.faults(tmp_path) == []
    assert len(search) > 50


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_value_is_found_and_not_repeated(search: IdentitySearch, tmp_path: Path, name: str) -> None:
    clean(tmp_path / "object.dcm", PLANTED[name])
    faults = search.faults(tmp_path)
    assert faults
    told = " ".join(faults).casefold()
    assert all(word not in told for word in ("lindqvist", "kathrin", "204817", "1961", "castellanos", "petrosyan", "abernathy"))


def test_a_name_in_a_file_name_or_a_manifest_is_found(search: IdentitySearch, tmp_path: Path) -> None:
    shutil.copy(clean(tmp_path / "clean.dcm"), tmp_path / "Lindqvist_1.dcm")
    (tmp_path / "manifest.json").write_text('{"note": "of Kathrin"}', encoding="utf-8")
    told = search.faults(tmp_path)
    assert len(told) == 1
    assert told[0].startswith("Lindqvist_1.dcm and 1 more files: a value of the source's PatientName")


def test_no_frequent_name_is_a_word_that_may_stay() -> None:
    names = set(SURNAMES.split())
    assert names & technical_words() == set()
    assert names & ordinary_words() == set()


def test_what_the_cleaning_keeps_the_search_does_not_take_for_a_name() -> None:
    assert {word for word in technical_words() if len(word) >= 4 and word.isalpha()} - ordinary_words() == set()
