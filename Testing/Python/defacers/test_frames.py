"""One edit, found once, on every grid and through a registration: compared with the plane it is, in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

import synthetic_head as synthetic
from deface_compare.anatomy import find_heads
from deface_compare.anatomy.head import Head
from deface_compare.case import CT, MR, PET, Case, CaseImage, Dose, OwnFrame
from deface_compare.defacers.deface import deface
from deface_compare.defacers.defacing import Defacer
from deface_compare.defacers.edit import Edit
from deface_compare.defacers.removal import Polytope, Removal
from deface_compare.errors import FaceNotFound
from deface_compare.readers.dicom.registration import joined_dose, joined_image
from deface_compare.settings import Settings
from registration_file import rigid

NORMAL, LIMIT_MM = np.array([0.1, 0.95, 0.3]) / np.linalg.norm([0.1, 0.95, 0.3]), -48.3
"""What lies in front of this plane goes: NORMAL @ p <= LIMIT_MM, LPS mm of the head."""
VALUE, OTHER = 500, 40
"""In every voxel before the edit, slice by slice in turn: a constant image is none that could be measured."""


class FixedPlane(Defacer):
    """A method whose edit is known."""

    key, title, reference, limits, licence = "plane", "Plane", "", "", ""

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        return Removal(parts=(Polytope(NORMAL[None, :], np.array([LIMIT_MM])),))


def turned(axis: str, degrees: float) -> NDArray[np.float64]:
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return {
        "x": np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]),
        "z": np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]),
    }[axis]


def slanted(degrees: float) -> NDArray[np.float64]:
    """Gantry tilt: slices tilted about x, table moving along z."""
    direction = turned("x", degrees)
    direction[:, 2] = (0.0, 0.0, 1.0)
    return direction


def image_on(direction: NDArray[np.float64], spacing: tuple[float, float, float], half_mm: float = 125.0) -> sitk.Image:
    """An image around the head's centre."""
    size = [int(2 * half_mm / s) for s in spacing]
    values = np.full(size[::-1], VALUE, np.int16)
    values[::2] = OTHER
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing)
    image.SetDirection(direction.ravel().tolist())
    image.SetOrigin((-direction @ (0.5 * (np.array(size) - 1) * np.array(spacing))).tolist())
    return image


