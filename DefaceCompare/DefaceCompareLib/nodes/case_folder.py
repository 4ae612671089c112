"""Slicer nodes to a case folder: image files and `case.json`, what the command line reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import slicer

from deface_compare.case import CT, MR, PET
from deface_compare.errors import UnusableInput
from deface_compare.storage.atomic import growing_folder

from .owner import mismatch
from .volumes import image_of_volume, refuse_transformed

DOSE_ATTRIBUTE = "DicomRtImport.DoseVolume"
"""Node attribute by which SlicerRT knows a dose volume."""

DOSE_UNIT_ATTRIBUTE = "DicomRtImport.DoseUnitName"
"""Attribute of the dose's study in the subject hierarchy: the unit that the voxels are in."""

GY_PER_UNIT = {"": 1.0, "gy": 1.0, "cgy": 0.01}
"""Dose units that are understood, and how many Gy one of them is; no unit means Gy, as SlicerRT writes it."""

UNITS = {"{SUVbw}g/ml": "SUVbw", "Bq/ml": "Bq/ml"}
"""UCUM codes that Slicer notes at a PET volume, and the unit's name in our tables."""

SYNTHETIC_ATTRIBUTE = "DefaceCompare.Synthetic"
"""Node attribute that marks a synthetic patient's volume ("1")."""

MANUFACTURER_TAG = "0008,0070"

PLANAR_CONTOUR, CLOSED_SURFACE, LABELMAP = "Planar contour", "Closed surface", "Binary labelmap"
"""Names of the representations of a vtkSegmentation."""

STRUCTURE_FILES = {LABELMAP: "structures.seg.nrrd", PLANAR_CONTOUR: "structures.seg.vtm", CLOSED_SURFACE: "structures.seg.vtm"}
"""The file that keeps each source representation as it is: a contour stays a contour, so its DVH end model stays too."""


def nodes_to_case_folder(
    folder: Path,
    images: Mapping[str, Any],
    segmentation: Any | None = None,
    dose: Any | None = None,
    case_id: str = "case-001",
) -> Path:
    """Write nodes as the case folder that `readers.read_case` and the command line read.

    Parameters
    ----------
    folder : Path
        Made here with mode 0700 (it holds a face); must not exist.
    images : mapping of image key to vtkMRMLScalarVolumeNode
        Keys as in the tables: ``CT``, ``MR_T1``, ``PET`` ...; the first one is the primary. May be empty.
    segmentation : vtkMRMLSegmentationNode, optional
        Written in its source representation: labelmap, planar contours or closed surfaces are never converted.
    dose : vtkMRMLScalarVolumeNode, optional
        Dose in Gy or cGy (by the unit that SlicerRT notes at the study; without one: Gy).
    case_id : str
        Id in tables and folder names.

    Returns
    -------
    Path
        `folder`.

    Raises
    ------
    UnusableInput
        A node that cannot be written as it is; nothing is left behind.
    """
    if folder.exists():
        raise UnusableInput(f"The case folder {folder} exists already: choose a new one.")
    if not images and dose is None:
        raise UnusableInput("There is nothing to compare: choose a CT, MR or PET volume.")
    other = mismatch(images, segmentation, dose)
    if other is not None and other.certain:
        raise UnusableInput(other.sentence)
    with growing_folder(folder, mode=0o700) as part:
        content: dict[str, Any] = {"id": case_id, "images": {key: _write_image(part, key, node) for key, node in images.items()}}
        if any(is_synthetic(node) for node in images.values()):
            content["synthetic"] = True
        units = {key: unit for key, node in images.items() if (unit := _unit(key, node))}
        if units:
            content["units"] = units
        if segmentation is not None:
            content["structures"] = write_structures(part, segmentation)
        if dose is not None:
            content["dose"] = _write_dose(part, dose)
        (part / "case.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return folder


def _write_image(folder: Path, key: str, node: Any) -> str:
    """Write one image; the file is named by its key, since node names may carry patient names."""
    if key.split("_")[0] not in (CT, MR, PET):
        raise UnusableInput(f"An image cannot be called '{key}': use CT, MR or PET, like MR_T1.")
    if is_dose(node):
        raise UnusableInput(f"The volume '{node.GetName()}' chosen as {key} is a dose: choose it as the dose instead.")
    name = f"{key.lower()}.nrrd"
    sitk.WriteImage(image_of_volume(node, f"{key} volume"), str(folder / name))
    return name


def _unit(key: str, node: Any) -> str:
    """The unit that Slicer's PET loader notes at the volume; empty where nothing is noted (the reader then says so)."""
    noted = node.GetVoxelValueUnits()
    return UNITS.get(noted.GetCodeValue(), "") if key.startswith(PET) and noted is not None else ""


def write_structures(folder: Path, segmentation: Any) -> str:
    """Write a segmentation in its source representation, with Slicer's own writer; returns the name of its file.

    Parameters
    ----------
    folder : Path
    segmentation : vtkMRMLSegmentationNode

    Raises
    ------
    UnusableInput
        One that is empty, under a transform, or of a form that has no file.
    """
    refuse_transformed(segmentation, "segmentation")
    segments = segmentation.GetSegmentation()
    source = segments.GetSourceRepresentationName()
    if segments.GetNumberOfSegments() == 0:
        raise UnusableInput(f"The segmentation '{segmentation.GetName()}' is empty: choose another, or none.")
    if source not in STRUCTURE_FILES:
        raise UnusableInput(f"The segmentation's source is '{source}': convert it to a binary labelmap (Segmentations module).")
    name = STRUCTURE_FILES[source]
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(folder / name))
    storage.SetUseCompression(0)
    if not storage.WriteData(segmentation):
        raise UnusableInput(
            f"Slicer could not write the segmentation '{segmentation.GetName()}': save it once by hand to see why."
        )
    return name


