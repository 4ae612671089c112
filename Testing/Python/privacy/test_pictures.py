"""Surfaces, cameras, pictures, alignment and detector input against geometry and other implementations."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter
from vtkmodules.vtkRenderingCore import vtkActor, vtkLight, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow

from deface_compare.anatomy.head import Head
from deface_compare.anatomy.head_axes import HeadAxes, head_axes
from deface_compare.case import CT, CaseImage
from deface_compare.errors import NotAvailable
from deface_compare.privacy import render, shading
from deface_compare.privacy.face_distance import face_points, face_surface_distance_mm
from deface_compare.privacy.networks.alignment import TEMPLATE_PX, aligned_face, bilinear, similarity_transform
from deface_compare.privacy.networks.detector import intersection_over_union, letterbox
from deface_compare.privacy.surface import GRID_MM, FaceBox, SkinLevel, face_box, face_surface, outline_on_box, skin_level

RADIUS_MM = 80.0
CENTRE_MM = np.array([10.0, -20.0, 30.0])
LEVEL = SkinLevel(threshold=-300.0, air=-1000.0)
MARKS = {
    "eye_left": (30.0, -72.0, 30.0),
    "eye_right": (-30.0, -72.0, 30.0),
    "nasion": (0.0, -74.0, 30.0),
    "nose_tip": (0.0, -80.0, 0.0),
    "mouth": (0.0, -74.0, -30.0),
    "chin": (0.0, -62.0, -50.0),
    "ear_left": (80.0, 0.0, 0.0),
    "ear_right": (-80.0, 0.0, 0.0),
    "vertex": (0.0, 0.0, 80.0),
}
"""Landmarks on the ball, from its centre."""


def _ball(holes: tuple[tuple[float, float, float, float], ...] = (), cut_front_mm: float | None = None) -> sitk.Image:
    """A CT of a ball of water: the grey ramp crosses the skin threshold at `RADIUS_MM`; holes are (x, y, z, radius) from its
    centre; `cut_front_mm` empties what lies more than this in front of the centre."""
    image = sitk.Image(110, 110, 110, sitk.sitkFloat32)
    image.SetSpacing((2.0, 2.0, 2.0))
    image.SetOrigin((CENTRE_MM - 109.0).tolist())
    z, y, x = np.mgrid[:110, :110, :110] * 2.0 - 109.0
    depth = RADIUS_MM - np.sqrt(x**2 + y**2 + z**2)
    for *centre, radius in holes:
        depth = np.minimum(depth, np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2) - radius)
    if cut_front_mm is not None:
        depth = np.minimum(depth, y + cut_front_mm)
    values = sitk.GetImageFromArray(np.clip(-300.0 + 350.0 * depth, -1000.0, 400.0).astype(np.float32))
    values.CopyInformation(image)
    return values


def _head(outline: sitk.Image) -> Head:
    identity = sitk.AffineTransform(3)
    marks = {name: tuple((CENTRE_MM + np.array(point)).tolist()) for name, point in MARKS.items()}
    return Head("CT", outline, outline * 0, outline, "image", None, identity, identity, marks, "full")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def head() -> Head:
    """The ball as a head that looks anterior, upright."""
    return _head(_ball() > -300.0)


@pytest.fixture(scope="module")
def ball(head: Head) -> vtkPolyData:
    """The ball's surface."""
    return face_surface(_ball(), face_box(head), LEVEL)


def _points(surface: vtkPolyData) -> NDArray[np.float64]:
    return vtk_to_numpy(surface.GetPoints().GetData()).astype(np.float64)


def _radii(surface: vtkPolyData) -> NDArray[np.float64]:
    return np.linalg.norm(_points(surface) - CENTRE_MM, axis=1)


