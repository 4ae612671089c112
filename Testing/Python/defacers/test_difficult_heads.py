"""Every difficulty of the synthetic cohort through the four methods: defaced, or failed with a reason; no cast of the face left.

Judged by what the sample knows and the methods do not: the true skin, the true devices and the true brain. Two difficulties in
a normal run, all of them with DEFACE_COMPARE_PROVE=1.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from deface_compare.anatomy.find_head import find_head
from deface_compare.anatomy.find_heads import find_heads
from deface_compare.case import CT, MR, PET, Case, CaseImage, StructureSet
from deface_compare.cli.main import main
from deface_compare.defacers import defacer
from deface_compare.defacers.deface import deface
from deface_compare.sample.attachments import attachments_of
from deface_compare.sample.difficulty import COMBINATIONS, DESCRIPTIONS, Difficulty, difficulties_named
from deface_compare.sample.patient import SamplePatient, sample_patient
from deface_compare.settings import DEFAULT_METHODS, Settings
from deface_compare.structures.mask import structure_mask

PROVE = os.environ.get("DEFACE_COMPARE_PROVE") == "1"
ALWAYS = (Difficulty.SHELL_TOUCHING, Difficulty.CUT_AT_ORBITS)
"""These two left faces behind once."""
COARSE = {"ct_size": (128, 128, 66), "ct_spacing_mm": (2.0, 2.0, 4.0)}
MOST_LEFT = {"quickshear": 0.02, "biometric_mask": 0.02, "surface_blur": 0.8, "average_face": 1.0}
"""Share of the true skin of mouth and chin that may still be there, where a new surface crosses the old one. The average face
may lie where the patient's was (these are its near relatives): that is the gate's business."""
MOST_DEVICE_SHARE, LARGEST_PIECE_CC = 0.005, 0.2
"""Measured with shells: 0 and 1 voxel (0.02 cc) of 5 000 to 10 000."""
HALF_WIDTH_MM = {"quickshear": 30.0, "biometric_mask": 26.0, "surface_blur": 30.0, "average_face": 30.0}
"""Mouth and chin. One side of Biometric_mask's box lay at 28 to 33 mm on slices of 5.5 mm: it is judged inside its box."""
MOST_BRAIN_SHARE = {Difficulty.CUT_UNDER_ORBITS: 0.02}
"""Share of the true brain that a method may alter; 0 but where only its base is seen. Measured there: 0.011 (Quickshear), which
steers by the brain found in the image, since the planned one is not whole (docs/validation.md#difficult-sample-heads)."""
REACH_MM = 40.0
SKIN_HU, MR_SKIN_SHARE = -300.0, 0.3


def patient(difficulty: Difficulty) -> SamplePatient:
    """A coarse patient with one difficulty; every difficulty has another head."""
    return sample_patient(20 + list(Difficulty).index(difficulty), 1, site_of(difficulty), difficulties=(difficulty,), **COARSE)


def site_of(difficulty: Difficulty) -> str:
    return "brain" if difficulty is Difficulty.CUT_AT_ORBITS else "hn"


def case_of(made: SamplePatient) -> Case:
    """The images that the difficulty concerns; without structures where the brain is to be found in the image."""
    ct = CaseImage(key="CT", modality=CT, image=made.ct, unit="HU")
    named = [(made.mr_weighting, made.mr), *made.more_mr]
    mr = [CaseImage(key=f"MR_{name}", modality=MR, image=image, unit="a.u.") for name, image in named]
    pet = CaseImage(key="PET", modality=PET, image=made.pet, unit="SUVbw")
    of_difficulty = {
        Difficulty.THICK_MR: mr,
        Difficulty.OBLIQUE: mr,
        Difficulty.WHOLE_BODY: [ct, pet],
        Difficulty.CUT_AT_ORBITS: [ct, *mr],
    }
    (difficulty,) = made.difficulties
    unplanned = difficulty in (Difficulty.CRANIECTOMY, Difficulty.CONTRAST)
    structures = None if unplanned else StructureSet(made.structures)
    return Case(id="case-001", images=tuple(of_difficulty.get(difficulty, [ct])), structure_set=structures)


