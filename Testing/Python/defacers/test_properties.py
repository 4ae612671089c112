"""An edit must not depend on how an image is stored: one head in many grids, types and fields of view, the same region edited.

The head is the average head under a known affine, as CT with skull and brain. An edit is found in a variant of its image and then
applied to one image that all share; the region that it alters there is compared with that of the edit found in that image
itself. A seeded slice runs always, on voxels of 2 mm; the whole grid with DEFACE_COMPARE_PROVE=1 (`make prove`), on 1 mm.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

import synthetic_head as synthetic
from deface_compare.anatomy.average_head import average_head
from deface_compare.anatomy.find_head import find_head
from deface_compare.anatomy.head import Head
from deface_compare.case import CT, Case, CaseImage
from deface_compare.defacers import REGISTRY
from deface_compare.defacers.edit import Edit
from deface_compare.defacers.removal import Removal
from deface_compare.geometry.morphology import inner_distance_mm
from deface_compare.settings import Settings

PROVE = os.environ.get("DEFACE_COMPARE_PROVE") == "1"
LEAST_DICE = {"quickshear": 0.97, "biometric_mask": 0.975, "average_face": 0.97, "surface_blur": 0.97, "eye_line": 0.985}
"""Measured over `ALWAYS`: 0.984-0.989, 0.994, 0.988-0.993, 0.993-0.996, 1.000; over `ON_DEMAND`: 0.970-0.997, 0.982-0.999,
0.973-0.997, 0.984-0.998 (and the exception), 0.994-1.000."""
LEAST_DICE_OF = {("cut at the vertex", "quickshear"): 0.969, ("cut under the nose", "surface_blur"): 0.95}
"""Measured: 0.970 (rounded); 0.960: surface blur keeps the volume of what the scan holds of the face, which balances elsewhere
without mouth and chin."""
SHARED_MM = 1.0 if PROVE else 2.0
"""Voxels of the shared image: a removal's region is counted in an eighth of the time on 2 mm."""
SETTINGS = Settings()
METHODS = ("quickshear", "biometric_mask", "average_face", "surface_blur", "eye_line")
ALONG_WORLD_AXES = ("biometric_mask", "eye_line")
"""Their planes follow LPS axes by definition: a nodding head meets them at another angle."""
POSE = sitk.AffineTransform((1.04, 0.02, 0.0, -0.02, 0.97, 0.03, 0.0, -0.03, 1.02), (3.0, -6.0, 8.0), (0.0, -20.0, -40.0))
"""Patient mm to average-head mm of the shared head."""
NOISE_HU, NOISE_DRAWS = 10.0, 3
AIR_HU, TISSUE_HU, BRAIN_HU, BONE_HU = -1000, 40, 32, 900


class Variant(NamedTuple):
    """One way to store the head: `make` gives its image; `turn` is the patient's own movement, if any."""

    make: Callable[[], sitk.Image]
    turn: sitk.Transform | None = None


@cache
def labels() -> sitk.Image:
    """HU of the head in average-head mm."""
    average = average_head()
    inside = sitk.GetArrayFromImage(average.outline) > 0
    brain = sitk.GetArrayFromImage(average.brain) > 0
    depth = inner_distance_mm(inside, 2.0)
    near_brain = inner_distance_mm(~brain, 2.0) <= 7.0
    values = np.where(inside, TISSUE_HU, AIR_HU)
    values[near_brain & ~brain & (depth > 4.0)] = BONE_HU
    values[brain] = BRAIN_HU
    image = sitk.GetImageFromArray(values.astype(np.float32))
    image.CopyInformation(average.outline)
    return sitk.Resample(image, image, _own_face(image), sitk.sitkLinear, AIR_HU)


def _own_face(image: sitk.Image) -> sitk.Transform:
    """Longer chin, fuller cheek on one side, broader nose bridge: shifts of up to 9 mm that make it nobody's average."""
    where = synthetic.points(image)
    marks = average_head().landmarks_mm
    field = np.zeros(where.shape)
    for mark, offset, shift, width in (
        ("chin", (0, 0, 0), (0, 9, 4), 22.0),
        ("mouth", (45, 30, 0), (-8, 5, 0), 25.0),
        ("nasion", (0, 0, -8), (0, 7, 0), 16.0),
        ("eye_right", (-20, 15, -15), (0, -6, 0), 20.0),
    ):
        away = np.sum((where - np.add(marks[mark], offset)) ** 2, axis=-1) / width**2
        field += np.exp(-0.5 * away)[..., None] * np.array(shift, dtype=float)
    shifts = sitk.GetImageFromArray(field, isVector=True)
    shifts.CopyInformation(image)
    return sitk.DisplacementFieldTransform(sitk.Cast(shifts, sitk.sitkVectorFloat64))


