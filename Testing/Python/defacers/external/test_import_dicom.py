"""Series defaced elsewhere: found by UID, by what they were made from, by patient or by grid; never another patient's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence as DicomSequence

import synthetic_head as synthetic
from deface_compare.case import Case
from deface_compare.defacers.deface import deface
from deface_compare.defacers.defacing import Defacing
from deface_compare.defacers.external.folder import ExternalFolder
from deface_compare.defacers.external.templates import imported_tool
from deface_compare.readers import read_case
from deface_compare.settings import Settings
from dicom_set import uid, write_series

GRID = synthetic.grid((4.0, 4.0, 6.0))
SPACING = (4.0, 4.0, 6.0)
Change = Callable[[FileDataset], None]


def write(folder: Path, values: NDArray[np.int16], series: str, change: Change = lambda dataset: None) -> None:
    """A CT series of the synthetic head's grid; `change` may touch every header."""
    for path in write_series(folder, values, series=series, spacing=SPACING):
        dataset = pydicom.dcmread(path)
        k = int(dataset.InstanceNumber) - 1
        dataset.ImagePositionPatient = list(GRID.TransformIndexToPhysicalPoint((0, 0, k)))
        change(dataset)
        dataset.save_as(path)


def front_gone(values: NDArray[np.int16]) -> NDArray[np.int16]:
    edited = values.copy()
    edited[:, : edited.shape[1] // 4] = -1000
    return edited


@dataclass(frozen=True)
class Made:
    """An original on disk, as read."""

    case: Case
    values: NDArray[np.int16]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("original")
    values = synthetic.ct(GRID).array().astype(np.int16)
    write(folder, values, "ct")
    return Made(read_case(folder, "case-001"), values)


def run(method: ExternalFolder, case: Case) -> Defacing:
    return deface(method, case, {"CT": synthetic.head()}, Settings())


def same_series(dataset: FileDataset) -> None:
    dataset.SeriesInstanceUID, dataset.PatientID = uid("ct"), "ANONYMOUS"


def names_its_source(dataset: FileDataset) -> None:
    item = Dataset()
    item.ReferencedSOPInstanceUID = uid(f"ct {int(dataset.InstanceNumber) - 1}")
    dataset.SourceImageSequence = DicomSequence([item])
    dataset.PatientID, dataset.FrameOfReferenceUID = "ANONYMOUS", uid("new frame")


def same_patient(dataset: FileDataset) -> None:
    dataset.FrameOfReferenceUID = uid("new frame")


def all_new(dataset: FileDataset) -> None:
    dataset.PatientID, dataset.FrameOfReferenceUID = "ANONYMOUS", uid("new frame")


@pytest.mark.parametrize(
    ("change", "warning"),
    [(same_series, ""), (names_its_source, ""), (same_patient, ""), (all_new, "was matched by its grid alone")],
)
def test_a_defaced_series_is_found_and_taken_voxel_by_voxel(made: Made, tmp_path: Path, change: Change, warning: str) -> None:
    write(tmp_path / "some" / "where", front_gone(made.values), "defaced", change)
    result = run(imported_tool("curatai", tmp_path), made.case)
    assert (result.status, result.method, result.title) == ("ok", "curatai", "CuratAI deidentifier"), result.note
    edited = sitk.GetArrayFromImage(result.edited_image(made.case.images[0]))
    assert np.array_equal(edited, front_gone(made.values))
    assert (warning in " ".join(result.warnings)) if warning else result.warnings == ()


def test_a_series_that_names_its_source_comes_before_others_of_the_patient(made: Made, tmp_path: Path) -> None:
    """A folder may hold the original too, under other UIDs: only one of the series says what it was made from."""
    write(tmp_path, made.values, "copy", same_patient)
    write(tmp_path, front_gone(made.values), "defaced", names_its_source)
    assert run(ExternalFolder("tool", tmp_path), made.case).status == "ok"


def marked_as_mri_reface_does(dataset: FileDataset) -> None:
    """(0012,0062) and the codes that mri_reface writes; new UIDs, no source named."""
    items = []
    for value, scheme in (("113102", "DCM"), ("replace_recog", "mri_reface")):  # SH takes 16 characters
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "Replace face, ears, and artifacts in air"
        items.append(item)
    dataset.PatientIdentityRemoved, dataset.DeidentificationMethodCodeSequence = "YES", DicomSequence(items)
    dataset.FrameOfReferenceUID = uid("new frame")


def marked_by_its_private_code_alone(dataset: FileDataset) -> None:
    """mri_reface's own code without the standard's, in whatever scheme; of 20 characters it is a long one."""
    item = Dataset()
    item.LongCodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "replace_recognizable", "99MAYO", "features replaced"
    dataset.PatientIdentityRemoved, dataset.DeidentificationMethodCodeSequence = "YES", DicomSequence([item])
    dataset.FrameOfReferenceUID = uid("new frame")


def described_as_defaced(dataset: FileDataset) -> None:
    dataset.SeriesDescription, dataset.FrameOfReferenceUID = "CuratAI", uid("new frame")


@pytest.mark.parametrize("change", [marked_as_mri_reface_does, marked_by_its_private_code_alone, described_as_defaced])
@pytest.mark.parametrize("original", [same_patient, lambda dataset: None])
def test_a_marked_series_comes_before_the_original_beside_it(
    made: Made, tmp_path: Path, change: Change, original: Change
) -> None:
    write(tmp_path / "originals", made.values, "ct" if original is not same_patient else "copy", original)
    write(tmp_path / "defaced", front_gone(made.values), "defaced", change)
    result = run(ExternalFolder("tool", tmp_path), made.case)
    assert (result.status, result.warnings) == ("ok", ()), result.note
    edited = sitk.GetArrayFromImage(result.edited_image(made.case.images[0]))
    assert np.array_equal(edited, front_gone(made.values))


def test_two_series_that_could_be_the_image_are_not_guessed_at(made: Made, tmp_path: Path) -> None:
    write(tmp_path, front_gone(made.values), "one", same_patient)
    write(tmp_path, front_gone(made.values), "two", same_patient)
    result = run(ExternalFolder("tool", tmp_path), made.case)
    assert (result.status, result.note) == ("failed", "tool: 2 DICOM series could be image CT; keep one in the folder")


def test_another_patient_on_the_same_grid_is_refused(made: Made, tmp_path: Path) -> None:
    other = synthetic.ct(GRID, seed=8).array().astype(np.int16)
    write(tmp_path, front_gone(other), "defaced", all_new)
    result = run(ExternalFolder("tool", tmp_path), made.case)
    assert result.status == "failed"
    assert "is not the original's" in result.note
    assert "another patient's image" in result.note


def test_in_a_folder_of_many_patients_a_grid_alone_is_no_match(made: Made, tmp_path: Path) -> None:
    write(tmp_path, front_gone(made.values), "stranger", all_new)
    shared = ExternalFolder("tool", tmp_path / "nobody", shared=tmp_path)
    assert "no DICOM series of image CT" in run(shared, made.case).note
    write(tmp_path, front_gone(made.values), "own", same_patient)
    assert run(shared, made.case).status == "ok"


def test_a_series_with_fewer_slices_is_no_match(made: Made, tmp_path: Path) -> None:
    write(tmp_path, front_gone(made.values)[2:], "short", same_patient)
    assert "no DICOM series of image CT" in run(ExternalFolder("tool", tmp_path), made.case).note


def test_a_short_series_under_the_originals_uid_fails_with_its_size(made: Made, tmp_path: Path) -> None:
    write(tmp_path, front_gone(made.values)[2:], "short", same_series)
    result = run(ExternalFolder("tool", tmp_path), made.case)
    assert "does not lie on the original's grid: size" in result.note


def test_a_series_whose_face_is_still_there_is_refused(made: Made, tmp_path: Path) -> None:
    """Only some voxels at the back changed, and all by rounding."""
    values = made.values.copy()
    values[:, -8:] = -1000
    values[::2] += 1
    write(tmp_path, values, "defaced", same_series)
    result = run(ExternalFolder("tool", tmp_path), made.case)
    assert "the face in its image CT is the original's" in result.note
