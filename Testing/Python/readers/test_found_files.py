"""Every file below the input is read or counted by its reason: nothing is passed over in silence."""

from __future__ import annotations

import gzip
import os
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, SecondaryCaptureImageStorage

from deface_compare.errors import UnusableInput
from deface_compare.output.neutral_words import NeutralWords
from deface_compare.readers import found_files as found
from deface_compare.readers import read_case
from deface_compare.readers.found_files import count_words, find_files, is_dicom
from dicom_set import CT_CLASS, head_hu, square, write_series, write_structures

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("slice", "x")


def without_preamble(path: Path, *, meta: bool, sop_class: str = SecondaryCaptureImageStorage, pieces: bool = False) -> None:
    """An object of another kind than those that are read, or with pixels in pieces, without what a DICOM file begins with."""
    source = write_series(path.parent / "other", head_hu()[:1], series="lone")[0]
    data = pydicom.dcmread(source)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = sop_class
    if pieces:
        data.PixelData = encapsulate([data.PixelData])
        data.file_meta.TransferSyntaxUID = JPEGLSLossless
    data.save_as(source)
    content = source.read_bytes()[132:]
    path.write_bytes(content if meta else content[12 + pydicom.dcmread(source).file_meta.FileMetaInformationGroupLength :])
    source.unlink()


def open_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: write(path, b""), found.EMPTY),
        (lambda path: write(path, gzip.compress(b"a slice")), found.GZIP),
        (zipped, found.ZIP),
        (lambda path: write(path, b"BZh91AY"), found.PACKED),
        (lambda path: write(path, b"\0" * 257 + b"ustar\0" + b"\0" * 250), found.PACKED),
        (lambda path: write(path, LFS), found.POINTER),
        (lambda path: write(path, "/annex/objects/MD5E-s12--4d7a.dcm\n"), found.POINTER),
        (lambda path: path.symlink_to("../.git/annex/objects/aa/bb/MD5E-s12--4d7a.dcm"), found.POINTER),
        (lambda path: path.symlink_to("nowhere"), found.DEAD_LINK),
        (lambda path: path.symlink_to(path.name), found.DEAD_LINK),
        (lambda path: path.symlink_to(next(path.parent.glob("*.dcm")).name), found.SAME_AGAIN),
        (lambda path: path.symlink_to(path.parent), found.SAME_AGAIN),
        (os.mkfifo, found.NO_FILE),
        (open_socket, found.NO_FILE),
        (lambda path: write(path, "notes of a physicist"), found.NOT_DICOM),
        (lambda path: without_preamble(path, meta=True), found.NO_PREAMBLE),
        (lambda path: without_preamble(path, meta=False), found.NO_PREAMBLE),
        (lambda path: without_preamble(path, meta=False, sop_class=CT_CLASS, pieces=True), found.NO_PREAMBLE),
        (lambda path: write(path, b"\x08\x00\x16\x00UI\x04\x001.2\0"), found.NO_PREAMBLE),
    ],
)
def test_what_cannot_be_read_is_counted_with_its_reason(tmp_path: Path, spoil: Callable[[Path], object], reason: str) -> None:
    write_series(tmp_path, head_hu())
    spoil(tmp_path / "odd")
    case = read_case(tmp_path)
    assert dict(case.left_out) == {reason: 1}
    assert f"1 file was skipped: {reason}" in case.notes
    assert np.array_equal(case.images[0].array(), head_hu())


def test_a_folder_in_which_nothing_can_be_read_says_what_is_there(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm.gz", gzip.compress(b"x"))
    write(tmp_path / "b.dcm", b"")
    with pytest.raises(UnusableInput, match=r"holds no images: .*\(2 files not read: 1 empty \(0 bytes\), 1 packed with gzip"):
        read_case(tmp_path)


def test_links_are_followed_once_also_to_a_whole_patient_and_in_circles(tmp_path: Path) -> None:
    write_series(tmp_path / "archive" / "ct", head_hu())
    patient = tmp_path / "patient"
    patient.mkdir()
    (patient / "scan").symlink_to(tmp_path / "archive" / "ct")
    (patient / "again").symlink_to(tmp_path / "archive" / "ct")
    (tmp_path / "archive" / "ct" / "up").symlink_to(tmp_path / "archive")
    (tmp_path / "linked").symlink_to(patient)
    for folder in (patient, tmp_path / "linked"):
        case = read_case(folder)
        assert np.array_equal(case.images[0].array(), head_hu())
        assert dict(case.left_out) == {found.SAME_AGAIN: 2}  # the second link, and the circle


def test_a_link_back_to_where_patients_lie_reads_no_other_patient(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_series(tmp_path / "cohort" / name, head_hu(), series=name)
    (tmp_path / "cohort" / "one" / "back").symlink_to(tmp_path / "cohort")
    (tmp_path / "cohort" / "one" / "root").symlink_to(Path(tmp_path.anchor))
    case = read_case(tmp_path / "cohort" / "one")
    assert (len(case.images), dict(case.left_out)) == (1, {found.SAME_AGAIN: 2})


def test_single_files_may_be_links(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "archive", head_hu())
    (tmp_path / "patient").mkdir()
    for path in paths:
        (tmp_path / "patient" / path.name).symlink_to(path)
    assert np.array_equal(read_case(tmp_path / "patient").images[0].array(), head_hu())


def test_a_folder_that_may_not_be_opened_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path, head_hu())
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refuse(path: Path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(found.os, "scandir", refuse)
    assert dict(read_case(tmp_path).left_out) == {found.LOCKED_FOLDER: 1}
    with pytest.raises(UnusableInput, match=r"locked cannot be opened \(Permission denied\)"):
        find_files(tmp_path / "locked")


def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path, *_) = write_series(tmp_path, head_hu())
    opening = Path.open

    def refuse(self: Path, *arguments: object, **named: object):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return opening(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnusableInput, match=rf"{path.name} cannot be read \(Permission denied\); make it readable"):
        read_case(tmp_path)


def test_a_file_that_breaks_off_while_it_is_read_is_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "slice.dcm", "x")
    with pytest.raises(UnusableInput, match=r"slice.dcm cannot be read \(Input/output error\)"), found.opened(path):
        raise OSError(5, "Input/output error")


