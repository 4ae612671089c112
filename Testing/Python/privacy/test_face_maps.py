"""Maps of a face: depths and directions of the skin as closed forms tell them, and what an attacker makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from vtkmodules.vtkFiltersSources import vtkPlaneSource, vtkSphereSource

from deface_compare.anatomy.head import Head
from deface_compare.anatomy.head_axes import HeadAxes
from deface_compare.case import CaseImage
from deface_compare.privacy.face_maps import BEFORE_MM, BEHIND_MM, KINDS, face_maps
from deface_compare.privacy.face_prints import original_print, probe_print
from deface_compare.privacy.render import FIELD_MM, PICTURE_PX, camera_distance_mm, face_camera, renderer
from deface_compare.privacy.scorer import FaceScorer

AXES = HeadAxes(np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), np.array([0, -1.0, 0]))
MIDDLE = PICTURE_PX // 2


def test_the_depth_of_a_sphere_is_known_at_every_pixel() -> None:
    sphere = vtkSphereSource()
    sphere.SetRadius(80.0)
    sphere.SetThetaResolution(400)
    sphere.SetPhiResolution(400)
    sphere.Update()
    (depth,) = renderer().depths_mm(sphere.GetOutput(), [face_camera(AXES)])
    pixel = (np.arange(PICTURE_PX) + 0.5 - PICTURE_PX / 2) * FIELD_MM / PICTURE_PX / camera_distance_mm()
    across, up = np.meshgrid(pixel, pixel)
    squared, away = 1 + across**2 + up**2, camera_distance_mm()
    inside = away**2 - squared * (away**2 - 80.0**2)
    expected = np.where(inside > 0, (away - np.sqrt(np.maximum(inside, 0))) / squared, np.nan)
    hit = np.isfinite(expected) & (inside > 3000)  # away from the sphere's rim
    assert np.isfinite(depth[hit]).all()
    assert np.abs(depth[hit] - expected[hit]).max() < 0.02  # measured 0.004: the sphere has 400 facets around
    assert np.isnan(depth[0, 0])


@pytest.mark.parametrize("slope", [-1.0, 0.0, 0.5])
def test_the_normal_of_a_slanted_plane_is_its_own(slope: float) -> None:
    plane = vtkPlaneSource()  # x to the patient's left is the image's right; the plane falls back by `slope` to its right
    plane.SetOrigin(-60.0, -60.0 * slope, -60.0)
    plane.SetPoint1(60.0, 60.0 * slope, -60.0)
    plane.SetPoint2(-60.0, -60.0 * slope, 60.0)
    plane.Update()
    (depth,) = renderer().depths_mm(plane.GetOutput(), [face_camera(AXES)])
    normals, depths = face_maps(depth)
    wanted = np.array([slope, 0.0, 1.0]) / np.hypot(slope, 1.0)
    shown = normals[MIDDLE, MIDDLE] / 127.5 - 1.0
    assert np.abs(shown - wanted).max() < 0.01  # measured 0.004: 256 grey values
    assert depths[MIDDLE, MIDDLE, 0] == pytest.approx(255 * BEHIND_MM / (BEFORE_MM + BEHIND_MM), abs=1)
    assert not normals[0, 0].any()
    assert not depths[0, 0].any()


def test_an_original_is_recognised_in_its_own_maps_and_each_map_is_another_picture(
    average_patient: tuple[CaseImage, Head], sface: FaceScorer
) -> None:
    image, head = average_patient
    mapping = FaceScorer("sface", seed=1, maps=True)
    reference = mapping.reference(image, head)
    probe = mapping.seen(image.image, reference)
    assert reference.maps.shape == (len(KINDS), *reference.embeddings.shape)
    np.testing.assert_allclose(
        (probe.maps * reference.maps).sum(axis=-1), 1.0, atol=1e-4
    )  # measured 3e-5: the original is drawn within its outline
    np.testing.assert_array_equal(reference.embeddings, sface.reference(image, head).embeddings)
    shaded_and_mapped = (reference.maps[:, 0] * reference.embeddings[0]).sum(axis=-1)
    assert (shaded_and_mapped < 0.95).all()  # measured 0.41 and 0.63
    assert probe_print(probe).maps is not None
    assert original_print(sface.reference(image, head)).maps is None