def points(of: sitk.Image, matrix: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """LPS mm of every voxel centre, shape (z, y, x, 3), moved by a (4, 4) matrix if given."""
    where = synthetic.points(of)
    return where if matrix is None else where @ matrix[:3, :3].T + matrix[:3, 3]


def expected(where: NDArray[np.float64]) -> NDArray[np.bool_]:
    return where @ NORMAL <= LIMIT_MM


GRIDS = {
    "axial, 5 mm slices": (np.eye(3), (2.0, 2.0, 5.0)),
    "oblique": (turned("x", 20.0) @ turned("z", -15.0), (3.0, 3.0, 3.0)),
    "sagittal": (np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], dtype=float), (2.0, 2.0, 4.0)),
    "tilted 15": (slanted(15.0), (2.0, 2.0, 4.0)),
    "tilted -15": (slanted(-15.0), (3.0, 2.0, 5.0)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_every_grid_gets_the_same_plane_and_so_do_pet_dose_and_a_part_of_the_head(name: str) -> None:
    """Voxels within 1e-6 mm of the plane may fall to either side; there are none on these grids."""
    direction, spacing = GRIDS[name]
    ct = CaseImage("CT", CT, image_on(direction, spacing), "HU")
    pet = CaseImage("PET", PET, image_on(np.eye(3), (5.0, 5.0, 4.0)), "SUVbw")
    part = CaseImage("MR_T2", MR, image_on(direction, spacing)[10:60, 5:40, 3:], "a.u.")
    dose = Dose(image=sitk.Cast(image_on(turned("z", 8.0), (4.0, 4.0, 4.0)), sitk.sitkFloat32))
    heads = dict.fromkeys(("CT", "PET", "MR_T2"), synthetic.head())
    result = deface(FixedPlane(), synthetic.case(ct, pet, part, dose=dose), heads, Settings(fill="zero"))
    assert dict(result.unavailable) == {}
    for image in (ct, pet, part):
        edited = sitk.GetArrayFromImage(result.edited_image(image))
        assert np.array_equal(edited == 0, expected(points(image.image))), image.key
        assert np.array_equal(edited[edited != 0], image.array()[edited != 0])
    masked = sitk.GetArrayFromImage(result.dose_patches["mask"].whole(dose.image))
    assert np.array_equal(masked == 0, expected(points(dose.image)))


def test_an_image_joined_by_a_registration_is_cut_where_the_matrix_puts_the_plane() -> None:
    """In the MR's own frame the plane is NORMAL @ (R p + t) <= LIMIT: that, voxel by voxel, is what must be gone."""
    matrix = rigid(25.0, (30.0, -12.0, 44.0))
    own = image_on(turned("x", -10.0), (3.0, 2.0, 4.0), 110.0)
    away = CaseImage("MR_T1", MR, moved_away(own, matrix), "a.u.", frame_of_reference_uid="mr")
    joins = {"mr": ("ct", matrix)}
    ct = CaseImage("CT", CT, image_on(np.eye(3), (3.0, 3.0, 3.0)), "HU", frame_of_reference_uid="ct")
    mr = joined_image(away, joins)
    dose = joined_dose(Dose(sitk.Cast(away.image, sitk.sitkFloat32), frame_of_reference_uid="mr"), joins)
    heads = dict.fromkeys(("CT", "MR_T1"), synthetic.head())
    result = deface(FixedPlane(), synthetic.case(ct, mr, dose=dose), heads, Settings(fill="zero"))
    where = expected(points(away.image, matrix))
    assert 0.05 < where.mean() < 0.5
    assert isinstance(mr.own_frame, OwnFrame)
    edited = mr.own_frame.put_back(result.edited_image(mr))
    assert np.array_equal(sitk.GetArrayFromImage(edited) == 0, where)
    assert edited.GetOrigin() == away.image.GetOrigin()
    assert edited.GetDirection() == away.image.GetDirection()
    masked = sitk.GetArrayFromImage(result.dose_patches["mask"].whole(dose.image))
    assert np.array_equal(masked == 0, where)


def moved_away(image: sitk.Image, matrix: NDArray[np.float64]) -> sitk.Image:
    """Where the image lies in a frame from which `matrix` leads to the head's."""
    inverse = np.linalg.inv(matrix)
    result = sitk.Image(image)
    result.SetOrigin((inverse[:3, :3] @ np.array(image.GetOrigin()) + inverse[:3, 3]).tolist())
    result.SetDirection((inverse[:3, :3] @ np.array(image.GetDirection()).reshape(3, 3)).ravel().tolist())
    return result


def test_a_frame_without_registration_and_without_a_face_has_rows_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = synthetic.ct(synthetic.grid((4.0, 4.0, 4.0)))
    ct = replace(grid, frame_of_reference_uid="a")
    other = replace(grid, key="MR_T2", modality=MR, frame_of_reference_uid="b")

    def find_head(case: Case, image: CaseImage, settings: Settings) -> Head:
        if image.key == "MR_T2":
            raise FaceNotFound("image MR_T2 holds no face between brow and chin")
        return synthetic.head()

    monkeypatch.setattr(find_heads, "find_head", find_head)
    heads, reasons = find_heads.find_heads(synthetic.case(ct, other), Settings())
    assert {key: missing.reason for key, missing in reasons.items()} == {
        "MR_T2": "not available: no registration to a frame in which a head was found, and its own search failed:"
        " image MR_T2 holds no face between brow and chin"
    }
    result = deface(FixedPlane(), synthetic.case(ct, other), heads, Settings(), reasons)
    assert result.blocked("MR_T2") == reasons["MR_T2"]
    assert reasons["MR_T2"].status == "not available"
    assert result.blocked("CT") is None
