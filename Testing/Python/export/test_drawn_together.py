"""Thin structures, each too small to draw a face, and what they draw together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from deface_compare.export.checked.drawn_together import DrawnTogether
from deface_compare.export.contour_lines import DRAWN_FEATURE_SHARE, DRAWN_SHARE, followed
from deface_compare.export.dose_outline import dose_edges, draws_skin
from deface_compare.export.moved_skin import MovedSkin
from deface_compare.export.written.followers import drop_followers
from deface_compare.export.written.structure_clip import points_mm_of

RADIUS_MM, ALONG_MM = 80.0, 120.0
"""The moved skin of these tests is the front half of a cylinder along z: its area is known in closed form."""
STRIPS, STRIP_DEG, PLANE_MM = 7, 12.0, 3.0
"""Seven strips of 12 degrees on 180: 1/15 of the skin each, 7/15 together (0.467)."""
SPACING_MM = 2.5


def skin() -> MovedSkin:
    """Points each degree and each 2 mm; what lies within 30 degrees of the front is the nose."""
    angle = np.deg2rad(np.arange(180) + 0.5)
    z = np.arange(1.0, ALONG_MM, 2.0)
    where, height = (grid.ravel() for grid in np.meshgrid(angle, z))
    outward = np.stack([np.cos(where), -np.sin(where), np.zeros_like(where)], axis=1)
    points = RADIUS_MM * outward + np.stack([np.zeros_like(height)] * 2 + [height], axis=1)
    nose = np.abs(np.rad2deg(where) - 90.0) < 30.0
    return MovedSkin(points, outward, np.full(len(points), 9.0), {"nose": nose, "cheeks": ~nose})


def strip(first_deg: float, last_deg: float, depth_mm: float = 0.0, thick_mm: float = 2.0) -> list[NDArray[np.float64]]:
    """A band along the skin, one closed polygon a plane."""
    angle = np.deg2rad(np.linspace(first_deg, last_deg, 13))
    rings = []
    for z in np.arange(0.0, ALONG_MM + 0.1, PLANE_MM):
        outer, inner = RADIUS_MM - depth_mm, RADIUS_MM - depth_mm - thick_mm
        there = np.concatenate([outer * np.exp(-1j * angle), (inner * np.exp(-1j * angle))[::-1]])
        rings.append(np.stack([there.real, there.imag, np.full(there.shape, z)], axis=1))
    return rings


def structure_set(structures: list[list[NDArray[np.float64]]]) -> Dataset:
    data = Dataset()
    data.ROIContourSequence = []
    for number, polygons in enumerate(structures, 1):
        item = Dataset()
        item.ReferencedROINumber, item.ContourSequence = number, []
        for polygon in polygons:
            contour = Dataset()
            contour.ContourGeometricType, contour.ContourData = "CLOSED_PLANAR", [f"{v:.2f}" for v in polygon.ravel()]
            item.ContourSequence.append(contour)
        data.ROIContourSequence.append(item)
    return data


def strips() -> list[list[NDArray[np.float64]]]:
    step = (180.0 - STRIP_DEG) / (STRIPS - 1)
    return [strip(k * step, k * step + STRIP_DEG) for k in range(STRIPS)]


def test_each_strip_follows_seven_percent_of_the_skin_and_all_together_nearly_half() -> None:
    moved = skin()
    each = [moved.share(followed(one, moved)) for one in strips()]
    assert max(each) < 0.095  # 1/15 and 2 mm on both sides: measured 0.078
    together = moved.share(followed([ring for one in strips() for ring in one], moved))
    assert 7 / 15 < together < 0.60  # measured 0.533


def test_strips_that_together_draw_the_skin_are_dropped_and_deep_structures_stay() -> None:
    moved, deep = skin(), strip(20.0, 160.0, depth_mm=30.0)
    data = structure_set([*strips(), deep])
    lost = drop_followers(data, moved)
    planes = len(deep)
    assert lost == dict.fromkeys(range(1, STRIPS + 1), planes)
    left = [item for item in data.ROIContourSequence if item.get("ContourSequence")]
    assert [int(item.ReferencedROINumber) for item in left] == [STRIPS + 1]
    assert len(left[0].ContourSequence) == planes
    rest = [points_mm_of(contour) for contour in left[0].ContourSequence]
    assert moved.share(followed(rest, moved)) == 0.0


def test_one_strip_alone_stays_and_one_that_draws_most_of_a_nose_goes() -> None:
    moved = skin()
    data = structure_set([strip(10.0, 10.0 + STRIP_DEG)])
    assert drop_followers(data, moved) == {}
    ridge = structure_set([strip(82.0, 98.0)[8:]])
    on_nose = followed([points_mm_of(c) for c in ridge.ROIContourSequence[0].ContourSequence], moved)
    assert moved.share(on_nose) < DRAWN_SHARE
    half_a_nose = structure_set([strip(63.0, 80.0)[:30], strip(100.0, 117.0)[:30]])
    drawn = followed([points_mm_of(c) for item in half_a_nose.ROIContourSequence for c in item.ContourSequence], moved)
    assert moved.feature_share(drawn)[1] > DRAWN_FEATURE_SHARE
    assert set(drop_followers(half_a_nose, moved)) == {1, 2}


def test_a_structure_that_crosses_the_skin_keeps_its_planes() -> None:
    moved = skin()
    rod = [np.array([[0.0, -60.0, z], [1.0, -60.0, z], [1.0, -99.0, z], [0.0, -99.0, z]]) for z in np.arange(0, 120, PLANE_MM)]
    data = structure_set([*strips(), rod])
    assert STRIPS + 1 not in drop_followers(data, moved)


def dose(outside_gy: float, levels: bool = True) -> sitk.Image:
    """60 Gy on one side, 3 on the other; `outside_gy` of it in front of the skin. Each place has its own level at the skin."""
    size = np.array((80, 60, 54))
    grid = sitk.Image(size.tolist(), sitk.sitkFloat32)
    grid.SetOrigin((-0.5 * SPACING_MM * size[0], -120.0, -5.0))
    grid.SetSpacing((SPACING_MM,) * 3)
    z, y, x = np.meshgrid(*(np.arange(n) for n in size[::-1]), indexing="ij")
    at = [o + SPACING_MM * i for o, i in zip(grid.GetOrigin(), (x, y, z), strict=True)]
    level = 3.0 * 20.0 ** np.clip(0.5 + at[0] / (2 * RADIUS_MM), 0, 1) if levels else np.full(x.shape, 60.0)
    inside = np.hypot(at[0], at[1]) < RADIUS_MM
    image = sitk.GetImageFromArray(np.where(inside, level, outside_gy * level).astype(np.float32))
    image.CopyInformation(grid)
    return image


@pytest.mark.parametrize(
    ("outside", "ends", "steps"), [(0.0, True, True), (0.3, False, True), (0.7, False, True), (1.0, False, False)]
)
def test_a_dose_of_many_levels_draws_the_skin_where_it_ends_or_steps(outside: float, ends: bool, steps: bool) -> None:
    moved, grid = skin(), dose(outside)
    assert (draws_skin(grid, moved) > 0.9) == ends
    edges = moved.share(dose_edges(grid, moved))
    assert edges > 0.9 if steps else edges == 0.0  # measured 1.00 and 0.00


def test_contours_dose_and_images_are_told_together() -> None:
    moved = skin()
    together = DrawnTogether(moved)
    third = np.zeros(len(moved), bool)
    third[: int(0.09 * len(moved))] = True
    together.add("contours", third)
    together.add("dose", np.roll(third, int(0.09 * len(moved))))
    assert together.contour_faults() == []
    assert together.faults() == []
    together.add("image PET", np.roll(third, int(0.18 * len(moved))))
    (fault,) = together.faults()
    assert fault.startswith("all that is written follows 27 % of the skin that was taken away together (contours 9 %, dose 9 %")


def test_no_moved_skin_is_followed_by_nothing(tmp_path: Path) -> None:
    nothing = MovedSkin(np.empty((0, 3)), np.empty((0, 3)), np.empty(0), {})
    assert followed(strips()[0], nothing).shape == (0,)
    assert drop_followers(structure_set(strips()), nothing) == {}
    assert DrawnTogether(nothing).faults() == []
