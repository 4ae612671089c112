"""The released package quickshear 1.2.0 as a method: the package itself, its bug included."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head as synthetic
from deface_compare.case import MR, CaseImage
from deface_compare.defacers import defacer
from deface_compare.defacers.deface import deface
from deface_compare.defacers.defacing import Defacing
from deface_compare.defacers.external import quickshear_package as external_quickshear
from deface_compare.measurement import Measurement, Scope
from deface_compare.quality.gate import quality_rows
from deface_compare.settings import Settings

KEY = "quickshear_1.2.0"
ISOTROPIC = synthetic.grid((3.0, 3.0, 3.0))


def run(*images: CaseImage, settings: Settings | None = None, method: str = KEY, **more: object) -> Defacing:
    heads = dict.fromkeys((image.key for image in images), synthetic.head(image_key=images[0].key))
    return deface(defacer(method), synthetic.case(*images, **more), heads, settings or Settings())


def by_command_line(image: sitk.Image, brain: sitk.Image, folder: Path) -> sitk.Image:
    """The package's own program on files."""
    on_image = sitk.Resample(brain, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    names = [str(folder / name) for name in ("anat.nii", "mask.nii", "defaced.nii")]
    sitk.WriteImage(image, names[0])
    sitk.WriteImage(on_image, names[1])
    code = "import sys, quickshear; sys.argv[0] = 'quickshear'; sys.exit(quickshear.main())"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, *names], check=True, capture_output=True)
    return sitk.ReadImage(names[2])


@pytest.mark.parametrize("axes", ["LPS", "RAS", "SLP"])
def test_it_gives_what_the_packages_own_program_gives(tmp_path: Path, axes: str) -> None:
    image = replace(synthetic.ct(ISOTROPIC), image=sitk.DICOMOrient(synthetic.ct(ISOTROPIC).image, axes))
    expected = sitk.GetArrayFromImage(by_command_line(image.image, synthetic.head().brain, tmp_path))
    result = run(image)
    assert (result.status, result.title, result.fill) == ("ok", "quickshear 1.2.0", "zero")
    assert np.array_equal(sitk.GetArrayFromImage(result.edited_image(image)), expected)


def test_images_of_one_frame_are_cut_on_their_own_grids_and_the_dose_with_the_first(tmp_path: Path) -> None:
    ct = synthetic.ct(ISOTROPIC)
    mr = replace(synthetic.ct(synthetic.grid((4.0, 4.0, 4.0))), key="MR_T1", modality=MR)
    dose = synthetic.dose(synthetic.grid((5.0, 5.0, 5.0)))
    result = run(ct, mr, dose=dose)
    expected = sitk.GetArrayFromImage(by_command_line(mr.image, synthetic.head().brain, tmp_path))
    assert np.array_equal(sitk.GetArrayFromImage(result.edited_image(mr)), expected)
    masked = sitk.GetArrayFromImage(result.dose_patches["mask"].whole(dose.image))
    cut = sitk.GetImageFromArray((sitk.GetArrayFromImage(result.edited_image(ct)) != ct.array()).astype(np.uint8))
    cut.CopyInformation(ct.image)
    gone = sitk.GetArrayFromImage(sitk.Resample(cut, dose.image, sitk.Transform(), sitk.sitkNearestNeighbor, 0)) > 0
    assert gone.any()
    assert np.array_equal(masked == 0, gone)


def gate(result: Defacing, image: CaseImage) -> dict[str, Measurement]:
    scope = Scope("case-001", result.method, result.variant, result.fill, result.protect)
    rows = quality_rows(synthetic.case(image), {"CT": synthetic.head()}, result, scope, Settings())
    return {row.metric: row for row in rows}


def test_on_a_planning_ct_it_leaves_the_face_and_the_gate_says_so() -> None:
    """42 slices: only 42 columns are cut, and the nose begins behind the 43rd. The fixed arithmetic takes the face off."""
    image = synthetic.ct(synthetic.grid((2.0, 2.0, 6.0), (110.0, 202.0, 124.0)))
    real, fixed = gate(run(image), image), gate(deface_nipy(image), image)
    assert (real["done_as_intended"].defaced, real["success"].defaced) == (0.0, 0.0)
    assert real["face_covered_fraction"].defaced == 0.0
    assert fixed["done_as_intended"].defaced == 1.0


def deface_nipy(image: CaseImage) -> Defacing:
    return deface(defacer("quickshear", "nipy"), synthetic.case(image), {"CT": synthetic.head()}, Settings())


def test_protection_does_not_reach_into_a_real_tool() -> None:
    image = synthetic.ct(ISOTROPIC)
    free, asked = run(image), run(image, settings=Settings(protect="brain+targets"))
    assert np.array_equal(free.patches["CT"].values, asked.patches["CT"].values)
    assert asked.protect == "none"
    assert asked.warnings[0] == "the tool's own result: --protect does not reach it"
    assert free.warnings == asked.warnings[1:]


def test_a_water_wall_before_an_untouched_face_hides_nothing_from_the_gate() -> None:
    """The first 42 columns end in the nose: they become a wall of 0 HU before a face that is there as a whole but its tip."""
    image = synthetic.ct(synthetic.grid((2.0, 2.0, 6.0), (110.0, 184.0, 124.0)))
    result = run(image)
    assert any("set to air" in warning for warning in result.warnings)
    wall = result.patches["CT"]
    assert np.all(wall.values[wall.altered(image.image)] == 0)
    seen = result.seen_patch(image)
    gone = wall.altered(image.image)
    assert np.all(seen.values[gone] == -1000)
    assert np.array_equal(seen.values[~gone], wall.values[~gone])
    assert gate(result, image)["done_as_intended"].defaced == 0.0


def test_zeros_in_an_mr_are_no_wall() -> None:
    image = replace(synthetic.ct(ISOTROPIC), key="MR_T1", modality=MR, image=synthetic.ct(ISOTROPIC).image + 1024)
    result = run(image)
    assert result.warnings == ()
    assert result.seen_patch(image) is result.patches["MR_T1"]


def test_a_scan_without_brain_fails_with_the_reason() -> None:
    image = synthetic.ct(ISOTROPIC)
    low = replace(image, image=image.image[:, :, :25])
    result = run(low)
    assert result.status == "failed"
    assert "no brain lies in image CT" in result.note


@pytest.mark.parametrize(
    ("found", "reason"),
    [(None, "is not installed here (pip install quickshear==1.2.0 nibabel)"), ("1.3.0", "quickshear 1.3.0 is installed here")],
)
def test_without_the_very_release_its_rows_are_not_available(
    monkeypatch: pytest.MonkeyPatch, found: str | None, reason: str
) -> None:
    def version(package: str) -> str:
        if found is None:
            raise PackageNotFoundError(package)
        return found

    monkeypatch.setattr(external_quickshear, "version", version)
    image = synthetic.ct(ISOTROPIC)
    result = run(image)
    assert result.status == "not available"
    assert reason in result.note
    rows = gate(result, image)
    assert {row.status for row in rows.values()} == {"not available"}


def test_with_a_numpy_that_the_package_does_not_run_with_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "__version__", "2.5.5")
    assert external_quickshear.QuickshearPackage().available() == (
        "quickshear 1.2.0 does not run with NumPy 2.5.5 (pip install 'numpy<2.5')"
    )
