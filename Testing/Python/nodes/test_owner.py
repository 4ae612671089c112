"""Whose a node is: nodes of different patients are told apart by subject hierarchy, DICOM, place and name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from node_images import ct_image, masks, segmentation_of

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

from deface_compare.errors import UnusableInput  # noqa: E402
from DefaceCompareLib.nodes.case_folder import nodes_to_case_folder  # noqa: E402
from DefaceCompareLib.nodes.owner import mismatch, own_words, owner_of, patient_name  # noqa: E402
from DefaceCompareLib.nodes.volumes import add_volume  # noqa: E402

pytestmark = pytest.mark.slicer_core


def under(scene: Any, patient: str, *nodes: Any, patient_id: str = "") -> None:
    """File nodes under a patient of the subject hierarchy, as the DICOM module does."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), patient)
    if patient_id:
        hierarchy.SetItemAttribute(item, "DICOM.PatientID", patient_id)
    study = hierarchy.CreateStudyItem(item, "plan")
    for node in nodes:
        hierarchy.CreateItem(study, node)


def test_nodes_of_two_patients_of_the_subject_hierarchy_are_refused_in_one_sentence(scene: Any, tmp_path: Any) -> None:
    ct, plan = add_volume(scene, ct_image(), "CT"), add_volume(scene, ct_image(), "other CT")
    dose = add_volume(scene, ct_image() * 0 + 1, "dose")
    structures = segmentation_of(scene, plan, masks())
    under(scene, "Anna", ct)
    under(scene, "Bert", structures, dose)
    found = mismatch({"CT": ct}, structures, dose)
    assert found is not None
    assert found.certain
    assert found.sentence == "The CT 'CT' is of Anna, the structure set 'plan' of Bert: choose nodes of one patient."
    with pytest.raises(UnusableInput, match="of Bert: choose nodes of one patient"):
        nodes_to_case_folder(tmp_path / "case", {"CT": ct}, structures, dose)
    assert list(tmp_path.iterdir()) == []


def test_one_patient_loaded_twice_is_one_patient_by_its_id(scene: Any) -> None:
    ct, dose = add_volume(scene, ct_image(), "CT"), add_volume(scene, ct_image(), "dose")
    under(scene, "Anna", ct, patient_id="17")
    under(scene, "ANNA", dose, patient_id="17")
    assert mismatch({"CT": ct}, dose=dose) is None
    assert (owner_of(ct).key, patient_name(ct)) == ("patient 17", "Anna")


def test_dicom_tells_the_patient_of_nodes_that_lie_under_none(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ct, mr = add_volume(scene, ct_image(), "1"), add_volume(scene, ct_image(), "2")
    ct.SetAttribute("DICOM.instanceUIDs", "1.1 1.2")
    mr.SetAttribute("DICOM.instanceUIDs", "2.1")
    tags = {("1.1", "0010,0020"): "A", ("1.1", "0010,0010"): "Anna", ("2.1", "0010,0020"): "B"}
    database = SimpleNamespace(instanceValue=lambda uid, tag: tags.get((uid, tag), ""))
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    found = mismatch({"CT": ct, "MR": mr})
    assert found is not None
    assert found.certain
    assert "is of Anna, the MR '2' of B" in found.sentence


def test_without_dicom_nodes_that_lie_apart_are_refused(scene: Any) -> None:
    far = ct_image()
    far.SetOrigin((5000.0, 0.0, 0.0))
    ct, dose = add_volume(scene, ct_image(), "CT"), add_volume(scene, far, "dose")
    found = mismatch({"CT": ct}, dose=dose)
    assert found is not None
    assert found.certain
    assert found.sentence.startswith("The dose 'dose' lies nowhere near the CT 'CT'")


@pytest.mark.parametrize(
    ("ct", "dose", "doubted"),
    [
        ("Synthetic 1 CT", "Synthetic 2 dose", True),
        ("anna_ct", "bert_dose", True),
        ("anna_ct", "anna-RTDOSE", False),
        ("planning CT", "dose", False),
        ("planning CT", "summed dose of the boost", False),
    ],
)
def test_names_alone_only_raise_a_question(scene: Any, ct: str, dose: str, doubted: bool) -> None:
    image, dose_node = add_volume(scene, ct_image(), ct), add_volume(scene, ct_image(), dose)
    add_volume(scene, ct_image(), "bert CT")
    found = mismatch({"CT": image}, dose=dose_node)
    assert (found is not None) == doubted
    assert found is None or not found.certain


def test_one_frame_of_reference_answers_the_question(scene: Any) -> None:
    ct, dose = add_volume(scene, ct_image(), "Synthetic 1 CT"), add_volume(scene, ct_image(), "Synthetic 2 dose")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    for node in (ct, dose):
        hierarchy.SetItemAttribute(hierarchy.CreateItem(hierarchy.GetSceneItemID(), node), "DICOM.FrameOfReferenceUID", "1.2.3")
    assert mismatch({"CT": ct}, dose=dose) is None


def test_words_that_say_what_a_node_is_say_not_whose_it_is() -> None:
    assert own_words("5: RTSTRUCT: Anna_01 (plan)") == "5 anna 01"
    assert own_words("planning CT") == ""


def test_an_empty_segmentation_lies_nowhere_and_belongs_to_anybody(scene: Any) -> None:
    ct, empty = add_volume(scene, ct_image(), "CT"), scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "structures")
    assert mismatch({"CT": ct}, empty) is None
