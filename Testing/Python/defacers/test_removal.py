"""Planes that turn a region into air: Quickshear and Biometric_mask."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head as synthetic
from deface_compare.case import CaseImage
from deface_compare.defacers.biometric_mask import BiometricMask
from deface_compare.defacers.quickshear import Quickshear, shear, voxel_shear
from deface_compare.defacers.removal import Polytope, Removal
from deface_compare.errors import MethodFailed
from deface_compare.settings import Settings


def removed_fraction(edit: Removal, grid: sitk.Image) -> float:
    """Removed share of the head's own voxels on `grid`."""
    outline = synthetic.outline_at(synthetic.points(grid))
    return float((edit.removed(grid) & outline).sum() / outline.sum())


def oblique_grid() -> sitk.Image:
    """A grid turned by 25 degrees about x and 10 about z, axes out of order and one flipped."""
    turn = sitk.Euler3DTransform((0, 0, 0), np.radians(25), 0.0, np.radians(10))
    direction = np.array(turn.GetMatrix()).reshape(3, 3)[:, [2, 0, 1]] * np.array([1, -1, 1])
    grid = synthetic.grid((3.0, 2.0, 2.0))
    grid.SetDirection(direction.ravel().tolist())
    centre = np.array(grid.TransformContinuousIndexToPhysicalPoint([0.5 * (n - 1) for n in grid.GetSize()]))
    grid.SetOrigin((np.array(grid.GetOrigin()) - centre).tolist())
    return grid


def test_a_polytope_on_an_oblique_grid_is_what_its_points_say() -> None:
    grid = oblique_grid()
    region = Polytope(np.array([[0.0, 0.8, 0.6], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]), np.array([-20.0, 30.0, 10.0]))
    expected = region.holds(synthetic.points(grid).reshape(-1, 3)).reshape(grid.GetSize()[::-1])
    assert expected.sum() > 10_000
    assert np.array_equal(Removal((region,)).removed(grid), expected)


def test_the_shear_plane_of_an_ellipsoid_brain_is_the_closed_form_chord() -> None:
    head = synthetic.head()
    plane = shear(head.brain).parts[0]
    half_y, half_z = synthetic.BRAIN_MM[1:]
    angle = np.linspace(0, np.pi / 2, 200_001)  # the lower front quarter of the silhouette's ellipse
    y, z = -half_y * np.cos(angle), -half_z * np.sin(angle)
    end = int(np.argmax(np.hypot(y - y[0], z - z[0]) >= 25.0))
    chord = np.array([y[end] - y[0], z[end] - z[0]])
    outward = np.array([chord[1], -chord[0]]) / np.hypot(*chord)
    found = -plane.normals[0][1:]
    # measured: 0.36 degrees (the mask has 2 mm voxels and is smoothed)
    assert np.degrees(np.arccos(found @ outward)) < 2.0
    support = np.hypot(half_y * found[0], half_z * found[1]) + found @ np.array(synthetic.BRAIN_CENTRE_MM[1:])
    # the plane stands 10 mm off the ellipse, perpendicular; measured: 9.79 mm (smoothing shrinks a convex outline)
    assert -plane.limits[0] - support == pytest.approx(10.0, abs=0.7)


@pytest.mark.parametrize("spacing", [(2.0, 2.0, 1.0), (3.0, 3.0, 2.0), (2.0, 2.0, 3.0)])
def test_quickshear_takes_the_nose_and_no_brain_whatever_the_slices(spacing: tuple[float, float, float]) -> None:
    head, grid = synthetic.head(), synthetic.grid(spacing)
    edit = shear(head.brain)
    where = synthetic.points(grid)
    removed = edit.removed(grid)
    assert not removed[synthetic.inside(where, synthetic.BRAIN_MM, synthetic.BRAIN_CENTRE_MM)].any()
    assert removed[synthetic.inside(where, (6.0, 6.0, 6.0), (0.0, -105.0, -25.0))].all()
    # measured: 0.1 % of itself between 1 mm and 3 mm slices
    assert removed_fraction(edit, grid) == pytest.approx(removed_fraction(edit, synthetic.grid()), rel=0.02)


def test_quickshear_removes_the_same_share_in_any_axis_order() -> None:
    edit = shear(synthetic.head().brain)
    # measured: 0.1 % between an LPS grid and an oblique, flipped, permuted one
    assert removed_fraction(edit, oblique_grid()) == pytest.approx(removed_fraction(edit, synthetic.grid()), rel=0.02)