def points_of(image: sitk.Image) -> NDArray[np.float64]:
    """LPS mm of every voxel, whatever the image's direction: shape (n, 3)."""
    index = np.indices(image.GetSize()[::-1], dtype=np.float64).reshape(3, -1)[::-1]
    matrix = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    return np.asarray((matrix @ index).T + np.array(image.GetOrigin()))


def average_of(made: SamplePatient, image: sitk.Image) -> NDArray[np.float32]:
    """Average-head mm of every voxel: shape (3 for x y z, z, y, x)."""
    return made.head.average_points(points_of(image)).T.reshape(3, *image.GetSize()[::-1]).astype(np.float32)


def depth_of(made: SamplePatient, image: sitk.Image) -> NDArray[np.float32]:
    """Depth of every voxel below the true skin in mm: shape (z, y, x)."""
    return made.head.skin_depth(points_of(image)).reshape(image.GetSize()[::-1])


def tissue_of(image: CaseImage) -> NDArray[np.bool_]:
    """What is denser than skin on CT, brighter than a share of the bright half's median elsewhere."""
    array = image.array().astype(float)
    return array > (SKIN_HU if image.modality == CT else MR_SKIN_SHARE * float(np.median(array[array > array.mean()])))


def left_of_skin(made: SamplePatient, image: CaseImage, edited: sitk.Image, half_width_mm: float) -> float:
    """Share of the true skin of mouth and chin, so far to both sides, that is where it was: tissue under it, air before it."""
    average = average_of(made, image.image)
    x, y, z = average
    depth = depth_of(made, image.image)
    reach = max(2.0, 0.6 * max(image.image.GetSpacing()[:2]))
    place = (
        (np.abs(x) < half_width_mm)
        & (y < -60)
        & (z > -128)
        & (z < -85)
        & (np.abs(depth) > 0.3 * reach)
        & (np.abs(depth) < 1.3 * reach)
    )
    original, tissue = tissue_of(image), tissue_of(replace(image, image=edited))
    under, before = place & (depth > 0) & original, place & (depth < 0)
    assert under.sum() > 20
    return min(float(tissue[under].mean()), float((~tissue[before]).mean()))


def device_left(made: SamplePatient, image: CaseImage, edited: sitk.Image) -> tuple[float, float]:
    """What a method left of the true devices within reach of the patient's voxels it altered: share, and largest piece in cc."""
    array, result = image.array(), sitk.GetArrayFromImage(edited)
    depth = depth_of(made, image.image)
    device = np.zeros(array.shape, bool)
    for attachment in attachments_of(made.difficulties, made.head, image.image):
        device |= (attachment.depth > 0) & (depth < -0.5) & (array > SKIN_HU)
    if not device.any():
        return 0.0, 0.0
    altered = (result != array) & (depth > 2.0)  # nearer to the skin, clearing a device may touch part-filled voxels
    near = ndimage.distance_transform_edt(~altered, image.image.GetSpacing()[::-1]) < REACH_MM - max(image.image.GetSpacing())
    left = device & near & (result == array)
    pieces = np.bincount(ndimage.label(left, np.ones((3, 3, 3)))[0].ravel())[1:]
    cc = float(np.prod(image.image.GetSpacing())) / 1000.0
    return float(left.sum() / (device & near).sum()), float(max(pieces, default=0)) * cc


