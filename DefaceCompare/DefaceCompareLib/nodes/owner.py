"""Whose a node is, as far as a scene tells: by subject hierarchy and DICOM, else by place and name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

PATIENT_ID_TAG, PATIENT_NAME_TAG = "0010,0020", "0010,0010"
"""DICOM: PatientID and PatientName, as Slicer's DICOM database is asked for them."""

PATIENT_ID_ATTRIBUTE, FRAME_ATTRIBUTE = "DICOM.PatientID", "DICOM.FrameOfReferenceUID"
"""What Slicer's loaders note in the subject hierarchy: at the patient, and at a series."""

ROLE_WORDS = frozenset(
    {
        *("ct", "cbct", "planning", "plan", "mr", "mri", "t1", "t1c", "t1w", "t2", "t2w", "flair", "pet", "suv"),
        *("dose", "rtdose", "rtstruct", "rtss", "structure", "structures", "set", "segmentation", "seg", "mask", "masks"),
        *("contours", "image", "volume", "defaced"),
    }
)
"""Words of a node's name that say what it is, not whose."""


@dataclass(frozen=True)
class Owner:
    """Whose a node is.

    Parameters
    ----------
    key : str
        The same for nodes of one patient; empty: nothing tells.
    name : str
        What the patient is called in this scene.
    known : bool
        Whether subject hierarchy or DICOM say so; else it is read off the node's name.
    """

    key: str
    name: str
    known: bool


@dataclass(frozen=True)
class Mismatch:
    """Nodes that do not belong to one patient.

    Parameters
    ----------
    sentence : str
    certain : bool
        Certain ones are refused; of the others the user decides.
    """

    sentence: str
    certain: bool


def owner_of(node: Any) -> Owner:
    """Whose a node of a scene is: its patient in the subject hierarchy, the PatientID of its files, or its name's own words."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item = hierarchy.GetItemByDataNode(node)
    patient = hierarchy.GetItemAncestorAtLevel(item, "Patient") if item else 0
    if patient:
        told = hierarchy.GetItemAttribute(patient, PATIENT_ID_ATTRIBUTE) or hierarchy.GetItemUID(patient, "DICOM")
        return Owner(f"patient {told}" if told else f"item {patient}", hierarchy.GetItemName(patient), True)
    patient_id = dicom_value(node, PATIENT_ID_TAG)
    if patient_id:
        return Owner(f"patient {patient_id}", dicom_value(node, PATIENT_NAME_TAG) or patient_id, True)
    words = own_words(node.GetName())
    return Owner(f"name {words}" if words else "", words, False)


def dicom_value(node: Any, tag: str) -> str:
    """A tag of the files that a node was loaded from; empty where there are none, or no DICOM database (slicer-core)."""
    instances = (node.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    return str(database.instanceValue(instances[0], tag) or "") if instances and database else ""


def own_words(name: str) -> str:
    """A node's name without the words that say what it is: of ``Synthetic 1 CT`` and of ``Synthetic 1 dose``, ``synthetic 1``."""
    return " ".join(word for word in words_of(name) if word not in ROLE_WORDS)


def words_of(name: str) -> list[str]:
    """The words of a node's name, in small letters."""
    return [word for word in re.split(r"[\s_:,.()\-]+", name.lower()) if word]


def patient_name(node: Any) -> str:
    """What the patient of an image is called in the scene: by subject hierarchy or DICOM, else as the image itself."""
    owner = owner_of(node)
    return owner.name if owner.known else str(node.GetName())


def mismatch(images: Mapping[str, Any], segmentation: Any | None = None, dose: Any | None = None) -> Mismatch | None:
    """Whether nodes that are to be compared belong to different patients.

    Parameters
    ----------
    images : mapping of image key to vtkMRMLScalarVolumeNode
        The first is the primary, against which the others are held.
    segmentation : vtkMRMLSegmentationNode, optional
    dose : vtkMRMLScalarVolumeNode, optional

    Returns
    -------
    Mismatch, or None where nothing speaks against one patient
    """
    nodes = {**images, "structure set": segmentation, "dose": dose}
    given = [(what, node) for what, node in nodes.items() if node is not None]
    if not given:
        return None
    (first, primary), *others = given
    found = [each for what, node in others if (each := _between(first, primary, what, node)) is not None]
    return next((each for each in found if each.certain), found[0] if found else None)


def _between(first: str, primary: Any, what: str, node: Any) -> Mismatch | None:
    one, other = owner_of(primary), owner_of(node)
    named = f"The {first} '{primary.GetName()}' is of {one.name}, the {what} '{node.GetName()}' of {other.name}"
    if one.known and other.known:
        return Mismatch(f"{named}: choose nodes of one patient.", True) if one.key != other.key else None
    if _apart(primary, node):
        return Mismatch(
            f"The {what} '{node.GetName()}' lies nowhere near the {first} '{primary.GetName()}': another patient?", True
        )
    if _frame(primary) and _frame(primary) == _frame(node):
        return None
    if one.key and other.key and one.key != other.key and _names_another(primary, node):
        return Mismatch(f"{named}, by their names.", False)
    return None


def _names_another(primary: Any, node: Any) -> bool:
    """Whether a node's own words are those of another image of the scene, or the primary's but for a number."""
    mine, theirs = own_words(primary.GetName()), own_words(node.GetName())
    if re.sub(r"\d+", "#", mine) == re.sub(r"\d+", "#", theirs):
        return True
    scene = node.GetScene()
    count = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    volumes = [scene.GetNthNodeByClass(index, "vtkMRMLScalarVolumeNode") for index in range(count)]
    return any(own_words(volume.GetName()) == theirs for volume in volumes if volume is not node and volume is not primary)


def _frame(node: Any) -> str:
    """The frame of reference that a loader noted at a node's series."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item = hierarchy.GetItemByDataNode(node)
    return str(hierarchy.GetItemAttribute(item, FRAME_ATTRIBUTE) or "") if item else ""


def _apart(one: Any, other: Any) -> bool:
    """Whether two nodes have no place in common."""
    (low, high), (other_low, other_high) = _bounds(one), _bounds(other)
    return (
        bool((low > other_high).any() or (high < other_low).any())
        if (low <= high).all() and (other_low <= other_high).all()
        else False
    )


def _bounds(node: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest coordinates, RAS mm, shape (3,) each; the lowest above the highest where a node is empty."""
    bounds = np.zeros(6)
    node.GetRASBounds(bounds)
    return bounds[::2], bounds[1::2]
