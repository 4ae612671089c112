"""Headers that are read once for all who ask, and when they are not trusted."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from deface_compare.readers.choices import ReadingChoices
from deface_compare.readers.dicom import contour_item, scan
from deface_compare.readers.dicom.contour_item import contour_points, points_kept
from deface_compare.readers.dicom.header import Header, value_of
from deface_compare.readers.dicom.kept_scan import (
    all_headers,
    attributes_kept,
    kept_attributes,
    kept_headers,
    kept_scan,
    read_once,
)
from deface_compare.settings import Settings
from deface_compare.study.check import check_patient
from export_patient import COARSE_MM, edit, write_patient


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patient(tmp_path_factory.mktemp("kept") / "patient", COARSE_MM)


@pytest.fixture
def own(patient: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return shutil.copytree(patient, tmp_path / "patient")


def test_within_a_block_the_headers_of_a_folder_are_read_once(patient: Path) -> None:
    with read_once():
        scan = kept_scan(patient)
        assert kept_scan(patient) is scan
        assert kept_headers(patient) == {header.path: header for header in all_headers(scan)}


def test_outside_a_block_headers_are_read_each_time(patient: Path) -> None:
    with read_once():
        scan = kept_scan(patient)
    assert kept_scan(patient) is not scan
    assert kept_headers(patient) == {}


def _altered_in_secret(path: Path) -> None:
    """Another voxel, with size and time of change put back."""
    before = path.stat()
    with path.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        last = stream.read(1)[0]
        stream.seek(-1, os.SEEK_END)
        stream.write(bytes([last ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: edit(path, lambda data: setattr(data, "StationName", "ELSEWHERE")),
        _altered_in_secret,
        Path.unlink,
        lambda path: shutil.copy(path, path.with_name("another.dcm")),
    ],
)
def test_a_folder_in_which_a_file_changed_is_read_again(own: Path, change: Callable[[Path], None]) -> None:
    with read_once():
        scan = kept_scan(own)
        change(scan.doses[0].path)
        assert kept_headers(own) == {}
        assert kept_scan(own) is not scan


def test_another_folder_is_never_kept(patient: Path, own: Path) -> None:
    with read_once():
        scan = kept_scan(patient)
        assert kept_scan(own) is not kept_scan(own)
        assert kept_headers(own) == {}
        assert kept_scan(patient) is scan


def test_attributes_are_kept_as_the_file_states_them_and_nothing_else_is(patient: Path) -> None:
    with attributes_kept(("Modality", "PatientName", "DoseUnits")):
        headers = all_headers(kept_scan(patient))
        kept = kept_attributes(patient)
        assert kept_headers(patient) == {}
    assert set(kept) == {header.path for header in headers}
    for header in headers:
        few = kept[header.path]
        assert {element.keyword for element in few} <= {"Modality", "PatientName", "DoseUnits"}
        assert [few.get(each) for each in ("Modality", "PatientName")] == [
            header.dataset[each].value for each in ("Modality", "PatientName")
        ]
    assert kept_attributes(patient) == {}


def test_attributes_of_a_folder_in_which_a_file_changed_are_not_trusted(own: Path) -> None:
    with attributes_kept(("PatientName",)):
        scan = kept_scan(own)
        edit(scan.doses[0].path, lambda data: setattr(data, "PatientName", "Another^Name"))
        assert kept_attributes(own) == {}
        again = kept_scan(own)
        assert str(kept_attributes(own)[again.doses[0].path].PatientName) == "Another^Name"


def test_a_check_of_a_patient_reads_each_header_once(patient: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[Path] = Counter()
    once = scan.read_header

    def counted(path: Path) -> Header | None:
        read[path] += 1
        return once(path)

    monkeypatch.setattr(scan, "read_header", counted)
    check_patient(patient, "case-001", Settings(), ReadingChoices(), faces=False)
    assert set(read.values()) == {1}
    assert len(read) == sum(1 for path in patient.rglob("*") if path.is_file())


def test_an_attribute_asked_for_the_short_way_is_what_pydicom_gives(patient: Path) -> None:
    with read_once():
        headers = all_headers(kept_scan(patient))
    asked = ("Modality", "ImagePositionPatient", "PatientName", "NumberOfFrames", "ROIContourSequence", "ImageType")
    for header in headers:
        for keyword in asked:
            found = value_of(header.dataset, keyword)
            assert found == header.dataset.get(keyword)
            assert type(found) is type(header.dataset.get(keyword))
    known = {keyword: [value_of(each.dataset, keyword) is not None for each in headers] for keyword in asked}
    assert all(known["Modality"])
    assert any(known["ROIContourSequence"])
    assert not all(known["ROIContourSequence"])


def _contour(text: bytes) -> Dataset:
    data = Dataset()
    data[Tag("ContourData")] = RawDataElement(Tag("ContourData"), "DS", len(text), text, 0, False, True)
    return data


def test_points_that_are_kept_are_those_of_the_text_and_nobody_can_alter_them() -> None:
    one, other = b"1\\2\\3\\4.5\\5\\6 ", b"1\\2\\3\\4.5\\5\\7 "
    with points_kept():
        points = contour_points(_contour(one))
        assert contour_points(_contour(one)) is points
        assert np.array_equal(points, [[1, 2, 3], [4.5, 5, 6]])
        assert contour_points(_contour(other))[1, 2] == 7
        with pytest.raises(ValueError, match="read-only"):
            points[0, 0] = 0
    assert contour_points(_contour(one)) is not points


def test_no_more_points_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contour_item, "MOST_KEPT_BYTES", 8)
    one, other = _contour(b"1\\2\\3 "), _contour(b"4\\5\\6 ")
    with points_kept():
        assert contour_points(one) is contour_points(one)
        assert contour_points(other) is not contour_points(other)