@pytest.mark.parametrize("difficulty", Difficulty if PROVE else ALWAYS, ids=lambda each: each.value)
def test_a_difficult_head_is_defaced_and_no_device_before_the_face_is_left(difficulty: Difficulty) -> None:
    made = patient(difficulty)
    case = case_of(made)
    heads, reasons = find_heads(case, Settings())
    assert set(heads) == {image.key for image in case.images}
    brain = next(structure for structure in made.structures if structure.standard_name == "Brain")
    for key in DEFAULT_METHODS:
        defacing = deface(defacer(key), case, heads, Settings(), reasons)
        for image in case.images:
            cut = (difficulty, image.key) == (Difficulty.CUT_AT_ORBITS, "CT")
            if image.key not in defacing.patches:
                assert cut, (key, image.key)  # the only image without a lower face
                assert defacing.unavailable[image.key]
                continue
            edited = defacing.edited_image(image)
            inside = structure_mask(brain, image.image)
            assert inside is not None
            changed = sitk.GetArrayFromImage(edited) != image.array()
            whole = inside.whole(image.image)
            assert (changed & whole).sum() <= MOST_BRAIN_SHARE.get(difficulty, 0.0) * whole.sum(), (key, image.key)
            if not cut:
                assert left_of_skin(made, image, edited, HALF_WIDTH_MM[key]) <= MOST_LEFT[key], (key, image.key)
            if image.modality == CT:
                share, piece_cc = device_left(made, image, edited)
                assert share <= MOST_DEVICE_SHARE, key
                assert piece_cc <= LARGEST_PIECE_CC, key
        if difficulty is not Difficulty.SHOULDERS:  # of a trunk's beginning either may be said
            assert any("below the neck" in each for each in defacing.warnings) == (
                difficulty is Difficulty.WHOLE_BODY and key in ("quickshear", "biometric_mask")
            )


def test_a_switch_only_adds() -> None:
    """A shell changes air on the CT and nothing else: not the patient, the MR, the PET, the dose or the contours."""
    plain = sample_patient(1, 1, "brain", **COARSE)
    shelled = sample_patient(1, 1, "brain", difficulties=(Difficulty.SHELL_OFF,), **COARSE)
    for name in ("mr", "pet", "dose"):
        pair = [sitk.GetArrayFromImage(getattr(made, name)) for made in (plain, shelled)]
        assert np.array_equal(*pair), name
    before, after = (sitk.GetArrayFromImage(made.ct) for made in (plain, shelled))
    (sheet,) = attachments_of(shelled.difficulties, shelled.head, shelled.ct)
    changed = before != after
    assert 5_000 < changed.sum() < 60_000  # measured 45 000
    assert not changed[sheet.depth < -4.0].any()
    for one, other in zip(plain.structures, shelled.structures, strict=True):
        assert one.contours is not None
        assert other.contours is not None
        assert all(np.array_equal(*pair) for pair in zip(one.contours, other.contours, strict=True))


def test_a_child_is_named_as_small_for_an_adult_template_and_an_adult_is_not() -> None:
    notes = {}
    for difficulties in ((), (Difficulty.CHILD,)) if PROVE else ((Difficulty.CHILD,),):
        made = sample_patient(2, 1, "hn", difficulties=difficulties, **COARSE)
        ct = CaseImage(key="CT", modality=CT, image=made.ct, unit="HU")
        head = find_head(Case(id="case-001", images=(ct,)), ct, Settings())
        notes[difficulties] = [note for note in head.notes if "adult template" in note]
    assert notes.get((), []) == []
    assert len(notes[Difficulty.CHILD,]) == 1


def test_a_bite_block_stands_out_of_the_face_also_without_a_planned_body() -> None:
    made = sample_patient(3, 1, "brain", difficulties=(Difficulty.BITE_BLOCK,), **COARSE)
    ct = CaseImage(key="CT", modality=CT, image=made.ct, unit="HU")
    head = find_head(Case(id="case-001", images=(ct,)), ct, Settings())
    assert any("standing out of the face" in note for note in head.notes)
    (block,) = attachments_of(made.difficulties, made.head, head.grid)
    _, y, _ = made.head.average_on(head.grid)
    outer = (block.depth > 1.0) & (y < -116.0)
    # 14 mm and more before the lips; measured: 0.99 of it
    assert (sitk.GetArrayFromImage(head.devices)[outer] > 0).mean() > 0.95


def test_an_unknown_difficulty_is_one_sentence_that_lists_all(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["sample", str(tmp_path / "out"), "--difficulty", "beard"]) == 2
    said = capsys.readouterr().err
    assert "'beard'" in said
    assert all(each.value in said for each in Difficulty)
    assert set(DESCRIPTIONS) == set(Difficulty)
    assert difficulties_named(["child", "bolus"]) == (Difficulty.BOLUS, Difficulty.CHILD)
    assert set(difficulties_named(["planning-mask"])) == set(COMBINATIONS["planning-mask"])