def test_the_surface_of_a_ball_has_its_radius(ball: vtkPolyData) -> None:
    radii = _radii(ball)
    assert abs(radii.mean() - RADIUS_MM) < 0.05  # measured 0.023
    assert np.abs(radii - RADIUS_MM).max() < 0.2  # measured 0.088
    assert _points(ball)[:, 1].max() <= CENTRE_MM[1] + GRID_MM  # front half only, to the next voxel


def test_a_closed_cavity_draws_nothing_and_stays_closed_when_cut(head: Head) -> None:
    box = face_box(head)
    sinus = (0.0, -50.0, 10.0, 15.0)
    assert _radii(face_surface(_ball((sinus,)), box, LEVEL)).min() > RADIUS_MM - 0.2  # measured 0.088
    cut = _points(face_surface(_ball((sinus,), cut_front_mm=70.0), box, LEVEL)) - CENTRE_MM
    assert cut[:, 1].min() == pytest.approx(-70.0, abs=0.3)  # measured 0.035
    assert np.linalg.norm(cut[:, [0, 2]], axis=1)[cut[:, 1] > -69].min() > 30.0  # nothing of the sinus behind the cut


def test_an_open_cavity_is_drawn_as_an_attacker_would_see_it(head: Head) -> None:
    opened = _radii(face_surface(_ball(((0.0, -75.0, 0.0, 15.0),)), face_box(head), LEVEL))
    assert opened.min() == pytest.approx(60.0, abs=0.5)  # the hole's far wall; measured 0.14


def test_a_device_beside_the_head_is_not_drawn(head: Head) -> None:
    image = _ball()
    array = sitk.GetArrayFromImage(image)
    array[:, 2:5, :] = 400.0  # a slab 16 mm in front of the face
    array[54:57, 2:20, 54:57] = 400.0  # that touches it with a rod
    with_device = sitk.GetImageFromArray(array)
    with_device.CopyInformation(image)
    box = face_box(head)
    outer = _radii(face_surface(with_device, box, LEVEL, outline_on_box(head, box))).max()
    assert outer < RADIUS_MM + 7.5  # the rod is cut 6 mm outside the outline; measured 86.2
    assert _radii(face_surface(with_device, box, LEVEL)).max() > 95.0  # an attacker would see it


def test_levels_come_from_the_original(head: Head) -> None:
    level = skin_level(CaseImage("CT", CT, _ball(), "HU"))
    assert (level.threshold, level.air) == (LEVEL.threshold, LEVEL.air)
    assert level.others == (-700.0, 0.0, 200.0)


def test_an_empty_image_has_no_surface_and_is_an_error(head: Head) -> None:
    with pytest.raises(NotAvailable, match="no skin surface"):
        face_surface(_ball() * 0 - 1000.0, face_box(head), LEVEL)