def _write_dose(folder: Path, node: Any) -> str:
    """Write the dose in Gy as float32."""
    image = image_of_volume(node, "dose volume")
    in_gy = sitk.GetArrayFromImage(image).astype(np.float64) * _gy_per_unit(node)
    if float(in_gy.min()) < 0.0:
        raise UnusableInput(f"The dose volume '{node.GetName()}' has negative values: it is not a dose.")
    written = sitk.GetImageFromArray(in_gy.astype(np.float32))
    written.CopyInformation(image)
    sitk.WriteImage(written, str(folder / "dose.nrrd"))
    return "dose.nrrd"


def is_dose(node: Any) -> bool:
    """Whether SlicerRT (or the user) has marked the volume as a dose."""
    return node.GetAttribute(DOSE_ATTRIBUTE) is not None


def is_synthetic(node: Any) -> bool:
    """Whether the volume comes from the built-in synthetic cohort: marked by us, or by its DICOM manufacturer."""
    if node.GetAttribute(SYNTHETIC_ATTRIBUTE) == "1":
        return True
    instances = (node.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)  # desktop Slicer has one, slicer-core has none
    from deface_compare.readers.dicom.patient import (
        SAMPLE_MANUFACTURER,  # brings pydicom, which opening the panel need not wait for
    )

    return bool(instances and database and database.instanceValue(instances[0], MANUFACTURER_TAG) == SAMPLE_MANUFACTURER)


def _gy_per_unit(node: Any) -> float:
    """Gy per voxel value, from the unit noted at the dose's study (SlicerRT's loader writes it)."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    unit = ""
    item = hierarchy.GetItemByDataNode(node)
    while item and not unit:
        unit = hierarchy.GetItemAttribute(item, DOSE_UNIT_ATTRIBUTE) or ""
        item = hierarchy.GetItemParent(item)
    if unit.lower() not in GY_PER_UNIT:
        raise UnusableInput(f"The dose volume '{node.GetName()}' is in '{unit}', not in Gy: convert it, or compare without dose.")
    return GY_PER_UNIT[unit.lower()]
