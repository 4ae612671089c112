"""Shared cases into an archive: only what was checked, and the archive is asked afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from archive_contents import Contents, equal_objects, patient_objects
from deface_compare.archives.address import parse_address
from deface_compare.archives.send import SendReport, send_shared
from deface_compare.cli.main import main
from deface_compare.errors import UnusableInput
from made_share import shared_folder, write_manifest

StandIn = Callable[[Contents], str]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return shared_folder(tmp_path / "shared", tmp_path / "source", "ID-1", "ID-2")


def sent(shared: Path, address: str) -> SendReport:
    return send_shared(shared, parse_address(address), timeout_s=20)


def test_the_archive_holds_every_object_that_was_shared_and_gives_it_back_equal(stand_in: StandIn, shared: Path) -> None:
    contents = Contents()
    address = stand_in(contents)
    report = sent(shared, address)
    assert [(case.id, case.files, case.new, case.problem) for case in report.cases] == [
        ("case-001", 6, 6, ""),
        ("case-002", 6, 6, ""),
    ]
    assert report.note == "Names remain."
    found = [sorted((held.sent, held.held, held.read_back, held.changed) for held in case.held) for case in report.cases]
    assert found == [[(1, 1, 1, ()), (5, 5, 1, ())]] * 2
    assert equal_objects(sorted(shared.rglob("*.dcm")), contents.objects)
    again = sent(shared, address)
    assert [(case.new, sorted(held.read_back for held in case.held)) for case in again.cases] == [(0, [1, 5])] * 2


def test_an_archive_that_loses_an_object_is_found_out(stand_in: StandIn, shared: Path) -> None:
    lost = sorted((shared / "case-001").glob("*.dcm"))[0].stem
    report = sent(shared, stand_in(Contents(lost={lost})))
    broken, whole = report.cases
    assert "the archive lists" in broken.problem
    assert whole.problem == ""


def test_an_archive_that_changes_pixels_is_found_out(stand_in: StandIn, shared: Path) -> None:
    report = sent(shared, stand_in(Contents(changes_pixels=True)))
    assert {case.problem for case in report.cases} == {"an object of the CT series differs in PixelData from the one here"}


def test_a_series_that_holds_more_in_the_archive_is_found_out(web: StandIn, shared: Path, tmp_path: Path) -> None:
    other = next(each for each in patient_objects(tmp_path / "more", "ID-1") if each.Modality == "CT")
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    broken, whole = sent(shared, web(Contents([other]))).cases
    assert "1 objects that were not sent" in broken.problem
    assert whole.problem == ""


def test_another_object_of_the_same_uid_is_not_taken_for_ours(web: StandIn, shared: Path, tmp_path: Path) -> None:
    contents = Contents()
    for each in patient_objects(tmp_path / "older", "ID-1"):
        if each.Modality == "CT":
            each.PixelData = bytes(len(each.PixelData)) if each.InstanceNumber == 1 else each.PixelData
            contents.take(each)
    older, whole = sent(shared, web(contents)).cases
    assert older.problem == "an object of the CT series differs in PixelData from the one here"
    assert whole.problem == ""


def damage_file(case: Path) -> None:
    path = sorted(case.glob("*.dcm"))[0]
    path.write_bytes(path.read_bytes() + b"\0")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (damage_file, "1 files are missing, changed or not in its manifest.json"),
        (lambda case: (case / "more.txt").write_text("x"), "1 files are missing, changed or not in its manifest.json"),
        (lambda case: sorted(case.glob("*.dcm"))[0].unlink(), "1 files are missing, changed or not in its manifest.json"),
        (lambda case: write_manifest(case, verified={}), "no check"),
        (lambda case: (case / "manifest.json").unlink(), "has no manifest.json"),
    ],
)
def test_a_case_that_is_not_what_was_checked_stays_here_and_the_others_go(
    change: Callable[[Path], object], told: str, web: StandIn, shared: Path
) -> None:
    change(shared / "case-001")
    contents = Contents()
    refused, whole = sent(shared, web(contents)).cases
    assert told in refused.problem
    assert whole.problem == ""
    assert {each.PatientID for each in contents.objects} == {"ID-2"}


def test_folders_that_nobody_checked_are_refused(web: StandIn, tmp_path: Path) -> None:
    contents = Contents()
    address = web(contents)
    unfinished = shared_folder(tmp_path / "unfinished", tmp_path / "source", "ID-1", complete=False)
    with pytest.raises(UnusableInput, match="not complete"):
        sent(unfinished, address)
    with pytest.raises(UnusableInput, match="only folders that they wrote and checked"):
        sent(tmp_path / "source", address)
    manifest = json.loads((unfinished / "manifest.json").read_text())
    (unfinished / "manifest.json").write_text(
        json.dumps(manifest | {"complete": True, "cases": [{"id": "..", "status": "shared"}]})
    )
    with pytest.raises(UnusableInput, match="no folder beside it"):
        sent(unfinished, address)
    assert contents.objects == []


def test_the_folder_of_one_export_is_sent_too(web: StandIn, shared: Path) -> None:
    (case,) = sent(shared / "case-002", web(Contents())).cases
    assert (case.id, case.files, case.problem) == ("case-002", 6, "")


def test_the_command_tells_what_is_there_and_what_is_not(web: StandIn, shared: Path, capfd: pytest.CaptureFixture[str]) -> None:
    damage_file(shared / "case-001")
    address = web(Contents())
    assert main(["send", str(shared), "--to", address, "--progress", "json"]) == 3
    told = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert told["held"] == {"case-002": 6}
    assert list(told["refused"]) == ["case-001"]
    assert main(["send", str(shared / "case-002"), "--to", address]) == 0
    assert "the archive lists all of them in 2 series; 6 read back and equal" in capfd.readouterr().out
    assert main(["send", str(shared / "case-001"), "--to", address]) == 2
