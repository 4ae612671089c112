"""Structures drawn again: agreement against closed forms and SimpleITK's filters, rows, and the way in from the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

import synthetic_head as synthetic
from deface_compare.anatomy import find_heads
from deface_compare.case import Case
from deface_compare.cli import main as cli
from deface_compare.defacers.defacing import Defacing
from deface_compare.measurement import NOT_AVAILABLE, OK, Measurement, Scope
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from deface_compare.utility.resegmentation import RESEGMENTATION_METRICS, agreement, resegmentation_rows
from dicom_set import head_hu, square, write_series, write_structures

SPACING = np.array([0.9, 1.1, 2.5])
"""x, y, z."""


def _ball(centre: tuple[float, float, float], radius: float, shape: tuple[int, int, int] = (30, 60, 70)) -> NDArray[np.bool_]:
    z, y, x = np.mgrid[: shape[0], : shape[1], : shape[2]]
    distance2 = ((x * SPACING[0] - centre[0]) ** 2) + ((y * SPACING[1] - centre[1]) ** 2) + ((z * SPACING[2] - centre[2]) ** 2)
    return np.asarray(distance2 <= radius**2)


PAIRS = [
    (_ball((30, 30, 35), 20), _ball((33, 30, 35), 19)),
    (_ball((30, 30, 35), 20), _ball((30, 31, 40), 14)),
    (_ball((20, 30, 35), 9), _ball((40, 30, 35), 9)),
    (_ball((30, 30, 35), 15) & ~_ball((30, 30, 35), 9), _ball((31, 30, 36), 15)),
]


def _image(mask: NDArray[np.bool_]) -> sitk.Image:
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(SPACING.tolist())
    return image


def _surface_distances(a: sitk.Image, b: sitk.Image) -> NDArray[np.float32]:
    """Distances of a's surface voxels to b's surface, by SimpleITK's contour and distance filters."""
    contours = [sitk.LabelContour(sitk.ConstantPad(image, (1, 1, 1), (1, 1, 1), 0), fullyConnected=False) for image in (a, b)]
    distance = sitk.SignedMaurerDistanceMap(contours[1], insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    values = np.abs(sitk.GetArrayFromImage(distance))[sitk.GetArrayFromImage(contours[0]) > 0]
    return np.asarray(values, np.float32)


@pytest.mark.parametrize("pair", PAIRS, ids=["shifted", "smaller", "apart", "hollow"])
def test_the_numbers_are_those_of_simpleitks_filters(pair: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> None:
    own = agreement(*pair, SPACING)
    before, after = (_image(mask) for mask in pair)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(before, after)
    there, back = _surface_distances(before, after), _surface_distances(after, before)
    near = np.count_nonzero(there <= 2) + np.count_nonzero(back <= 2)
    assert own.dice == pytest.approx(overlap.GetDiceCoefficient(), abs=1e-12)
    # Their distances are single precision.
    assert own.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), rel=1e-5)
    assert own.surface_dice == pytest.approx(near / (len(there) + len(back)), abs=1e-12)
    voxels = sitk.LabelShapeStatisticsImageFilter()
    for image, own_cc in ((before, own.volume_before_cc), (after, own.volume_after_cc)):
        voxels.Execute(image)
        assert own_cc == pytest.approx(voxels.GetPhysicalSize(1) / 1000)


def test_a_structure_agrees_with_itself_fully() -> None:
    own = agreement(PAIRS[0][0], PAIRS[0][0], SPACING)
    assert (own.dice, own.hd95_mm, own.surface_dice) == (1.0, 0.0, 1.0)
    assert own.volume_before_cc == own.volume_after_cc


def test_a_box_moved_by_three_millimetres_has_the_dice_of_its_overlap() -> None:
    box = np.zeros((20, 20, 20), bool)
    box[5:15, 5:15, 5:15] = True
    own = agreement(box, np.roll(box, 3, axis=2), np.ones(3))
    assert own.dice == pytest.approx(0.7)
    assert own.hd95_mm == pytest.approx(3.0)


def _drawn(half: float, shift: float = 0.0) -> list[tuple[str, list[float]]]:
    return [("CLOSED_PLANAR", square(8 + shift, 4, z, half)) for z in (-24.0, -21.0, -18.0, -15.0, -12.0)]


def _two_sets(folder: Path) -> tuple[Path, Path]:
    """A patient's folder, and the structure set drawn again."""
    write_series(folder / "patient", head_hu())
    write_structures(folder / "patient" / "rs.dcm", {"Brain": _drawn(7), "Lens_L": _drawn(2), "Tronc": _drawn(3)})
    again = write_structures(folder / "again" / "new.dcm", {"Brain": _drawn(7, 1.0), "Lens_L": _drawn(2), "OEIL D": _drawn(3)})
    return folder / "patient", again


def _rows(case: Case) -> dict[tuple[str, str], Measurement]:
    found = resegmentation_rows(case, Defacing("tool", "Tool", "", OK), Scope("c", "tool", "", "background", "none"))
    return {(row.structure, row.metric): row for row in found}


