"""Distances of the gate: exact where they decide is as good as exact everywhere."""

from __future__ import annotations

import numpy as np
import pytest

import synthetic_head as synthetic
from deface_compare.defacers.edit import Edit
from deface_compare.defacers.quickshear import shear
from deface_compare.defacers.removal import Polytope, Removal
from deface_compare.geometry.mesh import corner_distances_mm, distances_mm, iso_surface
from deface_compare.quality import movement
from deface_compare.quality.movement import surface_movement
from deface_compare.quality.skin import original_skin
from deface_compare.settings import Settings

EDITS = {
    "half of the face": Removal((Polytope(np.array([[0.0, 1.0, 0.0]]), np.array([-40.0])),)),
    "the nose": Removal((Polytope(np.array([[0.0, 1.0, 0.0]]), np.array([-92.0])),)),
    "all in front of a plane off the brain": shear(synthetic.head().brain),
}


@pytest.mark.parametrize("name", EDITS)
def test_distances_that_are_exact_where_they_decide_say_what_exact_ones_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid((1.5, 1.5, 3.0)))
    edit: Edit = EDITS[name]
    patch, skin = edit.apply(image, head, Settings()), original_skin(image, head)
    exact = []

    def counted(points_mm: np.ndarray, surface: object) -> np.ndarray:
        exact.append(len(points_mm))
        return distances_mm(points_mm, surface)  # type: ignore[arg-type]

    monkeypatch.setattr(movement, "distances_mm", counted)
    found = surface_movement(image, skin, patch, edit)
    monkeypatch.setattr(movement, "FAR_MM", np.inf)
    everywhere = surface_movement(image, skin, patch, edit)
    assert exact[0] < exact[1]
    assert found == everywhere


def test_no_place_of_a_triangle_in_a_voxel_is_further_from_a_corner_than_the_voxels_edge() -> None:
    random = np.random.default_rng(4)
    surface = iso_surface(random.normal(size=(9, 9, 9)).astype(np.float32), 0.1, (0.0, 0.0, 0.0), (2.0, 2.0, 2.0))
    points = random.uniform(-10.0, 30.0, (500, 3))
    exact, corners = distances_mm(points, surface), corner_distances_mm(points, surface)
    assert (corners >= exact - 1e-6).all()
    assert (exact**2 >= corners**2 - 4.0 - 1e-6).all()
    assert (corners > exact + 0.1).any()