def grid(
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
    low: tuple[float, float, float] = (-95.0, -140.0, -190.0),
    high: tuple[float, float, float] = (95.0, 110.0, 70.0),
) -> sitk.Image:
    """An empty grid over a box of patient mm, turned about its centre by angles in degrees (x, y, z)."""
    size = np.ceil(np.subtract(high, low) / spacing).astype(int)
    centre = 0.5 * np.add(low, high)
    direction = np.array(sitk.Euler3DTransform((0, 0, 0), *np.radians(turn)).GetMatrix()).reshape(3, 3)
    empty = sitk.Image(size.tolist(), sitk.sitkInt16)
    empty.SetSpacing(spacing)
    empty.SetDirection(direction.ravel().tolist())
    empty.SetOrigin((centre - direction @ (0.5 * (size - 1) * spacing)).tolist())
    return empty


def head_on(empty: sitk.Image, turn: sitk.Transform | None = None, seed: int = 3) -> sitk.Image:
    """The head's CT on a grid, int16 with noise of 10 HU; thick slices average what lies in them."""
    to_average = sitk.CompositeTransform([POSE]) if turn is None else sitk.CompositeTransform([POSE, turn.GetInverse()])
    thick = max(1, round(empty.GetSpacing()[2]))
    fine = sitk.Image([*empty.GetSize()[:2], empty.GetSize()[2] * thick], sitk.sitkFloat32)
    fine.SetDirection(empty.GetDirection())
    fine.SetSpacing((*empty.GetSpacing()[:2], empty.GetSpacing()[2] / thick))
    first = [0.0, 0.0, -0.5 + 0.5 / thick]
    fine.SetOrigin(empty.TransformContinuousIndexToPhysicalPoint(first))
    laid = sitk.GetArrayFromImage(sitk.Resample(labels(), fine, to_average, sitk.sitkLinear, AIR_HU, sitk.sitkFloat32))
    depth, height, width = laid.shape
    values = laid.reshape(depth // thick, thick, height, width).mean(axis=1)
    values += np.random.default_rng(seed).normal(0.0, NOISE_HU, values.shape)
    image = sitk.GetImageFromArray(np.rint(values).astype(np.int16))
    image.CopyInformation(empty)
    return image


def with_shell(image: sitk.Image) -> sitk.Image:
    """A thermoplastic mask: 3 mm of plastic, 5 mm off the skin of the front half."""
    values = sitk.GetArrayFromImage(image)
    outside = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image > -300, False, False, True))
    front = np.arange(values.shape[1])[None, :, None] < 0.55 * values.shape[1]
    values[(outside > 5.0) & (outside < 8.0) & front] = 100
    masked = sitk.GetImageFromArray(values)
    masked.CopyInformation(image)
    return masked


def padded(image: sitk.Image) -> sitk.Image:
    """Outside of the scanner's circle: -3024 HU."""
    values = sitk.GetArrayFromImage(image)
    height, width = values.shape[1:]
    y, x = np.ogrid[:height, :width]
    values[:, ((y - height / 2) / (height / 2)) ** 2 + ((x - width / 2) / (width / 2)) ** 2 > 1.15] = -3024
    result = sitk.GetImageFromArray(values)
    result.CopyInformation(image)
    return result


def nodding(degrees: float) -> Variant:
    turn = sitk.Euler3DTransform((0.0, -10.0, -40.0), np.radians(degrees), 0.0, 0.0)
    return Variant(lambda: head_on(grid((2.0, 2.0, 2.0), low=(-95, -150, -200), high=(95, 125, 85)), turn), turn)


ALWAYS: dict[str, Variant] = {
    "slices of 3 mm, axes PIR": Variant(lambda: sitk.DICOMOrient(head_on(grid((1.0, 1.0, 3.0))), "PIR")),
    "oblique by 20 degrees": Variant(
        lambda: head_on(grid((2.0, 2.0, 2.0), (20.0, -8.0, 5.0), (-110, -165, -215), (110, 135, 95)))
    ),
}
ON_DEMAND: dict[str, Variant] = {
    **{
        f"axes {order}": Variant(lambda order=order: sitk.DICOMOrient(head_on(grid((2.0, 1.5, 2.0))), order))
        for order in ("RAS", "SRP", "ILA")
    },
    **{
        f"spacing {s}": Variant(lambda s=s: head_on(grid(s)))
        for s in ((0.6, 0.6, 2.5), (2.0, 2.0, 2.0), (3.0, 3.0, 3.0), (1.0, 1.0, 5.0))
    },
    "oblique by -20 degrees": Variant(
        lambda: head_on(grid((2.0, 2.0, 2.0), (-20.0, 0.0, 0.0), (-105, -165, -215), (105, 135, 95)))
    ),
    "oblique sideways": Variant(lambda: head_on(grid((2.0, 2.0, 2.0), (0.0, 20.0, 15.0), (-120, -165, -215), (120, 135, 95)))),
    "float": Variant(lambda: sitk.Cast(head_on(grid((2.0, 2.0, 2.0))), sitk.sitkFloat32)),
    "background of -3024": Variant(lambda: padded(head_on(grid((2.0, 2.0, 2.0))))),
    "mask shell": Variant(lambda: with_shell(head_on(grid((2.0, 2.0, 2.0))))),
    "cut at the vertex": Variant(lambda: head_on(grid((2.0, 2.0, 2.0), high=(95.0, 110.0, 35.0)))),
    "cut behind the ears": Variant(lambda: head_on(grid((2.0, 2.0, 2.0), high=(95.0, 55.0, 70.0)))),
    "cut under the nose": Variant(lambda: head_on(grid((2.0, 2.0, 2.0), low=(-95.0, -140.0, -105.0)))),
    "nodding by 15 degrees": nodding(15.0),
    "nodding by -15 degrees": nodding(-15.0),
}
VARIANTS = {**ALWAYS, **ON_DEMAND} if PROVE else ALWAYS


