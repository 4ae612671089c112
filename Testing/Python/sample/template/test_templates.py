"""The average head that is shipped: symmetric, consistent, small, with its sources named."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.anatomy.average_head import template_image
from deface_compare.sample.template.average_skin import average_skin_depth
from deface_compare.sample.template.labels import LABELS
from deface_compare.sample.template.make import main
from deface_compare.sample.template.shapes import Coordinates, cut, depth_of_mask, ellipsoid, joined, tube

DATA = Path(str(files("deface_compare").joinpath("data")))


def voxels(name: str) -> np.ndarray:
    return sitk.GetArrayFromImage(template_image(name))


def cc(label: str) -> float:
    return float((voxels("average_labels") == LABELS[label]).sum()) * 8 / 1000


def description() -> dict:
    return json.loads((DATA / "templates" / "average_head.json").read_text(encoding="utf-8"))


def test_all_data_stay_below_five_megabytes() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 5e6  # measured 0.83 MB


def test_the_average_images_share_one_grid_that_is_symmetric_about_zero() -> None:
    for name in ("average_head", "average_labels", "average_regions", "average_brain"):
        image = template_image(name)
        assert image.GetSize() == (97, 121, 153)
        assert image.GetSpacing() == (2.0, 2.0, 2.0)
        assert image.GetOrigin()[0] == -2.0 * (97 - 1) / 2
        assert image.GetPixelID() == sitk.sitkUInt8
        assert image.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)


def test_the_average_head_is_its_own_mirror_image() -> None:
    head = voxels("average_head").astype(int)
    assert np.abs(head - head[:, :, ::-1]).max() <= 1  # measured 0
    brain = voxels("average_brain")
    assert (brain != brain[:, :, ::-1]).mean() < 1e-3  # measured 0


def test_organs_have_believable_volumes() -> None:
    # Adult ranges: brain 1000-1500 cc, globe 6-9 cc, brainstem 20-35 cc, mandible 40-75 cc, parotid 14-35 cc with fat.
    ranges = {
        "brain": (1000, 1500),
        "brainstem": (20, 35),
        "mandible": (40, 75),
        "eye_left": (6, 9),
        "lens_left": (0.15, 0.4),
        "optic_nerve_left": (0.5, 1.6),
        "optic_chiasm": (0.3, 1.0),
        "parotid_left": (14, 35),
        "oral_cavity": (40, 110),
        "teeth": (8, 30),
    }
    for label, (low, high) in ranges.items():
        assert low < cc(label) < high, label


def test_left_and_right_organs_are_equal_and_on_their_sides() -> None:
    labels = voxels("average_labels")
    x = template_image("average_labels").GetOrigin()[0] + 2.0 * np.arange(labels.shape[2])
    for organ in ("eye", "lens", "optic_nerve", "parotid"):
        assert cc(f"{organ}_left") == pytest.approx(cc(f"{organ}_right"), rel=0.02)  # measured equal
        assert x[np.nonzero(labels == LABELS[f"{organ}_left"])[2]].min() > 0  # LPS: left is positive


def test_every_organ_lies_inside_the_skin_and_bone_never_breaks_it() -> None:
    labels, depth = voxels("average_labels"), sitk.GetArrayFromImage(average_skin_depth())
    for name in ("skull", "mandible", "teeth", "vertebra", "brain"):
        assert depth[labels == LABELS[name]].min() > 1.0, name  # measured from 2.0 mm (skull) up


def test_the_skull_closes_around_the_brain() -> None:
    labels, at = voxels("average_labels"), Coordinates(template_image("average_labels"))
    brain = voxels("average_brain") > 0
    outside = np.isin(labels, [LABELS["skin_fat"], LABELS["air"]])
    upper = np.broadcast_to(at.z > 0, labels.shape)
    touching = sitk.GetArrayFromImage(sitk.BinaryDilate(sitk.GetImageFromArray(brain.astype(np.uint8)), [2, 2, 2])) > 0
    assert not (touching & outside & upper).any()


def test_landmarks_lie_on_or_in_the_head() -> None:
    skin = average_skin_depth()
    for name, point in description()["landmarks_mm"].items():
        depth = skin.EvaluateAtPhysicalPoint(point)
        if name.startswith("eye"):
            assert 10 < depth < 16, name  # measured 12.8 mm, the lids' thickness over a globe of 12 mm
        else:
            assert abs(depth) < 2, f"{name} {depth}"  # measured within 1.2 mm of the skin


def test_the_mni_transform_carries_the_average_brain_onto_the_mni_brain() -> None:
    numbers = description()["average_to_mni"]
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(numbers[:9])
    transform.SetTranslation(numbers[9:])
    mni = template_image("mni_brain") > 20
    moved = sitk.Resample(mni, template_image("average_brain"), transform, sitk.sitkNearestNeighbor, 0)
    one, other = sitk.GetArrayFromImage(moved) > 0, voxels("average_brain") > 0
    dice = 2 * (one & other).sum() / (one.sum() + other.sum())
    assert dice > 0.97  # measured 0.983


def test_the_notice_names_both_sources_and_their_licences() -> None:
    notice = (DATA / "templates" / "NOTICE.txt").read_text(encoding="utf-8")
    for word in ("pydeface", "MIT", "ICBM152", "McConnell Brain Imaging Centre", "nilearn", "BSD-3-Clause"):
        assert word in notice


def test_shapes_have_the_depth_of_their_closed_form() -> None:
    grid = sitk.Image([61, 61, 61], sitk.sitkUInt8)
    grid.SetOrigin((-30, -30, -30))
    at = Coordinates(grid)
    radius = np.sqrt(at.x**2 + at.y**2 + at.z**2)
    ball = ellipsoid(at, (0, 0, 0), (20, 20, 20))
    np.testing.assert_allclose(ball[radius > 1], (20 - radius)[radius > 1], atol=1e-4)  # a sphere is exact
    pipe = tube(at, [(-40, 0, 0), (40, 0, 0)], [10, 10])
    np.testing.assert_allclose(pipe, np.broadcast_to(10 - np.hypot(at.y, at.z), pipe.shape), atol=1e-4)
    assert (joined(ball, pipe, 5.0) >= np.maximum(ball, pipe) - 1e-4).all()
    assert (cut(ball, pipe, 5.0) <= np.minimum(ball, pipe) + 1e-4).all()
    mask = sitk.GetImageFromArray((radius < 20).astype(np.uint8))
    mask.CopyInformation(grid)
    error = (sitk.GetArrayFromImage(depth_of_mask(mask)) - (20 - radius))[np.abs(20 - radius) < 3]
    assert np.abs(error).max() < 0.8  # measured 0.5: steps of a 1 mm mask
    assert abs(error.mean()) < 0.05  # measured -0.012: no half-voxel bias


def test_the_script_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "three paths" in capsys.readouterr().err
