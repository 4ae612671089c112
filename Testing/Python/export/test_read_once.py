"""An export reads what lies on the disk as often as its checks need, and never trusts what may have changed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from deface_compare.export.checked.verification import Verifier
from deface_compare.export.written.written_set import SetWriter
from deface_compare.output.finished_case import open_finished_case
from deface_compare.progress import silent
from deface_compare.readers.dicom.kept_scan import kept_headers, read_once
from export_patient import METHOD, OPTIONS, copied, edit, export, known_heads, source

pytestmark = pytest.mark.xdist_group("export")

MOST_READINGS = 2
"""Of a slice of the source its header, and all of it to edit it; of the copy all of it to check it, and its header as anybody who
reads it."""


def _faults(case: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, spoil: Any) -> list[str]:
    """Faults of a set after whose writing `spoil` did something to the source."""
    with read_once():
        finished = open_finished_case(case, METHOD, "mask")
        writer = SetWriter(finished, OPTIONS, folder, dict.fromkeys(finished.patches, False))
        written = writer.write(silent, 0, 1)
        spoil(finished.case.image("CT").sources[5])
        monkeypatch.setattr(Verifier, "_read_back", lambda self: [])
        heads, _ = known_heads(finished.case, finished.settings)
        return Verifier(finished, OPTIONS, written, heads).run().faults


def test_a_slice_of_the_source_that_changed_after_it_was_written_is_read_again(
    coarse_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(data: Dataset) -> None:
        data.PatientComments = "longer, so that the pixels lie elsewhere"
        data.RescaleIntercept = str(float(data.RescaleIntercept) + 1)

    case = copied(coarse_case, tmp_path / "case")
    (tmp_path / "set").mkdir()
    faults = _faults(case, tmp_path / "set", monkeypatch, lambda path: edit(path, change))
    assert any("its values are not its stored integers as its header scales them" in fault for fault in faults)


def test_a_voxel_of_the_source_that_changed_after_it_was_written_is_found(
    coarse_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(path: Path) -> None:
        def add(data: Dataset) -> None:
            values = data.pixel_array.copy()
            values[0, 0] += 1
            data.PixelData = values.tobytes()

        edit(path, add)

    (tmp_path / "set").mkdir()
    assert _faults(copied(coarse_case, tmp_path / "case"), tmp_path / "set", monkeypatch, change) != []


def test_each_slice_is_read_as_often_as_it_has_to_be(coarse_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[str] = Counter()
    dcmread = pydicom.dcmread

    def counted(fp: Any, *rest: Any, **named: Any) -> Any:
        data = dcmread(fp, *rest, **named)
        read[str(data.get("SOPInstanceUID"))] += 1
        return data

    slices = [str(dcmread(path).SOPInstanceUID) for path in source(coarse_case).rglob("*.dcm") if "CT" in path.parts]
    monkeypatch.setattr(pydicom, "dcmread", counted)
    assert export(coarse_case, tmp_path / "export", "--accept-risk", "--dose-policy", "mask") == 0
    monkeypatch.undo()
    copies = [str(dcmread(path).SOPInstanceUID) for path in (tmp_path / "export" / "CT").glob("*.dcm")]
    assert len(copies) > 5
    assert {read[uid] for uid in copies} == {MOST_READINGS}
    assert {read[uid] for uid in slices} <= {MOST_READINGS}


def test_headers_that_were_read_stay_those_of_the_source(coarse_case: Path, tmp_path: Path) -> None:
    with read_once():
        finished = open_finished_case(coarse_case, METHOD, "mask")
        SetWriter(finished, OPTIONS, tmp_path, dict.fromkeys(finished.patches, False)).write(silent, 0, 1)
        for path, header in kept_headers(finished.source).items():
            data = pydicom.dcmread(path, stop_before_pixels=True)
            assert {element.tag: str(element.value) for element in header.dataset} == {e.tag: str(e.value) for e in data}
