"""The patients of a scene: which nodes belong together, and what each of them is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import slicer

from deface_compare.case import CT, MR, PET

from .case_folder import is_dose
from .owner import Owner, owner_of, patient_name, words_of
from .report import METHOD_ATTRIBUTE
from .volumes import is_ct

REVIEWED_ATTRIBUTE = "DefaceCompare.Reviewed"
"""Of volumes that a review has loaded for a while: they are nobody to be compared."""
MODALITY_ATTRIBUTE = "DICOM.Modality"
"""What Slicer's loaders note at a series of the subject hierarchy."""
BY_DICOM = {"CT": CT, "MR": MR, "PT": PET}
BY_WORD = {
    **dict.fromkeys(("ct", "cbct"), CT),
    **dict.fromkeys(("mr", "mri", "t1", "t1c", "t1w", "t2", "t2w", "flair"), MR),
    **dict.fromkeys(("pet", "suv"), PET),
}
"""Words of a node's name, and the modality that they tell."""


@dataclass(frozen=True)
class PatientNodes:
    """One patient's nodes, as they are preselected.

    Parameters
    ----------
    name : str
        What the patient is called in the scene.
    images : mapping of image key to vtkMRMLScalarVolumeNode
        The first of each modality, the primary first.
    segmentation : vtkMRMLSegmentationNode, optional
    dose : vtkMRMLScalarVolumeNode, optional
        Marked as one.
    """

    name: str
    images: Mapping[str, Any]
    segmentation: Any | None = None
    dose: Any | None = None

    def node(self, key: str) -> Any | None:
        """A node by what it is: an image key, ``Segmentation`` or ``Dose``."""
        return {**self.images, "Segmentation": self.segmentation, "Dose": self.dose}.get(key)

    def has(self, image: Any) -> bool:
        """Whether an image is one of this patient's."""
        return any(node.GetID() == image.GetID() for node in self.images.values())


def patients_of_scene(scene: Any) -> list[PatientNodes]:
    """The patients who have an image, in the order of their first images; defaced volumes are results, not patients."""
    groups: dict[str, list[Any]] = {}
    owners: dict[str, Owner] = {}
    for node in (*_volumes(scene), *_all(scene, "vtkMRMLSegmentationNode")):
        owner = owner_of(node)
        groups.setdefault(owner.key, []).append(node)
        owners.setdefault(owner.key, owner)
    persons = {key: nodes for key, nodes in groups.items() if any(_is_image(node) for node in nodes)}
    if len(persons) == 1:  # what nobody claims is the only patient's
        (person,) = persons.values()
        person += [node for key, nodes in groups.items() if key not in persons and not owners[key].known for node in nodes]
    return [_patient(nodes) for nodes in persons.values()]


def _patient(nodes: Iterable[Any]) -> PatientNodes:
    images: dict[str, Any] = {}
    segmentation = dose = None
    for node in nodes:
        if node.IsA("vtkMRMLSegmentationNode"):
            segmentation = segmentation or node
        elif is_dose(node):
            dose = dose or node
        else:
            images.setdefault(modality_of(node), node)
    ordered = {key: images[key] for key in (CT, MR, PET) if key in images}
    return PatientNodes(patient_name(next(iter(ordered.values()))), ordered, segmentation, dose)


def modality_of(volume: Any) -> str:
    """CT, MR or PET: by what a loader noted, by the name's words, by the values of air."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(volume.GetScene())
    item = hierarchy.GetItemByDataNode(volume)
    noted = BY_DICOM.get(hierarchy.GetItemAttribute(item, MODALITY_ATTRIBUTE) or "") if item else None
    named = next((BY_WORD[word] for word in words_of(volume.GetName()) if word in BY_WORD), None)
    return noted or named or (CT if is_ct(volume) else MR)


def _is_image(node: Any) -> bool:
    return not node.IsA("vtkMRMLSegmentationNode") and not is_dose(node)


def _volumes(scene: Any) -> list[Any]:
    """Scalar volumes that a user sees and that no comparison or review has made."""
    return [
        node
        for node in _all(scene, "vtkMRMLScalarVolumeNode")
        if node.GetClassName() == "vtkMRMLScalarVolumeNode"
        and not node.GetHideFromEditors()
        and node.GetImageData() is not None
        and node.GetAttribute(METHOD_ATTRIBUTE) is None
        and node.GetAttribute(REVIEWED_ATTRIBUTE) is None
    ]


def _all(scene: Any, class_name: str) -> list[Any]:
    return [scene.GetNthNodeByClass(index, class_name) for index in range(scene.GetNumberOfNodesByClass(class_name))]