def test_a_turned_head_is_looked_at_from_where_it_looks(head: Head) -> None:
    turn = sitk.Euler3DTransform()
    turn.SetRotation(np.deg2rad(10.0), np.deg2rad(5.0), np.deg2rad(20.0))
    turn.SetTranslation((3.0, 4.0, 5.0))
    pose = sitk.AffineTransform(3)
    pose.SetMatrix(turn.GetMatrix())
    pose.SetTranslation(turn.GetTranslation())
    turned = Head("CT", head.outline, head.devices, head.brain, "image", None, pose, pose, head.landmarks_mm, "full")
    axes = head_axes(turned)
    rotation = np.array(turn.GetMatrix()).reshape(3, 3)  # patient to average
    np.testing.assert_allclose(axes.forward, rotation.T @ [0, -1, 0], atol=1e-9)  # measured 4e-16
    np.testing.assert_allclose(axes.up, rotation.T @ [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(axes.left, rotation.T @ [1, 0, 0], atol=1e-9)


def test_a_ball_is_drawn_as_large_as_perspective_says(head: Head, ball: vtkPolyData) -> None:
    axes = head_axes(head)
    picture = render.renderer().pictures(ball, axes, [render.face_camera(axes)])[0]
    assert picture.shape == (448, 448, 3)
    lit = picture.max(axis=2) > 0
    columns = np.flatnonzero(lit.any(axis=0))
    distance = 165.0 / np.tan(np.deg2rad(12.5)) + MARKS["eye_left"][1] * -1 * 0.5 + MARKS["mouth"][1] * -1 * 0.5
    silhouette_deg = np.rad2deg(np.arcsin(RADIUS_MM / distance))
    expected = 448 * np.tan(np.deg2rad(silhouette_deg)) / np.tan(np.deg2rad(12.5))
    assert columns[-1] - columns[0] + 1 == pytest.approx(expected, abs=2.0)  # measured 1.0 px


def test_patient_left_is_on_the_right_of_the_picture_and_yaw_goes_there(head: Head) -> None:
    axes = head_axes(head)
    knob = np.array([45.0, -55.0, 0.0])
    z, y, x = np.mgrid[:110, :110, :110] * 2.0 - 109.0
    image = _ball()
    array = sitk.GetArrayFromImage(image)
    array[(x - knob[0]) ** 2 + (y - knob[1]) ** 2 + (z - knob[2]) ** 2 < 20.0**2] = 400.0
    bumpy = sitk.GetImageFromArray(array)
    bumpy.CopyInformation(image)
    box = face_box(head)
    camera = [render.face_camera(axes)]
    surfaces = [face_surface(each, box, LEVEL) for each in (bumpy, image)]
    with_knob, without = (render.renderer().pictures(each, axes, camera)[0].astype(int) for each in surfaces)
    changed = np.abs(with_knob - without).sum(axis=2) > 30
    # 45 mm left and 18 mm behind the middle of the face; the knob's outer side is what is seen
    assert np.nonzero(changed)[1].mean() == pytest.approx(224 + 45 * 448 / 330, abs=10)  # 285 expected, measured 288
    to_left, to_above = (np.array(render.face_camera(axes, *turn).position_mm) for turn in ((10.0, 0.0), (0.0, 8.0)))
    assert (to_left - axes.centre_mm) @ axes.left > 100
    assert (to_above - axes.centre_mm) @ axes.up > 100


def test_the_same_surface_gives_the_same_pixels(head: Head, ball: vtkPolyData) -> None:
    axes = head_axes(head)
    cameras = [render.face_camera(axes, *view) for view in render.VIEWS_DEG]
    first = render.renderer().pictures(ball, axes, cameras)
    again = render.Renderer().pictures(face_surface(_ball(), face_box(head), LEVEL), axes, cameras)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert len({picture.tobytes() for picture in first}) == len(render.VIEWS_DEG)


def test_shaded_skin_is_what_vtk_lights_pixel_by_pixel(head: Head) -> None:
    surface, axes = face_surface(_ball(((30.0, -70.0, 10.0, 15.0),)), face_box(head), LEVEL), head_axes(head)
    for view in ((0.0, 0.0), (10.0, 0.0), (0.0, -8.0)):
        camera = render.face_camera(axes, *view)
        ours = render.renderer().pictures(surface, axes, [camera])[0].astype(int)
        theirs = _lit_by_vtk(surface, axes, camera).astype(int)
        assert np.array_equal(ours.any(axis=2), theirs.any(axis=2))
        seen = ours.any(axis=2)
        assert np.abs(ours - theirs)[seen].mean() < 0.5  # grey levels of 255; measured 0.21
        assert len(np.unique(ours[seen], axis=0)) > 100


def _lit_by_vtk(surface: vtkPolyData, axes: HeadAxes, camera: render.Camera) -> NDArray[np.uint8]:
    """The same picture with VTK's own lights, which take the normal at every pixel."""
    mapper, actor, scene, window = vtkPolyDataMapper(), vtkActor(), vtkRenderer(), vtkRenderWindow()
    mapper.SetInputData(surface)
    mapper.ScalarVisibilityOff()
    actor.SetMapper(mapper)
    skin = actor.GetProperty()
    skin.SetColor(*shading.SKIN_COLOUR)
    skin.SetAmbient(shading.AMBIENT)
    skin.SetDiffuse(1.0)
    skin.SetSpecular(0.0)
    skin.BackfaceCullingOn()
    scene.AddActor(actor)
    scene.AutomaticLightCreationOff()
    for (left, up, forward), strength in shading.LIGHTS:
        light = vtkLight()
        light.SetLightTypeToSceneLight()
        light.SetPositional(False)
        light.SetFocalPoint(*axes.centre_mm)
        light.SetPosition(*(axes.centre_mm + 1000.0 * (left * axes.left + up * axes.up + forward * axes.forward)))
        light.SetIntensity(strength)
        scene.AddLight(light)
    view = scene.GetActiveCamera()
    view.SetPosition(*camera.position_mm)
    view.SetFocalPoint(*camera.focus_mm)
    view.SetViewUp(*camera.up)
    view.SetViewAngle(render.VIEW_ANGLE_DEG)
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(render.PICTURE_PX, render.PICTURE_PX)
    window.AddRenderer(scene)
    scene.ResetCameraClippingRange()
    window.Render()
    pixels = vtkUnsignedCharArray()
    window.GetPixelData(0, 0, render.PICTURE_PX - 1, render.PICTURE_PX - 1, 0, pixels, 0)
    picture = vtk_to_numpy(pixels).reshape(render.PICTURE_PX, render.PICTURE_PX, -1)[::-1, :, :3].copy()
    window.Finalize()
    return picture


def test_skin_that_faces_a_light_is_as_bright_as_its_cosines_say() -> None:
    axes = HeadAxes(np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), np.array([0, -1.0, 0]))
    normals = np.array([[0, -1, 0], [0, 1, 0], [1, 0, 0]], np.float32)  # forward, backward, to the left
    found = shading.skin_colours(normals, axes)[:, 0] / (255 * 0.85)
    forward = 0.05 + 0.85 / np.sqrt(1.625) + 0.25 * 0.7 / np.sqrt(1.34) + 0.2 * 0.6 / np.sqrt(1.2625)
    left = 0.05 + 0.85 * 0.25 / np.sqrt(1.625) + 0.2 * 0.95 / np.sqrt(1.2625)
    np.testing.assert_allclose(found, [forward, 0.05, left], atol=0.003)


def test_a_missing_opengl_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(render.sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", absent)
    with pytest.raises(NotAvailable, match="libegl1 libgl1"):
        render.Renderer()


def test_a_written_png_reads_back(tmp_path: Path) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    render.write_png(tmp_path / "a.png", rgb)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.png"))), rgb)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_the_distance_of_a_face_to_itself_is_zero_wherever_the_scan_was_moved(head: Head) -> None:
    axes = head_axes(head)
    egg = _stretched(face_surface(_ball(), face_box(head), LEVEL))
    assert face_surface_distance_mm(egg, egg, axes, head.landmarks_mm) < 1e-4  # measured 0
    turn = vtkTransform()
    turn.Translate(2.0, -1.0, 1.5)
    turn.RotateZ(2.0)
    moved = face_surface_distance_mm(egg, _transformed(egg, turn), axes, head.landmarks_mm)
    assert moved < 0.01  # measured 0.00014, and 1.37 without the alignment


def test_the_distance_to_a_flattened_face_is_that_of_its_points_to_the_plane(head: Head, ball: vtkPolyData) -> None:
    axes = head_axes(head)
    plane_mm = 35.0  # in front of the ball's centre, behind all of the face region
    flat = face_surface(_ball(cut_front_mm=plane_mm), face_box(head), LEVEL)
    face = _points(ball)[face_points(ball, axes, head.landmarks_mm)] - CENTRE_MM
    heights = -face[:, 1] - plane_mm
    assert heights.min() > 0
    moved = face_surface_distance_mm(ball, flat, axes, head.landmarks_mm)
    assert moved == pytest.approx(heights.mean(), rel=0.02)  # measured 0.2 %: 35.56 of 35.63 mm


def test_the_similarity_transform_undoes_a_known_one() -> None:
    angle, scale, shift = 0.3, 1.7, np.array([4.0, -9.0])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = similarity_transform(TEMPLATE_PX, TEMPLATE_PX @ turn.T + shift)
    np.testing.assert_allclose(found, np.column_stack([turn, shift]), atol=1e-10)  # measured 5e-14


def test_a_mirrored_face_is_never_mirrored_back() -> None:
    mirrored = TEMPLATE_PX * [-1.0, 1.0]
    assert np.linalg.det(similarity_transform(mirrored, TEMPLATE_PX)[:, :2]) > 0


def test_a_face_on_the_template_is_cut_out_as_it_is() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (140, 150, 3)).astype(np.uint8)
    shift = np.array([20.0, 11.0])
    np.testing.assert_array_equal(aligned_face(picture, TEMPLATE_PX + shift), picture[11:123, 20:132])


def test_bilinear_sampling_agrees_with_scipy() -> None:
    generator = np.random.default_rng(1)
    picture = generator.integers(0, 256, (20, 30, 3)).astype(np.uint8)
    x, y = generator.uniform(-3, 33, 500), generator.uniform(-3, 23, 500)
    for channel in range(3):
        expected = ndimage.map_coordinates(picture[..., channel].astype(float), [y, x], order=1, mode="grid-constant")
        np.testing.assert_allclose(bilinear(picture, x, y)[:, channel], expected, atol=1e-9)  # measured 9e-14


def test_a_letterbox_is_a_linear_zoom_with_black_below() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (224, 448, 3)).astype(np.uint8)
    boxed = letterbox(picture, 640)
    zoomed = ndimage.zoom(picture.astype(float), (640 / 448, 640 / 448, 1), order=1, mode="nearest", grid_mode=True)
    assert np.abs(boxed[:, :320].transpose(1, 2, 0) - zoomed).max() <= 0.51  # rounding; measured 0.50
    assert boxed[:, 320:].max() == 0


