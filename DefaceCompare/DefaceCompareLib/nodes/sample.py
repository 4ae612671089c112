"""A synthetic patient as Slicer nodes: for the module's own test and for trying the panel without patient data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import slicer
import slicer.util

from deface_compare.sample.fields_of_view import CT_GRIDS
from deface_compare.sample.patient import SamplePatient, sample_patient
from deface_compare.sample.sites import BRAIN

from .case_folder import DOSE_ATTRIBUTE, DOSE_UNIT_ATTRIBUTE, SYNTHETIC_ATTRIBUTE
from .report import file_under
from .structures import add_structures, show_surfaces
from .volumes import add_volume


@dataclass(frozen=True)
class SampleNodes:
    """The nodes of one synthetic patient."""

    ct: Any
    mr: Any
    segmentation: Any
    dose: Any


def sample_to_nodes(patient: SamplePatient, scene: Any) -> SampleNodes:
    """Add a synthetic patient to the scene, as SlicerRT would load it: contours as contours, the dose marked as one.

    Parameters
    ----------
    patient : SamplePatient
    scene : vtkMRMLScene

    Returns
    -------
    SampleNodes
    """
    ct = add_volume(scene, patient.ct, f"Synthetic {patient.number} CT")
    mr = add_volume(scene, patient.mr, f"Synthetic {patient.number} MR")
    dose = add_volume(scene, patient.dose, f"Synthetic {patient.number} dose")
    for node in (ct, mr, dose):
        node.SetAttribute(SYNTHETIC_ATTRIBUTE, "1")
    dose.SetAttribute(DOSE_ATTRIBUTE, "1")
    segmentation = add_structures(scene, patient.structures, f"Synthetic {patient.number} structures")
    return SampleNodes(ct, mr, segmentation, dose)


@dataclass(frozen=True)
class SampleSize:
    """How fine a synthetic patient's CT is: voxels and millimetres along x, y, z."""

    voxels: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]


ORDINARY = SampleSize(*CT_GRIDS[BRAIN])
"""As ``deface-compare sample`` writes them."""

SELF_TEST = SampleSize((64, 64, 54), (4.0, 4.0, 5.0))
"""Coarse enough for a test of half a minute, fine enough for every method."""


def load_sample_patient(source: Any = None, size: SampleSize = ORDINARY) -> SampleNodes:
    """Make the first synthetic patient and show it, under a patient and a study as DICOM would be; nothing is downloaded.

    Parameters
    ----------
    source : SampleDataSource, optional
        What the module *Sample Data* passes on; not looked at.
    size : SampleSize

    Returns
    -------
    SampleNodes
    """
    patient = sample_patient(1, seed=1, site="brain", ct_size=size.voxels, ct_spacing_mm=size.spacing_mm)
    nodes = sample_to_nodes(patient, slicer.mrmlScene)
    nodes.segmentation.SetDescription(show_surfaces(nodes.segmentation))
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    person = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), f"Synthetic {patient.number}")
    study = hierarchy.CreateStudyItem(person, "Planning")
    hierarchy.SetItemAttribute(study, DOSE_UNIT_ATTRIBUTE, "Gy")
    for node in (nodes.ct, nodes.mr, nodes.segmentation, nodes.dose):
        file_under(hierarchy, study, node)
    slicer.util.setSliceViewerLayers(background=nodes.ct, foreground=None, label=None, fit=True)
    return nodes
