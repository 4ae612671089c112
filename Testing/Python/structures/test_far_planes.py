"""Structures in few planes, or in planes far apart: what lies between is empty, and no slice is thicker than slices are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from deface_compare.case import Structure
from deface_compare.structures.contours import stack_contours
from deface_compare.structures.mask import slab_volume_cc
from deface_compare.structures.naming import unique_names

AREA_CM2 = 4.0


def squares(heights_mm: Sequence[float]) -> tuple[NDArray[np.float64], ...]:
    """Squares of 20 mm."""
    corners = np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]])
    return tuple(np.column_stack([corners, np.full(4, z)]) for z in heights_mm)


def named(heights_mm: Sequence[float], others_mm: float | None = 3.0) -> Structure:
    """The structure, in a set of two others whose planes are so far apart."""
    drawn = Structure("Brain", "Brain", "brain", contours=squares(heights_mm))
    others = [
        Structure(name, name, "eye", contours=squares([others_mm * k for k in range(8)]))
        for name in (("Eye_L", "Eye_R") if others_mm else ())
    ]
    return unique_names([drawn, *others])[0]


@pytest.mark.parametrize(
    ("heights_mm", "others_mm", "thick_mm"),
    [
        ([0, 3], 3.0, 6.0),
        ([0, 30], 3.0, 6.0),
        ([0, 9], 3.0, 6.0),
        ([0, 2], 3.0, 4.0),
        ([0, 3], 1.0, 2.0),
        ([0, 30], None, 6.0),
        ([0, 5], None, 10.0),
        ([0, 15, 33], 3.0, 9.0),
        ([0, 9, 18], 3.0, 27.0),
        ([0, 3, 30], 3.0, 9.0),
        ([0], 2.0, 2.0),
    ],
)
def test_a_plane_is_as_thick_as_planes_that_are_neighbours(
    heights_mm: list[float], others_mm: float | None, thick_mm: float
) -> None:
    assert slab_volume_cc(named(heights_mm, others_mm)) == pytest.approx(AREA_CM2 * thick_mm / 10)


@pytest.mark.parametrize(
    ("heights_mm", "said"),
    [
        ([0, 30], "1 gap of up to 30.0 mm between contour planes (3.00 mm elsewhere) stay empty"),
        ([0, 9], "1 gap of up to 9.0 mm between contour planes (3.00 mm elsewhere) stay empty"),
        ([0, 9, 18], "its contour planes lie 9 mm apart, those of other structures 3 mm: each counts as 9 mm thick"),
        ([0, 3], ""),
        ([0, 3, 6, 9], ""),
    ],
)
def test_planes_farther_apart_than_the_sets_are_told(heights_mm: list[float], said: str) -> None:
    assert named(heights_mm).notes == ((said,) if said else ())


def test_two_planes_far_apart_do_not_tell_the_others_how_thick_slices_are() -> None:
    structures = unique_names([Structure(name, name, contours=squares(z)) for name, z in (("Eye_L", [0]), ("Eye_R", [0, 40]))])
    assert [slab_volume_cc(each) for each in structures] == pytest.approx([AREA_CM2 * 0.3, AREA_CM2 * 0.6])


def test_by_themselves_two_planes_within_a_slices_thickness_are_neighbours() -> None:
    assert stack_contours(squares([0, 10])).volume_cc == pytest.approx(AREA_CM2 * 2)
    assert stack_contours(squares([0, 11])).volume_cc == pytest.approx(AREA_CM2 * 0.6)