def test_the_overlap_of_two_boxes_is_their_common_share() -> None:
    assert intersection_over_union(np.array([0.0, 0, 2, 2]), np.array([1.0, 1, 2, 2])) == pytest.approx(1 / 7)
    assert intersection_over_union(np.array([0.0, 0, 1, 1]), np.array([5.0, 5, 1, 1])) == 0


def test_the_box_holds_the_landmarks_of_the_face(head: Head) -> None:
    box = face_box(head)
    assert isinstance(box, FaceBox)
    low = np.array(box.origin_mm)
    high = low + 1.5 * (np.array(box.size) - 1)
    for name in ("eye_left", "eye_right", "nose_tip", "mouth", "chin"):
        point = np.array(head.landmarks_mm[name])
        assert (low < point).all(), name
        assert (point < high).all(), name


def test_local_coordinates_are_left_up_and_forward() -> None:
    axes = HeadAxes(np.zeros(3), np.array([1.0, 0, 0]), np.array([0.0, 0, 1]), np.array([0.0, -1, 0]))
    np.testing.assert_array_equal(axes.local_mm([[1.0, 2.0, 3.0]]), [[1.0, 3.0, -2.0]])


def _stretched(surface: vtkPolyData) -> vtkPolyData:
    """The ball drawn out to an egg, so that a rotation can be seen."""
    stretch = vtkTransform()
    stretch.Translate(*CENTRE_MM)
    stretch.Scale(0.8, 1.0, 1.2)
    stretch.Translate(*-CENTRE_MM)
    return _transformed(surface, stretch)


def _transformed(surface: vtkPolyData, transform: vtkTransform) -> vtkPolyData:
    change = vtkTransformPolyDataFilter()
    change.SetInputData(surface)
    change.SetTransform(transform)
    change.Update()
    return change.GetOutput()
