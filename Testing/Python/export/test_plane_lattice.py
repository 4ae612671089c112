"""A lattice that is looked up axis by axis tells of each point what the surface tells of it."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from deface_compare.export.written.head_surface import GRID_MM, REACH, HeadSurface, outside_mm
from deface_compare.export.written.plane_lattice import PlaneLattice, softened
from deface_compare.export.written.structure_clip import OUTSIDE_MM


def _surface(tilt_deg: float) -> HeadSurface:
    """Random values on a small grid; the image is smaller than the lattice, and may lie obliquely."""
    random = np.random.default_rng(1)
    shape = (9, 17, 13)
    view = sitk.Image(30, 30, 12, sitk.sitkUInt8)
    view.SetOrigin((-15.3, -12.0, -9.0))
    angle = np.deg2rad(tilt_deg)
    view.SetDirection((np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle), 0, 0, 0, 1))
    return HeadSurface(
        origin_mm=np.array([-11.7, -14.2, -8.1]),
        inside=random.uniform(-1, 1, shape).astype(np.float32),
        outside_mm=np.zeros(shape, np.float32),
        zone=random.random(shape) > 0.5,
        near=np.ones(shape, bool),
        view=view,
    )


def _is_covered(surface: HeadSurface, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    index = surface.index(points_mm)
    return np.all((index >= 0) & (index <= np.array(surface.inside.shape)[:, None] - 1), axis=0)


@pytest.mark.parametrize("tilt_deg", [0.0, 20.0])
@pytest.mark.parametrize("z_mm", [-8.1, -3.37, 7.9, 8.2, 60.0])
@pytest.mark.parametrize(("first_mm", "count"), [(-40.0, 80), (-6.0, 9), (300.0, 5)])
def test_a_lattice_tells_what_the_surface_tells_of_each_point(tilt_deg: float, z_mm: float, first_mm: float, count: int) -> None:
    surface = _surface(tilt_deg)
    x_mm, y_mm = first_mm + 0.37 + np.arange(count), first_mm + np.arange(count + 3)
    lattice = PlaneLattice(surface, x_mm, y_mm, z_mm)
    y, x = np.meshgrid(y_mm, x_mm, indexing="ij")
    places = np.stack([x.ravel(), y.ravel(), np.full(x.size, z_mm)], axis=1)
    for found, asked in (
        (lattice.inside(), ndimage.map_coordinates(surface.inside, surface.index(places), order=1, cval=-1.0)),
        (lattice.known(), _is_covered(surface, places)),
        (lattice.in_zone(), surface.in_zone(places)),
        (lattice.beyond(), surface.is_beyond(places)),
    ):
        assert np.array_equal(found, asked.reshape(lattice.shape))


def test_the_lattices_of_this_test_hold_points_of_every_kind() -> None:
    lattice = PlaneLattice(_surface(20.0), -40.0 + np.arange(80), -40.0 + np.arange(80), -3.37)
    for found in (lattice.known(), lattice.in_zone(), lattice.beyond(), lattice.inside() > 0):
        assert 0 < found.sum() < found.size
    assert GRID_MM > 1


@pytest.mark.parametrize("corner", [(0, 0), (30, 25), (57, 47)])
def test_an_area_is_smoothed_as_if_all_of_its_lattice_was(corner: tuple[int, int]) -> None:
    drawn = np.zeros((60, 50), bool)
    drawn[corner[0] : corner[0] + 12, corner[1] : corner[1] + 7] = True
    whole = (2.0 * ndimage.gaussian_filter(drawn.astype(np.float32), 1.0) - 1.0).astype(np.float32)
    assert np.array_equal(softened(drawn), whole)
    assert np.array_equal(softened(np.zeros((5, 5), bool)), np.full((5, 5), -1.0, np.float32))


def test_whether_a_place_lies_outside_the_surface_is_told_as_by_whole_distances() -> None:
    random = np.random.default_rng(5)
    solid = ndimage.gaussian_filter(random.normal(size=(40, 44, 48)), 3) > 0.02
    told, whole = outside_mm(solid), ndimage.distance_transform_edt(~solid, GRID_MM).astype(np.float32)
    assert (whole > GRID_MM * REACH).any()
    places = random.uniform(0, 1, (3, 200_000)) * (np.array(solid.shape)[:, None] - 1)
    outside = [ndimage.map_coordinates(field, places, order=1) > OUTSIDE_MM for field in (told, whole)]
    assert np.array_equal(*outside)
    assert 0 < outside[0].sum() < outside[0].size