def found_in(image: sitk.Image) -> tuple[Case, Head]:
    case = Case(id="case-001", images=(CaseImage("CT", CT, image, "HU"),))
    return case, find_head(case, case.images[0], SETTINGS)


def altered_by(edit: Edit, image: CaseImage, head: Head) -> NDArray[np.bool_]:
    """The region of an image that an edit rewrites, (z, y, x): a removal's own, else every voxel whose value changes.

    A voxel may be given the value that it had: the edit meets the image with several draws of its noise, and any change counts.
    """
    if isinstance(edit, Removal):
        return edit.removed(image.image)
    altered = np.zeros(image.array().shape, dtype=bool)
    for seed in range(NOISE_DRAWS):
        noisy = image.array() + np.rint(np.random.default_rng(seed).normal(0.0, NOISE_HU, altered.shape)).astype(np.int16)
        drawn = sitk.GetImageFromArray(noisy)
        drawn.CopyInformation(image.image)
        patch = edit.apply(CaseImage(image.key, image.modality, drawn, image.unit), head, SETTINGS)
        altered[patch.box.slices] |= patch.altered(drawn)
    return altered


@cache
def shared() -> tuple[Case, Head, dict[str, NDArray[np.bool_]]]:
    """The shared image, its head, and what each method alters in it."""
    case, head = found_in(head_on(grid((SHARED_MM,) * 3)))
    image = case.images[0]
    edits = {method.key: method.find_edit(case, image, head, SETTINGS) for method in REGISTRY if method.key in METHODS}
    return case, head, {key: altered_by(edit, image, head) for key, edit in edits.items()}


def dices(variant: Variant) -> dict[str, float]:
    """Dice of the region altered in the shared image, by method, where the variant's scan looks."""
    case, _, expected = shared()
    image, (own_case, own_head) = case.images[0], found_in(variant.make())
    if variant.turn is not None:
        image = CaseImage(
            "CT", CT, head_on(grid((SHARED_MM,) * 3, low=(-95, -150, -200), high=(95, 125, 85)), variant.turn), "HU"
        )
    seen = _view_of(own_case.images[0].image, image.image)
    if variant.turn is not None:
        seen &= _view_of(case.images[0].image, image.image, variant.turn.GetInverse())
    result = {}
    for method in REGISTRY:
        if method.key not in METHODS or (variant.turn is not None and method.key in ALONG_WORLD_AXES):
            continue
        edit = method.find_edit(own_case, own_case.images[0], own_head, SETTINGS)
        found, wanted = altered_by(edit, image, own_head), expected[method.key]
        if variant.turn is not None:
            wanted = _laid(wanted, case.images[0].image, image.image, variant.turn.GetInverse())
        both = 2.0 * int((found & wanted & seen).sum())
        result[method.key] = both / int((found & seen).sum() + (wanted & seen).sum())
    return result


def _laid(mask: NDArray[np.bool_], grid: sitk.Image, onto: sitk.Image, way: sitk.Transform) -> NDArray[np.bool_]:
    """A mask of one grid on another: voxels of which it fills the better half."""
    share = sitk.GetImageFromArray(mask.astype(np.float32))
    share.CopyInformation(grid)
    return sitk.GetArrayFromImage(sitk.Resample(share, onto, way, sitk.sitkLinear, 0.0)) > 0.5


def _view_of(grid: sitk.Image, onto: sitk.Image, way: sitk.Transform | None = None) -> NDArray[np.bool_]:
    """Where the scan on `grid` looks."""
    return _laid(np.ones(grid.GetSize()[::-1], dtype=bool), grid, onto, way or sitk.Transform())


@pytest.mark.slow
@pytest.mark.xdist_group("properties")
@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_region_is_edited_however_the_head_is_stored(name: str) -> None:
    found = dices(VARIANTS[name])
    least = {key: LEAST_DICE_OF.get((name, key), LEAST_DICE[key]) for key in found}
    assert {key: round(value, 3) for key, value in found.items() if value < least[key]} == {}, found
