"""A round trip through a real Orthanc; its own interface, which the program does not use, says what it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive_contents import equal_objects, patient_objects
from deface_compare.archives.address import parse_address
from deface_compare.archives.fetch import fetch_cohort
from deface_compare.archives.send import send_shared
from deface_compare.archives.wanted import Wanted
from made_share import shared_folder
from orthanc import Orthanc

KINDS = ("DICOMweb", "C-GET", "C-MOVE")


def address_of(orthanc: Orthanc, kind: str) -> str:
    return {"DICOMweb": orthanc.web, "C-GET": orthanc.dimse, "C-MOVE": f"{orthanc.dimse}&listen={orthanc.listen}"}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_what_orthanc_holds_comes_whole_and_equal(kind: str, orthanc: Orthanc, tmp_path: Path) -> None:
    objects = patient_objects(tmp_path / "source", "ID-7", slices=12)
    for path in sorted((tmp_path / "source").rglob("*.dcm")):
        path.unlink()
    for number, each in enumerate(objects):
        path = tmp_path / f"{number}.dcm"
        each.save_as(path, enforce_file_format=True)
        orthanc.ask("instances", path.read_bytes())
    (patient,) = fetch_cohort(parse_address(address_of(orthanc, kind)), tmp_path / "cohort", [Wanted("ID-7")], timeout_s=20)
    assert (patient.objects, patient.new, patient.problem) == (13, 13, "")
    files = sorted(path for path in (tmp_path / "cohort").rglob("*") if path.is_file())
    assert equal_objects(files, [each for each in objects if each.Modality != "SR"])


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_shared_is_counted_by_orthanc_itself(kind: str, orthanc: Orthanc, tmp_path: Path) -> None:
    shared = shared_folder(tmp_path / "shared", tmp_path / "source", "ID-1")
    (case,) = send_shared(shared, parse_address(address_of(orthanc, kind)), timeout_s=20).cases
    assert (case.files, case.new, case.problem) == (6, 6, "")
    assert sorted((held.held, held.read_back, held.changed) for held in case.held) == [(1, 1, ()), (5, 1, ())]
    told = orthanc.ask("statistics")
    assert isinstance(told, dict)
    assert (told["CountInstances"], told["CountSeries"], told["CountPatients"]) == (6, 2, 1)
