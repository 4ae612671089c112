"""A stronger attacker on the average head: other thresholds, a face laid over, the dose grid and the outer contour."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy

from deface_compare.anatomy.head import Head
from deface_compare.case import Case, CaseImage, Dose
from deface_compare.defacers.defacing import Defacing
from deface_compare.errors import NotAvailable
from deface_compare.geometry.boxes import Patch
from deface_compare.geometry.mesh import distances_mm
from deface_compare.measurement import Scope
from deface_compare.privacy import case_faces
from deface_compare.privacy.average_overlay import average_overlay
from deface_compare.privacy.case_faces import CaseFaces
from deface_compare.privacy.contact_sheet import LABEL_PX, TILE_PX, contact_sheet, label, tile
from deface_compare.privacy.face import FaceReference
from deface_compare.privacy.other_surfaces import body_grey, box_grid, dose_greys
from deface_compare.privacy.rows import NO_FACE, privacy_rows, surface_rows
from deface_compare.privacy.scorer import FaceScorer
from deface_compare.privacy.surface import on_box
from deface_compare.settings import Settings

pytestmark = pytest.mark.xdist_group("average_reference")

SCOPE = Scope("case-001", "method", "", "background", "none")


def in_front(image: sitk.Image, y_mm: float) -> NDArray[np.bool_]:
    """Voxels of a straight image in front of a plane, shape (z, y, x)."""
    at_mm = image.GetOrigin()[1] + image.GetSpacing()[1] * np.arange(image.GetSize()[1])
    return np.broadcast_to(at_mm[None, :, None] < y_mm, image.GetSize()[::-1])


def like(array: NDArray[np.generic], image: sitk.Image) -> sitk.Image:
    made = sitk.GetImageFromArray(array)
    made.CopyInformation(image)
    return made


def test_a_face_behind_a_veil_is_found_at_a_higher_threshold(
    sface: FaceScorer, average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    image = average_patient[0].image
    level = average_reference.level
    veil = level.threshold + 0.25 * level.contrast  # drawn as skin, but not at one and a half times the skin's contrast
    array = sitk.GetArrayFromImage(image)
    hidden = like(np.where(in_front(image, -20.0) & (array < veil), veil, array), image)
    probe = sface.probe(hidden, average_reference)
    assert not probe.detected
    own = privacy_rows(average_reference, probe, SCOPE, "MR_T1")[0]
    assert own.status == "ok"
    assert own.defaced > 0.6  # measured 0.87
    assert own.note == f"drawn at {level.others[1]:.4g}, not at the skin's threshold"


def test_the_rebuilt_face_of_the_average_head_is_its_own(
    sface: FaceScorer, average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    image, head = average_patient
    _, eyes_mm, _ = head.landmarks_mm["eye_left"]
    _, _, chin = image.image.TransformPhysicalPointToIndex(head.landmarks_mm["chin"])
    faceless = sitk.GetArrayFromImage(image.image)
    faceless[chin:] = np.where(in_front(image.image, eyes_mm + 5.0), 0, faceless)[chin:]
    patch = Patch((0, 0, 0), faceless)
    laid = average_overlay(image, head, patch)
    points = vtk_to_numpy(laid.GetPoints().GetData()).astype(np.float64)
    used = np.unique(vtk_to_numpy(laid.GetPolys().GetConnectivityArray()))
    away_mm = distances_mm(points[used], average_reference.surface)
    assert away_mm.mean() < 2.0  # half a voxel of slack on both sides; measured 1.0
    probe = sface.probe(patch.whole(image.image), average_reference, laid)
    rows = {row.metric: row for row in privacy_rows(average_reference, probe, SCOPE, "MR_T1")}
    assert rows["cosine_similarity_own"].defaced < 0.4  # measured 0.20
    assert rows["cosine_similarity_reconstructed"].defaced > 0.8  # measured 0.89


def test_nothing_is_laid_over_an_image_that_was_not_altered(average_patient: tuple[CaseImage, Head]) -> None:
    image, head = average_patient
    with pytest.raises(NotAvailable, match="no altered skin to lay the average face over"):
        average_overlay(image, head, Patch((0, 0, 0), sitk.GetArrayFromImage(image.image)))


def test_a_dose_grid_that_ends_at_the_skin_shows_the_face_until_it_follows(
    sface: FaceScorer, average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    head = average_patient[1]
    inside = sitk.GetArrayFromImage(head.outline).astype(np.float32)
    box = average_reference.box.coarse()
    cosines = []
    for dose in (2.0 * inside, 2.0 * inside * ~in_front(head.outline, 0.0)):
        greys = dose_greys(like(dose, head.outline), box, highest=60.0)
        found = sface.frontal_embeddings(greys, box, average_reference, [0.0] * len(greys))
        cosines += surface_rows(average_reference, found, SCOPE, "DOSE", "keep")
    shown, followed = cosines
    assert (shown.status, shown.image, shown.dose_policy) == ("ok", "DOSE", "keep")
    assert shown.defaced > 0.5  # measured 0.73
    assert (followed.status, followed.note) == ("not available", NO_FACE)


def test_a_masked_dose_that_lost_nothing_shows_the_face_although_the_one_that_follows_does_not(
    sface: FaceScorer, average_patient: tuple[CaseImage, Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, head = average_patient
    drawn = []
    monkeypatch.setattr(case_faces, "open_scorer", lambda *_: sface)
    monkeypatch.setattr(case_faces, "dose_greys", lambda *a: drawn.append(1) or dose_greys(*a))
    values = 2.0 * sitk.GetArrayFromImage(head.outline).astype(np.float32)
    dose = like(values, head.outline)
    faces = CaseFaces(Case("c", (image,), dose=Dose(dose)), {"MR_T1": head}, {}, Settings(), None)
    untouched = Patch((0, 0, 0), values[:1, :1, :1])
    cut = Patch((0, 0, 0), values * ~in_front(head.outline, 0.0))

    def similarities(mask: Patch, follow: Patch) -> dict[str, float]:
        defacing = Defacing("blur", "Blur", "", "failed", dose_patches={"mask": mask, "follow": follow})
        return {row.dose_policy: row.defaced for row in faces.rows(defacing, SCOPE) if row.image == "DOSE"}

    found = similarities(untouched, cut)
    assert found["mask"] == found["keep"] > 0.5  # measured 0.73
    assert math.isnan(found["follow"])
    removal = similarities(cut, cut)
    assert np.isnan([removal["mask"], removal["follow"]]).all()
    assert len(drawn) == 3  # the dose as it is, once a case; the cut one once a method


def test_an_outer_contour_shows_the_face_until_it_is_cut(
    sface: FaceScorer, average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    head = average_patient[1]
    box = average_reference.box.coarse()
    mask = on_box(head.outline, box, 0.0) > 0.5
    rows = []
    for removed in (np.zeros_like(mask), in_front(box_grid(box), 0.0)):
        found = sface.frontal_embeddings([body_grey(mask & ~removed, box)], box, average_reference, [0.0])
        rows += surface_rows(average_reference, found, SCOPE, "BODY")
    assert rows[0].defaced > 0.4  # measured 0.56
    assert (rows[1].status, rows[1].note) == ("not available", NO_FACE)


def test_a_control_without_the_front_of_the_head_has_no_face(average_reference: FaceReference) -> None:
    assert average_reference.faceless is not None
    assert not average_reference.faceless.detected
    assert np.isfinite(average_reference.faceless.reference[0]).all()
    floor = float(average_reference.faceless.reference[0] @ average_reference.embeddings[0])
    assert floor < 0.4  # measured -0.004


def test_a_control_is_embedded_only_at_the_landmarks_that_its_row_asks_for(
    sface: FaceScorer, average_reference: FaceReference, average_patient: tuple[CaseImage, Head]
) -> None:
    faceless, planted = average_reference.faceless, average_reference.planted
    assert faceless is not None
    assert planted is not None
    assert np.isnan(faceless.mean_landmarks).all()
    assert np.isfinite(planted.mean_landmarks[0]).all()
    rerendered = sface.control(*average_patient, average_reference)
    assert np.isfinite(rerendered.own[0]).all()
    assert np.isnan(rerendered.mean_landmarks).all()


def test_a_contact_sheet_names_every_picture_and_what_is_missing() -> None:
    picture = np.arange(448 * 448 * 3, dtype=np.uint32).reshape(448, 448, 3).astype(np.uint8)
    half = tile(picture)
    assert half[3, 5].tolist() == np.rint(picture[6:8, 10:12].astype(float).mean(axis=(0, 1))).tolist()
    sheet = contact_sheet(
        {("CT", "original"): half, ("CT", "quickshear"): half, ("PET", "original"): half},
        ["CT", "PET"],
        ["original", "quickshear"],
    )
    assert sheet.shape == (2 * (TILE_PX + LABEL_PX), 2 * TILE_PX, 3)
    np.testing.assert_array_equal(sheet[LABEL_PX : LABEL_PX + TILE_PX, :TILE_PX], half)
    assert sheet[2 * LABEL_PX + TILE_PX :, TILE_PX:].max() == 0  # PET under quickshear
    assert not np.array_equal(label("CT · original"), label("CT · quickshear"))
    assert label("CT").max() > 200
