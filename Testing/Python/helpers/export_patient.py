"""A small DICOM RT patient of ellipsoids for the tests of the export, compared once and exported in seconds.

The head is `synthetic_head`'s, so no head has to be searched; its MR lies in a frame of reference of its own that a Spatial
Registration object joins to the CT's; PET slices have a slope each; the dose ends at the skin.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset

import synthetic_head
from deface_compare import compare
from deface_compare.anatomy.head import Head
from deface_compare.case import CT, MR, PET, Case, Structure
from deface_compare.cli.main import main
from deface_compare.export import export_case as export_module
from deface_compare.export.options import ExportOptions
from deface_compare.settings import Settings
from deface_compare.writers import DicomStudy, Injection, write_image_series, write_rtdose, write_rtplan, write_rtstruct
from deface_compare.writers.contours import contours_of_field
from deface_compare.writers.study import new_object, save

METHOD = "quickshear"
Triple = tuple[float, float, float]
SPACINGS_MM: tuple[Triple, Triple, Triple] = ((4.0, 4.0, 8.0), (7.0, 7.0, 14.0), (8.0, 8.0, 14.0))
"""Of CT, MR and PET."""
COARSE_MM: tuple[Triple, Triple, Triple] = ((8.0, 8.0, 25.0), (10.0, 10.0, 48.0), (10.0, 10.0, 48.0))
"""A patient in few files."""
MR_SHIFT_MM = (15.0, -40.0, 25.0)
"""The MR's own frame lies so far from the CT's."""
REGISTRATION_CLASS = "1.2.840.10008.5.1.4.1.1.66.1"
STUDY = DicomStudy(
    uid_seed=("export tests",),
    patient_name="Secret^Person",
    patient_id="ID-7",
    patient_sex="O",
    patient_birth_date="19600101",
    date="20260105",
    time="100000",
    description="export tests",
    manufacturer="Test maker",
    model="ellipsoids",
    software="1",
    weight_kg=70.0,
    size_m=1.7,
)
OUTER = ("BODY", "Skin")
DEVICES = ("Bolus", "Thermo_Mask")
LEAVING = ("PTV_skin", "Nose")
"""Structures that lie in front of the plane that Quickshear cuts along."""
DEEP = ("Brain", "GTV")
OPTIONS = ExportOptions(METHOD, "mask", accept_risk=True)


def write_patient(folder: Path, spacings_mm: tuple[Triple, Triple, Triple] = SPACINGS_MM) -> Path:
    """Write the patient's CT, MR, PET, RTSTRUCT, RTPLAN, RTDOSE and REG."""
    grid = synthetic_head.grid(spacings_mm[0])
    ct = write_image_series(synthetic_head.ct(grid).image, CT, folder / "CT", STUDY, series_number=1, description="CT")
    _write_mr(folder / "MR", synthetic_head.grid(spacings_mm[1]))
    _write_pet(folder / "PET", synthetic_head.grid(spacings_mm[2]))
    sets = write_rtstruct(structures(grid), ct, folder / "RTSTRUCT.dcm", STUDY, label="TEST")
    plan = write_rtplan(
        folder / "RTPLAN.dcm",
        STUDY,
        structure_set_uid=sets,
        target_roi_number=1 + [each.name for each in structures(grid)].index("GTV"),
        prescription_gy=60.0,
        fractions=30,
        label="TEST",
    )
    write_rtdose(dose(), folder / "RTDOSE.dcm", STUDY, plan_uid=plan, bits=16, comment="test")
    return folder


def depth_mm(grid: sitk.Image, *shapes: tuple[tuple[float, ...], tuple[float, ...]]) -> NDArray[np.float64]:
    """About how deep each voxel lies in the union of ellipsoids (half axes, centre), shape (z, y, x); negative outside."""
    where = synthetic_head.points(grid)
    parts = [(1 - np.linalg.norm((where - np.array(c)) / np.array(h), axis=-1)) * min(h) for h, c in shapes]
    return np.max(parts, axis=0)


