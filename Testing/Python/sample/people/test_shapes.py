"""Subdivision, spline, macro parameters and the solid of a mesh, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.geometry.mesh import surface_of, vertex_normals, voxels_inside
from deface_compare.sample.people.basis import Subdivided, border_loops, head_basis
from deface_compare.sample.people.macro import ORIGINS, age_of_years, macro_weights
from deface_compare.sample.people.skin import planes_depth
from deface_compare.sample.people.spline import BiharmonicSpline
from deface_compare.sample.people.subdivision import catmull_clark

CUBE = np.array([[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])
CUBE_QUADS = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])


def ball(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """A closed mesh on a sphere of 20 mm: vertices and triangles."""
    vertices, quads = CUBE, CUBE_QUADS
    for _ in range(steps):
        matrix, quads = catmull_clark(len(vertices), quads)
        vertices = matrix @ vertices
        vertices = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    return 20.0 * vertices, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def test_a_subdivided_cube_has_the_vertices_that_catmull_and_clark_give() -> None:
    matrix, quads = catmull_clark(8, CUBE_QUADS)
    fine = matrix @ CUBE
    assert len(quads) == 24
    np.testing.assert_allclose(np.abs(fine[:8]), 5.0 / 9.0, atol=1e-12)  # corners of a cube: 5/9, by their rule for valence 3
    np.testing.assert_allclose(np.sort(np.abs(fine[8:20]), axis=1)[:, 1:], 0.75, atol=1e-12)  # middles of edges
    np.testing.assert_allclose(np.abs(fine[20:]).max(axis=1), 1.0, atol=1e-12)  # middles of faces
    np.testing.assert_allclose(np.asarray(matrix.sum(axis=1)).ravel(), 1.0, atol=1e-12)


def test_a_flat_sheet_stays_flat_and_its_border_keeps_its_ends() -> None:
    x, y = np.meshgrid(np.arange(4.0), np.arange(4.0), indexing="ij")
    sheet = np.column_stack([x.ravel(), y.ravel(), 2.0 * x.ravel() + y.ravel()])
    quads = np.array([[4 * i + j, 4 * i + j + 1, 4 * i + j + 5, 4 * i + j + 4] for i in range(3) for j in range(3)])
    matrix, _ = catmull_clark(16, quads)
    fine = matrix @ sheet
    np.testing.assert_allclose(fine[:, 2], 2.0 * fine[:, 0] + fine[:, 1], atol=1e-12)
    (loop,) = border_loops(quads)
    assert sorted(loop.tolist()) == [0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 14, 15]


def test_a_spline_passes_its_points_and_is_affine_where_they_are() -> None:
    random = np.random.default_rng(1)
    points = random.uniform(-50.0, 50.0, (40, 3))
    images = points + random.normal(0.0, 3.0, (40, 3))
    np.testing.assert_allclose(BiharmonicSpline.fitted(points, images, 0.0)(points), images, atol=1e-8)  # measured 1e-12
    matrix = random.normal(size=(3, 3))
    straight = BiharmonicSpline.fitted(points, points @ matrix.T + 7.0, 1.0)
    elsewhere = random.uniform(-80.0, 80.0, (40_001, 3))  # in more than one chunk
    np.testing.assert_allclose(straight(elsewhere), elsewhere @ matrix.T + 7.0, atol=1e-6)


@pytest.mark.parametrize("build", [(0.5, 0.5, 0.5, 0.5), (0.2, 0.9, 0.1, 0.8)])
def test_the_shares_of_each_kind_of_macro_target_sum_to_one(build: tuple[float, float, float, float]) -> None:
    origins = dict(zip(ORIGINS, (0.2, 0.3, 0.5), strict=True))
    weights = macro_weights(0.3, age_of_years(62.0), *build, origins)
    for kind in ("macrodetails/universal-", *(f"macrodetails/{origin}-" for origin in ORIGINS)):
        expected = 1.0 if "universal" in kind else origins[kind.removeprefix("macrodetails/").rstrip("-")]
        assert sum(weight for name, weight in weights.items() if name.startswith(kind)) == pytest.approx(expected)
    assert set(weights) <= set(head_basis().places)
    assert [age_of_years(years) for years in (1.0, 12.0, 25.0, 90.0)] == [0.0, 0.1875, 0.5, 1.0]


def test_a_ball_s_voxels_and_depth_are_those_of_the_sphere() -> None:
    vertices, triangles = ball(5)
    grid = sitk.Image([31, 31, 31], sitk.sitkUInt8)
    grid.SetSpacing([1.5] * 3)
    grid.SetOrigin([-22.5] * 3)
    at = np.stack(np.meshgrid(*[-22.5 + 1.5 * np.arange(31)] * 3, indexing="ij"), axis=-1)  # a sphere has no axes
    radius = np.linalg.norm(at, axis=-1)
    inside = voxels_inside(surface_of(vertices, triangles), grid.GetOrigin(), grid.GetSpacing(), grid.GetSize())
    assert inside[radius < 19.9].all()
    assert not inside[radius > 20.0].any()
    near = at[np.abs(radius - 20.0) < 2.0]
    depth, _ = planes_depth(near, vertices, vertex_normals(vertices, triangles))
    np.testing.assert_allclose(depth, 20.0 - np.linalg.norm(near, axis=1), atol=0.05)  # measured 0.014 mm


def test_the_shipped_head_is_closed_by_four_fans_and_both_eyes_are_closed() -> None:
    """Bottom, both cut arms and the mouth; lids, nostrils and ears belong to the skin."""
    basis = head_basis()
    assert (basis.skin.fans, basis.solid.fans, basis.eyes.fans) == (4, 4, 0)
    sides = np.sort(np.stack([basis.skin.triangles, np.roll(basis.skin.triangles, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    assert set(np.unique(sides, axis=0, return_counts=True)[1].tolist()) == {2}
    assert isinstance(basis.skin, Subdivided)
