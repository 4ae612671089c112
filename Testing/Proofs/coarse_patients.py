"""Patients that cost little: the average head on a coarse grid, each a little different, with a brain, an eye and a dose."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SHRINK = 3
"""Every so-many voxels of the average head (2 mm): coarse, but still a head with a face."""
BRAIN_MM, EYE_MM = np.array([0.0, 10.0, 35.0]), np.array([30.0, -60.0, 0.0])
"""Where brain and eye lie from the image's middle, LPS."""


def make_coarse_patients(folder: Path, patients: int, seed: int = 1) -> Path:
    """Write `patients` folders with a ``case.json`` each; the same seed writes the same bytes. A whole cohort stays as it is."""
    if (folder / "whole").is_file():
        return folder
    average = sitk.ReadImage(str(files("deface_compare").joinpath("data/templates/average_head.nrrd")))
    head = sitk.Cast(sitk.Shrink(average, [SHRINK] * 3), sitk.sitkFloat32)
    for number in range(1, patients + 1):
        _make(folder / f"patient-{number:03d}", head, np.random.default_rng([seed, number]))
    (folder / "whole").touch()
    return folder


def make_doses(folder: Path, patients: int) -> Path:
    """The same patients without their image: a fraction of a second a case."""
    make_coarse_patients(folder, patients)
    for case in folder.glob("patient-*/case.json"):
        case.write_text(case.read_text(encoding="utf-8").replace('{"MR_T1": "MR_T1.nrrd"}', "{}"), encoding="utf-8")
    return folder


def _make(folder: Path, head: sitk.Image, random: np.random.Generator) -> None:
    (folder / "structures").mkdir(parents=True, exist_ok=True)
    values = sitk.GetArrayFromImage(head)
    noisy = values * random.uniform(0.9, 1.1) + random.normal(0, 2, values.shape)
    image = _like(np.where(values > 0, noisy, values).astype(np.int16), head)
    image.SetSpacing([spacing * random.uniform(0.94, 1.06) for spacing in head.GetSpacing()])
    middle = np.array(image.TransformContinuousIndexToPhysicalPoint([(size - 1) / 2 for size in image.GetSize()]))
    z, y, x = np.meshgrid(*(np.arange(size) for size in values.shape), indexing="ij")
    spacing, origin = np.array(image.GetSpacing()), np.array(image.GetOrigin())
    direction = np.array(image.GetDirection()).reshape(3, 3)
    points = np.stack([x, y, z], axis=-1) * spacing @ direction.T + origin
    brain = np.linalg.norm(points - (middle + BRAIN_MM), axis=-1)
    eye = np.linalg.norm(points - (middle + EYE_MM), axis=-1)
    for name, inside in {"Brain": brain < 45, "Eye_L": eye < 13}.items():
        sitk.WriteImage(_like(inside.astype(np.uint8), image), str(folder / "structures" / f"{name}.nrrd"), True)
    dose = _like((60 * np.exp(-((eye / 60) ** 2))).astype(np.float32), image)
    sitk.WriteImage(dose, str(folder / "dose.nrrd"), True)
    sitk.WriteImage(image, str(folder / "MR_T1.nrrd"), True)
    described = {"images": {"MR_T1": "MR_T1.nrrd"}, "dose": "dose.nrrd", "structures": "structures", "synthetic": True}
    (folder / "case.json").write_text(json.dumps(described), encoding="utf-8")


def _like(values: np.ndarray, image: sitk.Image) -> sitk.Image:
    made = sitk.GetImageFromArray(values)
    made.CopyInformation(image)
    return made