def test_an_output_folder_inside_a_patient_is_no_part_of_the_patient(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_series(tmp_path / "out" / "cases" / "case-001" / "deep", head_hu(), series="ours")
    (tmp_path / "out" / "identifiable" / "locks").mkdir(parents=True)
    case = read_case(tmp_path)
    assert len(case.images) == 1
    assert dict(case.left_out) == {found.OWN_OUTPUT: 1}


def test_files_that_case_json_does_not_name_are_counted(tmp_path: Path) -> None:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(head_hu())
    sitk.WriteImage(image, str(tmp_path / "ct.mhd"))  # and ct.raw
    sitk.WriteImage(sitk.GetImageFromArray((head_hu() > 0).astype(np.uint8)), str(tmp_path / "second.nrrd"))
    (tmp_path / "masks").mkdir()
    (tmp_path / "second.nrrd").rename(tmp_path / "masks" / "Brain.nrrd")
    sitk.WriteImage(image, str(tmp_path / "second.nrrd"))
    write(tmp_path / "masks" / "Brain.xml", "x")
    write(tmp_path / "case.json", '{"images": {"CT": "ct.mhd"}, "structures": "masks"}')
    case = read_case(tmp_path)
    assert dict(case.left_out) == {found.NOT_NAMED: 2}
    assert "2 files not read: 2 not named in case.json" in case.notes


def test_slices_that_the_structure_set_names_and_that_are_gone_are_told(tmp_path: Path) -> None:
    paths = write_series(tmp_path, head_hu((40, 24, 20)))
    named = [pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in paths]
    structures = write_structures(tmp_path / "rs.dcm", {"Brain": [("CLOSED_PLANAR", square(0, 0, 0, 5))]})
    data = pydicom.dcmread(structures)
    item = data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    item.ContourImageSequence = [reference(each) for each in named]
    data.save_as(structures, enforce_file_format=True)
    assert not any("incomplete" in note for note in read_case(tmp_path).notes)
    for path in paths[:20]:
        path.unlink()
    told = "CT series 3 is incomplete: 20 of the 40 slices on which the structure set was drawn are not in the folder"
    assert told in read_case(tmp_path).notes
    del item.ContourImageSequence
    data.ROIContourSequence[0].ContourSequence[0].ContourImageSequence = [reference(each) for each in named]
    data.save_as(structures, enforce_file_format=True)
    assert told in read_case(tmp_path).notes


def reference(instance: str) -> pydicom.Dataset:
    item = pydicom.Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", instance
    return item


def test_a_pet_that_says_it_has_more_slices_is_incomplete(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    stored = np.abs(head_hu()).astype(np.uint16)
    write_series(tmp_path, stored, modality="PT", series="pet", extra={"NumberOfSlices": 20})
    told = "PT series 3 is incomplete: it says that it has 20 slices; 12 are in the folder"
    assert told in read_case(tmp_path).notes


@pytest.mark.skipif(os.name != "posix", reason="names that are no UTF-8 are a matter of POSIX")
def test_a_folder_and_files_named_in_latin_1_are_read(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller"))
    paths = write_series(folder, head_hu())
    for number, path in enumerate(paths):
        path.rename(Path(os.fsdecode(os.fsencode(folder) + b"/Sch\xe4del %d.dcm" % number)))
    assert np.array_equal(read_case(folder).images[0].array(), head_hu())


def test_counts_are_words() -> None:
    assert count_words({}) == ""
    assert count_words({"not DICOM": 1}) == "1 file not read: 1 not DICOM"
    assert count_words({"not DICOM": 2, found.EMPTY: 1}) == "3 files not read: 1 empty (0 bytes), 2 not DICOM"


def test_a_pipe_among_a_patients_files_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    with pytest.raises(UnusableInput, match=r"pipe\.dcm is a pipe, socket or device; take it away"):
        is_dicom(tmp_path / "pipe.dcm")
    assert NeutralWords(tmp_path, "case-001").shared("pipe.dcm was skipped") == "file 1 of 1 was skipped"
