"""The command: a study, a child process, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from deface_compare.cli.main import main, make_parser
from deface_compare.export.headers.retained import DEFAULT_RETAINED
from deface_compare.export.options import ExportOptions
from export_patient import (
    METHOD,
    OPTIONS,
    copied,
    edit,
    export,
    head_known,
    source,
)

pytestmark = pytest.mark.xdist_group("export")

Spoil = Callable[[Path], None]


def test_a_study_is_exported_case_by_case_and_told_as_json(
    exported_case: Path, masked_export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished = copied(exported_case, tmp_path)
    broken = finished.parent / "case-002"
    broken.mkdir()
    (broken / "case_report.json").write_text("{")
    arguments = OPTIONS.arguments(finished.parents[1], tmp_path / "shared")
    capsys.readouterr()
    with head_known():
        assert main(arguments) == 3
    printed = capsys.readouterr()
    lines = [json.loads(line) for line in printed.out.splitlines()]
    assert lines[-2]["total"] == 200
    result = lines[-1]
    assert result["exported"]["case-001"]["files"] == len(list((tmp_path / "shared" / "case-001").rglob("*.dcm")))
    assert list(result["refused"]) == ["case-002"]
    assert "case_report.json is damaged" in printed.err
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == ["case-001"]
    # a second export of the same case: the same bytes, UIDs included
    one, other = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (masked_export, tmp_path / "shared" / "case-001")
    )
    assert one == other


def test_the_arguments_of_a_child_process_say_what_the_options_say() -> None:
    for headers, retain in (("none", DEFAULT_RETAINED), ("basic", ("device",)), ("basic", ())):
        options = ExportOptions("surface_blur", "follow", True, "keep", True, headers, retain)
        read = make_parser().parse_args(options.arguments(Path("CASE"), Path("TO")))
        kept = (read.headers, read.retain)
        assert ExportOptions(read.method, read.dose_policy, read.keep_uids, read.frame, read.accept_risk, *kept) == options
    assert (read.case, read.to, read.progress) == (Path("CASE"), Path("TO"), "json")


@pytest.mark.parametrize(
    ("change", "options", "why"),
    [
        (lambda case: (case / METHOD / "PET.nrrd").unlink(), [], "the defaced image PET (PET.nrrd) is missing"),
        (lambda case: (case / METHOD / "CT.nrrd").write_bytes(b"x"), [], "the defaced image CT (CT.nrrd) is damaged"),
        (
            lambda case: shutil.copy(case / METHOD / "PET.nrrd", case / METHOD / "CT.nrrd"),
            [],
            "is not the one that was measured; compare the case again",
        ),
        (
            lambda case: _wrong_voxel_of_source(case),
            [],
            "the patient behind case case-001 has changed since it was compared",
        ),
        (
            lambda case: shutil.rmtree(case.parents[1] / "identifiable" / "edits"),
            [],
            "does not say what it was read from",
        ),
        (lambda case: (case / "measurements.csv").unlink(), [], "measurements.csv is missing; compare case case-001 again"),
        (
            lambda case: (case.parents[1] / "identifiable" / "edits" / "case-001" / "sources.json").write_text("["),
            [],
            "sources.json is damaged; compare the case again",
        ),
        (
            lambda case: (case.parents[1] / "identifiable" / "edits" / "case-001" / f"{METHOD}.npz").write_bytes(b"PK spoilt"),
            ["--dose-policy", "follow"],
            "the dose that quickshear edited (quickshear.npz) is damaged",
        ),
        (
            lambda case: _other_version(case),
            [],
            "is of another version of DefaceCompare (0.0.9); compare the case again",
        ),
        (lambda case: None, ["--method", "surface_blur"], "was not compared with surface_blur, but with quickshear"),
    ],
)
def test_a_case_that_is_no_longer_what_was_measured_is_refused(
    exported_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Spoil, options: list[str], why: str
) -> None:
    finished = copied(exported_case, tmp_path / "copy")
    change(finished)
    assert export(finished, tmp_path / "export", "--accept-risk", *options) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "export").exists()


def _other_version(case: Path) -> None:
    report = json.loads((case / "case_report.json").read_text(encoding="utf-8"))
    report["version"] = "0.0.9"
    (case / "case_report.json").write_text(json.dumps(report), encoding="utf-8")


def _wrong_voxel_of_source(finished: Path) -> None:
    patient = finished.parents[2] / "patient"

    def change(data: Dataset) -> None:
        data.PixelData = data.PixelData[:-2] + b"\x01\x00"

    edit(patient / "CT" / "CT_0020.dcm", change)


def test_a_folder_in_use_and_a_place_inside_the_patient_are_refused(
    exported_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("mine")
    assert export(exported_case, tmp_path / "used", "--accept-risk") == 2
    assert "is not an empty folder" in capsys.readouterr().err
    assert export(exported_case, source(exported_case) / "export", "--accept-risk") == 2
    assert "lies inside the patient's own folder" in capsys.readouterr().err
    assert (tmp_path / "used" / "file").read_text() == "mine"