@pytest.mark.parametrize("permutation", ["PIR", "LAS", "SRP"])
def test_the_voxel_variant_gives_the_same_cut_in_every_storage_order(permutation: str) -> None:
    head = synthetic.head()
    grid = synthetic.grid((2.0, 2.0, 4.0))
    stored = sitk.DICOMOrient(grid, permutation)
    there = voxel_shear(stored, head.brain).removed(stored)
    back = sitk.GetImageFromArray(there.astype(np.uint8))
    back.CopyInformation(stored)
    again = sitk.GetArrayFromImage(sitk.DICOMOrient(back, "LPS")).astype(bool)
    assert np.array_equal(again, voxel_shear(grid, head.brain).removed(grid))


@pytest.mark.parametrize(
    ("spacing", "half_mm", "order", "share"),
    [
        ((2.0, 2.0, 2.0), (110.0, 130.0, 124.0), "LPS", 0.2525434243176179),
        ((1.5, 2.0, 4.0), (110.0, 130.0, 124.0), "LPS", 0.23076923076923078),
        ((2.0, 2.0, 3.0), (110.0, 130.0, 124.0), "PIR", 0.24040778498609824),
        ((0.98, 0.98, 3.0), (251.0, 251.0, 150.0), "LPS", 0.3654970760233918),
    ],
)
def test_the_voxel_variant_removes_what_quickshear_removes_once_its_loop_is_mended(
    spacing: synthetic.Triple, half_mm: synthetic.Triple, order: str, share: float
) -> None:
    # shares: PyPI quickshear 1.2.0 with `arange` over shape[1], run on this head; no voxel differed from ours.
    # As released it removes 0.1949 of the last grid, which leaves the face.
    grid = sitk.DICOMOrient(synthetic.grid(spacing, half_mm), order)
    assert voxel_shear(grid, synthetic.head().brain).removed(grid).mean() == pytest.approx(share, rel=1e-9)


def test_the_voxel_variant_lowers_the_line_by_ten_slices() -> None:
    head, thin, thick = synthetic.head(), synthetic.grid((2.0, 2.0, 2.0)), synthetic.grid((2.0, 2.0, 4.0))
    # 10 voxels are 20 mm or 40 mm; measured: 9.1 % against 6.0 % of the head: the reason why millimetres are the default
    assert removed_fraction(voxel_shear(thin, head.brain), thin) > 1.05 * removed_fraction(voxel_shear(thick, head.brain), thick)


def test_quickshear_cuts_the_face_off_a_planning_ct_of_few_slices() -> None:
    grid = synthetic.grid((0.98, 0.98, 3.0), half_mm=(251.0, 251.0, 150.0))
    assert grid.GetSize() == (513, 513, 100)
    removed = shear(synthetic.head().brain).removed(grid)
    nose = np.argwhere(synthetic.inside(synthetic.points(synthetic.grid()), synthetic.NOSE_MM, synthetic.NOSE_CENTRE_MM))
    index = [grid.TransformPhysicalPointToIndex(synthetic.grid().TransformIndexToPhysicalPoint(n[::-1].tolist())) for n in nose]
    # quickshear 1.2.0 removes 0.0 % of the face on such a grid; measured here: 100 %
    assert np.mean([removed[i[::-1]] for i in index]) > 0.95


def test_a_brain_of_one_column_fails_with_a_reason() -> None:
    head = synthetic.head()
    array = np.zeros(head.grid.GetSize()[::-1], dtype=bool)
    array[30:60, 50, 50] = True
    with pytest.raises(MethodFailed, match=r"brain"):
        voxel_shear(head.grid, synthetic.mask(head.grid, np.zeros_like(array)))
    with pytest.raises(MethodFailed, match=r"brain"):
        shear(synthetic.mask(head.grid, np.zeros_like(array)))


@pytest.mark.parametrize("fill", ["background", "zero"])
def test_removed_voxels_get_the_fill_and_all_others_stay_bit_identical(fill: str) -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid((1.5, 1.5, 3.0)))
    edit = shear(head.brain)
    patch = edit.apply(image, head, Settings(fill=fill))
    whole = sitk.GetArrayFromImage(patch.whole(image.image))
    removed = edit.removed(image.image)
    assert patch.values.dtype == np.int16
    assert np.array_equal(whole[~removed], image.array()[~removed])
    if fill == "zero":
        assert not whole[removed].any()
        return
    own = image.array()[image.array() < -900]
    assert set(np.unique(whole[removed])) <= set(np.unique(own))
    assert whole[removed].std() == pytest.approx(own.std(), rel=0.05)


def test_a_permutation_keeps_the_histogram_and_repeats_with_its_seed() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    edit = shear(head.brain)
    first, again, other = (edit.apply(image, head, Settings(fill="permute", seed=seed)) for seed in (1, 1, 2))
    original = image.array()[first.box.slices]
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)
    assert np.array_equal(np.sort(first.values, axis=None), np.sort(original, axis=None))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_the_stored_type_is_kept(dtype: type[np.generic]) -> None:
    head, grid = synthetic.head(), synthetic.grid((3.0, 3.0, 3.0))
    values = np.where(synthetic.outline_at(synthetic.points(grid)), 90, 4).astype(dtype)
    stored = sitk.GetImageFromArray(values)
    stored.CopyInformation(grid)
    patch = shear(head.brain).apply(CaseImage("MR", "MR", stored, "a.u."), head, Settings())
    assert patch.whole(stored).GetPixelID() == stored.GetPixelID()


