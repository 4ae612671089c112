"""Whatever is wrong with a patient's files, nothing that may be shared repeats a name: of a person, file, folder or structure."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from deface_compare.cli.main import main
from deface_compare.output.neutral_words import NeutralWords
from export_patient import COARSE_MM, METHOD, STUDY, edit, export, head_known, write_patient
from fault_patient import OBJECTS, sentences_of
from fault_patient import write_patient as write_all_kinds
from identity_search import leaks_in
from pairing_faults import PAIRING_FAULTS

NAME, OTHER = "Zacharias", "Schmittke"
"""Of the patient, and of a person whom labels speak of."""
PERSONAL = (NAME, OTHER, NAME.lower(), NAME.upper())
FAULTS = [(name, kind) for name, fault in PAIRING_FAULTS.items() for kind in fault.kinds]


def name_everything(folder: Path) -> None:
    """Let files and labels say who the patient is."""
    for path in sorted(folder.rglob("*.dcm")):
        data = pydicom.dcmread(path)
        data.PatientName = f"{NAME}^{OTHER}"
        for keyword in ("SeriesDescription", "StructureSetLabel", "RTPlanLabel", "StudyDescription", "DoseComment"):
            if keyword in data or data.Modality == "RTSTRUCT":
                setattr(data, keyword, f"{NAME} t1"[:16])
        for number, roi in enumerate(data.get("StructureSetROISequence") or []):
            roi.ROIName = f"{roi.ROIName} {NAME}" if number else f"{NAME}^{OTHER}"
        for segment in data.get("SegmentSequence") or []:
            segment.SegmentLabel = f"{OTHER} {NAME}"
        data.save_as(path)


def rename_files(folder: Path) -> None:
    for number, path in enumerate(sorted(path for path in folder.rglob("*") if path.is_file())):
        path.rename(path.with_name(f"{NAME}_{OTHER} {number}.{path.suffix[1:]}"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    folders = {segmentation: tmp_path_factory.mktemp("whole") / f"{NAME}_{OTHER}" for segmentation in (False, True)}
    for segmentation, folder in folders.items():
        write_all_kinds(folder, segmentation=segmentation)
        name_everything(folder)
    return folders


@pytest.mark.parametrize(("name", "kind"), FAULTS, ids=[f"{kind}: {name}" for name, kind in FAULTS])
def test_no_sentence_on_a_fault_repeats_a_name(name: str, kind: str, whole: dict[bool, Path], tmp_path: Path) -> None:
    assert set(OBJECTS) >= {kind}
    folder = tmp_path / f"{NAME}_{OTHER}"
    shutil.copytree(whole[kind == "SEG"], folder)
    PAIRING_FAULTS[name].apply(folder, kind)
    rename_files(folder)
    said = sentences_of(folder)
    words = NeutralWords(folder, "case-001")
    assert [shared for shared in map(words.shared, said) if any(each in shared for each in PERSONAL)] == []


def _twin(path: Path) -> None:
    """The same object with other content, under another name."""
    other = path.with_name(f"{path.stem} {OTHER}.dcm")
    shutil.copy(path, other)
    edit(other, _other_content)


def _other_content(data: Dataset) -> None:
    if data.Modality == "RTDOSE":
        data.DoseGridScaling = float(data.DoseGridScaling) / 2
    elif data.Modality == "RTSTRUCT":
        data.StructureSetROISequence[0].ROIName = f"{OTHER} again"
    else:
        data.SeriesDescription = f"{OTHER} again"
        data.RTPlanName = OTHER


def _further(path: Path, word: str) -> None:
    """Another structure set of the same images."""
    other = path.with_name(f"{word} {OTHER}.dcm")
    shutil.copy(path, other)

    def change(data: Dataset) -> None:
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = STUDY.uid(word)
        data.StructureSetLabel = f"{NAME} {word}"[:16]
        if word == "refused":
            for roi in data.StructureSetROISequence:
                roi.ReferencedFrameOfReferenceUID = STUDY.uid("far away")
            data.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = STUDY.uid("far away")

    edit(other, change)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One patient with a twin of plan and dose, three structure sets of which one lies elsewhere, and names everywhere."""
    folder = tmp_path_factory.mktemp("twins") / "cohort"
    patient = write_patient(folder / f"{NAME}_{OTHER}_19510203", COARSE_MM)
    name_everything(patient)
    for path in (patient / "RTPLAN.dcm", patient / "RTDOSE.dcm"):
        _twin(path)
    for word in ("further", "refused"):
        _further(patient / "RTSTRUCT.dcm", word)
    for name in ("RTSTRUCT", "RTDOSE", "RTPLAN", "REG"):
        (patient / f"{name}.dcm").rename(patient / f"{name}.{NAME}.dcm")
    return folder


def test_nothing_that_is_shared_of_twins_and_several_structure_sets_repeats_a_name(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    wanted = ("--structures", f"RTSTRUCT.{NAME}.dcm", "--dose", f"RTDOSE {OTHER}.dcm")
    with head_known():
        study = ["study", str(cohort), "--out", str(out), "--methods", METHOD, "--face-model", "none"]
        assert main([*study, *wanted]) == 0
    assert leaks_in(out, dict.fromkeys(PERSONAL, "name")) == []
    said = (out / "study.json").read_text(encoding="utf-8") + (out / "measurements.csv").read_text(encoding="utf-8")
    assert "have one SOPInstanceUID and are not the same" in said
    assert "was chosen by the user" in said
    capsys.readouterr()
    assert main(["check", str(cohort), "--json", "--no-faces"]) in (0, 3)
    told = capsys.readouterr().out
    assert "SOPInstanceUID" in told
    assert not any(each in told for each in PERSONAL)
    to = tmp_path / "export"
    assert export(out / "cases" / "case-001", to, "--accept-risk", "--dose-policy", "mask") == 0
    text = (to / "manifest.json").read_text(encoding="utf-8")
    assert "SOPInstanceUID" in text
    assert not any(each in text for each in PERSONAL)