def skin_mm(grid: sitk.Image) -> NDArray[np.float64]:
    left, right = synthetic_head.EAR_CENTRE_MM, (-synthetic_head.EAR_CENTRE_MM[0], *synthetic_head.EAR_CENTRE_MM[1:])
    nose = (synthetic_head.NOSE_MM, synthetic_head.NOSE_CENTRE_MM)
    ears = [(synthetic_head.EAR_MM, centre) for centre in (left, right)]
    return depth_mm(grid, (synthetic_head.SKULL_MM, synthetic_head.CENTRE_MM), nose, *ears)


def structures(grid: sitk.Image) -> list[Structure]:
    """Outer contours, devices, a target and an organ at the face, and what lies deep."""
    skin, front = skin_mm(grid), -40.0 - synthetic_head.points(grid)[..., 1]
    fields = {
        "BODY": skin,
        "Skin": skin,
        "Bolus": np.minimum(np.minimum(skin + 12.0, -skin), front),
        "Thermo_Mask": np.minimum(np.minimum(skin + 9.0, -2.0 - skin), front),
        "PTV_skin": np.minimum(skin, depth_mm(grid, ((24.0, 24.0, 24.0), (0.0, -88.0, -30.0)))),
        "Nose": depth_mm(grid, (synthetic_head.NOSE_MM, synthetic_head.NOSE_CENTRE_MM)),
        "Brain": depth_mm(grid, (synthetic_head.BRAIN_MM, synthetic_head.BRAIN_CENTRE_MM)),
        "GTV": depth_mm(grid, ((15.0, 15.0, 15.0), (10.0, 20.0, 40.0))),
    }
    groups = {"BODY": "external", "Skin": "external", "GTV": "gtv", "PTV_skin": "ptv"}
    made = []
    for name, field in fields.items():
        image = sitk.GetImageFromArray(field)
        image.CopyInformation(grid)
        drawn = contours_of_field(image)
        made.append(Structure(name=name, standard_name=name, group=groups.get(name, "other"), contours=drawn))
    return made


def dose() -> sitk.Image:
    """60 Gy in the tumour, falling slowly, 0 outside the skin."""
    grid = synthetic_head.grid((5.0, 5.0, 5.0))
    distance = np.linalg.norm(synthetic_head.points(grid) - (10.0, 20.0, 40.0), axis=-1)
    image = sitk.GetImageFromArray(np.where(skin_mm(grid) > 0, 60.0 * np.exp(-distance / 120.0), 0.0).astype(np.float32))
    image.CopyInformation(grid)
    return image


def _write_mr(folder: Path, grid: sitk.Image) -> None:
    where = synthetic_head.points(grid)
    values = np.where(synthetic_head.outline_at(where), 400, 3) + 200 * synthetic_head.inside(
        where, synthetic_head.BRAIN_MM, synthetic_head.BRAIN_CENTRE_MM
    )
    image = sitk.GetImageFromArray(values + np.random.default_rng(3).integers(0, 9, values.shape))
    image.CopyInformation(grid)
    image.SetOrigin([o + s for o, s in zip(grid.GetOrigin(), MR_SHIFT_MM, strict=True)])
    write_image_series(image, MR, folder, STUDY, series_number=2, description="T1")
    frame = STUDY.uid("MR frame")
    for path in sorted(folder.glob("*.dcm")):
        data = pydicom.dcmread(path)
        data.FrameOfReferenceUID = frame
        save(data, path)
    registration = new_object(STUDY, REGISTRATION_CLASS, STUDY.uid("REG"), "REG")
    registration.SeriesInstanceUID, registration.SeriesNumber, registration.InstanceNumber = STUDY.uid("REG series"), 9, 1
    registration.FrameOfReferenceUID, registration.PositionReferenceIndicator = STUDY.frame_of_reference_uid, ""
    registration.ContentDate, registration.ContentTime, registration.ContentLabel = STUDY.date, STUDY.time, "MR_TO_CT"
    registration.ContentDescription, registration.ContentCreatorName = "", ""
    registration.BodyPartExamined = "HEAD"
    registration.RegistrationSequence = [
        _registered(STUDY.frame_of_reference_uid, (0.0, 0.0, 0.0)),
        _registered(frame, tuple(-s for s in MR_SHIFT_MM)),
    ]
    save(registration, folder.parent / "REG.dcm")