def test_two_structure_sets_give_rows_for_every_structure_of_either(tmp_path: Path) -> None:
    folder, again = _two_sets(tmp_path)
    rows = _rows(read_case(folder, choices=ReadingChoices(resegmented=(("tool", again),))))
    assert {name for name, _ in rows} == {"Brain", "Lens_L", "Brainstem", "Eye_R"}
    assert len(rows) == 4 * len(RESEGMENTATION_METRICS)
    lens = [rows["Lens_L", metric] for metric in RESEGMENTATION_METRICS]
    assert [row.change for row in lens] == [0.0, 0.0, 0.0, 0.0]
    assert lens[0].engine == "builtin-resegmentation-x4"
    brain = rows["Brain", "resegmented_dice"]
    # 14 mm moved by 1 mm: 13/14; voxels of 2 mm see it in whole columns.
    assert brain.defaced == pytest.approx(13 / 14, abs=0.08)
    assert rows["Brainstem", "resegmented_dice"].note == "the structure was not drawn again"
    assert rows["Eye_R", "resegmented_dice"].note == "the structure was drawn again but is not planned"
    assert _rows(read_case(folder)) == {}


def test_structures_without_a_standard_name_are_paired_by_their_planned_names_only(tmp_path: Path) -> None:
    """A place holder tells a place in its own set: the same one in the other set is another structure."""
    folder = tmp_path / "patient"
    write_series(folder, head_hu())
    write_structures(folder / "rs.dcm", {"thing": _drawn(7), "flap": _drawn(2), "Brain": _drawn(7)})
    again = write_structures(tmp_path / "again" / "new.dcm", {"Brain": _drawn(7), "thing": _drawn(7), "stoma": _drawn(3)})
    rows = _rows(read_case(folder, choices=ReadingChoices(resegmented=(("tool", again),))))
    assert {name: rows[name, "resegmented_dice"].defaced for name in ("Brain", "structure-01")} == {
        "Brain": 1.0,
        "structure-01": 1.0,
    }
    assert rows["structure-02", "resegmented_dice"].note == "the structure was not drawn again"
    assert rows["structure-again-03", "resegmented_dice"].note == "the structure was drawn again but is not planned"


def test_structures_of_another_patient_or_frame_are_never_compared(tmp_path: Path) -> None:
    folder, _ = _two_sets(tmp_path)
    for name, extra, frame in (("other.dcm", {"PatientID": "ID-8"}, "frame"), ("far.dcm", {}, "elsewhere")):
        again = write_structures(tmp_path / name, {"Brain": _drawn(7)}, frame=frame, extra=extra)
        rows = _rows(read_case(folder, choices=ReadingChoices(resegmented=(("tool", again),))))
        assert {row.status for row in rows.values()} == {NOT_AVAILABLE}
    choices = ReadingChoices(resegmented=(("tool", tmp_path / "again"),), alone=False)
    rows = _rows(read_case(folder, choices=choices))
    assert {row.note for row in rows.values()} == {"there are no structures of this patient drawn again"}


def test_the_command_line_compares_masks_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool's own images of an analytic head (which need not be searched), and masks drawn on them."""
    monkeypatch.setattr(find_heads, "best_head", lambda *_: (synthetic.head(), {}))
    grid = synthetic.grid((4.0, 4.0, 4.0))
    ct = synthetic.ct(grid).image
    array = sitk.GetArrayFromImage(ct)
    mask = np.zeros_like(array, np.uint8)
    mask[30:40, 30:40, 25:35] = 1
    for folder in ("patient/masks", "again", "tool"):
        (tmp_path / folder).mkdir(parents=True)
    patient = tmp_path / "patient"
    sitk.WriteImage(ct, str(patient / "ct.nrrd"))
    array[:, :14] = -1000
    for values, path in (
        (array, tmp_path / "tool" / "CT.nrrd"),
        (mask, patient / "masks" / "Brain.nrrd"),
        (np.roll(mask, 1, axis=0), tmp_path / "again" / "Brain.nrrd"),
    ):
        image = sitk.GetImageFromArray(values)
        image.CopyInformation(ct)
        sitk.WriteImage(image, str(path))
    (patient / "case.json").write_text(json.dumps({"images": {"CT": "ct.nrrd"}, "structures": "masks"}), encoding="utf-8")
    out = tmp_path / "out"
    options = [
        "--methods",
        "quickshear",
        "--external",
        f"tool={tmp_path / 'tool'}",
        "--resegmented",
        f"tool={tmp_path / 'again'}",
    ]
    assert cli.main(["case", str(patient), "--out", str(out), "--face-model", "none", "--no-report", *options]) == 0
    with (out / "measurements.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["metric"] == "resegmented_dice"]
    assert [(row["method"], row["structure"], row["domain"], row["status"]) for row in rows] == [("tool", "Brain", "volume", OK)]
    assert float(rows[0]["value"]) == pytest.approx(0.9)
    # How the planned names were read stands beside, for the owner only.
    listed = (out / "identifiable" / "structure_names" / "case-001.csv").read_text(encoding="utf-8").splitlines()
    assert listed == ["name,tg263,group,side,status,row", "Brain,Brain,brain,,mapped,Brain"]


def test_methods_that_are_not_compared_cannot_be_resegmented(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, again = _two_sets(tmp_path)
    wrong = ["case", str(folder), "--out", str(tmp_path / "out"), "--resegmented", f"nobody={again}"]
    assert cli.main(wrong) == 2
    assert "--resegmented names nobody, which is not among the compared methods" in capsys.readouterr().err
