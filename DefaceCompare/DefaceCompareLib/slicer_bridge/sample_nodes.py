"""A synthetic patient as Slicer nodes: for the module's own test and for trying the panel without patient data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..sample.patient import SamplePatient
from .case_folder import DOSE_ATTRIBUTE, SYNTHETIC_ATTRIBUTE
from .structure_nodes import add_structures
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
