"""What was written wrongly is found, and removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from deface_compare.export.checked.dvh_check import dvh_faults
from deface_compare.export.checked.verification import Verifier
from deface_compare.export.written.written_set import SetWriter, WrittenSet
from deface_compare.measurement_table import read_measurements
from deface_compare.output.finished_case import FinishedCase, open_finished_case
from deface_compare.progress import Progress, silent
from deface_compare.readers import read_case
from export_patient import (
    METHOD,
    OPTIONS,
    STUDY,
    edit,
    export,
    known_heads,
)

pytestmark = pytest.mark.xdist_group("export")

Spoil = Callable[[Path], None]


def _wrong_voxel(folder: Path) -> None:
    path = folder / "CT" / "CT_0020.dcm"

    def change(data: Dataset) -> None:
        values = data.pixel_array.copy()
        values[-1, -1] += 1
        data.PixelData = values.tobytes()

    edit(path, change)


def _undefaced_slice(folder: Path) -> None:
    def change(data: Dataset) -> None:
        data.PixelData = (data.pixel_array + 700).astype("<i2").tobytes()

    edit(folder / "PET" / "PET_0012.dcm", change)


def _wrong_dose(folder: Path) -> None:
    def change(data: Dataset) -> None:
        values = data.pixel_array.copy()
        values[10, 20, 20] += 1
        data.PixelData = values.tobytes()

    edit(folder / "RTDOSE_1.dcm", change)


def _moved_contour(folder: Path) -> None:
    def change(data: Dataset) -> None:
        contour = data.ROIContourSequence[7].ContourSequence[0]
        contour.ContourData = [float(value) + 0.5 for value in contour.ContourData]

    edit(folder / "RTSTRUCT.dcm", change)


def _old_body(folder: Path) -> None:
    """The original outer contour in the place of the clipped one."""
    square = [-70.0, -90.0, -48.0, 70.0, -90.0, -48.0, 70.0, 50.0, -48.0, -70.0, 50.0, -48.0]

    def change(data: Dataset) -> None:
        data.ROIContourSequence[0].ContourSequence[0].ContourData = square

    edit(folder / "RTSTRUCT.dcm", change)


def _old_uid(folder: Path) -> None:
    edit(folder / "RTPLAN_1.dcm", lambda data: setattr(data, "StudyDescription", STUDY.study_uid))


def _lost_slice(folder: Path) -> None:
    (folder / "CT" / "CT_0020.dcm").unlink()


@pytest.fixture(scope="module")
def written(exported_case: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[FinishedCase, WrittenSet]:
    """A set as it is before its verification."""
    finished = open_finished_case(exported_case, METHOD, "mask")
    writer = SetWriter(finished, OPTIONS, tmp_path_factory.mktemp("written"), dict.fromkeys(finished.patches, False))
    return finished, writer.write(silent, 0, 1)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: None, ""),
        (_wrong_voxel, "CT_0020.dcm: a voxel outside the edit is not the source's"),
        (_undefaced_slice, "PET_0012.dcm: a voxel"),
        (_wrong_dose, "the dose grid is not what it should be"),
        (_moved_contour, "contours of structure 8 changed"),
        (_old_body, "structure 1 leaves the surface of the defaced image"),
        (_old_uid, "a UID of the input is left"),
        (_lost_slice, "names what is not there"),
    ],
)
def test_what_was_written_wrongly_is_found(
    written: tuple[FinishedCase, WrittenSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Spoil, why: str
) -> None:
    finished, sound = written
    shutil.copytree(sound.folder, tmp_path / "set")
    spoilt = replace(
        sound,
        folder=tmp_path / "set",
        objects=[replace(each, path=tmp_path / "set" / each.path.relative_to(sound.folder)) for each in sound.objects],
    )
    spoil(spoilt.folder)
    # reading back, and drawing, is proven by whole exports
    monkeypatch.setattr(Verifier, "_read_back", lambda self: [])
    heads, _ = known_heads(finished.case, finished.settings)
    faults = Verifier(finished, OPTIONS, spoilt, heads).run().faults
    assert any(why in fault for fault in faults) if why else faults == []


@pytest.mark.parametrize("key", ["CT", "MR_T1", "PET"])
def test_an_original_slice_in_the_place_of_a_defaced_one_is_found(
    written: tuple[FinishedCase, WrittenSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    finished, sound = written
    slices = [each for each in sound.objects if each.key == key]
    changed = [pydicom.dcmread(e.path).PixelData != pydicom.dcmread(e.source).PixelData for e in slices]
    planted = slices[changed.index(True)]
    path = tmp_path / planted.path.name
    shutil.copy(planted.path, path)
    edit(path, lambda data: setattr(data, "PixelData", pydicom.dcmread(planted.source).PixelData))
    objects = [replace(each, path=path) if each is planted else each for each in sound.objects]
    for name in ("_read_back", "_references", "_contours"):
        monkeypatch.setattr(Verifier, name, lambda self: [])
    heads, _ = known_heads(finished.case, finished.settings)
    faults = Verifier(finished, OPTIONS, replace(sound, objects=objects), heads).run().faults
    assert faults == [f"{path.name}: a voxel of the edit is not what was measured"]


def test_an_image_that_was_not_defaced_stays_behind_and_is_counted(exported_case: Path, tmp_path: Path) -> None:
    finished = open_finished_case(exported_case, METHOD, "mask")
    without = replace(finished, patches={key: patch for key, patch in finished.patches.items() if key != "PET"})
    writer = SetWriter(without, OPTIONS, tmp_path, dict.fromkeys(without.patches, False))
    assert writer.written.left_out == {"PT": len(finished.case.image("PET").sources)}
    assert "PET" not in {each.key for each in writer.write(silent, 0, 1).objects}


def test_an_export_that_fails_its_verification_is_removed_with_exit_code_two(
    coarse_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = SetWriter.write

    def write_and_spoil(self: SetWriter, progress: Progress, done: int, total: int) -> WrittenSet:
        written = write(self, progress, done, total)
        _wrong_dose(written.folder)
        return written

    monkeypatch.setattr(SetWriter, "write", write_and_spoil)
    assert export(coarse_case, tmp_path / "export", "--accept-risk", "--dose-policy", "mask") == 2
    told = capsys.readouterr().err
    assert "the export of case-001 did not pass its verification and was removed: RTDOSE_1.dcm: the dose grid is not what" in told
    assert list(tmp_path.iterdir()) == []


CLIPPED = frozenset({"PTV_skin", "Nose", "structure-02"})
"""Drawn again on the defaced surface, or taken out; structure-02 is the second outer contour."""


def test_a_dvh_that_is_not_the_measured_one_is_a_fault(exported_case: Path, masked_export: Path) -> None:
    rows = [row for row in read_measurements(exported_case / "measurements.csv") if row.method == METHOD]
    settings = open_finished_case(exported_case, METHOD, "mask").settings
    back = read_case(masked_export, "case-001")
    faults, compared = dvh_faults(back, settings, rows, "mask", CLIPPED, 0.0)
    assert faults == []
    assert compared >= 10
    chosen = next(row for row in rows if row.structure.startswith("GTV") and row.dose_policy == "mask" and row.metric == "D95%")
    changed = [replace(row, defaced=row.defaced + 2e-4) if row is chosen else row for row in rows]
    (fault,) = dvh_faults(back, settings, changed, "mask", CLIPPED, 0.0)[0]
    assert fault.startswith(f"D95% of {chosen.structure} is ")
