"""Patients as image files with a case.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.readers.checks import SHIFTED_NOTE, UNCONFIRMED_NOTE


def _head(air: float = -1000, soft: float = 40, dtype: type = np.int16) -> sitk.Image:
    """A 32^3 ball of soft tissue with a bony core in air, 4 mm."""
    z, y, x = np.mgrid[:32, :32, :32] - 15.5
    radius = np.sqrt(x**2 + y**2 + z**2)
    noise = np.random.default_rng(1).normal(0, 8, radius.shape)
    array = np.where(radius < 12, soft, air) + noise
    array[radius < 3] = soft + 900
    image = sitk.GetImageFromArray(array.clip(air, None).astype(dtype))
    image.SetSpacing((4.0, 4.0, 4.0))
    return image


def _write(folder: Path, described: dict[str, Any], **images: sitk.Image) -> Path:
    for name, image in images.items():
        sitk.WriteImage(image, str(folder / f"{name}.nrrd"))
    (folder / "case.json").write_text(json.dumps(described), encoding="utf-8")
    return folder


def _mask(array: NDArray[np.bool_]) -> sitk.Image:
    image = sitk.GetImageFromArray(array.astype(np.uint8))
    image.SetSpacing((4.0, 4.0, 4.0))
    return image


def test_the_ct_is_primary_whatever_the_order_in_the_file(tmp_path: Path) -> None:
    described = {"id": "p1", "images": {"MR_T1": "mr.nrrd", "CT": "ct.nrrd"}, "person": "P", "synthetic": True}
    case = read_case(_write(tmp_path, described, mr=_head(0, 500), ct=_head()))
    assert [image.key for image in case.images] == ["CT", "MR_T1"]
    assert (case.id, case.person, case.synthetic) == ("p1", "P", True)
    assert case.images[0].notes == ()


def test_one_mr_and_nothing_else_is_a_case(tmp_path: Path) -> None:
    case = read_case(_write(tmp_path, {"images": {"MR": "mr.nrrd"}}, mr=_head(0, 500)), case_id="case-001")
    assert (case.id, case.images[0].modality, case.structure_set, case.dose) == ("case-001", "MR", None, None)


def test_a_ct_stored_with_an_offset_is_shifted_and_says_so(tmp_path: Path) -> None:
    case = read_case(_write(tmp_path, {"images": {"CT": "ct.nrrd"}}, ct=_head(24, 1064, np.uint16)))
    image = case.images[0]
    assert image.notes == (SHIFTED_NOTE,)
    assert float(np.median(image.array()[14:18, 14:18, 5:8])) == pytest.approx(40, abs=10)


def test_a_ct_with_zero_filled_background_is_not_shifted_but_said_to_be_unconfirmed(tmp_path: Path) -> None:
    case = read_case(_write(tmp_path, {"images": {"CT": "ct.nrrd"}}, ct=_head(0, 40)))
    assert case.images[0].notes == (UNCONFIRMED_NOTE,)
    assert float(case.images[0].array().max()) > 800


def test_segments_of_a_slicer_segmentation_are_read_by_label_and_layer(tmp_path: Path) -> None:
    layers = np.zeros((32, 32, 32, 2), np.uint8)
    layers[4:8, 4:8, 4:8, 0] = 1
    layers[20:24, 20:24, 20:24, 0] = 2
    layers[5:9, 5:9, 5:9, 1] = 1
    image = sitk.GetImageFromArray(layers, isVector=True)
    image.SetSpacing((4.0, 4.0, 4.0))
    for n, (name, value, layer) in enumerate((("Brain", 1, 0), ("Left Parotid", 2, 0), ("Some thing", 1, 1))):
        for key, text in (("Name", name), ("LabelValue", str(value)), ("Layer", str(layer))):
            image.SetMetaData(f"Segment{n}_{key}", text)
    sitk.WriteImage(image, str(tmp_path / "s.seg.nrrd"))
    case = read_case(_write(tmp_path, {"images": {"CT": "ct.nrrd"}, "structures": "s.seg.nrrd"}, ct=_head()))
    assert case.structure_set is not None
    brain, parotid, other = case.structure_set.structures
    assert (brain.standard_name, parotid.standard_name, parotid.side) == ("Brain", "Parotid_L", "L")
    assert (other.standard_name, other.group) == ("structure-03", "other")
    assert parotid.labelmap is not None
    inside = np.argwhere(sitk.GetArrayFromImage(parotid.labelmap))
    first = parotid.labelmap.TransformIndexToPhysicalPoint([int(v) for v in inside.min(axis=0)[::-1]])
    assert first == (80.0, 80.0, 80.0)
    assert len(inside) == 64


def test_a_folder_of_masks_is_one_structure_a_file(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    array = np.zeros((32, 32, 32), bool)
    array[10:14, 10:14, 10:14] = True
    for name in ("Eye_L", "OEIL DROIT", "GTV"):
        sitk.WriteImage(_mask(array), str(tmp_path / "masks" / f"{name}.nii.gz"))
    case = read_case(_write(tmp_path, {"images": {"CT": "ct.nrrd"}, "structures": "masks"}, ct=_head()))
    assert case.structure_set is not None
    assert {s.standard_name for s in case.structure_set.structures} == {"Eye_L", "Eye_R", "GTV"}


def test_two_drawings_of_an_organ_keep_the_one_named_as_tg263_says(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    array = np.zeros((32, 32, 32), bool)
    array[10:14, 10:14, 10:14] = True
    for name in ("Brain", "BRAIN_SP", "GTV1", "GTV2"):
        sitk.WriteImage(_mask(array), str(tmp_path / "masks" / f"{name}.nrrd"))
    case = read_case(_write(tmp_path, {"images": {"CT": "ct.nrrd"}, "structures": "masks"}, ct=_head()))
    assert case.structure_set is not None
    names = {s.name: s.standard_name for s in case.structure_set.structures}
    assert names["Brain"] == "Brain"
    assert names["BRAIN_SP"].startswith("structure-")
    assert {names["GTV1"], names["GTV2"]} == {"GTV", "GTV_2"}


def _labels() -> sitk.Image:
    array = np.zeros((32, 32, 32), np.uint8)
    array[10:14, 10:14, 10:14] = 1
    array[20:22, 10:14, 10:14] = 7
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((4.0, 4.0, 4.0))
    return image


@pytest.mark.parametrize("table", [False, True], ids=["labels in case.json", "colour table beside it"])
def test_a_labelmap_is_read_with_the_names_of_its_labels(tmp_path: Path, table: bool) -> None:
    described: dict[str, Any] = {"images": {"CT": "ct.nrrd"}, "structures": "labels.nrrd"}
    if table:
        (tmp_path / "labels.ctbl").write_text("# colours\n0 Background 0 0 0 0\n1 Brain 1 2 3 255\n7 Left_Eye 1 2 3 255\n")
    else:
        described["labels"] = {"1": "Brain", "7": "Left Eye"}
    case = read_case(_write(tmp_path, described, ct=_head(), labels=_labels()))
    assert case.structure_set is not None
    assert {s.standard_name for s in case.structure_set.structures} == {"Brain", "Eye_L"}


def test_a_label_without_a_name_is_told(tmp_path: Path) -> None:
    described = {"images": {"CT": "ct.nrrd"}, "structures": "labels.nrrd", "labels": {"1": "Brain"}}
    with pytest.raises(UnusableInput, match=r"labels\.nrrd holds the values \[7\], which have no name"):
        read_case(_write(tmp_path, described, ct=_head(), labels=_labels()))


def test_targets_of_image_files_have_their_own_prescriptions(tmp_path: Path) -> None:
    described: dict[str, Any] = {"images": {"CT": "ct.nrrd"}, "structures": "labels.nrrd", "labels": {"1": "PTV a", "7": "PTV b"}}
    described["prescriptions_gy"] = {"PTV a": 60, "PTV b": 54}
    case = read_case(_write(tmp_path, described, ct=_head(), labels=_labels()))
    assert case.structure_set is not None
    assert {s.standard_name for s in case.structure_set.structures} == {"PTV_6000", "PTV_5400"}
    described["prescriptions_gy"] = {"PTV c": 60}
    with pytest.raises(UnusableInput, match="names structures that are not there"):
        read_case(_write(tmp_path, described, ct=_head(), labels=_labels()))


def _nan() -> sitk.Image:
    array = sitk.GetArrayFromImage(_head()).astype(np.float32)
    array[3, 3, 3] = np.nan
    return sitk.GetImageFromArray(array)


@pytest.mark.parametrize(
    ("described", "image", "sentence"),
    [
        ({"images": {"CT": "ct.nrrd"}}, _nan(), r"image CT \(ct\.nrrd\) holds NaN"),
        ({"images": {"CT": "ct.nrrd"}}, sitk.Image(8, 8, 8, sitk.sitkInt16), r"ct\.nrrd\) is constant \(0 in every voxel\)"),
        ({"images": {"CT": "other.nrrd"}}, _head(), r"other\.nrrd is named in case\.json but is not in the folder"),
        ({"images": {"XX": "ct.nrrd"}}, _head(), r"image 'XX' must be called CT, MR or PET"),
        ({"imagse": {"CT": "ct.nrrd"}}, _head(), r"unknown fields: imagse"),
        ({"id": "empty"}, _head(), r"neither an image nor a dose with structures"),
        ({"images": {"CT": "ct.nrrd"}, "structures": "ct.nrrd"}, _head(), r"holds no Segment0_Name header"),
        ({"images": {"CT": "ct.nrrd"}, "structures": 5}, _head(), r"structures must be a file or folder name"),
        ({"images": {"CT": "ct.nrrd"}, "labels": {"1": 5}}, _head(), r'labels must be like \{"1": "Brain"\}'),
        ({"images": {"CT": "ct.nrrd"}, "prescription_gy": "sixty"}, _head(), r"prescription_gy must be a number"),
        ({"images": {"CT": "ct.nrrd"}, "units": ["HU"]}, _head(), r"units must be like"),
    ],
)
def test_bad_image_files_are_told_in_one_sentence(
    tmp_path: Path, described: dict[str, Any], image: sitk.Image, sentence: str
) -> None:
    with pytest.raises(UnusableInput, match=sentence):
        read_case(_write(tmp_path, described, ct=image))


def test_a_damaged_image_file_is_named(tmp_path: Path) -> None:
    _write(tmp_path, {"images": {"CT": "ct.nrrd"}}, ct=_head())
    path = tmp_path / "ct.nrrd"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UnusableInput, match=r"ct\.nrrd"):
        read_case(tmp_path)


def test_a_broken_case_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text("{", encoding="utf-8")
    with pytest.raises(UnusableInput, match="not valid JSON"):
        read_case(tmp_path)


@pytest.mark.shared
def test_planar_contours_lie_in_lps_on_their_dose(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(shared_data / "rt_eclipse_ent")
    described = {"structures": "data/EclipseEnt_Structures.seg.vtm", "dose": "data/EclipseEnt_Dose.nrrd"}
    case = read_case(_write(tmp_path, described))
    assert case.structure_set is not None
    assert case.dose is not None
    names = [s.standard_name for s in case.structure_set.structures]
    assert names[:4] == ["External", "Brain", "Brainstem", "CTV"]
    lens = next(s for s in case.structure_set.structures if s.standard_name == "Lens_L")
    assert lens.contours is not None
    index = case.dose.image.TransformPhysicalPointToContinuousIndex(lens.contours[0].mean(axis=0).tolist())
    assert all(0 <= i < n for i, n in zip(index, case.dose.image.GetSize(), strict=True))


@pytest.mark.shared
def test_the_real_ct_series_that_is_not_in_hu_is_shifted_and_says_so(shared_data: Path) -> None:
    image = read_case(shared_data / "ct_head_headsq").images[0]
    assert image.notes == (SHIFTED_NOTE,)
    assert image.image.GetSize() == (64, 64, 93)
    assert image.array().min() == -1024


def test_a_field_that_stands_twice_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, {"images": {"CT": "ct.nrrd"}}, ct=_head())
    (tmp_path / "case.json").write_text('{"images": {"CT": "other.nrrd", "CT": "ct.nrrd"}}', encoding="utf-8")
    with pytest.raises(UnusableInput, match="'CT' stands twice in one object"):
        read_case(tmp_path)
