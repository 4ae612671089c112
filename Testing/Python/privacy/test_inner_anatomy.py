"""What lies inside a head tells whose it is, whatever a sequence shows bright and whatever became of the face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.anatomy.head import Head
from deface_compare.case import Case, CaseImage
from deface_compare.cohort.arms import Arm
from deface_compare.cohort.reidentification.inner_anatomy import NO_SECOND_SCAN, inner_anatomy_rows, read_inner_records
from deface_compare.cohort.reidentification.records import FaceRecord
from deface_compare.cohort.summary import find
from deface_compare.errors import UnusableInput
from deface_compare.output.folder import OutputFolder
from deface_compare.privacy.inner_anatomy import InnerPrints, inner_print, read_inner_prints

ARM = Arm("method", "", "background", "none")


def cosine(first: NDArray[np.float16], second: NDArray[np.float16]) -> float:
    a, b = first.astype(np.float64), second.astype(np.float64)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def changed(image: sitk.Image, values: NDArray[np.floating]) -> sitk.Image:
    other = sitk.GetImageFromArray(values.astype(np.float32))
    other.CopyInformation(image)
    return other


def test_a_sequence_with_other_contrast_has_the_same_print(average_patient: tuple[CaseImage, Head]) -> None:
    image, head = average_patient
    values = image.array().astype(np.float64)
    own = inner_print(image.image, head)
    negative = inner_print(changed(image.image, values.max() - values), head)
    brighter = inner_print(changed(image.image, 3 * values + 500), head)
    assert cosine(own, negative) > 0.999  # measured 0.99999: a gradient and its opposite have the same products
    assert cosine(own, brighter) > 0.999  # measured 1.0
    noise = np.random.default_rng(1).normal(0, values.std(), values.shape)
    assert cosine(own, inner_print(changed(image.image, noise), head)) < 0.5  # measured 0.28


def test_the_face_does_not_matter(average_patient: tuple[CaseImage, Head]) -> None:
    image, head = average_patient
    values = image.array().astype(np.float64)
    y_mm = image.image.GetOrigin()[1] + image.image.GetSpacing()[1] * np.arange(values.shape[1])
    faceless = changed(image.image, np.where(y_mm[None, :, None] < head.landmarks_mm["eye_left"][1] + 15, 0.0, values))
    assert (
        cosine(inner_print(image.image, head), inner_print(faceless, head)) > 0.97
    )  # measured 0.98: the front of the eyes is gone, too


def test_where_the_scan_ends_nothing_is_made_up(average_patient: tuple[CaseImage, Head]) -> None:
    image, head = average_patient
    first = image.image.TransformPhysicalPointToIndex((0.0, 0.0, head.landmarks_mm["eye_left"][2] + 20.0))[2]
    upper = image.image[:, :, first:]
    print_of_upper = inner_print(upper, head)
    samples = len(print_of_upper) // 6
    share = np.mean(np.abs(print_of_upper.reshape(6, samples)).sum(axis=0) > 0)
    assert 0.3 < share < 0.7  # measured 0.63
    elsewhere = sitk.Image(upper)
    elsewhere.SetOrigin((5000.0, 0.0, 0.0))
    assert not inner_print(elsewhere, head).any()


def test_prints_are_written_and_read_to_the_same_bits(average_patient: tuple[CaseImage, Head], tmp_path: Path) -> None:
    image, head = average_patient
    for out in (tmp_path / "one", tmp_path / "two"):
        InnerPrints(Case("case-001", (image,)), {image.key: head}, out).write()
    paths = [OutputFolder(tmp_path / name).inner_prints("case-001") for name in ("one", "two")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].stat().st_mode & 0o777 == 0o600
    np.testing.assert_array_equal(read_inner_prints(paths[0])[image.key, "original"], inner_print(image.image, head))
    (record,) = read_inner_records(tmp_path / "one", {"case-001": "case-001"}, {"case-001": [ARM]})
    assert (record.image, record.own) == (image.key, {})
    paths[1].write_bytes(b"no prints")
    with pytest.raises(UnusableInput, match="holds no prints of inner anatomy"):
        read_inner_prints(paths[1])


def people(visits: tuple[str, ...], strange: bool = False) -> list[FaceRecord]:
    """Eight heads: what all have in common, what is a person's own, and the noise of a visit."""
    generator = np.random.default_rng(2)
    common, found = 5 * generator.normal(size=200), []
    for person in range(8):
        own = generator.normal(size=200)
        for number, image in enumerate(visits):
            seen = [common + (generator.normal(size=200) if strange and number else own) for _ in range(2)]
            noisy = [(each + 0.3 * generator.normal(size=200))[None] for each in seen]
            found.append(FaceRecord(f"case-{person}-{number}", f"P{person}", image, noisy[0], own={ARM: noisy[1]}))
    return found


def test_another_visit_is_found_undefaced_and_after_a_method() -> None:
    rows = inner_anatomy_rows(people(("MR_T1", "MR_FLAIR")), [ARM], "cohort", seed=1)
    assert {row.image for row in rows} == {"MR_T1 → MR_FLAIR", "MR_FLAIR → MR_T1"}
    for method in ("", "method"):
        aucs = find(rows, metric="auc_inner_anatomy", method=method)
        assert [(row.value, row.n) for row in aucs] == [(1.0, 8), (1.0, 8)]
        assert [row.value for row in find(rows, metric="rank1_inner_anatomy", method=method)] == [100.0, 100.0]
    assert all(row.note.startswith("by inner anatomy, no face") for row in rows)


def test_strangers_are_not_found_and_without_another_scan_a_row_says_so() -> None:
    strangers = inner_anatomy_rows(people(("MR_T1", "MR_FLAIR"), strange=True), [ARM], "cohort", seed=1)
    assert all(row.value < 0.7 for row in find(strangers, metric="auc_inner_anatomy"))  # measured 0.41 to 0.50
    (told,) = inner_anatomy_rows(people(("MR_T1",)), [ARM], "cohort", seed=1)
    assert (told.metric, told.note, told.n) == ("auc_inner_anatomy", NO_SECOND_SCAN, 0)
    assert inner_anatomy_rows([], [ARM], "cohort", seed=1) == []
