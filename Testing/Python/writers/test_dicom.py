"""DICOM writers against SimpleITK's reader, closed forms and dciodvfy."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from deface_compare.case import CT, MR, PET, Structure
from deface_compare.writers import (
    DicomStudy,
    Injection,
    WrittenSeries,
    contours_of_field,
    write_image_series,
    write_rtdose,
    write_rtplan,
    write_rtstruct,
)

SPHERE_MM = 20.0
IMAGE_CLASSES = (pydicom.uid.CTImageStorage, pydicom.uid.MRImageStorage, pydicom.uid.PositronEmissionTomographyImageStorage)


def study() -> DicomStudy:
    return DicomStudy(
        uid_seed=("writer test",),
        patient_name="PHANTOM^SPHERE",
        patient_id="PHANTOM",
        patient_sex="O",
        patient_birth_date="19700101",
        date="20260105",
        time="100000",
        description="phantom",
        manufacturer="phantom maker",
        model="sphere",
        software="1",
        weight_kg=70.0,
        size_m=1.7,
    )


def sphere() -> sitk.Image:
    """Depth inside a sphere of `SPHERE_MM`, on 2 x 2 x 2.5 mm with an odd origin."""
    grid = sitk.Image([40, 36, 30], sitk.sitkFloat32)
    grid.SetSpacing([2.0, 2.0, 2.5])
    grid.SetOrigin([-40.3, -31.7, 12.9])
    z, y, x = np.meshgrid(*(np.arange(n) for n in grid.GetSize()[::-1]), indexing="ij")
    points = np.stack([x, y, z], axis=-1) * grid.GetSpacing() + grid.GetOrigin()
    image = sitk.GetImageFromArray((SPHERE_MM - np.linalg.norm(points - centre(), axis=-1)).astype(np.float32))
    image.CopyInformation(grid)
    return image


def centre() -> np.ndarray:
    return np.array([-1.0, 3.0, 49.0])


def values(field: sitk.Image, low: float, high: float) -> sitk.Image:
    return sitk.Sigmoid(field, 2.0, 0.0, high, low)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sphere written as every kind of object."""
    folder = tmp_path_factory.mktemp("dicom")
    field, header = sphere(), study()
    ct = write_image_series(
        values(field, -1000, 40), CT, folder / "CT", header, series_number=1, description="CT", comment="a sphere"
    )
    write_image_series(values(field, 0, 600), MR, folder / "MR", header, series_number=2, description="T1")
    write_image_series(
        values(field, 0, 20000),
        PET,
        folder / "PET",
        header,
        series_number=3,
        description="PET",
        injection=Injection(3e8, "090000"),
    )
    structure = Structure(name="GTV", standard_name="GTV", group="gtv", contours=contours_of_field(field))
    body = Structure(name="BODY", standard_name="External", group="external", contours=contours_of_field(field))
    structures = write_rtstruct([body, structure], ct, folder / "RTSTRUCT.dcm", header, label="SPHERE")
    plan = write_rtplan(
        folder / "RTPLAN.dcm",
        header,
        structure_set_uid=structures,
        target_roi_number=2,
        prescription_gy=60.0,
        fractions=30,
        label="SPHERE",
    )
    for bits in (16, 32):
        write_rtdose(values(field, 0, 60), folder / f"RTDOSE_{bits}.dcm", header, plan_uid=plan, bits=bits)
    return folder


@pytest.mark.parametrize(("modality", "tolerance"), [(CT, 0.5), (MR, 0.5), (PET, 20000 / 32767)])
def test_a_written_series_reads_back_with_its_values_and_place(written: Path, modality: str, tolerance: float) -> None:
    low, high = {CT: (-1000, 40), MR: (0, 600), PET: (0, 20000)}[modality]
    expected = values(sphere(), low, high)
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(written / modality))
    image = sitk.ReadImage(names)
    assert image.GetSize() == expected.GetSize()
    np.testing.assert_allclose(image.GetOrigin(), expected.GetOrigin(), atol=1e-6)  # measured 0
    np.testing.assert_allclose(image.GetSpacing(), expected.GetSpacing(), atol=1e-6)  # measured 0
    # Half a stored step (one for PET, whose slope has nine digits).
    np.testing.assert_allclose(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(expected), atol=tolerance + 1e-3)


