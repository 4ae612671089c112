"""Zip files from strangers, and zip files as patients."""

from __future__ import annotations

import stat
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from deface_compare.archives import zip_in
from deface_compare.archives.zip_in import unpack
from deface_compare.archives.zip_input import folder_of
from deface_compare.cli.main import main
from deface_compare.errors import UnusableInput
from deface_compare.output.folder import OutputFolder
from deface_compare.readers.found_files import find_files
from deface_compare.study.patients import find_patients
from dicom_set import head_hu, write_series


def packed(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def unpacked(path: Path, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    unpack(path, folder)
    return {found.relative_to(folder).as_posix(): found.read_bytes() for found in folder.rglob("*") if found.is_file()}


def link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry, target.encode()


def test_files_come_out_as_they_went_in_without_what_systems_add(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "a.zip",
        ("P/ct/1.dcm", b"one"),
        ("P\\ct\\2.dcm", b"two"),
        ("./P/3", b""),
        ("__MACOSX/P/._1.dcm", b"x"),
        ("P/.DS_Store", b"x"),
    )
    assert unpacked(path, tmp_path / "out") == {"P/ct/1.dcm": b"one", "P/ct/2.dcm": b"two", "P/3": b""}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_nobody_else_may_read_what_is_unpacked(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("P/ct/1.dcm")
    entry.external_attr = (stat.S_IFREG | 0o4777) << 16
    unpacked(packed(tmp_path / "a.zip", (entry, b"one")), tmp_path / "out")
    modes = [stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) for name in ("P", "P/ct", "P/ct/1.dcm")]
    assert modes == [0o700, 0o700, 0o600]


@pytest.mark.parametrize(
    "name", ["../evil", "P/../../evil", "/evil", "\\evil", "..\\evil", "C:evil", "C:\\evil", "P/..\\..\\evil"]
)
def test_a_file_that_would_lie_outside_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("P/1.dcm", b"one"), (name, b"evil"))
    with pytest.raises(UnusableInput, match="outside of its folder"):
        unpacked(path, tmp_path / "out")
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["a.zip", "out"]


def test_links_doubles_and_nothing_are_refused(tmp_path: Path) -> None:
    cases = {
        "links": packed(tmp_path / "l.zip", link("P", "/etc"), ("P/passwd", b"x")),
        "same name": packed(tmp_path / "d.zip", ("P/a.dcm", b"1"), ("p/A.DCM", b"2")),
        "no file": packed(tmp_path / "n.zip", ("P/", b"")),
    }
    for told, path in cases.items():
        with pytest.raises(UnusableInput, match=told):
            unpacked(path, tmp_path / path.stem)


def test_an_encrypted_zip_is_told(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ("P/1.dcm", b"one"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(UnusableInput, match="encrypted"):
        unpacked(path, tmp_path / "out")


def test_a_damaged_zip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("P/1.dcm", b"one and more")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"one and more", b"one and mere", 1))
    with pytest.raises(UnusableInput, match="damaged"):
        unpacked(path, tmp_path / "out")
    path.write_bytes(content[:-30])
    with pytest.raises(UnusableInput, match="damaged"):
        unpacked(path, tmp_path / "out2")


def test_a_bomb_is_refused_by_its_ratio_its_overlaps_and_its_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_in, "FREE_OF_SUSPICION_BYTES", 10**6)
    bomb = packed(tmp_path / "bomb.zip", ("P/1.dcm", bytes(2 * 10**6)))
    with pytest.raises(UnusableInput, match="times its size"):
        unpacked(bomb, tmp_path / "out")
    monkeypatch.undo()

    path = packed(tmp_path / "overlap.zip", ("P/1.dcm", b"one"), ("P/2.dcm", b"two"))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 20, 10**6)  # the compressed size of the first
    path.write_bytes(content)
    with pytest.raises(UnusableInput, match="more than it can"):
        unpacked(path, tmp_path / "out2")

    path = packed(tmp_path / "liar.zip", ("P/1.dcm", b"content" * 1000))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 10)  # its size
    path.write_bytes(content)
    with pytest.raises(UnusableInput, match="damaged"):
        unpacked(path, tmp_path / "out3")


def test_a_zip_that_does_not_fit_on_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "a.zip", ("P/1.dcm", b"one"))
    monkeypatch.setattr(zip_in, "RESERVE_BYTES", 2**62)
    with pytest.raises(UnusableInput, match="make room"):
        unpacked(path, tmp_path / "out")


def zipped(folder: Path, path: Path, above: str = "") -> Path:
    return packed(
        path, *((f"{above}{file.relative_to(folder).as_posix()}", file.read_bytes()) for file in find_files(folder).files)
    )


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    for name in ("ann", "bob"):
        extra = {"PatientID": name, "PatientName": name}
        write_series(tmp_path / "cohort" / name / "ct", head_hu(), series=f"ct {name}", extra=extra)
        write_series(tmp_path / "cohort" / name / "mr", head_hu(), modality="MR", series=f"mr {name}", extra=extra)
    return tmp_path / "cohort"


@pytest.mark.parametrize("above", ["", "cohort/"])
def test_a_zip_of_a_cohort_holds_its_patients_with_or_without_a_folder_around(above: str, cohort: Path, tmp_path: Path) -> None:
    path = zipped(cohort, tmp_path / "cohort.zip", above)
    with folder_of(path, tmp_path / "out", cohort=True) as folder:
        assert [each.name for each in find_patients(folder).folders] == ["ann", "bob"]
        assert folder.is_relative_to(OutputFolder(tmp_path / "out").identifiable)
        before = {each: each.stat().st_mtime_ns for each in folder.rglob("*")}
    with folder_of(path, tmp_path / "out", cohort=True) as again:
        assert {each: each.stat().st_mtime_ns for each in again.rglob("*")} == before


def test_a_zip_of_one_patient_is_one_patient(cohort: Path, tmp_path: Path) -> None:
    path = zipped(cohort / "ann", tmp_path / "ann.zip", "ann/")
    with folder_of(path, tmp_path / "out", cohort=True) as folder:
        assert [each.name for each in find_patients(folder).folders] == ["ann"]
    with folder_of(path, tmp_path / "out") as folder:
        assert folder.name == "ann"


def test_what_is_no_zip_is_given_as_it_came(cohort: Path, tmp_path: Path) -> None:
    for path in (cohort, tmp_path / "nothing", next(cohort.rglob("*.dcm"))):
        with folder_of(path, tmp_path / "out") as folder:
            assert folder == path
    assert not (tmp_path / "out").exists()


def test_a_check_of_a_zip_leaves_nothing_behind(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert main(["check", str(zipped(cohort, tmp_path / "cohort.zip")), "--no-faces"]) == 0
    told = capsys.readouterr().out
    assert "case-001" in told
    assert "case-002" in told
    assert list((tmp_path / "temporary").iterdir()) == []