def test_a_region_outside_the_patient_is_a_failure_not_an_empty_mask() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    above = Removal((Polytope(np.array([[0.0, 0.0, -1.0]]), np.array([-115.0])),))
    beyond = Removal((Polytope(np.array([[0.0, 0.0, -1.0]]), np.array([-500.0])),))
    for edit in (above, beyond):
        with pytest.raises(MethodFailed, match=r"outside the patient in image CT"):
            edit.apply(image, head, Settings())


def test_dose_is_zero_where_the_face_was_removed_and_untouched_elsewhere() -> None:
    head, grid = synthetic.head(), synthetic.grid((2.5, 2.5, 2.5))
    edit, dose = shear(head.brain), synthetic.dose(synthetic.grid((2.5, 2.5, 2.5)))
    followed = sitk.GetArrayFromImage(edit.follow(dose, head).whole(dose.image))
    removed = edit.removed(grid)
    assert not followed[removed].any()
    assert np.array_equal(followed[~removed], sitk.GetArrayFromImage(dose.image)[~removed])


def test_biometric_mask_is_three_planes_and_two_ear_boxes() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    edit = BiometricMask().find_edit(synthetic.case(image), image, head, Settings())
    probe = np.array(
        [
            [0.0, -100.0, -80.0],  # below the box's mean height, in front
            [0.0, -100.0, -60.0],  # above it: eyes, nose bridge and, here, the mouth stay
            [0.0, -60.0, -80.0],  # behind the coronal plane (template y -44 is patient y -64)
            [60.0, -100.0, -80.0],  # beside the box
            [100.0, 10.0, -40.0],  # outside the left ear, out to the border
            [-84.0, 10.0, -40.0],  # right ear
            [70.0, 10.0, -40.0],  # inside the head
        ]
    )
    assert edit.intends(probe).tolist() == [True, False, False, False, True, True, False]


def test_biometric_mask_follows_voxel_axes_only_as_ichseg() -> None:
    head, grid = synthetic.head(), oblique_grid()
    image = synthetic.ct(grid)
    world, voxel = (BiometricMask(v).find_edit(synthetic.case(image), image, head, Settings()) for v in ("", "ichseg"))
    assert isinstance(world, Removal)
    assert isinstance(voxel, Removal)
    direction = np.array(grid.GetDirection()).reshape(3, 3)
    assert np.allclose(np.abs(world.parts[0].normals), np.eye(3)[[0, 0, 1, 2]])
    assert np.allclose(np.abs(voxel.parts[0].normals @ direction).max(axis=1), 1.0)
    assert not np.allclose(world.parts[0].normals, voxel.parts[0].normals)


def test_a_face_box_outside_the_patient_is_a_failure() -> None:
    far = sitk.TranslationTransform(3, (0.0, 0.0, 200.0))
    head, image = synthetic.head(brain_to_patient=far), synthetic.ct(synthetic.grid())
    with pytest.raises(MethodFailed, match=r"face box"):
        BiometricMask().find_edit(synthetic.case(image), image, head, Settings())


def test_quickshear_is_found_through_its_protocol() -> None:
    head, image = synthetic.head(), synthetic.ct(synthetic.grid())
    for variant in ("", "nipy"):
        edit = Quickshear(variant).find_edit(synthetic.case(image), image, head, Settings())
        assert edit.intends(np.array([[0.0, -112.0, -25.0], [0.0, 94.0, 0.0]])).tolist() == [True, False]


def test_the_ear_plane_of_a_turned_head_stays_out_of_the_brain_except_as_ichseg() -> None:
    turned = sitk.Euler3DTransform((0.0, 0.0, 0.0), 0.0, 0.0, np.radians(20))
    turned.SetTranslation((0.0, 20.0, 0.0))
    wide = synthetic.mask(
        synthetic.grid(), synthetic.inside(synthetic.points(synthetic.grid()), (72.0, 80.0, 60.0), (0.0, 8.0, 0.0))
    )
    head, image = synthetic.head(brain=wide, brain_to_patient=turned), synthetic.ct(synthetic.grid())
    brain = sitk.GetArrayFromImage(wide) > 0
    lost = [
        int((BiometricMask(variant).find_edit(synthetic.case(image), image, head, Settings()).removed(wide) & brain).sum())
        for variant in ("", "ichseg")
    ]
    assert lost[0] == 0
    assert lost[1] > 0