def test_contours_of_a_sphere_have_its_volume() -> None:
    polygons = contours_of_field(sphere())
    volume = 2.5 * sum(shoelace_mm2(polygon) for polygon in polygons)
    exact = 4 / 3 * np.pi * SPHERE_MM**3
    assert volume == pytest.approx(exact, rel=0.01)  # measured -0.19 %: stack of 2.5 mm slices and 2 mm chords
    radii = np.concatenate([np.linalg.norm(polygon - centre(), axis=1) for polygon in polygons])
    assert np.abs(radii - SPHERE_MM).max() < 0.1  # measured 0.024 mm


def test_two_circles_one_in_the_other_become_two_polygons() -> None:
    y, x = np.mgrid[-30:31, -30:31]
    radius = np.hypot(x, y)
    ring = sitk.GetImageFromArray(np.minimum(20 - radius, radius - 10)[None].astype(np.float32))
    areas = sorted(shoelace_mm2(polygon) for polygon in contours_of_field(ring))
    assert areas == pytest.approx([np.pi * 100, np.pi * 400], rel=0.01)  # measured -0.22 %, -0.05 %


def test_the_contours_in_the_file_are_those_given(written: Path) -> None:
    data = pydicom.dcmread(written / "RTSTRUCT.dcm")
    kinds = [item.RTROIInterpretedType for item in data.RTROIObservationsSequence]
    assert kinds == ["EXTERNAL", "GTV"]
    polygons = contours_of_field(sphere())
    found = [np.array(item.ContourData, float).reshape(-1, 3) for item in data.ROIContourSequence[1].ContourSequence]
    assert len(found) == len(polygons)
    for one, other in zip(found, polygons, strict=True):
        np.testing.assert_allclose(one, other, atol=0.0005 + 1e-6)  # three decimals


@pytest.mark.parametrize(("bits", "tolerance_gy"), [(16, 60 / 65000), (32, 1e-6)])
def test_the_dose_in_the_file_is_the_dose_given(written: Path, bits: int, tolerance_gy: float) -> None:
    data = pydicom.dcmread(written / f"RTDOSE_{bits}.dcm")
    expected = sitk.GetArrayFromImage(values(sphere(), 0, 60))
    np.testing.assert_allclose(data.pixel_array * float(data.DoseGridScaling), expected, atol=tolerance_gy)
    np.testing.assert_allclose([float(v) for v in data.GridFrameOffsetVector], 2.5 * np.arange(30))


def test_everything_that_is_referred_to_exists_in_one_frame_of_reference(written: Path) -> None:
    objects = [pydicom.dcmread(path) for path in written.rglob("*.dcm")]
    known = {data.SOPInstanceUID for data in objects}
    assert len(known) == len(objects)
    assert len({data.FrameOfReferenceUID for data in objects}) == 1
    referred = {str(e.value) for data in objects for e in data.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
    study_uids = {data.StudyInstanceUID for data in objects}
    assert referred - study_uids <= known
    assert referred & {data.SOPInstanceUID for data in objects if data.SOPClassUID in IMAGE_CLASSES}


def test_dciodvfy_finds_no_error_in_any_kind_of_object(written: Path) -> None:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (Debian package dicom3tools) is not installed")
    # dciodvfy aborts on 32-bit pixels, so the dose is checked in its 16-bit twin.
    names = ["CT/CT_0010.dcm", "MR/MR_0010.dcm", "PET/PET_0010.dcm", "RTSTRUCT.dcm", "RTPLAN.dcm", "RTDOSE_16.dcm"]
    for name in names:
        said = subprocess.run([program, str(written / name)], capture_output=True, text=True, check=False)
        text = said.stdout + said.stderr
        assert said.returncode == 0, text
        assert "Error" not in text, f"{name}: {text}"


def test_a_pet_series_without_its_injection_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="injected"):
        write_image_series(sphere(), PET, tmp_path, study(), series_number=1, description="PET")


def test_a_structure_without_contours_is_refused(tmp_path: Path) -> None:
    mask = Structure(name="a", standard_name="a", labelmap=sitk.Image([2, 2, 2], sitk.sitkUInt8))
    with pytest.raises(ValueError, match="no contours"):
        write_rtstruct([mask], WrittenSeries("", "", "", ()), tmp_path / "a.dcm", study(), label="a")


def shoelace_mm2(polygon: np.ndarray) -> float:
    x, y = polygon[:, 0], polygon[:, 1]
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
