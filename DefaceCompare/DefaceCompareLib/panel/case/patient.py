"""The patient that was compared, whether it came from nodes or from a folder: originals, centres and colours of structures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray

from deface_compare.case import Case

from ...nodes.case_folder import DOSE_ATTRIBUTE, SYNTHETIC_ATTRIBUTE
from ...nodes.report import ORIGINAL_ROLE
from ...nodes.results import centre_of_segment, centre_of_structure, segments_by_standard_name
from ...nodes.structure_colours import Colour, told_apart
from ...nodes.volumes import add_volume


class Patient(Protocol):
    """What results and views ask of the patient behind them."""

    @property
    def name(self) -> str:
        """What the patient is called where the scene's nodes do not say; empty: they do."""

    def originals(self) -> dict[str, Any]:
        """The undefaced volumes in the scene by image key, the primary first."""

    def owns(self, image: Any) -> bool:
        """Whether an image of the scene is one of this patient's."""

    def segmentation(self) -> Any | None:
        """The structure set as a node of the scene."""

    def dose(self) -> Any | None:
        """The planned dose as a volume of the scene, in Gy."""

    def centre_of(self, structure: str) -> NDArray[np.float64] | None:
        """The middle of a structure, RAS mm."""

    def planned_names(self) -> dict[str, str]:
        """How structures were planned, by the names that rows give them."""

    def colour_of(self, structure: str) -> Colour | None:
        """A structure's own colour."""


class ScenePatient:
    """A patient of nodes; nodes that were removed meanwhile are simply not there.

    Parameters
    ----------
    images : mapping of image key to vtkMRMLScalarVolumeNode
    segmentation : vtkMRMLSegmentationNode, optional
    dose : vtkMRMLScalarVolumeNode, optional
    """

    def __init__(self, images: Mapping[str, Any], segmentation: Any | None, dose: Any | None = None) -> None:
        self._image_ids = {key: node.GetID() for key, node in images.items()}
        self._dose_id = dose.GetID() if dose is not None else ""
        self._segmentation_id = segmentation.GetID() if segmentation is not None else ""

    name = ""

    def originals(self) -> dict[str, Any]:
        """The undefaced volumes by image key, the primary first."""
        found = {key: slicer.mrmlScene.GetNodeByID(node_id) for key, node_id in self._image_ids.items()}
        return {key: node for key, node in found.items() if node is not None}

    def owns(self, image: Any) -> bool:
        """Whether an image of the scene is one of this patient's."""
        return image.GetID() in self._image_ids.values()

    def segmentation(self) -> Any | None:
        """The structure set as a node of the scene."""
        return slicer.mrmlScene.GetNodeByID(self._segmentation_id) if self._segmentation_id else None

    def dose(self) -> Any | None:
        """The planned dose as a volume of the scene, in Gy."""
        return slicer.mrmlScene.GetNodeByID(self._dose_id) if self._dose_id else None

    def _segment(self, structure: str) -> Any | None:
        segmentation = self.segmentation()
        return segments_by_standard_name(segmentation).get(structure) if segmentation is not None else None

    def centre_of(self, structure: str) -> NDArray[np.float64] | None:
        """The middle of a structure, RAS mm."""
        segment = self._segment(structure)
        return centre_of_segment(segment) if segment is not None else None

    def planned_names(self) -> dict[str, str]:
        """The segments' names, by the names that rows give them."""
        segmentation = self.segmentation()
        segments = segments_by_standard_name(segmentation) if segmentation is not None else {}
        return {name: segment.GetName() for name, segment in segments.items()}

    def colour_of(self, structure: str) -> Colour | None:
        """The segment's colour, or another where segments share one."""
        segmentation = self.segmentation()
        if segmentation is None:
            return None
        segments = segments_by_standard_name(segmentation)
        colours = told_apart([segment.GetColor() for segment in segments.values()])
        return dict(zip(segments, colours, strict=True)).get(structure)


class FolderPatient:
    """A patient of a folder, read when first asked for; its images become volumes of the scene.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self._case: Case | None = None
        self._dose: Any = None
        self._node_ids: dict[str, str] = {}
        self._structures = ""

    def choose_structures(self, structures: str) -> None:
        """Which of several structure sets is this patient's (`ReadingChoices.structures`)."""
        if structures != self._structures:
            self._structures, self._case = structures, None

    def _read(self) -> Case:
        if self._case is None:
            from deface_compare.readers import read_case  # brings pydicom, which opening the panel need not wait for
            from deface_compare.readers.choices import ReadingChoices

            with slicer.util.WaitCursor():
                self._case = read_case(self.folder, choices=ReadingChoices(structures=self._structures))
        return self._case

    def originals(self) -> dict[str, Any]:
        """The undefaced volumes by image key; those that are not in the scene (any more) are added."""
        found = {}
        for image in self._read().images:
            node = slicer.mrmlScene.GetNodeByID(self._node_ids.get(image.key, ""))
            if node is None:
                node = add_volume(slicer.mrmlScene, image.image, f"{self.name} {image.key}")
                if self._read().synthetic:
                    node.SetAttribute(SYNTHETIC_ATTRIBUTE, "1")
                self._node_ids[image.key] = node.GetID()
            found[image.key] = node
        return found

    def owns(self, image: Any) -> bool:
        """Whether an image of the scene is one of this patient's."""
        return image.GetID() in self._node_ids.values()

    def dose(self) -> Any | None:
        """The planned dose as a volume of the scene that is not listed, in Gy; the tables are about the folder's."""
        planned = self._read().dose
        if planned is not None and (self._dose is None or self._dose.GetScene() is None):
            self._dose = add_volume(slicer.mrmlScene, planned.image, f"{self.name} dose")
            self._dose.SetAttribute(DOSE_ATTRIBUTE, "1")
            self._dose.SetHideFromEditors(True)
            self._dose.SetSaveWithScene(False)
        return self._dose

    def segmentation(self) -> Any | None:
        """None: a folder's structures are not brought into the scene."""
        return None

    def centre_of(self, structure: str) -> NDArray[np.float64] | None:
        """The middle of a structure, RAS mm."""
        planned = self._read().structure_set
        found = [each for each in planned.structures if each.standard_name == structure] if planned is not None else []
        return centre_of_structure(found[0]) if found else None

    def planned_names(self) -> dict[str, str]:
        """How structures were planned, by the names that rows give them."""
        planned = self._read().structure_set
        return {each.standard_name: each.name for each in planned.structures} if planned is not None else {}

    def colour_of(self, structure: str) -> Colour | None:
        """None: a folder's structures have no colours here."""
        return None


def patient_of_scene(scene: Any, segmentation: Any | None) -> ScenePatient | None:
    """The patient of a scene that was saved with its results; None where no defaced volume knows its original."""
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")):
        original = scene.GetNthNodeByClass(index, "vtkMRMLScalarVolumeNode").GetNodeReference(ORIGINAL_ROLE)
        if original is not None:
            return ScenePatient({"": original}, segmentation)
    return None
