"""Each written object drawn alone: an outer contour or a dose that still shows the face is found although no image shows it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head
from deface_compare.anatomy.head import Head
from deface_compare.case import Case, CaseImage, Dose, Structure, StructureSet
from deface_compare.export.checked.drawn_faces import DrawnFaces
from deface_compare.export.checked.face_alone import LIKER_MARGIN, FaceAlone, faults_alone
from deface_compare.privacy.scorer import FaceScorer
from deface_compare.settings import Settings

BEHIND_EYES_MM = 25.0
"""The cut removes all that lies in front of this depth behind the eyes."""


def _cut(image: sitk.Image, head: Head, outside: float) -> sitk.Image:
    """A volume without the front of the head."""
    values = sitk.GetArrayFromImage(image)
    y = image.GetOrigin()[1] + image.GetSpacing()[1] * np.arange(values.shape[1])
    values[:, y < head.landmarks_mm["eye_left"][1] + BEHIND_EYES_MM, :] = outside
    found = sitk.GetImageFromArray(values)
    found.CopyInformation(image)
    return found


def _body(mask: sitk.Image) -> Structure:
    return Structure(name="BODY", standard_name="BODY", group="external", labelmap=sitk.Cast(mask, sitk.sitkUInt8))


def _dose(mask: sitk.Image) -> sitk.Image:
    """A dose that ends at the skin."""
    return sitk.Cast(mask, sitk.sitkFloat32) * 30.0


@pytest.fixture(scope="module")
def alone(sface: FaceScorer, average_patient: tuple[CaseImage, Head]) -> FaceAlone:
    image, head = average_patient
    case = Case("x", (image,), StructureSet((_body(head.outline),)), Dose(_dose(head.outline)))
    return FaceAlone(sface, case, image, head)


def test_a_whole_outer_contour_or_dose_shows_the_face_that_the_cut_image_does_not(
    alone: FaceAlone, average_patient: tuple[CaseImage, Head]
) -> None:
    image, head = average_patient
    found = {
        "MR_T1": alone.likeness(alone.image_greys(_cut(image.image, head, 0.0), image)),
        "BODY": alone.likeness(alone.structure_greys(_body(head.outline))),
        "DOSE": alone.likeness(alone.dose_greys(_dose(head.outline))),
        "cut BODY": alone.likeness(alone.structure_greys(_body(_cut(head.outline, head, 0)))),
        "cut DOSE": alone.likeness(alone.dose_greys(_cut(_dose(head.outline), head, 0.0))),
    }
    assert found["BODY"] > 0.95
    assert found["DOSE"] > 0.95
    faults = faults_alone(found, ["MR_T1"])
    assert set(faults) == {"BODY", "DOSE"}, found
    assert faults["BODY"].startswith("BODY alone is more like the original face (")


def test_an_object_without_a_surface_shows_nothing(alone: FaceAlone) -> None:
    nothing = sitk.Image((4, 4, 4), sitk.sitkUInt8)
    assert math.isnan(alone.likeness(alone.structure_greys(_body(nothing))))
    assert math.isnan(alone.likeness([]))


def test_what_is_a_little_more_alike_than_the_images_passes_and_all_counts_where_no_image_shows_a_face() -> None:
    likeness = {"CT": 0.30, "DOSE": 0.30 + LIKER_MARGIN - 0.01, "BODY": 0.30 + LIKER_MARGIN + 0.01, "PTV": math.nan}
    assert set(faults_alone(likeness, ["CT"])) == {"BODY"}
    assert set(faults_alone({"CT": math.nan, "DOSE": LIKER_MARGIN + 0.01}, ["CT"])) == {"DOSE"}


def test_without_a_recogniser_the_export_says_that_nothing_was_drawn_alone() -> None:
    image = synthetic_head.ct(synthetic_head.grid((4.0, 4.0, 8.0)))
    case = synthetic_head.case(image)
    faces = DrawnFaces(case, {image.key: synthetic_head.head()}, Settings(face_model="none"), [])
    assert faces.faults_alone(case, {}, []) == {}
    assert faces.told == {"each object alone": {"reason": "face recognition is switched off"}}