def _registered(frame: str, shift_mm: tuple[float, ...]) -> Dataset:
    item, matrices, matrix = Dataset(), Dataset(), Dataset()
    matrix.FrameOfReferenceTransformationMatrixType = "RIGID"
    rows = [[1, 0, 0, shift_mm[0]], [0, 1, 0, shift_mm[1]], [0, 0, 1, shift_mm[2]], [0, 0, 0, 1]]
    matrix.FrameOfReferenceTransformationMatrix = [f"{value:g}" for row in rows for value in row]
    matrices.MatrixSequence, matrices.RegistrationTypeCodeSequence = [matrix], []
    item.FrameOfReferenceUID, item.MatrixRegistrationSequence = frame, [matrices]
    return item


def _write_pet(folder: Path, grid: sitk.Image) -> None:
    where = synthetic_head.points(grid)
    values = 4000.0 * synthetic_head.outline_at(where) + 9000.0 * synthetic_head.inside(
        where, synthetic_head.BRAIN_MM, synthetic_head.BRAIN_CENTRE_MM
    )
    image = sitk.GetImageFromArray(values + np.random.default_rng(4).uniform(0, 50, values.shape))
    image.CopyInformation(grid)
    injection = Injection(3e8, "090000")
    write_image_series(image, PET, folder, STUDY, series_number=3, description="PET", injection=injection)
    for number, path in enumerate(sorted(folder.glob("*.dcm"))):
        data = pydicom.dcmread(path)
        slope = float(data.RescaleSlope) * (1.2 + 0.01 * number)
        data.RescaleSlope = f"{slope:.8g}"
        data.PixelData = np.rint(image_plane(image, number) / float(data.RescaleSlope)).astype("<i2").tobytes()
        save(data, path)


def image_plane(image: sitk.Image, index: int) -> NDArray[np.float64]:
    return sitk.GetArrayFromImage(image)[index]


def known_heads(case: Case, settings: Settings) -> tuple[dict[str, Head], dict[str, str]]:
    """Stands for the search of the head: it is known."""
    return {image.key: synthetic_head.head() for image in case.images}, {}


@contextmanager
def head_known() -> Iterator[None]:
    """While this lasts, nobody searches the head."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "find_heads", known_heads)
        patch.setattr(export_module, "find_heads", known_heads)
        yield


def compared(folder: Path, spacings_mm: tuple[Triple, Triple, Triple] = SPACINGS_MM) -> Path:
    """A finished case below `folder`: its patient in ``patient``, its output in ``out``; returns the case's folder."""
    patient, out = write_patient(folder / "patient", spacings_mm), folder / "out"
    return compare_patient(patient, out)


def compare_patient(patient: Path, out: Path) -> Path:
    """Run ``case`` on a patient; returns the finished case's folder."""
    arguments = ["case", str(patient), "--out", str(out), "--methods", METHOD, "--no-report", "--face-model", "none"]
    with head_known():
        assert main(arguments) == 0
    return out / "cases" / "case-001"


def copied(case: Path, folder: Path, change: Callable[[Path], None] = lambda patient: None) -> Path:
    """The same finished case with a patient's folder of its own, in which `change` may plant something."""
    out, patient = folder / "out", folder / "patient"
    shutil.copytree(case.parents[1], out)
    shutil.copytree(case.parents[2] / "patient", patient, copy_function=os.link)
    old, new = str((case.parents[2] / "patient").resolve()), str(patient.resolve())
    for path in (out / "identifiable" / "key.csv", out / "identifiable" / "edits" / "case-001" / "sources.json"):
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    change(patient)
    return out / "cases" / "case-001"


def source(case: Path) -> Path:
    """The patient's folder behind a finished case."""
    return case.parents[2] / "patient"


def edit(path: Path, change: Callable[[Dataset], None]) -> None:
    """Change one DICOM file; other copies of a linked file stay."""
    data = pydicom.dcmread(path)
    change(data)
    path.unlink()
    data.save_as(path, enforce_file_format=True)


def export(case: Path, to: Path, *options: str) -> int:
    """Run the command."""
    with head_known():
        return main(["export", str(case), "--method", METHOD, "--to", str(to), *options])


def objects(folder: Path) -> dict[str, Dataset]:
    """All DICOM objects of a folder by relative path."""
    return {path.relative_to(folder).as_posix(): pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))}


def manifest(folder: Path) -> Mapping[str, object]:
    """The manifest of an export."""
    found: Mapping[str, object] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return found
